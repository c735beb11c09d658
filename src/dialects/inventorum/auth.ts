import type { Merchants, Principal } from '../../services/merchants.ts'
import { detail, fail } from './errors.ts'

const unauthorized = (text: string): never =>
  fail(detail(401, text, { 'www-authenticate': 'Token' }))

/**
 * Who is calling (specs/inventorum.md 1.3): `Token` or `Bearer` with one opaque token, the scheme without
 * case. Refuses with 401 in the words of Django REST Framework.
 */
export async function authenticate(
  header: string | undefined,
  merchants: Merchants,
): Promise<Principal> {
  const [scheme = '', token, ...rest] = (header ?? '').split(/\s+/).filter((part) => part !== '')
  if (!/^(token|bearer)$/i.test(scheme))
    return unauthorized('Authentication credentials were not provided.')
  if (token === undefined) return unauthorized('Invalid token header. No credentials provided.')
  if (rest.length > 0)
    return unauthorized('Invalid token header. Token string should not contain spaces.')
  const principal = await merchants.findPrincipal('inventorum', token)
  return principal?.active ? principal : unauthorized('Invalid token.')
}

const VERSION_DEFAULT = 12
const VERSION_MIN = 3

/** `X-Api-Version`, 12 unless sent. Refuses what is below 3 or no integer (specs/inventorum.md 1.4). */
export function readVersion(header: string | undefined): number {
  if (header === undefined) return VERSION_DEFAULT
  const version = /^\s*\+?\d{1,9}\s*$/.test(header) ? Number(header) : 0
  return version >= VERSION_MIN ? version : fail(detail(400, 'Invalid API version.'))
}
