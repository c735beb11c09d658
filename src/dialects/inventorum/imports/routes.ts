import { type Answer, empty, json } from '../../../http/answer.ts'
import { createTemplate } from '../../../imports/template.ts'
import { InvalidInput } from '../decode.ts'
import { detail, fail, failNotFound } from '../errors.ts'
import { readFormPart } from '../multipart.ts'
import { slicePage } from '../paging.ts'
import type { AddResource, Call } from '../shell.ts'
import { decodeFile, decodeLanguage, storedName } from './decode.ts'
import { encodeAccepted, encodeJob } from './encode.ts'

const FILE_BYTES_MAX = 10 * 1024 * 1024
export const XLSX_TYPE = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'

/** Import of gift cards from XLSX files, and its template (specs/inventorum.md 9). */
export function addImports(add: AddResource): void {
  add('/api/v2/giftcards/import/template.xlsx', { family: 'v2', methods: { GET: getTemplate } })
  add('/api/v2/giftcards/import/', { family: 'v2', methods: { GET: listJobs, POST: submitFile } })
  // Digits only: `import/validate` is the validation of a card whose code is `import`.
  add('/api/v2/giftcards/import/:job(^\\d+$)/', {
    family: 'v2',
    methods: { GET: getJob, DELETE: undoJob },
  })
}

async function getTemplate({ query }: Call): Promise<Answer> {
  const language = decodeLanguage(query.get('language') ?? undefined)
  return {
    status: 200,
    headers: {
      'content-type': XLSX_TYPE,
      'content-disposition': `attachment; filename="template_${language}.xlsx"`,
    },
    body: createTemplate(language),
  }
}

async function submitFile({ request, services, caller, zone, now, base }: Call): Promise<Answer> {
  const type = request.sentType.split(';', 1)[0]?.trim().toLowerCase()
  const isForm = type === 'multipart/form-data'
  if (!isForm && request.body instanceof Buffer && request.body.length > 0)
    return fail(detail(415, `Unsupported media type "${request.sentType}" in request.`))
  const { file, name } = decodeFile(
    isForm ? await readFormPart(request, 'source_file', FILE_BYTES_MAX) : undefined,
  )
  const job = await services.imports.submit({
    merchantId: caller.merchant.id,
    userId: caller.userId,
    file,
    fileName: storedName(name, caller.merchant.id, zone, now),
  })
  return json(200, encodeAccepted(job, base))
}

async function listJobs(call: Call): Promise<Answer> {
  const { services, caller, zone, base } = call
  const total = await services.imports.count(caller.merchant.id)
  const jobs = await services.imports.list(caller.merchant.id, slicePage(call, total))
  return json(200, { data: jobs.map((job) => encodeJob(job, zone, base)), total })
}

async function getJob({ services, caller, zone, base, id }: Call): Promise<Answer> {
  const job = await services.imports.find(caller.merchant.id, id('job'))
  return json(200, encodeJob(job ?? failNotFound(), zone, base))
}

async function undoJob({ services, caller, id }: Call): Promise<Answer> {
  const { userId, merchant } = caller
  const outcome = await services.imports.undo({ merchantId: merchant.id, userId, id: id('job') })
  if (outcome === 'not_found') return failNotFound()
  if (outcome === 'not_undoable')
    throw new InvalidInput({ non_field_errors: ['Import cannot be undone.'] })
  return empty(204)
}
