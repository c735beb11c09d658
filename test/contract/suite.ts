import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { verify } from '../../src/verify.ts'
import { type Held, type Market, type Store, startMarket } from './market.ts'

/** What a protocol answered, whatever it speaks. */
export type Said = { readonly status: number; readonly text: string }

/** How a no looks on the wire: its status, and words that must be in it. */
export type Words = { readonly status: number; readonly says: string }

/** What some protocols can do with a card and others lack. */
export type Operation = 'redeem' | 'load' | 'giveBack' | 'hold' | 'block'

type Move = (store: Store, card: Held, amount: string) => Promise<Said>

/** Why a protocol lacks an operation, and what it answers to those who try. */
export type Lack = {
  readonly reason: string
  readonly probe: (store: Store, card: Held) => Promise<Said>
  readonly status: number
}

/** One protocol as the contract sees it: how to ask, how it says no, and what it lacks. */
export type Protocol = {
  /** Makes a card with a code of the caller's choice. */
  readonly issue: (store: Store, code: string, value: string) => Promise<Said>
  /** What a card of this code holds, with two decimals; undefined if there is none. */
  readonly look: (store: Store, code: string) => Promise<string | undefined>
  readonly redeem?: Move
  /** Adds value that nobody redeemed before. */
  readonly load?: Move
  /** Undoes a redemption of this amount. */
  readonly giveBack?: Move
  readonly unsupported: Readonly<Partial<Record<Operation, Lack>>>
  readonly refusals: {
    readonly overdraft: Words
    readonly blocked: Words
    /** `books`: its specification says that expiry does not matter. */
    readonly expired: Words | 'books'
    readonly unknown: Words
    readonly taken: Words
  }
  /** Cards of `testmode` and of other currencies are told, instead of hidden. */
  readonly seesAll: boolean
  /** Codes as odd as the protocol lets them be. */
  readonly oddCodes: readonly string[]
  /** A read with these headers only. */
  readonly knock: (store: Store, headers: Readonly<Record<string, string>>) => Promise<Said>
  /** Headers that look like a login and are none, by what is wrong with them. */
  readonly strangers: (store: Store) => Readonly<Record<string, Readonly<Record<string, string>>>>
}

/** Fails a test with what was answered instead. */
export const done = ({ status, text }: Said): void => assert.ok(status < 300, `${status} ${text}`)

const RACERS = 20
const lacking: Move = () => Promise.reject(new Error('a test of what the protocol lacks has run'))

/** What every dialect must do, written once; each says how to ask, and what it lacks. */
export function describeDialect(name: string, protocol: Protocol): void {
  const { issue, look, unsupported, refusals, seesAll } = protocol
  const { redeem = lacking, load = lacking, giveBack = lacking } = protocol

  /** A test that shows as skipped, with the reason, where the protocol lacks what it needs. */
  const needing = (operation: Operation, title: string, body: () => Promise<void>): void => {
    const skip = unsupported[operation]?.reason ?? false
    test(title, { skip }, body)
  }

  describe(`${name} keeps the contract of every dialect:`, () => {
    let market: Market
    before(async () => {
      market = await startMarket()
    })
    after(async () => {
      const { broken } = await verify(market.owner)
      await market.close()
      assert.equal(broken, undefined)
    })

    const openWith = async (...cards: Card[]): Promise<Store> => market.open({ cards })
    /** Refused in the protocol's words, and nothing of value was written. */
    const refused = async (store: Store, words: Words, ask: () => Promise<Said>): Promise<void> => {
      const books = await store.books()
      const answer = await ask()
      assert.equal(answer.status, words.status, answer.text)
      assert.ok(answer.text.includes(words.says), answer.text)
      assert.deepEqual(await store.books(), books)
    }
    test('a card is issued once, with one entry, and is there to look at', async () => {
      const store = await market.open()
      done(await issue(store, 'FIRST-1', '50.00'))
      assert.equal(await look(store, 'FIRST-1'), '50.00')
      assert.deepEqual(await store.books(), { entries: 1n, value: 5_000_000n, cards: 1n })
      assert.equal((await store.card('FIRST-1')).balance, 5_000_000n)
    })

    test('a code that is taken is refused, whichever protocol took it', async () => {
      const store = await openWith({ code: 'TAKEN-1', value: '5.00' })
      await store.goods()
      await refused(store, refusals.taken, () => issue(store, 'TAKEN-1', '50.00'))
      assert.equal(await look(store, 'TAKEN-1'), '5.00')
    })

    test('of eight who issue one code at once, one does', async () => {
      const store = await market.open()
      await store.goods()
      const answers = await Promise.all(
        Array.from({ length: 8 }, () => issue(store, 'RACE-1', '10.00')),
      )
      const lucky = answers.filter(({ status }) => status < 300)
      assert.equal(lucky.length, 1, answers.map(({ text }) => text).join('\n'))
      for (const { status } of answers) assert.ok(status < 500)
      assert.deepEqual(await store.books(), { entries: 1n, value: 1_000_000n, cards: 1n })
    })

    test('a code that nobody has is nothing', async () => {
      const store = await openWith({ code: 'THERE-1', value: '5.00' })
      assert.equal(await look(store, 'NOWHERE-1'), undefined)
      assert.equal(await look(store, 'THERE-1.'), undefined)
      assert.equal(await look(store, 'THERE'), undefined)
    })

    needing('redeem', 'a card is redeemed to the last cent, and not by one more', async () => {
      const store = await openWith({ code: 'SPEND-1', value: '50.00' })
      const card = await store.card('SPEND-1')
      done(await redeem(store, card, '12.35'))
      assert.equal(await look(store, 'SPEND-1'), '37.65')
      await refused(store, refusals.overdraft, () => redeem(store, card, '37.66'))
      assert.equal(await look(store, 'SPEND-1'), '37.65')
      done(await redeem(store, card, '37.65'))
      assert.equal(await look(store, 'SPEND-1'), '0.00')
      assert.deepEqual(await store.books(), { entries: 3n, value: 0n, cards: 1n })
    })

    needing('redeem', 'a card that nobody has cannot be redeemed', async () => {
      const store = await openWith({ code: 'MINE-1', value: '5.00' })
      await store.goods()
      const nobody: Held = { id: 4_000_000_000n, code: 'NOBODY-1', balance: 0n }
      await refused(store, refusals.unknown, () => redeem(store, nobody, '1.00'))
    })

    needing('load', 'a card is loaded, and what was loaded can be spent', async () => {
      const store = await openWith({ code: 'LOAD-1', value: '5.00' })
      const card = await store.card('LOAD-1')
      done(await load(store, card, '20.25'))
      assert.equal(await look(store, 'LOAD-1'), '25.25')
      done(await redeem(store, card, '25.25'))
      assert.equal(await look(store, 'LOAD-1'), '0.00')
      assert.deepEqual(await store.books(), { entries: 3n, value: 0n, cards: 1n })
    })

    needing('giveBack', 'what was redeemed is given back, as an entry of its own', async () => {
      const store = await openWith({ code: 'BACK-1', value: '30.00' })
      const card = await store.card('BACK-1')
      done(await redeem(store, card, '12.00'))
      done(await giveBack(store, card, '12.00'))
      assert.equal(await look(store, 'BACK-1'), '30.00')
      assert.deepEqual(await store.books(), { entries: 3n, value: 3_000_000n, cards: 1n })
    })

    needing('redeem', 'a blocked card is refused', async () => {
      const store = await openWith({ code: 'BLOCKED-1', value: '30.00', active: false })
      await store.goods()
      const card = await store.card('BLOCKED-1')
      await refused(store, refusals.blocked, () => redeem(store, card, '1.00'))
      if (protocol.load) await refused(store, refusals.blocked, () => load(store, card, '1.00'))
      assert.equal((await store.card('BLOCKED-1')).balance, 3_000_000n)
    })

    test('an expired card shows its value', async () => {
      const expires = '2020-01-01T00:00:00Z'
      const store = await openWith({ code: 'EXPIRED-1', value: '30.00', expires })
      assert.equal(await look(store, 'EXPIRED-1'), '30.00')
    })

    needing('redeem', 'an expired card is redeemed only if the protocol says so', async () => {
      const expires = '2020-01-01T00:00:00Z'
      const store = await openWith({ code: 'EXPIRED-2', value: '30.00', expires })
      await store.goods()
      const card = await store.card('EXPIRED-2')
      const ask = () => redeem(store, card, '1.00')
      if (refusals.expired === 'books') done(await ask())
      else await refused(store, refusals.expired, ask)
      const left = refusals.expired === 'books' ? '29.00' : '30.00'
      assert.equal(await look(store, 'EXPIRED-2'), left)
    })

    test('a card of another merchant does not exist, and its code is free', async () => {
      const other = await openWith({ code: 'FOREIGN-1', value: '30.00' })
      const store = await market.open()
      await store.goods()
      const card = await other.card('FOREIGN-1')
      assert.equal(await look(store, 'FOREIGN-1'), undefined)
      if (protocol.redeem) {
        const books = await other.books()
        await refused(store, refusals.unknown, () => redeem(store, card, '1.00'))
        assert.deepEqual(await other.books(), books)
      }
      done(await issue(store, 'FOREIGN-1', '7.00'))
      assert.equal(await look(store, 'FOREIGN-1'), '7.00')
      assert.equal(await look(other, 'FOREIGN-1'), '30.00')
    })

    for (const [kind, more] of [
      ['a test card', { testmode: true }],
      ['a card of another currency', { currency: 'USD' }],
    ] as const)
      test(`${kind} is ${seesAll ? 'told' : 'hidden'}, and its code is taken`, async () => {
        const store = await openWith({ code: 'APART-1', value: '30.00', ...more })
        await store.goods()
        const card = await store.card('APART-1')
        await refused(store, refusals.taken, () => issue(store, 'APART-1', '1.00'))
        if (seesAll) {
          assert.equal(await look(store, 'APART-1'), '30.00')
          done(await redeem(store, card, '1.00'))
          return
        }
        assert.equal(await look(store, 'APART-1'), undefined)
        if (protocol.redeem)
          await refused(store, refusals.unknown, () => redeem(store, card, '1.00'))
      })

    for (const code of protocol.oddCodes)
      test(`a code may be ${JSON.stringify(code)}`, async () => {
        const store = await market.open()
        done(await issue(store, code, '8.00'))
        assert.equal(await look(store, code), '8.00')
        const card = await store.card(code)
        if (!protocol.redeem) return
        done(await redeem(store, card, '3.00'))
        assert.equal(await look(store, code), '5.00')
      })

    test('a stranger is told nothing', async () => {
      const store = await openWith({ code: 'SECRET-1', value: '30.00' })
      for (const [what, headers] of Object.entries(protocol.strangers(store))) {
        const { status, text } = await protocol.knock(store, headers)
        assert.equal(status, 401, what)
        assert.ok(!text.includes('SECRET-1') && !text.includes('30'), what)
      }
    })

    needing('redeem', `${RACERS} who redeem at once spend what there is, exactly`, async () => {
      const store = await openWith({ code: 'DRAIN-1', value: '50.00' })
      await store.goods()
      const card = await store.card('DRAIN-1')
      const answers = await Promise.all(
        Array.from({ length: RACERS }, () => redeem(store, card, '5.00')),
      )
      const lucky = answers.filter(({ status }) => status < 300)
      assert.equal(lucky.length, RACERS / 2)
      for (const answer of answers.filter(({ status }) => status >= 300)) {
        assert.equal(answer.status, refusals.overdraft.status, answer.text)
      }
      assert.equal(await look(store, 'DRAIN-1'), '0.00')
      assert.deepEqual(await store.books(), { entries: 11n, value: 0n, cards: 1n })
    })

    for (const [operation, { reason, probe, status }] of Object.entries(unsupported))
      test(`it has no way to ${WORDS[operation as Operation]}: ${reason}`, async () => {
        const store = await openWith({ code: 'LACK-1', value: '30.00' })
        const card = await store.card('LACK-1')
        await refused(store, { status, says: '' }, () => probe(store, card))
      })
  })
}

type Card = {
  readonly code: string
  readonly value: string
  readonly expires?: string
  readonly active?: boolean
  readonly testmode?: boolean
  readonly currency?: string
}

const WORDS: Readonly<Record<Operation, string>> = {
  redeem: 'redeem',
  load: 'load',
  giveBack: 'give back',
  hold: 'hold value',
  block: 'block a card',
}
