import type { Merchants, Principal } from '../../services/merchants.ts'
import { fail, unauthorized } from './errors.ts'

const NONE = 'Authentication credentials were not provided.'

/** The blanks that pretix divides a header at: ASCII alone. */
const BLANKS = /[ \t\n\v\f\r]+/

/** The token in an `Authorization` header, if it has pretix's form at all. */
export function readToken(header: string | undefined): string | undefined {
  const [scheme = '', token, ...rest] = (header ?? '').split(BLANKS)
  return scheme.toLowerCase() === 'token' && rest.length === 0 ? token : undefined
}

/**
 * Who is calling. Refuses with 401 in the words of specs/pretix-giftcards.md 3.1; the keyword is read
 * without case, the token exactly.
 */
export function authenticate(header = '', merchants: Merchants): Principal | Promise<Principal> {
  const token = PLAIN.exec(header)?.[1]
  const known = token === undefined ? undefined : merchants.recallPrincipal('pretix', token)
  return known?.active ? known : judge(header, merchants)
}

/** Nearly every header, and nothing that `judge` would refuse for its form. */
const PLAIN = /^token ([!-~]+)$/i

async function judge(header: string, merchants: Merchants): Promise<Principal> {
  const [scheme = '', token, ...rest] = header.split(BLANKS).filter((part) => part !== '')
  const keyword = scheme.toLowerCase()
  if (keyword === 'device') fail(unauthorized('Invalid token.'))
  if (keyword !== 'token') fail(unauthorized(NONE))
  if (token === undefined) fail(unauthorized('Invalid token header. No credentials provided.'))
  if (rest.length > 0)
    fail(unauthorized('Invalid token header. Token string should not contain spaces.'))
  // biome-ignore lint/suspicious/noControlCharactersInRegex: ASCII is the rule.
  if (/[^\x00-\x7f]/.test(token))
    fail(unauthorized('Invalid token header. Token string should not contain invalid characters.'))
  const principal = await merchants.findPrincipal('pretix', token)
  if (!principal) fail(unauthorized('Invalid token.'))
  if (!principal.active) fail(unauthorized('Token inactive or deleted.'))
  return principal
}

/** Whether a credential holds a permission, by its newest name. */
export const can = ({ grants }: Principal, permission: string): boolean =>
  grants === undefined || grants.has(permission)

/** Whether a credential may see an event. */
export const canSeeEvent = ({ events }: Principal, slug: string): boolean =>
  events === undefined || events.has(slug)
