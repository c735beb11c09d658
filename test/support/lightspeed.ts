import { type IncomingHttpHeaders, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { createServer } from 'node:net'
import { parseXml, type XmlElement } from '../../src/wire/xml.ts'
import type { World, WorldMerchant } from '../../src/world/schema.ts'

export const WRITER = { appId: 'com.example.teashop', privateId: '0f7c2a52-6f0d-4a53-9b43' }
export const READER = { appId: 'com.example.report', privateId: 'read-5f0c' }
export const MARA = { username: 'mara', password: 'correct horse: ö' }
export const TOM = { username: 'tom', password: 'oolong' }

/** A store with what the specification's test bench needs (specs/lightspeed-onsite.md 10). */
export const teashop = (more: Partial<WorldMerchant> = {}): World => ({
  merchants: [
    {
      slug: 'tea',
      name: 'Tea',
      country: 'DE',
      currency: 'EUR',
      timezone: 'Europe/Berlin',
      ...more,
      credentials: [
        { name: 'mara', dialect: 'lightspeed', ...MARA, first_name: 'Mara', last_name: 'Lind' },
        { name: 'tom', dialect: 'lightspeed', ...TOM, email: 'tom@example.org' },
        { name: 'ghost', dialect: 'lightspeed', username: 'ghost', password: 'boo', hidden: true },
        { name: 'gone', dialect: 'lightspeed', username: 'gone', password: 'bye', active: false },
        { name: 'shop', dialect: 'pretix', token: 'tea-pretix-token-0123456789' },
        ...(more.credentials ?? []),
      ],
      lightspeed: {
        applications: [
          { app_id: WRITER.appId, private_id: WRITER.privateId },
          { app_id: READER.appId, private_id: READER.privateId, access: 'read' },
        ],
        products: [
          { code: 'GIFT', description: 'Gift card', gift_card: true },
          { code: 'MUG', description: 'Mug', sell_price: '12.500', inventoried: true },
          { code: 'OLD', description: 'Old card', gift_card: true, current: false },
        ],
        invoices: [
          { number: '310', total: '60.00' },
          { number: '311', voided: true },
        ],
        ...more.lightspeed,
      },
    },
  ],
})

export type OnSiteAnswer = {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  /** Names and values by turns, as they came. */
  readonly rawHeaders: readonly string[]
  readonly text: string
  /** The parsed document; undefined without one. */
  readonly root: XmlElement | undefined
}

export type OnSiteOptions = {
  readonly body?: string | Uint8Array | undefined
  /** Replaces headers of the client; `undefined` leaves one out. */
  readonly headers?: Readonly<Record<string, string | undefined>>
}

export type OnSite = {
  readonly send: (method: string, path: string, options?: OnSiteOptions) => Promise<OnSiteAnswer>
}

export const basic = ({ username, password }: typeof MARA): string =>
  `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`

/** A client that logs in with every request and keeps no cookie, as the simplest ones do. */
export function createOnSite(
  base: string,
  { appId, privateId } = WRITER,
  user: typeof MARA | undefined = MARA,
): OnSite {
  const own = {
    'user-agent': `${appId}/2.1`,
    'x-pappid': privateId,
    ...(user ? { authorization: basic(user) } : {}),
  }
  return { send: (method, path, options) => exchange(base, own, method, path, options) }
}

function exchange(
  base: string,
  own: Readonly<Record<string, string>>,
  method: string,
  path: string,
  { body, headers = {} }: OnSiteOptions = {},
): Promise<OnSiteAnswer> {
  const sent: Record<string, string> = {}
  // Node itself frames no body of a DELETE.
  if (body !== undefined) sent['content-length'] = String(Buffer.byteLength(body))
  for (const [name, value] of Object.entries({ ...own, ...headers }))
    if (value !== undefined) sent[name] = value
  const request = base.startsWith('https:') ? requestHttps : requestHttp
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(base)
    const outgoing = request(
      // The path as it stands: `URL` would repair what the server has to see broken.
      { hostname, port, path, method, headers: sent, rejectUnauthorized: false, agent: false },
      (answer) => {
        const chunks: Buffer[] = []
        answer.on('data', (chunk: Buffer) => chunks.push(chunk))
        answer.on('error', reject)
        answer.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8')
          resolve({
            status: answer.statusCode ?? 0,
            headers: answer.headers,
            rawHeaders: answer.rawHeaders,
            text,
            root: text.startsWith('<?xml') ? parseXml(Buffer.from(text)) : undefined,
          })
        })
      },
    )
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

/** The element at a path of names below this one. */
export function at(root: XmlElement | undefined, path: string): XmlElement | undefined {
  let found = root
  for (const name of path.split('/')) found = found?.children.find((child) => child.name === name)
  return found
}

/** Its text; undefined if there is no such element. */
export const textAt = (root: XmlElement | undefined, path: string): string | undefined =>
  at(root, path)?.text

/** The `type` of an error document. */
export const typeOf = ({ root }: OnSiteAnswer): string | undefined => root?.attributes.get('type')

/** The ids of a list's members. */
export const idsOf = ({ root }: OnSiteAnswer): string[] =>
  (root?.children ?? []).map((child) => child.attributes.get('id') ?? '')

export const cookieOf = ({ headers }: OnSiteAnswer): string | undefined =>
  /^(LS_SERVER_SESSION_ID=[^;]+); Path/.exec(headers['set-cookie']?.[0] ?? '')?.[1]

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (typeof address !== 'object' || address === null) throw new Error('no port')
  return address.port
}
