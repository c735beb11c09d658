import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { after, afterEach, before, beforeEach, describe, test } from 'node:test'
import { pino } from 'pino'
import { openTestDatabase, type TestDatabase } from '../../test/support/database.ts'
import { type Receiver, startReceiver } from '../../test/support/receiver.ts'
import { notify, type Topic } from '../ledger/outbox.ts'
import { applyWorld } from '../world/apply.ts'
import type { WorldMerchant } from '../world/schema.ts'
import { type Courier, createCourier } from './notifications.ts'
import { isPrivateAddress } from './webhook-post.ts'

/** Delivery of webhooks on a clock of our own (specs/pretix-giftcards.md 12.1). */

const SECOND = 1_000_000n
const RETRIES = [5, 30, 60, 300, 1_200, 3_600, 14_400, 21_600, 43_200, 43_200, 86_400]
const log = pino({ level: 'silent' })

describe('the courier', () => {
  let database: TestDatabase
  let receiver: Receiver
  let other: Receiver
  let merchantId: bigint
  let courier: Courier
  let now = 1_900_000_000n * SECOND
  let merchants = 0

  before(async () => {
    database = await openTestDatabase()
  })
  after(() => database.close())
  beforeEach(async () => {
    receiver = await startReceiver()
    other = await startReceiver()
    courier = createCourier({ db: database.db, now: () => now, log })
    merchants += 1
    merchantId = await hooks([{ url: receiver.url, actions: ['pretix.giftcards.*'] }])
  })
  afterEach(async () => {
    await courier.stop()
    await Promise.all([receiver.close(), other.close()])
    // What a test left over must not be delivered in the next one.
    await database.owner`delete from notifications`
  })

  const hooks = async (webhooks: WorldMerchant['webhooks']): Promise<bigint> => {
    const slug = `m${merchants}`
    await applyWorld(
      database.owner,
      {
        merchants: [
          {
            slug,
            name: slug,
            country: 'DE',
            currency: 'EUR',
            timezone: 'Europe/Berlin',
            ...(webhooks ? { webhooks } : {}),
          },
        ],
      },
      now,
    )
    const [row] = await database.owner<
      { id: bigint }[]
    >`select id from merchants where slug = ${slug}`
    return row?.id ?? 0n
  }
  /** Puts notices about cards 1, 2, 3 … into the outbox. */
  const tell = (...topics: Topic[]) =>
    notify(
      database.db,
      merchantId,
      topics.map((topic, index) => ({ topic, cardId: BigInt(index + 1) })),
      now,
    )
  const run = async () => {
    await courier.dispatch()
    await courier.settle()
  }
  const left = async (): Promise<number> => {
    const [row] = await database.owner<
      { n: number }[]
    >`select count(*)::int4 as n from notifications`
    return row?.n ?? 0
  }
  const cardsAt = ({ deliveries }: Receiver) => deliveries.map(({ json }) => json.giftcard)

  test('posts JSON that names ids and slugs, and no amounts or codes', async () => {
    await notify(
      database.db,
      merchantId,
      [
        { topic: 'created', cardId: 77n },
        { topic: 'transaction.manual', cardId: 77n, actingMerchantId: merchantId },
      ],
      now,
    )
    await run()
    const [created, booked] = receiver.deliveries
    assert.equal(created?.method, 'POST')
    assert.equal(created?.headers['content-type'], 'application/json')
    const slug = `m${merchants}`
    const { notification_id, ...rest } = created?.json ?? {}
    assert.ok(Number.isSafeInteger(notification_id))
    assert.deepEqual(rest, {
      issuer_id: Number(merchantId),
      issuer_slug: slug,
      giftcard: 77,
      action: 'pretix.giftcards.created',
    })
    const { notification_id: next, ...more } = booked?.json ?? {}
    assert.ok(Number(next) > Number(notification_id))
    assert.deepEqual(more, {
      issuer_id: Number(merchantId),
      issuer_slug: slug,
      acceptor_id: Number(merchantId),
      acceptor_slug: slug,
      giftcard: 77,
      action: 'pretix.giftcards.transaction.manual',
    })
    assert.equal(await left(), 0)
  })

  test('keeps the order, over more than one batch', async () => {
    await tell(...Array.from({ length: 50 }, () => 'modified' as const))
    await run()
    assert.deepEqual(
      cardsAt(receiver),
      Array.from({ length: 50 }, (_, index) => index + 1),
    )
    assert.equal(await left(), 0)
  })

  test('takes every 2xx as delivered', async () => {
    for (const status of [200, 201, 202, 204, 226, 299]) {
      receiver.answerWith(status)
      await tell('created')
      await run()
      assert.equal(await left(), 0, String(status))
    }
  })

  test('retries after 5 s, 30 s, 1 min, 5 min, 20 min, 1 h, 4 h, 6 h, 12 h, 12 h, 24 h, then gives up', async () => {
    receiver.answerWith(500)
    await tell('created')
    await run()
    for (const [index, seconds] of RETRIES.entries()) {
      assert.equal(receiver.deliveries.length, index + 1)
      now += BigInt(seconds) * SECOND - 1n
      await run()
      assert.equal(receiver.deliveries.length, index + 1, `too early before ${seconds} s`)
      now += 1n
      await run()
    }
    assert.equal(receiver.deliveries.length, 12)
    assert.equal(await left(), 0)
    now += 30n * 86_400n * SECOND
    await run()
    assert.equal(receiver.deliveries.length, 12)
    const ids = new Set(receiver.deliveries.map(({ text }) => text))
    assert.equal(ids.size, 1, 'the same body every time')
  })

  for (const status of [300, 301, 302, 304, 307, 308, 400, 401, 404, 409, 429, 500, 503])
    test(`takes ${status} as a failure, follows nothing, and succeeds later`, async () => {
      receiver.answerWith((response) =>
        response.writeHead(status, { location: `${other.url}/elsewhere` }).end(),
      )
      await tell('created')
      await run()
      assert.deepEqual([await left(), other.deliveries.length], [1, 0])
      receiver.answerWith(200)
      now += 5n * SECOND
      await run()
      assert.deepEqual([await left(), receiver.deliveries.length], [0, 2])
    })

  test('disables a webhook that answers 410, and drops what waits for it alone', async () => {
    await hooks([{ name: 'second', url: other.url, actions: ['pretix.giftcards.*'] }])
    receiver.answerWith(410)
    await tell('created', 'modified', 'modified')
    await run()
    assert.equal(receiver.deliveries.length, 1)
    assert.equal(other.deliveries.length, 3)
    assert.equal(await left(), 0)
    await tell('created')
    await run()
    assert.deepEqual([receiver.deliveries.length, other.deliveries.length], [1, 4])
  })

  test('sends nothing to a webhook that was switched off, and catches up when it is on again', async () => {
    await tell('created')
    const hook = { name: receiver.url, url: receiver.url, actions: ['pretix.giftcards.*'] }
    await hooks([{ ...hook, active: false }])
    await run()
    await tell('modified')
    assert.deepEqual([receiver.deliveries.length, await left()], [0, 1])
    await hooks([hook])
    await run()
    assert.deepEqual([receiver.deliveries.length, await left()], [1, 0])
  })

  test('sends to the address a webhook has now', async () => {
    await tell('created')
    await hooks([
      { name: receiver.url, url: `${other.url}/new?a=b`, actions: ['pretix.giftcards.*'] },
    ])
    await run()
    assert.equal(receiver.deliveries.length, 0)
    assert.equal(other.deliveries[0]?.path, '/new?a=b')
  })

  test('matches actions by name, by transaction.*, and by *', async () => {
    const actions = {
      created: ['pretix.giftcards.created'],
      modified: ['pretix.giftcards.modified'],
      booked: ['pretix.giftcards.transaction.*'],
      payment: ['pretix.giftcards.transaction.payment'],
      nothing: ['pretix.vouchers.*', 'pretix.giftcards'],
      all: ['pretix.giftcards.created', 'pretix.giftcards.*'],
    }
    merchants += 1
    merchantId = await hooks(
      Object.entries(actions).map(([name, list]) => ({
        name,
        url: `${receiver.url}/${name}`,
        actions: list,
      })),
    )
    const topics = [
      'created',
      'modified',
      'transaction.manual',
      'transaction.payment',
      'transaction.refund',
    ] as const
    await tell(...topics)
    await run()
    const heard = Map.groupBy(receiver.deliveries, ({ path }) => path.slice(1))
    const short = (name: string) =>
      (heard.get(name) ?? []).map(({ json }) =>
        String(json.action).replace('pretix.giftcards.', ''),
      )
    assert.deepEqual(short('created'), ['created'])
    assert.deepEqual(short('modified'), ['modified'])
    assert.deepEqual(short('booked'), topics.slice(2))
    assert.deepEqual(short('payment'), ['transaction.payment'])
    assert.deepEqual(short('nothing'), [])
    assert.deepEqual(short('all'), topics)
  })

  test('lets nobody wait for a webhook that does not answer', async () => {
    receiver.answerWith(() => {})
    await hooks([{ name: 'second', url: other.url, actions: ['pretix.giftcards.*'] }])
    await tell('created', 'modified')
    await courier.dispatch()
    await receiver.until(1)
    await other.until(2)
    await tell('modified')
    await courier.dispatch()
    await other.until(3)
    assert.equal(receiver.deliveries.length, 1)
  })

  test('leaves alone for five seconds what waits behind a webhook that cannot be reached', async () => {
    const { url } = receiver
    await receiver.close()
    await tell('created', 'modified', 'modified')
    await run()
    const rows = await database.owner<{ attempts: number; wait: bigint }[]>`
      select attempts, (extract(epoch from due_at) * 1000000)::int8 - ${now}::int8 as wait
      from notifications order by id`
    assert.deepEqual(
      rows.map(({ attempts, wait }) => [attempts, wait]),
      [
        [1, 5n * SECOND],
        [0, 5n * SECOND],
        [0, 5n * SECOND],
      ],
    )
    receiver = await startReceiver()
    await hooks([{ name: url, url: receiver.url, actions: ['pretix.giftcards.*'] }])
    now += 5n * SECOND
    await run()
    assert.deepEqual(cardsAt(receiver), [1, 2, 3])
  })

  test('that is stopped puts back what it was sending, and the next one sends it', async () => {
    receiver.answerWith(() => {})
    await tell('created', 'modified')
    await courier.dispatch()
    await receiver.until(1)
    await courier.stop()
    receiver.answerWith(200)
    courier = createCourier({ db: database.db, now: () => now, log })
    await run()
    assert.deepEqual(cardsAt(receiver), [1, 1, 2])
    assert.equal(await left(), 0)
  })

  test('that died keeps what it had taken from others for a minute, no longer', async () => {
    receiver.answerWith(() => {})
    await tell('created')
    const dead = createCourier({ db: database.db, now: () => now, log })
    await dead.dispatch()
    await receiver.until(1)
    await run()
    assert.equal(receiver.deliveries.length, 1)
    receiver.answerWith(200)
    now += 60n * SECOND
    await run()
    assert.equal(receiver.deliveries.length, 2)
    assert.equal(receiver.deliveries[0]?.text, receiver.deliveries[1]?.text)
    assert.equal(await left(), 0)
    await dead.stop()
  })

  test('shares the work with others without sending anything twice', async () => {
    const second = createCourier({ db: database.db, now: () => now, log })
    await tell(...Array.from({ length: 60 }, () => 'modified' as const))
    await Promise.all([courier.dispatch(), second.dispatch()])
    await Promise.all([courier.settle(), second.settle()])
    assert.deepEqual(
      cardsAt(receiver).toSorted((a, b) => Number(a) - Number(b)),
      Array.from({ length: 60 }, (_, index) => index + 1),
    )
    await second.stop()
  })

  test('signs for a webhook with a secret, and only for that', async () => {
    await run()
    await hooks([
      {
        name: 'plain',
        url: `${other.url}/plain`,
        actions: ['pretix.giftcards.*'],
        secret: 's3cret',
      },
      {
        name: 'standard',
        url: `${other.url}/standard`,
        actions: ['pretix.giftcards.*'],
        secret: `whsec_${Buffer.from('another').toString('base64')}`,
      },
    ])
    await tell('created')
    await run()
    assert.equal(receiver.deliveries[0]?.headers['webhook-signature'], undefined)
    for (const { path, headers, text, json } of other.deliveries) {
      const key = path === '/plain' ? 's3cret' : 'another'
      assert.equal(headers['webhook-id'], String(json.notification_id))
      assert.equal(headers['webhook-timestamp'], String(now / SECOND))
      const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${text}`
      const signature = createHmac('sha256', key).update(signed).digest('base64')
      assert.equal(headers['webhook-signature'], `v1,${signature}`)
    }
    assert.equal(other.deliveries.length, 2)
  })

  test('never reaches into private networks', async () => {
    await hooks([{ name: receiver.url, url: 'http://10.0.0.1/', actions: ['pretix.giftcards.*'] }])
    await tell('created')
    await run()
    assert.equal(await left(), 1)
  })
})

test('private and link-local addresses are refused in every spelling, loopback and public ones are not', () => {
  for (const address of [
    '10.1.2.3',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '0.0.0.0',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    'fc00::1',
    'fd12:3456::1',
    'fe80::1',
    'ff02::1',
    '64:ff9b::a00:1',
    '::ffff:10.0.0.1',
    '::ffff:a00:1',
    '::FFFF:192.168.0.1',
    '::10.0.0.1',
    '::ffff:0:10.0.0.1',
    '64:ff9b:1::a00:1',
    '2001:0:a00:1::',
    '2002:a00:1::',
    'fec0::1',
    '100::1',
  ])
    assert.ok(isPrivateAddress(address), address)
  for (const address of [
    '127.0.0.1',
    '::1',
    '8.8.8.8',
    '172.32.0.1',
    '2001:db8::1',
    '::ffff:8.8.8.8',
  ])
    assert.ok(!isPrivateAddress(address), address)
})
