import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { openTestLedger, type TestLedger } from '../../test/support/ledger.ts'
import { isUndone, transact } from '../db/transact.ts'
import { verify } from '../verify.ts'
import type { Card } from './card.ts'
import type { Verb } from './decide.ts'
import type { Origin } from './entry.ts'
import { createKnownCards } from './known-cards.ts'
import { type Command, type Outcome, post, postKnown } from './post.ts'
import { entryColumns, toEntry } from './statement.ts'
import { chain, writeLocked } from './write.ts'

const NOW = 1_900_000_000_123_456n

describe('what is written', () => {
  let ledger: TestLedger
  before(async () => {
    ledger = await openTestLedger({ now: () => NOW })
  })
  after(() => ledger.close())

  const stored = async (cards: readonly Card[]) =>
    (
      await ledger.owner`
        select ${entryColumns(ledger.owner)} from entries
        where card_id = any(${cards.map(({ id }) => id)}::int8[]) and card_seq > 1 order by id`
    ).map(toEntry)
  const entriesOf = (outcomes: readonly (Outcome | undefined)[]) =>
    outcomes.map((outcome) => {
      assert.ok(outcome?.ok && outcome.entry)
      // As rows have it: what is not there is undefined, not left out.
      const absent = { reverses: undefined, holdId: undefined, ...unsaid }
      return { ...absent, ...outcome.entry }
    })
  const unsaid = {
    credentialId: undefined,
    orderRef: undefined,
    eventRef: undefined,
    invoiceRef: undefined,
    text: undefined,
    info: undefined,
  }

  /** Two who say all there is to say, each something else, and one who says as little as may be. */
  const origins = (): readonly Origin[] => [
    {
      protocol: 'pretix',
      credentialId: 41n,
      actingMerchantId: ledger.merchantId,
      orderRef: 'FXQYW',
      eventRef: 'democon',
      invoiceRef: '310',
      text: 'a "text", ä\n\\ 𝄞',
      info: '{"price":1.50}',
    },
    {
      protocol: 'foodics',
      credentialId: 42n,
      actingMerchantId: ledger.merchantId + 1n,
      orderRef: 'other',
      eventRef: 'event',
      invoiceRef: '311',
      text: '',
      info: '[]',
    },
    { protocol: 'scrip', actingMerchantId: ledger.merchantId },
  ]
  const verbs: readonly Verb[] = [
    { verb: 'redeem', amount: 1n },
    { verb: 'load', amount: 2n },
    { verb: 'block' },
  ]
  const ways = {
    'under locks': (commands: readonly Command[]) =>
      transact(ledger.db, (tx) => post(tx, ledger.merchantId, commands, { now: NOW })),
    'on known cards': async (commands: readonly Command[]) => {
      const known = createKnownCards()
      const ids = commands.map(({ cardId }) => cardId)
      const cards = await known.recall(ledger.db, ledger.merchantId, ids)
      const { outcomes } = await postKnown(ledger.db, ledger.merchantId, commands, cards, {
        now: NOW,
      })
      return outcomes
    },
  }
  for (const [way, write] of Object.entries(ways))
    test(`${way} is all that was said, also where those beside it say something else`, async () => {
      for (const said of [origins(), ...origins().map((origin) => [origin, origin, origin])]) {
        const cards = await Promise.all(said.map(() => ledger.issue({ amount: 10n })))
        const commands = said.map(
          (origin, index): Command => ({
            cardId: cards[index]?.id ?? 0n,
            origin,
            event: index,
            ...(verbs[index] ?? assert.fail()),
          }),
        )
        const outcomes = await write(commands)
        assert.deepEqual(await stored(cards), entriesOf(outcomes))
        for (const [index, { credentialId, protocol, text }] of entriesOf(outcomes).entries()) {
          const origin = { ...unsaid, ...said[index] }
          assert.deepEqual(
            [credentialId, protocol, text],
            [origin.credentialId, origin.protocol, origin.text],
          )
        }
      }
      assert.equal((await verify(ledger.owner)).broken, undefined)
    })

  test('is nothing outside of the transaction that took the locks, and nobody may try again', async () => {
    const card = await ledger.issue({ amount: 10n })
    const left = { ...card, balance: 9n, lastSeq: 2, modifiedAt: NOW }
    const draft = { kind: 'redeem', contra: 'settlement', amount: -1n } as const
    const entry = chain(card, left, draft, ledger.origin)
    const writing = {
      entries: [entry],
      events: undefined,
      changes: [{ before: card, after: { ...left, lastHash: entry.hash } }],
    }
    const write = (isLast: boolean) =>
      transact(ledger.db, (tx) => writeLocked(tx, ledger.merchantId, writing, { xid: '1', isLast }))
    for (const isLast of [false, true])
      await assert.rejects(write(isLast), (error) => !isUndone(error))
    assert.deepEqual(await stored([card]), [])
    assert.deepEqual(await ledger.services.cards.find([ledger.merchantId], card.id), card)
  })
})
