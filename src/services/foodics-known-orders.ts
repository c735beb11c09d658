import { setImmediate } from 'node:timers/promises'
import type { Database } from '../db/database.ts'

/** Orders kept in memory at most; the oldest is dropped first. */
const KNOWN_MAX = 50_000

type Question = {
  readonly key: string
  readonly merchantId: bigint
  readonly id: bigint
  readonly resolve: (exists: boolean) => void
  readonly reject: (error: unknown) => void
}

export type KnownOrders = {
  readonly has: (merchantId: bigint, id: bigint) => Promise<boolean>
  /** An order that was just committed. */
  readonly add: (merchantId: bigint, id: bigint) => void
}

/**
 * Which orders exist. An order is never removed, so a yes is good for ever and is kept; a no is asked
 * again. Questions that arrive together, or while others are being asked, share one query: a busy till
 * line costs the database next to nothing.
 */
export function createKnownOrders(db: Database): KnownOrders {
  const known = new Set<string>()
  let waiting: Question[] = []
  let isAsking = false

  function add(merchantId: bigint, id: bigint): void {
    const [oldest] = known
    if (known.size >= KNOWN_MAX && oldest !== undefined) known.delete(oldest)
    known.add(`${merchantId}/${id}`)
  }

  async function ask(questions: readonly Question[]): Promise<void> {
    try {
      const rows = await db<{ merchant_id: bigint; id: bigint }[]>`
        select merchant_id, id from foodics_orders
        where (merchant_id, id) in (
          select * from unnest(
            ${questions.map(({ merchantId }) => merchantId)}::int8[], ${questions.map(({ id }) => id)}::int8[]))`
      for (const row of rows) add(row.merchant_id, row.id)
      const found = new Set(rows.map((row) => `${row.merchant_id}/${row.id}`))
      for (const { key, resolve } of questions) resolve(found.has(key))
    } catch (error) {
      for (const { reject } of questions) reject(error)
    }
  }

  async function run(): Promise<void> {
    // One turn of the event loop, so that requests read from many sockets at once share a query.
    await setImmediate()
    while (waiting.length > 0) {
      const questions = waiting
      waiting = []
      await ask(questions)
    }
    isAsking = false
  }

  return {
    add,
    has: (merchantId, id) => {
      const key = `${merchantId}/${id}`
      if (known.has(key)) return Promise.resolve(true)
      return new Promise((resolve, reject) => {
        waiting.push({ key, merchantId, id, resolve, reject })
        if (isAsking) return
        isAsking = true
        run().catch(reject)
      })
    },
  }
}
