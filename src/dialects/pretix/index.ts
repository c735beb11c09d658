import type { Dialect } from '../../http/dialect.ts'
import type { AddResource } from './resource.ts'
import { createShell } from './resource.ts'

/** pretix: one shell of checks, keys and words; its rooms add their resources. */
export const pretix = (...rooms: readonly ((add: AddResource) => void)[]): Dialect => ({
  name: 'pretix',
  register: (app, context) => {
    const add = createShell(app, context)
    for (const room of rooms) room(add)
  },
})
