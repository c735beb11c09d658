import { SetupError } from './errors.ts'

/** How a server was asked to run (contract.md section 1); frozen, read once. */
export type Config = {
  readonly host: string
  readonly port: number
  readonly databaseUrl: string | undefined
  readonly dataDirectory: string
  readonly world: string | undefined
  /** No demo merchant on a first start. */
  readonly empty: boolean
  readonly publicUrl: string | undefined
  readonly lightspeedPort: number | undefined
  readonly lightspeedTls: 'self-signed' | 'off' | { readonly cert: string; readonly key: string }
  readonly logLevel: string
}

/** Flags as the command line spells them; each has a variable, and the flag wins. */
export type Flags = {
  readonly host?: string
  readonly port?: string
  readonly databaseUrl?: string
  readonly data?: string
  readonly world?: string
  readonly empty?: boolean
  readonly publicUrl?: string
  readonly lightspeedPort?: string
  readonly lightspeedTls?: string
  readonly logLevel?: string
}

const LEVELS = ['silent', 'fatal', 'error', 'warn', 'info', 'debug', 'trace']

/**
 * Reads flags and environment, in which an empty variable is none. Refuses (SetupError) what it cannot
 * understand, naming the flag.
 */
export function readConfig(flags: Flags, environment: NodeJS.ProcessEnv = process.env): Config {
  const env: NodeJS.ProcessEnv = Object.fromEntries(
    Object.entries(environment).filter(([, value]) => value !== ''),
  )
  const publicUrl = flags.publicUrl ?? env.SCRIP_PUBLIC_URL
  if (publicUrl !== undefined && !URL.canParse(publicUrl))
    throw new SetupError(`--public-url is not a URL: ${publicUrl}`)
  const databaseUrl = flags.databaseUrl ?? env.DATABASE_URL
  if (databaseUrl !== undefined) assertDatabaseUrl(databaseUrl)
  const logLevel = flags.logLevel ?? env.LOG_LEVEL ?? 'info'
  if (!LEVELS.includes(logLevel))
    throw new SetupError(`--log-level must be one of ${LEVELS.join(', ')}`)
  const lightspeedPort = flags.lightspeedPort ?? env.SCRIP_LIGHTSPEED_PORT
  return Object.freeze({
    host: flags.host ?? env.HOST ?? '127.0.0.1',
    port: readPort('--port', flags.port ?? env.PORT ?? '8480'),
    databaseUrl,
    dataDirectory: flags.data ?? env.SCRIP_DATA ?? './data',
    world: flags.world ?? env.SCRIP_WORLD,
    empty: flags.empty ?? env.SCRIP_EMPTY === '1',
    publicUrl: publicUrl?.replace(/\/+$/, ''),
    lightspeedPort:
      lightspeedPort === undefined || lightspeedPort === 'off'
        ? undefined
        : readPort('--lightspeed-port', lightspeedPort),
    lightspeedTls: readTls(flags.lightspeedTls ?? env.SCRIP_LIGHTSPEED_TLS ?? 'self-signed'),
    logLevel,
  })
}

/** It may hold a password, so it is never quoted. */
function assertDatabaseUrl(text: string): void {
  if (!/^postgres(ql)?:\/\//.test(text))
    throw new SetupError('--database-url must begin with postgres://')
  try {
    const { username, password, hostname, pathname } = new URL(text)
    for (const part of [username, password, hostname, pathname]) decodeURIComponent(part)
  } catch {
    throw new SetupError('--database-url is not a URL.')
  }
}

function readPort(flag: string, text: string): number {
  const port = Number(text)
  if (!/^\d{1,5}$/.test(text) || port > 65_535)
    throw new SetupError(`${flag} must be a number from 0 to 65535, not ${text}`)
  return port
}

function readTls(text: string): Config['lightspeedTls'] {
  if (text === 'self-signed' || text === 'off') return text
  const [cert, key, ...rest] = text.split(',')
  if (!cert || !key || rest.length > 0)
    throw new SetupError('--lightspeed-tls must be self-signed, off, or CERT.pem,KEY.pem')
  return { cert, key }
}
