import { type Answer, json } from '../../../http/answer.ts'
import type { Services } from '../../../services/index.ts'
import type { Body } from '../body.ts'
import { isStorable } from '../fields.ts'

/** A year: the tokens never expire, but clients want a number (specs/foodics.md 2). */
const EXPIRES_IN_SECONDS = 31_536_000

const FAULTS = {
  invalid_client: { status: 401, message: 'Client authentication failed.' },
  invalid_grant: {
    status: 400,
    message: 'The authorization grant or refresh token is invalid, expired or was used before.',
  },
} as const

const refusal = (error: keyof typeof FAULTS): Answer =>
  json(FAULTS[error].status, { error, message: FAULTS[error].message })

/** `POST /oauth/token`: an authorization code or a refresh token against an access token. */
export async function answerTokenRequest(services: Services, { object }: Body): Promise<Answer> {
  const text = (name: string): string | undefined => {
    const value = Object.hasOwn(object, name) ? object[name] : undefined
    return typeof value === 'string' && isStorable(value) ? value : undefined
  }
  const client = { clientId: text('client_id') ?? '', clientSecret: text('client_secret') ?? '' }
  const outcome = await services.foodics.oauth.exchange({ ...client, ...grantOf(text) })
  if (!outcome.ok) return refusal(outcome.fault)
  // Other processes are told; this one must not let a replaced token in from memory.
  services.merchants.forget()
  return json(
    200,
    {
      token_type: 'Bearer',
      expires_in: EXPIRES_IN_SECONDS,
      access_token: outcome.tokens.accessToken,
      refresh_token: outcome.tokens.refreshToken,
    },
    { 'cache-control': 'no-store' },
  )
}

type Grant =
  | { readonly kind: 'code'; readonly code: string; readonly redirectUri: string | undefined }
  | { readonly kind: 'refresh'; readonly refreshToken: string }
  | { readonly kind: 'other' }

function grantOf(text: (name: string) => string | undefined): Grant {
  const [code, refreshToken] = [text('code'), text('refresh_token')]
  switch (text('grant_type')) {
    case 'authorization_code':
      if (code === undefined) return { kind: 'other' }
      return { kind: 'code', code, redirectUri: text('redirect_uri') }
    case 'refresh_token':
      return refreshToken === undefined ? { kind: 'other' } : { kind: 'refresh', refreshToken }
    default:
      return { kind: 'other' }
  }
}
