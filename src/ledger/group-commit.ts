import type { Database, Tx } from '../db/database.ts'
import { isConnectionLoss, transact } from '../db/transact.ts'
import { DomainError } from '../errors.ts'
import type { Instant } from '../money/instant.ts'
import { type Command, type Outcome, post } from './post.ts'
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

type Waiting = Submission & {
  readonly resolve: (outcome: Outcome) => void
  readonly reject: (error: unknown) => void
}

/** One queue; a card is always in the same one, so its commands keep their order. */
type Lane = { queue: Waiting[]; running: boolean }

/**
 * Many callers, one `post`, one commit: while a batch commits, what arrives waits and becomes the next
 * batch, so that there is no timer and an idle server adds no latency. A batch is of one merchant; a
 * card is always in the same lane, so its commands keep their order.
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

  async function commit(batch: readonly Waiting[], onWriting?: () => void): Promise<Outcome[]> {
    const at = now()
    const merchantId = batch[0]?.merchantId ?? 0n
    const options = {
      now: at,
      isLast: batch.every(({ remember }) => remember === undefined),
      ...(onWriting && { onWriting }),
    }
    const commands = batch.map(({ command }, event) => ({ ...command, event }))
    const work = async (tx: Tx): Promise<Outcome[]> => {
      const outcomes = await post(tx, merchantId, commands, options)
      const remembered = batch.flatMap(({ remember }, index) => {
        const outcome = outcomes[index]
        return (outcome && remember?.(outcome)) ?? []
      })
      if (remembered.length > 0) await saveRemembered(tx, remembered, at)
      return outcomes
    }
    // `post` locks and reads before it writes.
    return await transact(db, work, { isEager: true })
  }

  /** Commits a batch; who calls what this returns tells all callers what became of it. */
  async function settle(batch: readonly Waiting[], onWriting?: () => void): Promise<() => void> {
    const started = performance.now()
    try {
      const outcomes = await commit(batch, onWriting)
      onBatch(batch.length, (performance.now() - started) / 1_000)
      return () =>
        batch.forEach(({ resolve, reject }, index) => {
          const outcome = outcomes[index]
          if (outcome) resolve(outcome)
          else reject(new Error('a command without an outcome'))
        })
    } catch (error) {
      // One bad row must hurt nobody else: each of them tries once more alone. But not if the connection
      // was lost: then nobody knows whether the commit came through, and trying again could do it twice.
      const parts = isConnectionLoss(error)
        ? []
        : isBusy(error)
          ? byCard(batch)
          : batch.map((w) => [w])
      const settleAndTell = async (part: readonly Waiting[]) => (await settle(part))()
      if (parts.length <= 1) for (const { reject } of batch) reject(error)
      // Side by side where a card is locked by others: whoever wants another must not wait for it in turn.
      else if (isBusy(error)) await Promise.all(parts.map(settleAndTell))
      else for (const part of parts) await settleAndTell(part)
      return () => {}
    }
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

/** A lock could not be had in time; waiting for the same one again, once for each command, helps nobody. */
const isBusy = (error: unknown): boolean =>
  error instanceof DomainError && error.refusal.code === 'busy'

const byCard = (batch: readonly Waiting[]): Waiting[][] => [
  ...Map.groupBy(batch, ({ command }) => command.cardId).values(),
]
