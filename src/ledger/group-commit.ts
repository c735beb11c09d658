import type { Database, Tx } from '../db/database.ts'
import { isUndone, retried, transact } from '../db/transact.ts'
import { DomainError } from '../errors.ts'
import type { Instant } from '../money/instant.ts'
import { createKnownCards } from './known-cards.ts'
import { type Command, isPlain, type Outcome, type PostOptions, post, postKnown } from './post.ts'
import { takeTurns, type Unit } from './turns.ts'

/** A single-card command and what else must be in the same commit. */
export type Submission = {
  readonly merchantId: bigint
  readonly command: Command
  /** What a dialect remembers with the effect; called once per commit attempt, must not throw for a refusal. */
  readonly remember?: (outcome: Outcome) => Remembered | undefined
}

/** An answer kept with its effect, so that a lost response can always be replayed. */
export type Remembered = {
  readonly merchantId: bigint
  readonly scope: Buffer
  readonly status: number
  readonly headers: string
  readonly body: string
  readonly request?: Buffer
}

export type GroupCommit = {
  /** Resolves after the commit; throws `overloaded` before anything was begun, `busy`, or a defect. */
  readonly submit: (submission: Submission) => Promise<Outcome>
  /** Waits for what was submitted, then refuses more. */
  readonly close: () => Promise<void>
  readonly queued: () => number
}

export type GroupCommitOptions = {
  readonly db: Database
  readonly now: () => Instant
  /** Writes what submissions want remembered, in the same transaction. */
  readonly saveRemembered: (
    tx: Tx,
    remembered: readonly Remembered[],
    now: Instant,
  ) => Promise<void>
  readonly lanes?: number
  /** Submissions waiting at most, over all lanes. */
  readonly queueMax?: number
  readonly onBatch?: (size: number, seconds: number) => void
}

/** Commands in one commit at most. */
const BATCH_MAX = 256
/** How long a merchant that had webhooks is taken to have some. */
const LISTENED_MS = 60_000

type Waiting = Submission & {
  readonly resolve: (outcome: Outcome) => void
  readonly reject: (error: unknown) => void
}

/** One queue; a card is always in the same one, so its commands keep their order. */
type Lane = { queue: Waiting[]; running: boolean }

/**
 * Many callers, one commit (or two, where a part of them needs locks): while a batch commits, what
 * arrives waits and becomes the next batch, so that there is no timer and an idle server adds no latency.
 * A batch is of one merchant; a card is always in the same lane, so its commands keep their order.
 */
export function createGroupCommit({
  db,
  now,
  saveRemembered,
  lanes: laneCount = 2,
  queueMax = 10_000,
  onBatch = () => {},
}: GroupCommitOptions): GroupCommit {
  const lanes = Array.from({ length: laneCount }, (): Lane => ({ queue: [], running: false }))
  const idle = new Set<() => void>()
  let queued = 0
  let closed = false
  const known = createKnownCards()
  /** Until when merchants that had webhooks are taken to have some. */
  const listened = new Map<bigint, number>()

  const canBeKnown = (batch: readonly Waiting[]): boolean =>
    performance.now() >= (listened.get(merchantOf(batch)) ?? 0) &&
    batch.every(({ command, remember }) => remember === undefined && isPlain(command))

  /** Undefined of what must be judged under locks; nothing was written of it. */
  async function commitKnown(
    batch: readonly Waiting[],
    options: PostOptions,
  ): Promise<readonly (Outcome | undefined)[]> {
    const merchantId = merchantOf(batch)
    const commands = commandsOf(batch)
    const cards = await known.recall(
      db,
      merchantId,
      commands.map(({ cardId }) => cardId),
    )
    const posted = await retried(() => postKnown(db, merchantId, commands, cards, options))
    known.remember(posted.left)
    if (posted.hasWebhooks) listened.set(merchantId, performance.now() + LISTENED_MS)
    return posted.outcomes
  }

  async function commitLocked(
    batch: readonly Waiting[],
    options: PostOptions,
  ): Promise<readonly Outcome[]> {
    const isLast = batch.every(({ remember }) => remember === undefined)
    const work = async (tx: Tx): Promise<Outcome[]> => {
      const outcomes = await post(tx, merchantOf(batch), commandsOf(batch), { ...options, isLast })
      const remembered = batch.flatMap(({ remember }, index) => {
        const outcome = outcomes[index]
        return (outcome && remember?.(outcome)) ?? []
      })
      if (remembered.length > 0) await saveRemembered(tx, remembered, options.now)
      return outcomes
    }
    // `post` locks and reads before it writes.
    return await transact(db, work, { isEager: true })
  }

  /**
   * Commits a batch, without locks what can be and then the rest; who calls what this returns tells all
   * callers what became of it. It never fails.
   */
  async function settle(
    batch: readonly Waiting[],
    onWriting: () => void = () => {},
    { isLocked = !canBeKnown(batch) } = {},
  ): Promise<() => void> {
    const started = performance.now()
    const commit = isLocked ? commitLocked : commitKnown
    let outcomes: readonly (Outcome | undefined)[]
    try {
      outcomes = await commit(batch, { now: now(), onWriting })
    } catch (error) {
      await settleApart(batch, error, isLocked)
      return () => {}
    }
    const rest = batch.filter((_, index) => outcomes[index] === undefined)
    const done = batch.length - rest.length
    if (done > 0) onBatch(done, (performance.now() - started) / 1_000)
    known.forget((isLocked ? batch : rest).map(({ command }) => command.cardId))
    const tell = () =>
      batch.forEach(({ resolve }, index) => {
        const outcome = outcomes[index]
        if (outcome) resolve(outcome)
      })
    if (rest.length === 0) return tell
    // What is committed stays so, whatever becomes of the rest.
    tell()
    return await settle(rest, onWriting, { isLocked: true })
  }

  /**
   * After a batch of which nothing was written: one bad row must hurt nobody else, so each command tries
   * once more alone, under locks. But not if it was the connection that failed: then nobody knows whether
   * the commit came through, and trying again could do it twice.
   */
  async function settleApart(
    batch: readonly Waiting[],
    error: unknown,
    wasLocked: boolean,
  ): Promise<void> {
    const busy = isBusy(error)
    const parts = !isUndone(error) ? [] : busy ? byCard(batch) : batch.map((one) => [one])
    const again = async (part: readonly Waiting[]) =>
      (await settle(part, () => {}, { isLocked: true }))()
    if (parts.length === 0 || (parts.length === 1 && (wasLocked || busy)))
      for (const { reject } of batch) reject(error)
    // Side by side where a card is locked by others: whoever wants another must not wait for it in turn.
    else if (busy) await Promise.all(parts.map(again))
    else for (const part of parts) await again(part)
  }

  /** The next batch of a lane: what has waited longest, and all of its merchant that fits. */
  function next(lane: Lane): Unit | undefined {
    const merchantId = lane.queue[0]?.merchantId
    if (merchantId === undefined) {
      lane.running = false
      return undefined
    }
    const batch: Waiting[] = []
    const rest: Waiting[] = []
    for (const waiting of lane.queue)
      (waiting.merchantId === merchantId && batch.length < BATCH_MAX ? batch : rest).push(waiting)
    lane.queue = rest
    return async (onWriting) => {
      const tell = await settle(batch, onWriting)
      queued -= batch.length
      return tell
    }
  }

  async function run(lane: Lane): Promise<void> {
    await takeTurns(() => next(lane))
    if (queued === 0) for (const wake of idle) wake()
  }

  return {
    submit: (submission) =>
      new Promise((resolve, reject) => {
        if (closed || queued >= queueMax) return reject(new DomainError({ code: 'overloaded' }))
        const lane =
          lanes[
            Number((submission.merchantId * 31n + submission.command.cardId) % BigInt(laneCount))
          ]
        if (!lane) return reject(new Error('no lane'))
        queued += 1
        lane.queue.push({ ...submission, resolve, reject })
        if (!lane.running) {
          lane.running = true
          run(lane).catch(reject)
        }
      }),
    close: async () => {
      closed = true
      if (queued > 0) await new Promise<void>((resolve) => idle.add(resolve))
    },
    queued: () => queued,
  }
}

const merchantOf = (batch: readonly Waiting[]): bigint => batch[0]?.merchantId ?? 0n

/** Each is an event of its own. */
const commandsOf = (batch: readonly Waiting[]): Command[] =>
  batch.map(({ command }, event) => ({ ...command, event }))

/** A lock could not be had in time; waiting for the same one again, once for each command, helps nobody. */
const isBusy = (error: unknown): boolean =>
  error instanceof DomainError && error.refusal.code === 'busy'

const byCard = (batch: readonly Waiting[]): Waiting[][] => [
  ...Map.groupBy(batch, ({ command }) => command.cardId).values(),
]
