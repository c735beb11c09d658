import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type App, startApp } from '../../src/app.ts'
import { type Flags, readConfig } from '../../src/config.ts'
import { wallClock } from '../../src/money/instant.ts'
import type { Deps } from '../../src/services/deps.ts'
import { applyWorld } from '../../src/world/apply.ts'
import type { World } from '../../src/world/schema.ts'
import { openTestDatabase, type TestDatabase } from './database.ts'

export type TestApp = TestDatabase & {
  readonly app: App
  readonly http: string
  /** Applies more of a world while the server runs. */
  readonly apply: (world: World) => Promise<void>
  readonly close: () => Promise<void>
}

export type TestAppOptions = {
  readonly world?: World
  readonly flags?: Flags
  readonly overrides?: Partial<Deps>
  /** A database to use instead of a new clone; it is left open. */
  readonly database?: TestDatabase
}

/** A whole server in this process, on a free port, with a database of its own. */
export async function startTestApp({
  world,
  flags = {},
  overrides,
  database,
}: TestAppOptions = {}): Promise<TestApp> {
  const own = database ?? (await openTestDatabase())
  if (world) await applyWorld(own.owner, world, wallClock())
  const data = await mkdtemp(join(tmpdir(), 'scrip-data-'))
  const config = readConfig(
    { port: '0', databaseUrl: own.url, data, empty: true, logLevel: 'warn', ...flags },
    {},
  )
  const app = await startApp(config, overrides ? { overrides } : {})
  return {
    ...own,
    app,
    http: app.url,
    apply: async (more) => {
      await applyWorld(own.owner, more, wallClock())
      // The notification does this too, a moment later than a test can wait for.
      app.services.merchants.forget()
    },
    close: async () => {
      await app.stop()
      if (!database) await own.close()
      await rm(data, { recursive: true, force: true })
    },
  }
}

/** A client of one protocol: a base address and the headers of every request. */
export type Client = {
  readonly send: (method: string, path: string, options?: SendOptions) => Promise<Received>
}

export type SendOptions = {
  readonly json?: unknown
  readonly body?: string | Uint8Array
  readonly headers?: Record<string, string>
}

export type Received = {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** The parsed body; undefined if it is not JSON. */
  readonly json: unknown
}

/** Sends requests and never follows a redirect. */
export const createClient = (base: string, headers: Record<string, string> = {}): Client => ({
  send: async (method, path, { json, body, headers: more = {} } = {}) => {
    const payload = json === undefined ? body : JSON.stringify(json)
    const answer = await fetch(`${base}${path}`, {
      method,
      redirect: 'manual',
      headers: {
        ...(json === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
        ...more,
      },
      ...(payload === undefined ? {} : { body: payload as string }),
    })
    const text = await answer.text()
    let parsed: unknown
    try {
      parsed = JSON.parse(text)
    } catch {
      parsed = undefined
    }
    return { status: answer.status, headers: answer.headers, text, json: parsed }
  },
})
