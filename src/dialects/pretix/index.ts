import { send } from '../../http/answer.ts'
import type { Dialect } from '../../http/dialect.ts'
import { notFound } from './errors.ts'
import type { AddResource } from './resource.ts'
import { createShell } from './resource.ts'

/** pretix: one shell of checks, keys and words; its rooms add their resources. */
export const pretix = (...rooms: readonly ((add: AddResource) => void)[]): Dialect => ({
  name: 'pretix',
  // A path that cannot be decoded names nothing.
  malformedUrl: {
    prefixes: ['/api/v1/'],
    answer: async (_request, reply) => send(reply, notFound()),
  },
  register: (app, context) => {
    const add = createShell(app, context)
    for (const room of rooms) room(add)
  },
})
