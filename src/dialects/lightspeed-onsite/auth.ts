import type { IncomingHttpHeaders } from 'node:http'
import type { Claim } from '../../services/lightspeed-login.ts'

/** Who a request says it is from: three headers and a cookie (specs/lightspeed-onsite.md 2). */
export function readClaim(headers: IncomingHttpHeaders): Claim {
  return {
    appId: readAppId(headers['user-agent'] ?? ''),
    // One published library spells it with an underscore.
    privateId: textOf(headers['x-pappid'] ?? headers.x_pappid),
    basic: readBasic(headers.authorization),
    cookies: readCookies(headers.cookie ?? ''),
  }
}

/** `com.example.widget/2.1 (anything)`: what stands before the first slash of the first word. */
const readAppId = (userAgent: string): string =>
  textOf(userAgent).trim().split(/\s/, 1)[0]?.split('/', 1)[0] ?? ''

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Header bytes arrive as Latin-1; names and passwords are UTF-8. Undefined if they are not. */
function decodeUtf8(bytes: Buffer): string | undefined {
  try {
    return utf8.decode(bytes)
  } catch (error) {
    if (error instanceof TypeError) return undefined
    throw error
  }
}

function textOf(header: string | readonly string[] | undefined): string {
  const text = typeof header === 'string' ? header : (header?.[0] ?? '')
  if (/^[\x20-\x7E]*$/.test(text)) return text
  return decodeUtf8(Buffer.from(text, 'latin1')) ?? text
}

function readBasic(header: string | undefined): Claim['basic'] {
  if (header === undefined || header.trim() === '') return undefined
  const [, encoded] = /^\s*basic\s+([A-Za-z0-9+/]+={0,2})\s*$/i.exec(header) ?? []
  const text = encoded === undefined ? undefined : decodeUtf8(Buffer.from(encoded, 'base64'))
  const colon = text?.indexOf(':') ?? -1
  if (text === undefined || colon === -1) return 'unreadable'
  return { username: text.slice(0, colon), password: text.slice(colon + 1) }
}

const COOKIE = 'LS_SERVER_SESSION_ID'
/** Clients glue old cookies together; more than so many are not looked at. */
const COOKIES_MAX = 10

/** Tolerates the `Path=/; secure;` that clients copy along with the value. */
const readCookies = (header: string): string[] =>
  header
    .split(';')
    .map((part) => part.trim())
    .filter((part) => part.startsWith(`${COOKIE}=`))
    .map((part) => part.slice(COOKIE.length + 1))
    .filter((value) => value !== '' && value.length <= 200)
    .slice(0, COOKIES_MAX)

/** `Path` must come first: one client cuts the value off before `; Path`. */
export const sessionCookie = (value: string, secure: boolean): string =>
  `${COOKIE}=${value}; Path=/${secure ? '; Secure' : ''}; HttpOnly`

/** Makes the client forget its cookie. */
export const expiredCookie = (secure: boolean): string =>
  `${COOKIE}=; Path=/${secure ? '; Secure' : ''}; HttpOnly; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT`
