import { DomainError } from '../errors.ts'
import type { Origin } from '../ledger/entry.ts'
import { listLapsedCards, nextHoldId } from '../ledger/holds.ts'
import type { Instant } from '../money/instant.ts'
import { type Booking, book } from './book.ts'
import type { Deps } from './deps.ts'

export type HoldCommand = {
  readonly merchantId: bigint
  readonly cardId: bigint
  readonly amount: bigint
  readonly owner: string
  readonly expiresAt: Instant
  readonly reason?: string
  readonly origin: Origin
}

export type CaptureCommand = {
  readonly merchantId: bigint
  readonly cardId: bigint
  readonly holdId: bigint
  readonly owner: string
  /** All that is left of the hold unless given. */
  readonly amount?: bigint
  readonly keepRest?: boolean
  readonly origin: Origin
}

export type ReleaseCommand = Omit<CaptureCommand, 'amount' | 'keepRest'>

/** Cards swept in one go. */
const SWEEP_MAX = 500

/** Reserve value, take it, let it go; a hold that nobody ends runs out by itself. */
export function createHolds(deps: Deps) {
  const submit = book(deps)
  return {
    /** Reserves value for an owner until an instant; refuses more than what is available. */
    place: async ({
      merchantId,
      cardId,
      origin,
      ...hold
    }: HoldCommand): Promise<Booking & { holdId: bigint }> => {
      const holdId = await nextHoldId(deps.db)
      const booking = await submit({
        merchantId,
        command: { verb: 'hold', holdId, cardId, origin, ...hold },
      })
      return { ...booking, holdId }
    },
    /** Spends from a hold, in full or in part; the rest is let go unless it is to be kept. */
    capture: async ({ merchantId, ...command }: CaptureCommand): Promise<Booking> =>
      await submit({
        merchantId,
        command: { verb: 'capture', topic: 'transaction.manual', ...command },
      }),
    release: async ({ merchantId, ...command }: ReleaseCommand): Promise<Booking> =>
      await submit({ merchantId, command: { verb: 'release', ...command } }),
    /** Lets go of holds past their time; the rules ignore them even before. */
    sweep: async (): Promise<void> => {
      const merchants = await deps.db<{ id: bigint }[]>`select id from merchants`
      for (const { id: merchantId } of merchants)
        for (const cardId of await listLapsedCards(deps.db, merchantId, deps.now(), SWEEP_MAX))
          try {
            const origin = { protocol: 'scrip', actingMerchantId: merchantId }
            await submit({ merchantId, command: { verb: 'lapse', cardId, origin } })
          } catch (error) {
            if (!(error instanceof DomainError)) throw error
            // Busy or overloaded: the next sweep finds it again.
            deps.log.debug(
              { refusal: error.refusal.code },
              'a lapsed hold waits for the next sweep',
            )
          }
    },
  }
}
