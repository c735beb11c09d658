import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { formatExact } from '../money/money.ts'
import type { Card } from './card.ts'
import {
  type Account,
  BALANCE_MAX,
  type Conditions,
  type Decision,
  decide,
  type EntryDraft,
  type Original,
  type Verb,
} from './decide.ts'
import { GENESIS } from './entry.ts'

const NOW = 1_000_000n
const LATER = 2_000_000n

const card = (changes: Partial<Card> = {}): Card => ({
  merchantId: 1n,
  id: 7n,
  code: 'C',
  currency: 'EUR',
  testmode: false,
  state: 'active',
  balance: 0n,
  held: 0n,
  loaded: 0n,
  face: 0n,
  expiresAt: undefined,
  conditions: undefined,
  ownerPositionId: undefined,
  origin: 'pretix',
  purpose: 'multi',
  taxRate: undefined,
  createdAt: 0n,
  modifiedAt: 0n,
  lastSeq: 0,
  lastHash: GENESIS,
  ...changes,
})

const account = (changes: Partial<Card> = {}, rest: Partial<Account> = {}): Account => ({
  card: card(changes),
  holds: new Map(),
  originals: new Map(),
  ...rest,
})

const loaded = (balance: bigint, changes: Partial<Card> = {}) =>
  account({ balance, loaded: balance, face: balance, lastSeq: 1, ...changes })

function allowed(decision: Decision): Extract<Decision, { account: Account }> {
  if ('refusal' in decision) assert.fail(`refused: ${decision.refusal.code}`)
  return decision
}

const refusalOf = (before: Account, command: Verb & Conditions, now = NOW) => {
  const decision = decide(before, command, now)
  return 'refusal' in decision ? decision.refusal.code : undefined
}

/** A card after one redemption of 30 of 100, with that entry ready to be given back. */
const spent = (reversed = 0n) =>
  account(
    { balance: 70n, loaded: 100n, face: 100n, lastSeq: 2 },
    {
      originals: new Map<bigint, Original>([
        [
          5n,
          {
            id: 5n,
            cardId: 7n,
            kind: 'redeem',
            contra: 'settlement',
            amount: -30n,
            reversed,
          } as const,
        ],
      ]),
    },
  )

describe('what may move', () => {
  // Of a card with 100: 40 of them held, 120 ever loaded, 110 of those its face value.
  const before = () => account({ balance: 100n, held: 40n, loaded: 120n, face: 110n, lastSeq: 3 })
  type Moved = readonly [command: Verb & Conditions, entry: EntryDraft, loads: bigint]
  const moves: Record<string, Moved> = {
    'a load': [{ verb: 'load', amount: 7n }, { kind: 'load', contra: 'clearing', amount: 7n }, 7n],
    'a load from another account': [
      { verb: 'load', amount: 7n, contra: 'promotion' },
      { kind: 'load', contra: 'promotion', amount: 7n },
      7n,
    ],
    'a redemption': [
      { verb: 'redeem', amount: 7n },
      { kind: 'redeem', contra: 'settlement', amount: -7n },
      0n,
    ],
    'a booking up': [
      { verb: 'book', amount: 1n },
      { kind: 'load', contra: 'clearing', amount: 1n },
      1n,
    ],
    'a booking down': [
      { verb: 'book', amount: -1n },
      { kind: 'redeem', contra: 'settlement', amount: -1n },
      0n,
    ],
    'a booking of zero': [
      { verb: 'book', amount: 0n },
      { kind: 'adjust', contra: 'adjustment', amount: 0n },
      0n,
    ],
    'a correction up': [
      { verb: 'adjust', amount: 1n },
      { kind: 'adjust', contra: 'adjustment', amount: 1n },
      1n,
    ],
    'a correction down': [
      { verb: 'adjust', amount: -7n },
      { kind: 'adjust', contra: 'adjustment', amount: -7n },
      0n,
    ],
    'a balance set higher': [
      { verb: 'set', balance: 107n },
      { kind: 'adjust', contra: 'adjustment', amount: 7n },
      7n,
    ],
    'a balance set lower': [
      { verb: 'set', balance: 60n },
      { kind: 'adjust', contra: 'adjustment', amount: -40n },
      0n,
    ],
    'a balance set to what it is': [
      { verb: 'set', balance: 100n },
      { kind: 'adjust', contra: 'adjustment', amount: 0n },
      0n,
    ],
    'a transfer in': [
      { verb: 'transfer', amount: 1n },
      { kind: 'transfer', contra: 'transfer', amount: 1n },
      1n,
    ],
    'a transfer out': [
      { verb: 'transfer', amount: -7n },
      { kind: 'transfer', contra: 'transfer', amount: -7n },
      0n,
    ],
    'a cash-out': [
      { verb: 'cashOut', amount: 1n },
      { kind: 'cash_out', contra: 'settlement', amount: -1n },
      0n,
    ],
    'a write-off': [{ verb: 'expire' }, { kind: 'expire', contra: 'breakage', amount: -60n }, 0n],
  }
  for (const [name, [command, entry, loads]] of Object.entries(moves))
    test(`${name} moves what it says, and nothing else of the card`, () => {
      const decision = allowed(decide(before(), command, NOW))
      assert.deepEqual(decision.entry, entry)
      assert.deepEqual(decision.account.card, {
        ...before().card,
        balance: 100n + entry.amount,
        loaded: 120n + loads,
        face: 110n + loads,
        modifiedAt: NOW,
        lastSeq: 4,
      })
    })

  test('a card is issued with what it is worth, or with nothing', () => {
    for (const amount of [0n, 1n, 100n]) {
      const { account: after, entry } = allowed(decide(account(), { verb: 'issue', amount }, NOW))
      assert.deepEqual(entry, { kind: 'issue', contra: 'clearing', amount })
      assert.deepEqual(after.card, {
        ...card({ balance: amount, loaded: amount, face: amount, lastSeq: 1, modifiedAt: NOW }),
      })
    }
    const promoted = decide(account(), { verb: 'issue', amount: 1n, contra: 'promotion' }, NOW)
    assert.equal(allowed(promoted).entry?.contra, 'promotion')
    assert.equal(refusalOf(account(), { verb: 'issue', amount: 1n, used: -1n }), 'amount_invalid')
    assert.equal(refusalOf(account(), { verb: 'issue', amount: 1n, used: 0n }), undefined)
  })

  test('a redemption takes what is available and no more', () => {
    const { account: after, entry } = allowed(
      decide(loaded(100n), { verb: 'redeem', amount: 100n }, NOW),
    )
    assert.equal(after.card.balance, 0n)
    assert.deepEqual(entry, { kind: 'redeem', contra: 'settlement', amount: -100n })
    assert.deepEqual(decide(loaded(100n), { verb: 'redeem', amount: 101n }, NOW), {
      refusal: { code: 'insufficient_value', available: 100n, wanted: 101n },
    })
  })

  test('amounts must be positive where the verb gives the sign', () => {
    for (const verb of ['load', 'redeem', 'cashOut'] as const)
      for (const amount of [0n, -1n])
        assert.equal(refusalOf(loaded(100n), { verb, amount }), 'amount_invalid', verb)
    assert.equal(refusalOf(loaded(100n), { verb: 'transfer', amount: 0n }), 'amount_invalid')
    assert.equal(refusalOf(account(), { verb: 'issue', amount: -1n }), 'amount_invalid')
  })

  test('a blocked or closed card moves nothing but what is given back', () => {
    for (const [state, code] of [
      ['blocked', 'card_blocked'],
      ['closed', 'card_closed'],
    ] as const)
      for (const verb of ['load', 'redeem', 'book', 'adjust', 'transfer', 'cashOut'] as const)
        assert.equal(refusalOf(loaded(100n, { state }), { verb, amount: 1n }), code, verb)
    const blocked = { ...spent(), card: { ...spent().card, state: 'blocked' as const } }
    assert.equal(refusalOf(blocked, { verb: 'reverse', entryId: 5n }), undefined)
  })

  test('an expired card is refused, unless the protocol books regardless', () => {
    const expired = loaded(100n, { expiresAt: NOW - 1n })
    assert.equal(refusalOf(expired, { verb: 'redeem', amount: 1n }), 'card_expired')
    assert.equal(refusalOf(expired, { verb: 'book', amount: -1n, ignoreExpiry: true }), undefined)
    assert.equal(
      refusalOf(loaded(100n, { expiresAt: NOW }), { verb: 'redeem', amount: 1n }),
      undefined,
      'at its very instant of expiry a card is still good',
    )
  })

  test('currencies and test mode never meet', () => {
    const before = loaded(100n)
    assert.equal(
      refusalOf(before, { verb: 'redeem', amount: 1n, currency: 'USD' }),
      'currency_mismatch',
    )
    assert.equal(
      refusalOf(before, { verb: 'redeem', amount: 1n, testmode: true }),
      'testmode_mismatch',
    )
  })

  test('no balance grows beyond what every protocol can print', () => {
    assert.equal(formatExact(BALANCE_MAX), '99999999999.99')
    assert.equal(refusalOf(loaded(BALANCE_MAX), { verb: 'load', amount: 1n }), 'balance_too_large')
    assert.equal(refusalOf(loaded(BALANCE_MAX - 1n), { verb: 'load', amount: 1n }), undefined)
    assert.equal(
      refusalOf(loaded(5n), { verb: 'load', amount: 6n, balanceMax: 10n }),
      'balance_too_large',
    )
    assert.equal(refusalOf(loaded(5n), { verb: 'load', amount: 5n, balanceMax: 10n }), undefined)
    // What is above it already may stay, and go down.
    for (const amount of [0n, -5n])
      assert.equal(refusalOf(loaded(20n), { verb: 'book', amount, balanceMax: 10n }), undefined)
    const wide = { verb: 'load', amount: 1n, balanceMax: 2n * BALANCE_MAX } as const
    assert.equal(refusalOf(loaded(BALANCE_MAX), wide), 'balance_too_large')
  })

  test('time never runs backwards on a card', () => {
    const before = loaded(5n, { modifiedAt: LATER })
    for (const command of [{ verb: 'redeem', amount: 1n }, { verb: 'block' }] as const)
      assert.equal(allowed(decide(before, command, NOW)).account.card.modifiedAt, LATER)
  })
})

describe('giving back', () => {
  test('a refund names its redemption and is bounded by it', () => {
    const { account: after, entry } = allowed(
      decide(spent(), { verb: 'reverse', entryId: 5n, amount: 10n }, NOW),
    )
    assert.deepEqual(entry, { kind: 'refund', contra: 'settlement', amount: 10n, reverses: 5n })
    assert.equal(after.card.balance, 80n)
    assert.equal(
      refusalOf(after, { verb: 'reverse', entryId: 5n, amount: 21n }),
      'reversal_exceeds_original',
    )
    const all = allowed(decide(after, { verb: 'reverse', entryId: 5n }, NOW))
    assert.equal(all.account.card.balance, 100n, 'without an amount, all that is left of it')
    assert.equal(
      refusalOf(all.account, { verb: 'reverse', entryId: 5n }),
      'reversal_exceeds_original',
    )
  })

  test('a void of a load takes the value back only while it is there', () => {
    const original = {
      id: 1n,
      cardId: 7n,
      kind: 'load',
      contra: 'clearing',
      amount: 100n,
      reversed: 0n,
    } as const
    const before = (balance: bigint) => ({
      ...loaded(balance, { loaded: 100n }),
      originals: new Map([[1n, original]]),
    })
    const { account: after, entry } = allowed(
      decide(before(100n), { verb: 'reverse', entryId: 1n }, NOW),
    )
    assert.deepEqual(entry, { kind: 'void', contra: 'clearing', amount: -100n, reverses: 1n })
    assert.equal(after.card.loaded, 0n)
    assert.equal(refusalOf(before(99n), { verb: 'reverse', entryId: 1n }), 'insufficient_value')
  })

  test('a void cannot be voided, nor an entry of another card given back', () => {
    const undone = {
      id: 9n,
      cardId: 7n,
      kind: 'void',
      contra: 'clearing',
      amount: -5n,
      reversed: 0n,
    } as const
    const foreign = { ...undone, id: 8n, cardId: 6n, kind: 'redeem' } as const
    const before = {
      ...loaded(50n),
      originals: new Map<bigint, Original>([
        [9n, undone],
        [8n, foreign],
      ]),
    }
    assert.equal(refusalOf(before, { verb: 'reverse', entryId: 9n }), 'entry_not_reversible')
    assert.equal(refusalOf(before, { verb: 'reverse', entryId: 8n }), 'entry_not_found')
    assert.equal(refusalOf(before, { verb: 'reverse', entryId: 1n }), 'entry_not_found')
  })
})

describe('giving back what any entry moved', () => {
  const original = (kind: Original['kind'], amount: bigint, reversed = 0n): Original => ({
    id: 5n,
    cardId: 7n,
    kind,
    contra: 'promotion',
    amount,
    reversed,
  })
  const after = (entry: Original, changes: Partial<Card> = {}) => ({
    ...account({ balance: 50n, loaded: 80n, face: 70n, lastSeq: 2, ...changes }),
    originals: new Map([[entry.id, entry]]),
  })
  const back = (amount?: bigint) =>
    ({ verb: 'reverse', entryId: 5n, ...(amount !== undefined && { amount }) }) as const

  for (const [kind, amount, made] of [
    ['redeem', -20n, 'refund'],
    ['cash_out', -20n, 'refund'],
    ['adjust', -20n, 'void'],
    ['issue', 20n, 'void'],
    ['load', 20n, 'void'],
    ['adjust', 20n, 'void'],
  ] as const)
    test(`a ${kind} of ${amount} comes back as a ${made}, from the account it went to`, () => {
      for (const part of [1n, 20n]) {
        const decision = allowed(decide(after(original(kind, amount)), back(part), NOW))
        const moved = amount < 0n ? part : -part
        assert.deepEqual(decision.entry, {
          kind: made,
          contra: 'promotion',
          amount: moved,
          reverses: 5n,
        })
        const loads = amount < 0n ? 0n : -part
        assert.equal(decision.account.card.balance, 50n + moved)
        assert.equal(decision.account.card.loaded, 80n + loads)
        assert.equal(decision.account.card.face, 70n + loads)
        assert.deepEqual(decision.account.originals.get(5n), original(kind, amount, part))
      }
    })

  test('nothing, less than nothing and more than is left cannot come back', () => {
    const before = after(original('redeem', -20n, 15n))
    for (const amount of [0n, -1n]) assert.equal(refusalOf(before, back(amount)), 'amount_invalid')
    assert.deepEqual(decide(before, back(6n), NOW), {
      refusal: { code: 'reversal_exceeds_original', left: 5n },
    })
    const whole = after(original('redeem', -20n, 20n))
    for (const amount of [undefined, 0n, 1n])
      assert.equal(refusalOf(whole, back(amount)), 'reversal_exceeds_original')
  })

  test('what moved nothing and what has an end of its own does not come back', () => {
    assert.equal(refusalOf(after(original('adjust', 0n)), back()), 'entry_not_reversible')
    for (const kind of ['refund', 'void', 'transfer', 'expire', 'block'] as const)
      assert.equal(refusalOf(after(original(kind, -5n)), back()), 'entry_not_reversible', kind)
  })

  test('a closed card takes nothing back; an expired one does', () => {
    const entry = original('redeem', -20n)
    assert.equal(refusalOf(after(entry, { state: 'closed' }), back()), 'card_closed')
    assert.equal(refusalOf(after(entry, { expiresAt: NOW - 1n }), back()), undefined)
  })
})

describe('holds', () => {
  const hold = (amount: bigint) =>
    ({ verb: 'hold', holdId: 3n, amount, owner: 'till', expiresAt: LATER }) as const
  const held = (amount: bigint) => allowed(decide(loaded(100n), hold(amount), NOW)).account

  test('a hold reserves without an entry, and what is held cannot be spent', () => {
    const decision = allowed(decide(loaded(100n), hold(60n), NOW))
    assert.equal(decision.entry, undefined)
    assert.equal(decision.account.card.balance, 100n)
    assert.equal(decision.account.card.held, 60n)
    assert.deepEqual(decide(decision.account, { verb: 'redeem', amount: 41n }, NOW), {
      refusal: { code: 'insufficient_value', available: 40n, wanted: 41n },
    })
    assert.equal(refusalOf(decision.account, { ...hold(41n), holdId: 4n }), 'insufficient_value')
    assert.equal(refusalOf(decision.account, { verb: 'set', balance: 59n }), 'insufficient_value')
  })

  test('a capture spends from the hold and lets the rest go', () => {
    const { account: after, entry } = allowed(
      decide(held(60n), { verb: 'capture', holdId: 3n, owner: 'till', amount: 25n }, NOW),
    )
    assert.deepEqual(entry, { kind: 'redeem', contra: 'settlement', amount: -25n, holdId: 3n })
    assert.equal(after.card.balance, 75n)
    assert.equal(after.card.held, 0n)
    assert.equal(after.holds.get(3n)?.state, 'captured')
  })

  test('a capture may keep the rest for later, but never take more than the hold', () => {
    const once = allowed(
      decide(
        held(60n),
        { verb: 'capture', holdId: 3n, owner: 'till', amount: 25n, keepRest: true },
        NOW,
      ),
    ).account
    assert.equal(once.card.held, 35n)
    assert.equal(
      refusalOf(once, { verb: 'capture', holdId: 3n, owner: 'till', amount: 36n }),
      'capture_exceeds_hold',
    )
    assert.equal(
      allowed(decide(once, { verb: 'capture', holdId: 3n, owner: 'till' }, NOW)).account.card
        .balance,
      40n,
    )
  })

  test('every ended hold refuses every end', () => {
    const ends = {
      captured: (before: Account) =>
        decide(before, { verb: 'capture', holdId: 3n, owner: 'till' }, NOW),
      released: (before: Account) =>
        decide(before, { verb: 'release', holdId: 3n, owner: 'till' }, NOW),
    }
    for (const end of Object.values(ends)) {
      const { account: ended } = allowed(end(held(60n)))
      for (const again of ['capture', 'release'] as const)
        assert.equal(refusalOf(ended, { verb: again, holdId: 3n, owner: 'till' }), 'hold_ended')
    }
    for (const verb of ['capture', 'release'] as const)
      assert.equal(refusalOf(held(60n), { verb, holdId: 3n, owner: 'till' }, LATER), 'hold_ended')
  })

  test('a hold is of something, has time left, and may be of all that is there', () => {
    for (const amount of [0n, -1n])
      assert.equal(refusalOf(loaded(5n), hold(amount)), 'amount_invalid')
    for (const expiresAt of [NOW, NOW - 1n])
      assert.equal(refusalOf(loaded(5n), { ...hold(1n), expiresAt }), 'amount_invalid')
    for (const amount of [1n, 5n]) assert.equal(refusalOf(loaded(5n), hold(amount)), undefined)
    assert.equal(refusalOf(loaded(5n, { state: 'blocked' }), hold(1n)), 'card_blocked')
    assert.equal(refusalOf(loaded(5n, { expiresAt: NOW - 1n }), hold(1n)), 'card_expired')
    const { holdId, account: after } = allowed(
      decide(loaded(5n), { ...hold(1n), reason: 'x' }, NOW),
    )
    assert.equal(holdId, 3n)
    assert.deepEqual(after.holds.get(3n), {
      id: 3n,
      cardId: 7n,
      amount: 1n,
      captured: 0n,
      state: 'open',
      owner: 'till',
      reason: 'x',
      expiresAt: LATER,
    })
  })

  test('what is left of a hold goes when it ends, whichever way', () => {
    const part = {
      verb: 'capture',
      holdId: 3n,
      owner: 'till',
      amount: 25n,
      keepRest: true,
    } as const
    const { account: rest, holdId } = allowed(decide(held(60n), part, NOW))
    assert.equal(holdId, 3n)
    assert.deepEqual(rest.holds.get(3n), { ...held(60n).holds.get(3n), captured: 25n })
    const released = allowed(decide(rest, { verb: 'release', holdId: 3n, owner: 'till' }, NOW))
    assert.equal(released.entry, undefined)
    assert.equal(released.holdId, 3n)
    assert.equal(released.account.card.modifiedAt, NOW)
    const lapsed = allowed(decide(rest, { verb: 'lapse' }, LATER))
    assert.equal(lapsed.entry, undefined)
    for (const [ended, state] of [
      [released.account, 'released'],
      [lapsed.account, 'expired'],
    ] as const) {
      assert.equal(ended.card.balance, 75n)
      assert.equal(ended.card.held, 0n)
      assert.deepEqual(ended.holds.get(3n), { ...rest.holds.get(3n), state })
    }
    const all = allowed(decide(rest, { ...part, amount: 35n }, NOW)).account
    assert.equal(all.card.held, 0n)
    assert.equal(all.holds.get(3n)?.state, 'captured', 'there is no rest to keep')
  })

  test('a capture takes something', () => {
    for (const amount of [0n, -1n])
      assert.equal(
        refusalOf(held(60n), { verb: 'capture', holdId: 3n, owner: 'till', amount }),
        'amount_invalid',
      )
    const one = decide(held(60n), { verb: 'capture', holdId: 3n, owner: 'till', amount: 1n }, NOW)
    assert.equal(allowed(one).entry?.amount, -1n)
  })

  test('holds that are in time stay as they are', () => {
    const before = held(60n)
    const { account: after } = allowed(decide(before, { verb: 'lapse' }, LATER - 1n))
    assert.equal(after, before)
  })

  test('only its owner may end a hold', () => {
    for (const verb of ['capture', 'release'] as const) {
      assert.equal(refusalOf(held(60n), { verb, holdId: 3n, owner: 'thief' }), 'hold_not_owned')
      assert.equal(refusalOf(held(60n), { verb, holdId: 4n, owner: 'till' }), 'hold_not_found')
    }
  })

  test('a hold past its time no longer counts, whether or not anybody swept it', () => {
    const { account: after } = allowed(decide(held(60n), { verb: 'redeem', amount: 100n }, LATER))
    assert.equal(after.card.balance, 0n)
    assert.equal(after.card.held, 0n)
    assert.equal(after.holds.get(3n)?.state, 'expired')
  })

  test('a hold is honoured on an expired card but not on a blocked one', () => {
    const before = held(60n)
    const expired = { ...before, card: { ...before.card, expiresAt: NOW - 1n } }
    const blocked = { ...before, card: { ...before.card, state: 'blocked' as const } }
    assert.equal(refusalOf(expired, { verb: 'capture', holdId: 3n, owner: 'till' }), undefined)
    assert.equal(refusalOf(blocked, { verb: 'capture', holdId: 3n, owner: 'till' }), 'card_blocked')
  })
})

describe('states', () => {
  test('block, unblock and close write an entry of zero and refuse what is so already', () => {
    const blocked = allowed(decide(loaded(5n), { verb: 'block' }, NOW))
    assert.deepEqual(blocked.entry, { kind: 'block', contra: 'adjustment', amount: 0n })
    assert.equal(refusalOf(blocked.account, { verb: 'block' }), 'card_blocked')
    assert.equal(
      allowed(decide(blocked.account, { verb: 'unblock' }, NOW)).account.card.state,
      'active',
    )
    const { card: one } = blocked.account
    assert.deepEqual(one, { ...loaded(5n).card, state: 'blocked', modifiedAt: NOW, lastSeq: 2 })
    assert.equal(refusalOf(loaded(5n), { verb: 'unblock' }), 'card_not_blocked')
    assert.equal(refusalOf(loaded(5n), { verb: 'close' }), 'card_not_empty')
    const closed = allowed(decide(loaded(0n), { verb: 'close' }, NOW)).account
    for (const verb of ['block', 'unblock', 'close', 'expire'] as const)
      assert.equal(refusalOf(closed, { verb }), 'card_closed')
  })

  test('a write-off takes what is available to breakage and leaves what is held', () => {
    const { entry, account: after } = allowed(
      decide(loaded(100n, { held: 30n }), { verb: 'expire' }, NOW),
    )
    assert.deepEqual(entry, { kind: 'expire', contra: 'breakage', amount: -70n })
    assert.equal(after.card.balance, 30n)
  })
})

describe('what was ever loaded (specs/lightspeed-onsite.md 7.9)', () => {
  test('an import counts what was used elsewhere', () => {
    const { account: after } = allowed(
      decide(account(), { verb: 'issue', amount: 3_750n, used: 1_250n }, NOW),
    )
    assert.equal(after.card.loaded, 5_000n)
    assert.equal(after.card.face, 5_000n)
  })

  test('a refund lowers what is used, and beyond that counts as loaded', () => {
    const { account: after } = allowed(decide(spent(), { verb: 'reverse', entryId: 5n }, NOW))
    assert.equal(after.card.loaded, 100n)
    const { card: few } = account({ balance: 70n, loaded: 80n, face: 60n })
    const more = allowed(decide({ ...spent(), card: few }, { verb: 'reverse', entryId: 5n }, NOW))
    assert.equal(more.account.card.loaded, 100n)
    assert.equal(more.account.card.face, 80n)
  })

  test('a load can leave the face value alone', () => {
    const { account: after } = allowed(
      decide(loaded(10n), { verb: 'load', amount: 5n, raisesFace: false }, NOW),
    )
    assert.equal(after.card.loaded, 15n)
    assert.equal(after.card.face, 10n)
  })
})

const amounts = fc.bigInt({ min: -20n, max: 120n })
const command: fc.Arbitrary<Verb> = fc.oneof(
  fc.record({
    verb: fc.constantFrom('load', 'redeem', 'book', 'adjust', 'transfer', 'cashOut'),
    amount: amounts,
  }),
  fc.record({ verb: fc.constant('set'), balance: fc.bigInt({ min: 0n, max: 200n }) }),
  fc.record({ verb: fc.constantFrom('block', 'unblock', 'close', 'expire', 'lapse') }),
  fc.record({
    verb: fc.constant('hold'),
    holdId: fc.bigInt({ min: 100n, max: 110n }),
    amount: amounts,
    owner: fc.constantFrom('a', 'b'),
    expiresAt: fc.bigInt({ min: 0n, max: 60n }),
  }),
  fc.record({
    verb: fc.constant('capture'),
    holdId: fc.bigInt({ min: 100n, max: 110n }),
    owner: fc.constantFrom('a', 'b'),
    amount: amounts,
    keepRest: fc.boolean(),
  }),
  fc.record({
    verb: fc.constant('release'),
    holdId: fc.bigInt({ min: 100n, max: 110n }),
    owner: fc.constantFrom('a', 'b'),
  }),
  fc.record({
    verb: fc.constant('reverse'),
    entryId: fc.bigInt({ min: 1n, max: 12n }),
    amount: amounts,
  }),
) as fc.Arbitrary<Verb> // Each record is one of the verbs.

test('for any sequence of commands every law of value holds', () => {
  fc.assert(
    fc.property(fc.array(command, { maxLength: 40 }), (commands) => {
      let state = allowed(decide(account(), { verb: 'issue', amount: 100n }, 0n)).account
      let folded = 100n
      let entries = 1
      const sizes = new Map<bigint, bigint>([[1n, 100n]])
      const given = new Map<bigint, bigint>()
      state = remember(state, 1n, 'issue', 100n)
      for (const [index, next] of commands.entries()) {
        if (next.verb === 'hold' && state.holds.has(next.holdId)) continue
        const before = state
        const decision = decide(state, next, BigInt(index))
        if ('refusal' in decision) {
          assert.equal(state, before)
          continue
        }
        state = decision.account
        if (decision.entry) {
          entries += 1
          const id = BigInt(entries)
          const { amount, kind, reverses } = decision.entry
          folded += amount
          sizes.set(id, amount)
          if (reverses !== undefined) {
            const total = (given.get(reverses) ?? 0n) + amount
            const original = sizes.get(reverses) ?? 0n
            given.set(reverses, total)
            assert.ok(total === 0n || total > 0n !== original > 0n, 'a reversal has the other sign')
            assert.ok((total < 0n ? -total : total) <= (original < 0n ? -original : original))
          }
          state = remember(state, id, kind, amount)
        }
        const { card: now } = state
        assert.equal(now.balance, folded, 'the balance is the sum of its entries')
        assert.equal(now.lastSeq, entries, 'entries are numbered without gaps')
        assert.ok(now.balance >= now.held && now.held >= 0n, 'balance ≥ held ≥ 0')
        assert.ok(now.loaded >= now.balance, 'nothing is there that was never loaded')
        const open = [...state.holds.values()]
          .filter((hold) => hold.state === 'open')
          .reduce((sum, hold) => sum + hold.amount - hold.captured, 0n)
        assert.equal(now.held, open, 'held is the sum of open holds')
        for (const hold of state.holds.values()) assert.ok(hold.captured <= hold.amount)
      }
    }),
    { numRuns: 3_000 },
  )
})

/** What `post` would load for a later reversal. */
function remember(state: Account, id: bigint, kind: 'issue' | string, amount: bigint): Account {
  const originals = new Map(state.originals)
  originals.set(id, {
    id,
    cardId: 7n,
    kind: kind as 'issue', // Any kind of entry; the type only wants one of them.
    contra: 'clearing',
    amount,
    reversed: 0n,
  })
  return { ...state, originals }
}
