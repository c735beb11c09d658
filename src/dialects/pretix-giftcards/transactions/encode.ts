import type { Entry } from '../../../ledger/entry.ts'
import { formatUtc } from '../../../wire/dates.ts'
import { rawNumber } from '../../../wire/json.ts'
import { formatValue, shownAmount } from '../wire.ts'

/** A booking: exactly these eight keys (specs/pretix-giftcards.md 9). `acceptor` is who booked it. */
export const encodeTransaction = (entry: Entry, acceptor: string | undefined) => ({
  id: Number(entry.id),
  datetime: formatUtc(entry.createdAt),
  value: formatValue(shownAmount(entry.balanceAfter, entry.amount)),
  event: entry.eventRef ?? null,
  // An order of another protocol is none that a client could look up here (contract.md 4).
  order: (entry.protocol === 'pretix' ? entry.orderRef : undefined) ?? null,
  text: entry.text ?? null,
  info: entry.info === undefined ? null : rawJson(entry.info),
  acceptor: acceptor ?? null,
})

/** Stored JSON text as a value that `JSON.stringify` writes out with its numbers as spelled. */
function rawJson(text: string): unknown {
  return JSON.parse(text, (_key, value: unknown, context?: { source?: string }) =>
    typeof value === 'number' ? rawNumber(context?.source ?? String(value)) : value,
  )
}
