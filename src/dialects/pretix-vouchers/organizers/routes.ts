import type { Answer } from '../../../http/answer.ts'
import { json } from '../../../http/answer.ts'
import type { AddResource, Call } from '../../pretix/resource.ts'
import { answerList } from '../catalogue-scope.ts'
import { encodeOrganizer } from './encode.ts'

/** Organizers: a key belongs to one and sees no other; `ordering` has nothing to order. */
export function addOrganizers(add: AddResource): void {
  const permits = () => true
  add('/api/v1/organizers/', { permits, methods: { GET: list } })
  add('/api/v1/organizers/:organizer/', { permits, methods: { GET: retrieve } })
}

const encode = ({ organizer, context, request }: Call) =>
  encodeOrganizer(organizer, context.publicUrl(request))

const list = (call: Call): Promise<Answer> =>
  answerList(
    call,
    1,
    async () => [call],
    (one) => encode(one),
  )

const retrieve = async (call: Call): Promise<Answer> => json(200, encode(call))
