import type { Merchants, Principal } from '../../services/merchants.ts'
import { scopeMissing, unauthenticated } from './errors.ts'

/** Every scope of this dialect; a credential for all of them shows these. */
export const SCOPES = [
  'general.read',
  'admin.write',
  'orders.gift_cards.read',
  'orders.gift_cards.write',
  'orders.list',
  'orders.get',
  'orders.write',
  'orders.limited.read',
  'orders.limited.create',
] as const

export type Caller = { readonly principal: Principal; readonly token: string }

/** Whose token it is. Refuses (401) no header, another scheme or casing, and unknown or revoked tokens. */
export async function authenticate(
  merchants: Merchants,
  authorization: string | undefined,
): Promise<Caller> {
  const token = /^Bearer (.+)$/.exec(authorization ?? '')?.[1]
  if (token === undefined) throw unauthenticated()
  const principal =
    merchants.recallPrincipal('foodics', token) ?? (await merchants.findPrincipal('foodics', token))
  if (!principal?.active) throw unauthenticated()
  return { principal, token }
}

/** Refuses (403) a caller with none of the scopes that would do. */
export function assertScope({ grants }: Principal, scopes: readonly string[]): void {
  if (scopes.length > 0 && grants && !scopes.some((scope) => grants.has(scope)))
    throw scopeMissing()
}

/** The scopes of a credential as `whoami` lists them. */
export const scopesOf = ({ grants }: Principal): readonly string[] =>
  grants ? [...grants] : SCOPES
