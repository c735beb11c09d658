import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'
import { type Logger, pino } from 'pino'
import type { Config } from './config.ts'
import { dialects } from './dialects/index.ts'
import { SetupError } from './errors.ts'
import type { DialectContext } from './http/dialect.ts'
import { createMetrics } from './http/metrics.ts'
import { createListener, createServer, publicUrlOf } from './http/server.ts'
import { createGroupCommit } from './ledger/group-commit.ts'
import { wallClock } from './money/instant.ts'
import type { Deps } from './services/deps.ts'
import { saveRemembered } from './services/idempotency.ts'
import { createServices, type Services } from './services/index.ts'
import { openStore } from './store.ts'
import { startWorkers } from './workers/index.ts'
import { type Applied, applyWorld, parseWorld, WORLD_CHANNEL } from './world/apply.ts'
import { demoWorld } from './world/demo.ts'
import type { World } from './world/schema.ts'

export type App = {
  /** Where the main listener answers. */
  readonly url: string
  /** Every verb, as the dialects have them. */
  readonly services: Services
  /** What was applied at this start: the given world, or the demo of a first start. */
  readonly applied: (Applied & { readonly demo?: World }) | undefined
  /** Stops accepting, finishes what is under way, stops the database if it is ours. */
  readonly stop: () => Promise<void>
}

/**
 * Connections of the pool. A PostgreSQL of our own shares this machine's processors with us: many backends
 * at work at once only take them from each other.
 */
const connectionsTo = (databaseUrl: string | undefined): number =>
  databaseUrl === undefined ? Math.max(8, 4 * availableParallelism()) : 20
/** Half of the processors work for the commits; on a small machine one large batch beats two small ones. */
const LANES = Math.min(4, Math.max(1, Math.floor(availableParallelism() / 2)))

/** Composition root: configuration → database → services → listeners. Ready when it returns. */
export async function startApp(config: Config, overrides: Partial<Deps> = {}): Promise<App> {
  const log = createLog(config)
  const dataDirectory = resolve(config.dataDirectory)
  const connections = connectionsTo(config.databaseUrl)
  const store = await openStore({ ...config, dataDirectory, connections })
  const closing: (() => Promise<void>)[] = [store.close]
  const stop = async (): Promise<void> => {
    for (const close of closing.splice(0).reverse()) await close()
  }
  try {
    const { db } = store
    const metrics = createMetrics({
      queued: () => commit.queued(),
      poolInUse: async () => {
        const [row] = await db<{ count: bigint }[]>`
          select count(*) from pg_stat_activity where application_name = 'scrip' and state <> 'idle'`
        return Number(row?.count ?? 0n)
      },
      poolMax: connections,
    })
    const now = overrides.now ?? wallClock
    const commit = createGroupCommit({
      db,
      now,
      saveRemembered,
      lanes: LANES,
      onBatch: metrics.batch,
    })
    closing.push(commit.close)
    const deps: Deps = { db, now, randomBytes, commit, log, dataDirectory, ...overrides }
    const services = createServices(deps)
    closing.push(services.ticketOrders.close)
    const listening = await db.listen(WORLD_CHANNEL, services.merchants.forget)
    closing.push(listening.unlisten)

    const applied = await applyAtStart(config, deps)
    const context: DialectContext = {
      services,
      config,
      log,
      now,
      publicUrl: publicUrlOf(config),
    }
    const isReady = async () => {
      try {
        await db`select 1`
        return true
      } catch {
        return false
      }
    }
    const server = await createServer({ dialects, context, metrics, isReady })
    closing.push(() => server.close())
    for (const { listen } of dialects) {
      const close = await listen?.((options) => createListener(log, metrics, options), context)
      if (close) closing.push(close)
    }
    const workers = startWorkers(deps, services)
    closing.push(async () => {
      await Promise.all(workers.map((worker) => worker.stop()))
    })
    const url = await listen(server, config)
    return { url, services, applied, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function listen(
  server: Awaited<ReturnType<typeof createServer>>,
  { host, port }: Pick<Config, 'host' | 'port'>,
): Promise<string> {
  try {
    return await server.listen({ host, port })
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'EADDRINUSE') throw new SetupError(`Port ${port} on ${host} is in use.`)
    throw new SetupError(`Cannot listen on ${host}:${port}: ${String(code ?? error)}`)
  }
}

async function applyAtStart(config: Config, deps: Deps): Promise<App['applied']> {
  if (config.world !== undefined) {
    let text: string
    try {
      text = await readFile(config.world, 'utf8')
    } catch {
      throw new SetupError(`The world file ${config.world} cannot be read.`)
    }
    return await applyWorld(deps.db, parseWorld(text), deps.now())
  }
  if (config.empty) return undefined
  const [merchant] = await deps.db`select 1 from merchants limit 1`
  if (merchant) return undefined
  const demo = demoWorld()
  return { ...(await applyWorld(deps.db, demo, deps.now())), demo }
}

/** JSON lines on standard error; an error shows what it is, never the values it was about. */
function createLog({ logLevel }: Pick<Config, 'logLevel'>): Logger {
  return pino(
    {
      level: logLevel,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: describeError },
    },
    pino.destination({ dest: 2, sync: true }),
  )
}

/** PostgreSQL's `detail` and parameters may hold codes: they are left out. */
function describeError(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { message: 'not an error' }
  const { code, constraint_name: constraint } = error as {
    code?: unknown
    constraint_name?: unknown
  }
  return { name: error.name, message: error.message, code, constraint, stack: error.stack }
}
