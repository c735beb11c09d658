import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Logger, pino } from 'pino'
import type { Config } from './config.ts'
import type { Database } from './db/database.ts'
import { dialects } from './dialects/index.ts'
import { SetupError } from './errors.ts'
import { assertFree, listenOn } from './http/address.ts'
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
import {
  type Applied,
  applyFirstWorld,
  applyWorld,
  parseWorld,
  WORLD_CHANNEL,
} from './world/apply.ts'
import { demoWorld } from './world/demo.ts'
import type { World } from './world/schema.ts'

export type App = {
  /** Where the main listener answers. */
  readonly url: string
  /** Every verb, as the dialects have them. */
  readonly services: Services
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

/** What was applied, with the demo if it was that; its secrets are kept nowhere else. */
export type AppliedAtStart = Applied & { readonly demo?: World }

export type StartOptions = {
  readonly overrides?: Partial<Deps>
  /** Hears of what was applied as soon as it is committed, whatever becomes of the start. */
  readonly onApplied?: (applied: AppliedAtStart, log: Logger) => void
  /** Ends a start that is under way, which then is refused (SetupError). */
  readonly signal?: AbortSignal
}

/**
 * Composition root: configuration → database → services → listeners. Ready when it returns. Refuses
 * (SetupError) what cannot be served before anything is written.
 */
export async function startApp(
  config: Config,
  { overrides = {}, onApplied = () => {}, signal }: StartOptions = {},
): Promise<App> {
  const log = createLog(config)
  const world = await readWorld(config)
  for (const port of [config.port, config.lightspeedPort]) await assertFree(config.host, port)
  for (const { assertServable } of dialects) await assertServable?.(config)
  const dataDirectory = resolve(config.dataDirectory)
  const connections = connectionsTo(config.databaseUrl)
  const store = await openStore({ ...config, dataDirectory, connections })
  const closing: (() => Promise<void>)[] = [store.close]
  let stopping = Promise.resolve()
  const stop = (): Promise<void> => {
    stopping = stopping.then(async () => {
      for (const close of closing.splice(0).reverse()) await close()
    })
    return stopping
  }
  // Whoever waits for the start, or for the stop, hears what went wrong.
  signal?.addEventListener('abort', () => void stop().catch(() => {}), { once: true })
  try {
    const { db } = store
    const metrics = createMetrics({
      queued: () => commit.queued(),
      poolInUse: () => db.connectionsInUse(),
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

    await applyAtStart(config, world, deps, (applied) => onApplied(applied, log))
    const context: DialectContext = {
      services,
      config,
      log,
      now,
      publicUrl: publicUrlOf(config),
    }
    const isReady = createReadiness(db)
    const server = await createServer({ dialects, context, metrics, isReady })
    const listeners: (() => Promise<void>)[] = [() => server.close()]
    closing.push(async () => {
      await Promise.all(listeners.map((close) => close()))
    })
    for (const { listen } of dialects) {
      const close = await listen?.((options) => createListener(log, metrics, options), context)
      if (close) listeners.push(close)
    }
    const workers = startWorkers(deps, services)
    closing.push(async () => {
      await Promise.all(workers.map((worker) => worker.stop()))
    })
    const url = await listenOn(server, config)
    signal?.throwIfAborted()
    return { url, services, stop }
  } catch (error) {
    await stop()
    if (signal?.aborted) throw new SetupError('Told to stop before it was ready.')
    throw error
  }
}

/** A database that does not answer in this time is not there. */
const READY_MS_MAX = 2_000

/** Whether the database answers; whoever asks while somebody is asking shares the answer. */
function createReadiness(db: Database): () => Promise<boolean> {
  let asking: Promise<boolean> | undefined
  return () => {
    asking ??= db`select 1`
      .then(
        () => true,
        () => false,
      )
      .finally(() => {
        asking = undefined
      })
    return Promise.race([asking, sleep(READY_MS_MAX, false, { ref: false })])
  }
}

async function readWorld({ world }: Pick<Config, 'world'>): Promise<World | undefined> {
  if (world === undefined) return undefined
  const text = await readFile(world, 'utf8').catch(() => {
    throw new SetupError(`The world file ${world} cannot be read.`)
  })
  return parseWorld(text)
}

/** Applies the given world, or the demo of a first start; several processes may start at once. */
async function applyAtStart(
  { empty }: Pick<Config, 'empty'>,
  world: World | undefined,
  { db, now }: Pick<Deps, 'db' | 'now'>,
  tell: (applied: AppliedAtStart) => void,
): Promise<void> {
  if (world !== undefined) return tell(await applyWorld(db, world, now()))
  if (empty) return
  const demo = demoWorld()
  const applied = await applyFirstWorld(db, demo, now())
  if (applied) tell({ ...applied, demo })
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
