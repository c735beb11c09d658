import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import test, { after, before } from 'node:test'
import {
  type Client,
  createClient,
  startTestApp,
  type TestApp,
} from '../../../../test/support/app.ts'
import { type CellInput, HEADER, workbook } from '../../../../test/support/workbook.ts'
import { readFirstSheet } from '../../../imports/xlsx.ts'

let server: TestApp
before(async () => {
  server = await startTestApp()
})
after(() => server.close())

type Till = Client & { readonly authorization: string }

/** A till of a new account. */
async function till(): Promise<Till> {
  const token = `till-${randomBytes(12).toString('hex')}`
  const slug = `m-${randomBytes(6).toString('hex')}`
  await server.apply({
    merchants: [
      {
        slug,
        name: 'Acme',
        country: 'DE',
        currency: 'EUR',
        timezone: 'Europe/Berlin',
        credentials: [{ name: 'till', dialect: 'inventorum', token }],
      },
    ],
  })
  const authorization = `Token ${token}`
  return { ...createClient(server.http, { authorization }), authorization }
}

const row = (code: string, ...rest: CellInput[]): CellInput[] => {
  const [amount = 50, rate = 19, until = '31.12.2032'] = rest
  return [code, 'Old card', until, amount, rate]
}
const file = (...rows: readonly CellInput[][]): Buffer => workbook({ rows: [HEADER, ...rows] })

type PartInput = {
  readonly name: string
  readonly fileName?: string
  readonly body: Buffer | string
}

/** A form as clients write it. */
function form(...parts: readonly PartInput[]): { body: Buffer; headers: Record<string, string> } {
  const boundary = 'XxXxBoundaryxXxX'
  const chunks = parts.flatMap(({ name, fileName, body }) => [
    `--${boundary}\r\nContent-Disposition: form-data; name="${name}"${fileName === undefined ? '' : `; filename="${fileName}"\r\nContent-Type: application/octet-stream`}\r\n\r\n`,
    body,
    '\r\n',
  ])
  const body = Buffer.concat([...chunks, `--${boundary}--\r\n`].map((chunk) => Buffer.from(chunk)))
  return { body, headers: { 'content-type': `multipart/form-data; boundary=${boundary}` } }
}

const IMPORT = '/api/v2/giftcards/import'
const send = (client: Client, body: Buffer, fileName = 'old_cards.xlsx') =>
  client.send('POST', IMPORT, form({ name: 'source_file', fileName, body }))

type Job = {
  readonly id: number
  readonly source_file: string
  readonly status_code: number
  readonly status_details: {
    num_imported?: number
    fields?: Record<string, string>
    description?: string
  }
  readonly completed_at: string | null
}

/** Asks for a job as clients do, until it is finished. */
async function finished(client: Client, path: string): Promise<Job> {
  for (let tries = 0; tries < 400; tries += 1) {
    const { json } = await client.send('GET', path)
    const job = json as Job // What the assertions then read.
    if (job.status_code !== 1 && job.status_code !== 2) return job
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
  throw new Error('the import does not end')
}

async function importFile(client: Client, body: Buffer, fileName?: string): Promise<Job> {
  const { status, json } = await send(client, body, fileName)
  assert.equal(status, 200)
  return finished(client, `${IMPORT}/${(json as { job_id: number }).job_id}`)
}

test('the template comes in three languages, as a file', async () => {
  const client = await till()
  for (const [query, language] of [
    ['', 'en'],
    ['?language=de', 'de'],
    ['?language=es', 'es'],
  ]) {
    const { headers } = await client.send('GET', `${IMPORT}/template.xlsx${query}`)
    assert.equal(
      headers.get('content-type'),
      'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
    )
    assert.equal(
      headers.get('content-disposition'),
      `attachment; filename="template_${language}.xlsx"`,
    )
  }
  const { status, text } = await client.send('GET', `${IMPORT}/template.xlsx?language=fr`)
  assert.deepEqual([status, text], [400, '{"language":["\\"fr\\" is not a valid choice."]}'])
})

test('a file is accepted, imported, shown and kept', async () => {
  const client = await till()
  const bytes = file(row('AAAA-1111'), row('bbbb-2222', 12, 0))
  const accepted = await send(client, bytes, 'old cards.xlsx')
  assert.equal(accepted.status, 200)
  const { job_id } = accepted.json as { job_id: number }
  assert.equal(
    accepted.text,
    `{"job_id":${job_id},"_links":{"status":{"href":"${server.http}${IMPORT}/${job_id}"}}}`,
  )
  const job = await finished(client, `${IMPORT}/${job_id}/`)
  assert.deepEqual([job.id, job.status_code, job.status_details], [job_id, 0, { num_imported: 2 }])
  assert.match(job.completed_at ?? '', /^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?\+0[12]:00$/)
  const kept = await fetch(job.source_file)
  assert.equal(kept.status, 200)
  assert.equal(kept.headers.get('x-content-type-options'), 'nosniff')
  assert.match(
    kept.headers.get('content-disposition') ?? '',
    /^attachment; filename="old_cards_\d+_\d{4}(_\d\d){5}\.xlsx"$/,
  )
  assert.deepEqual(Buffer.from(await kept.arrayBuffer()), bytes)
  const balances = await server.owner<{ code: string; balance: bigint }[]>`
    select code, balance from cards where code in ('AAAA-1111', 'bbbb-2222') order by id`
  assert.deepEqual(
    balances.map(({ balance }) => balance),
    [5_000_000n, 1_200_000n],
  )
})

test('the address of a file is a secret that cannot be guessed or varied', async () => {
  const client = await till()
  const { source_file } = await importFile(
    client,
    Buffer.from('<script>alert(1)</script>'),
    'x.html',
  )
  const [opaque = ''] = source_file.split('/').slice(-2)
  assert.ok(Buffer.from(opaque, 'base64url').length >= 16)
  for (const url of [
    source_file.replace(opaque, `${opaque.slice(0, -1)}${opaque.endsWith('A') ? 'B' : 'A'}`),
    source_file.replace('x_', 'y_'),
    source_file.replace(/uploads\/\d+/, 'uploads/999999999'),
    source_file.replace(opaque, '%00'),
    source_file.replace(opaque, '..%2f'),
  ])
    assert.equal((await fetch(url)).status, 404, url)
})

test('a form without a file says what is missing', async () => {
  const client = await till()
  const post = (...parts: readonly PartInput[]) => client.send('POST', IMPORT, form(...parts))
  const NONE = '{"source_file":["No file was submitted."]}'
  const NO_FILE =
    '{"source_file":["The submitted data was not a file. Check the encoding type on the form."]}'
  const body = Buffer.from('x')
  const cases = [
    [await post(), NONE],
    [await post({ name: 'file', fileName: 'a.xlsx', body }), NONE],
    [await post({ name: 'source_file', fileName: '', body: '' }), NONE],
    [await post({ name: 'source_file', body: 'a.xlsx' }), NO_FILE],
    [
      await post({ name: 'source_file', fileName: 'a.xlsx', body: '' }),
      '{"source_file":["The submitted file is empty."]}',
    ],
    [await client.send('POST', IMPORT), NONE],
    [
      await client.send('POST', `${IMPORT}/`, { headers: { 'content-type': 'application/json' } }),
      NONE,
    ],
  ] as const
  for (const [answer, text] of cases) assert.deepEqual([answer.status, answer.text], [400, text])
  assert.equal((await client.send('GET', IMPORT)).text, '{"data":[],"total":0}')
})

test('what is no form is refused before anything else', async () => {
  const client = await till()
  const json = await client.send('POST', IMPORT, { json: { source_file: 'a.xlsx' } })
  assert.deepEqual(
    [json.status, json.text],
    [415, '{"detail":"Unsupported media type \\"application/json\\" in request."}'],
  )
  const { body, headers } = form({ name: 'source_file', fileName: 'a.xlsx', body: 'x' })
  const PARSE = { detail: 'Multipart form parse error' }
  for (const type of ['multipart/form-data', 'multipart/form-data; boundary=other'])
    assert.deepEqual(
      (await client.send('POST', IMPORT, { body, headers: { 'content-type': type } })).json,
      PARSE,
    )
  const cut = await client.send('POST', IMPORT, {
    headers,
    body: body.subarray(0, body.length - 30),
  })
  assert.deepEqual([cut.status, cut.json], [400, PARSE])
})

test('a file of 10 MiB is accepted and one byte more is not', async () => {
  const client = await till()
  const bytes = Buffer.alloc(10 * 1024 * 1024 + 1)
  assert.equal((await send(client, bytes.subarray(1))).status, 200)
  const { status, text } = await send(client, bytes)
  assert.deepEqual([status, text], [413, '{"detail":"Request body too large."}'])
  assert.equal((await importFile(client, Buffer.from('x'))).status_code, 12)
})

test('every fault of a file is told by its cell', async () => {
  const client = await till()
  const job = await importFile(
    client,
    file(
      row('AAAA_1111'),
      row('BBBB-2222', 0),
      row('CCCC-3333', 5, 19, 'TT.MM.JJJJ'),
      row('DDDD-4444', 5, 0.19),
    ),
  )
  assert.deepEqual([job.status_code, job.completed_at], [12, null])
  assert.deepEqual(job.status_details, {
    key: 'giftcard.import.import_error',
    fields: {
      A2: 'Redeem code contains invalid characters',
      D3: 'Ensure this value is greater than 0.',
      C4: "time data 'TT.MM.JJJJ' does not match format '%d.%m.%Y'",
      E5: 'Tax rate does not match any tax rate of the account.',
    },
    description:
      'Message: \nErrors:\nA2: Redeem code contains invalid characters\nD3: Ensure this value is greater than 0.\n' +
      "C4: time data 'TT.MM.JJJJ' does not match format '%d.%m.%Y'\nE5: Tax rate does not match any tax rate of the account.",
  })
})

test('the same file twice: the second tells every code, in file order, as written', async () => {
  const client = await till()
  assert.equal((await importFile(client, file(row('AAAA-1111'), row('BBBB-2222')))).status_code, 0)
  const job = await importFile(client, file(row('bbbb-2222'), row('CCCC-3333'), row('AAAA-1111')))
  assert.equal(
    job.status_details.fields?.redeem_code,
    "Duplicate redeem codes ['bbbb-2222', 'AAAA-1111'].",
  )
  const codes = ['NEWC-1111', 'aaaa-1111', 'newc-1111', 'BBBB-2222', 'AAAA-1111', 'UNIQ-1111']
  const mixed = await importFile(client, file(...codes.map((code) => row(code))))
  assert.equal(
    mixed.status_details.fields?.redeem_code,
    "Duplicate redeem codes ['NEWC-1111', 'aaaa-1111', 'BBBB-2222'].",
  )
})

test('what is no workbook fails as a whole', async () => {
  const client = await till()
  const job = await importFile(client, Buffer.from('<html></html>'))
  assert.deepEqual(job.status_details.fields, { source_file: 'File is not a valid XLSX workbook.' })
})

test('jobs are listed newest first, page by page, and those of others not at all', async () => {
  const [client, other] = [await till(), await till()]
  const ids: number[] = []
  for (let i = 0; i < 3; i += 1) ids.push((await importFile(client, file(row(`CODE-${i}-000`)))).id)
  const list = async (query: string) => {
    const { status, json } = await client.send('GET', `${IMPORT}${query}`)
    const page = json as { data: Job[]; total: number } // Read only when it is one.
    return status === 200 ? [page.data.map(({ id }) => id), page.total] : [status, json]
  }
  assert.deepEqual(await list('/'), [ids.toReversed(), 3])
  assert.deepEqual(await list('?limit=2'), [[ids[2], ids[1]], 3])
  assert.deepEqual(await list('?limit=2&page=2'), [[ids[0]], 3])
  assert.deepEqual(await list('?limit=2&page=3'), [404, { detail: 'Invalid page.' }])
  assert.equal((await other.send('GET', `${IMPORT}/${ids[0]}`)).text, '{"detail":"Not found."}')
  assert.equal((await other.send('DELETE', `${IMPORT}/${ids[0]}`)).status, 404)
  assert.equal((await other.send('GET', IMPORT)).text, '{"data":[],"total":0}')
})

test('an import is undone once, and not when a card of it was used', async () => {
  const client = await till()
  const job = await importFile(client, file(row('AAAA-1111')))
  const path = `${IMPORT}/${job.id}`
  const undone = await client.send('DELETE', path)
  assert.deepEqual([undone.status, undone.text], [204, ''])
  const after = await finished(client, path)
  assert.deepEqual([after.status_code, after.status_details], [3, { num_imported: 1 }])
  assert.notEqual(after.completed_at, null)
  const again = await client.send('DELETE', path)
  assert.deepEqual(
    [again.status, again.text],
    [400, '{"non_field_errors":["Import cannot be undone."]}'],
  )
  const failed = await importFile(client, Buffer.from('x'))
  assert.equal((await client.send('DELETE', `${IMPORT}/${failed.id}`)).status, 400)
  assert.equal((await importFile(client, file(row('AAAA-1111')))).status_code, 0)
})

test('token, version and method come before everything else', async () => {
  const client = await till()
  const stranger = createClient(server.http)
  for (const [method, path] of [
    ['GET', IMPORT],
    ['POST', IMPORT],
    ['GET', `${IMPORT}/1`],
    ['GET', `${IMPORT}/template.xlsx?language=fr`],
    ['DELETE', `${IMPORT}/1`],
  ] as const)
    assert.equal((await stranger.send(method, path)).status, 401, `${method} ${path}`)
  const old = { headers: { 'x-api-version': '2' } }
  assert.equal((await client.send('POST', IMPORT, old)).text, '{"detail":"Invalid API version."}')
  const wrong = await client.send('PATCH', IMPORT)
  assert.deepEqual(
    [wrong.status, wrong.text],
    [405, '{"detail":"Method \\"PATCH\\" not allowed."}'],
  )
  assert.equal(wrong.headers.get('allow'), 'GET, POST, HEAD')
  for (const path of ['0', '99999999', '99999999999999999999999', 'x'])
    assert.deepEqual(
      (await client.send('GET', `${IMPORT}/${path}`)).json,
      { detail: 'Not found.' },
      path,
    )
})

test('the template can be filled in and sent back as it is', async () => {
  const client = await till()
  const answer = await fetch(`${server.http}${IMPORT}/template.xlsx`, {
    headers: { authorization: client.authorization },
  })
  const bytes = Buffer.from(await answer.arrayBuffer())
  assert.deepEqual(await readFirstSheet(bytes, { columns: 5, dataRows: 10 }), [])
  const job = await importFile(client, bytes)
  assert.deepEqual(job.status_details.fields, { source_file: 'The file contains no gift cards.' })
})
