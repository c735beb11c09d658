import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { verify } from '../../src/verify.ts'
import { createClient, startTestApp } from '../support/app.ts'
import { openTarget, TARGETS } from '../support/target.ts'

const CLIENTS = 64
/** 100.00 in steps of 0.01, and every tenth client gives one back after each tenth debit. */
const CENTS = 10_000

const world = {
  merchants: [
    {
      slug: 'acme',
      name: 'Acme',
      country: 'DE',
      currency: 'EUR',
      timezone: 'Europe/Berlin',
      credentials: [
        { name: 'shop', dialect: 'pretix' as const, token: 'acme-race-0123456789abcdef' },
      ],
      cards: [{ code: 'RACE', value: '100.00' }],
    },
  ],
}

for (const target of TARGETS)
  describe(`races on a ${target} PostgreSQL`, () => {
    test(`${CLIENTS} clients drain one card by 0.01 with refunds mixed in: every cent is accounted for`, async () => {
      const database = await openTarget(target)
      const server = await startTestApp({ world, database })
      try {
        const [card] = await database.owner<{ id: bigint }[]>`select id from cards`
        const client = createClient(server.http, {
          authorization: 'Token acme-race-0123456789abcdef',
          'content-type': 'application/json',
        })
        const path = `/api/v1/organizers/acme/giftcards/${card?.id}/transact/`
        const counts = { debits: 0, credits: 0, refusals: 0 }
        const drain = async (index: number): Promise<void> => {
          for (let mine = 0; ; ) {
            const { status } = await client.send('POST', path, { body: '{"value":"-0.01"}' })
            if (status === 409) {
              counts.refusals += 1
              return
            }
            assert.equal(status, 200)
            counts.debits += 1
            mine += 1
            if (index % 10 !== 0 || mine % 10 !== 0) continue
            const back = await client.send('POST', path, { body: '{"value":"0.01"}' })
            assert.equal(back.status, 200)
            counts.credits += 1
          }
        }
        await Promise.all(Array.from({ length: CLIENTS }, (_, index) => drain(index)))
        // A late refund may leave a cent that nobody was there to take any more.
        const [after] = await database.owner<{ balance: bigint; last_seq: number }[]>`
          select balance, last_seq from cards`
        const left = Number((after?.balance ?? -1n) / 1_000n)
        assert.equal(counts.debits, CENTS + counts.credits - left)
        assert.equal(after?.last_seq, 1 + counts.debits + counts.credits)
        assert.equal(counts.refusals, CLIENTS)
        assert.ok(counts.credits > 0)
        assert.ok(left >= 0 && left <= counts.credits)
        assert.equal((await verify(database.owner)).broken, undefined)
      } finally {
        await server.close()
        await database.close()
      }
    })

    test('the same idempotency key sent 32 times at once has one effect', async () => {
      const database = await openTarget(target)
      const server = await startTestApp({ world, database })
      try {
        const [card] = await database.owner<{ id: bigint }[]>`select id from cards`
        const client = createClient(server.http, {
          authorization: 'Token acme-race-0123456789abcdef',
          'content-type': 'application/json',
          'x-idempotency-key': 'once',
        })
        const path = `/api/v1/organizers/acme/giftcards/${card?.id}/transact/`
        const send = () => client.send('POST', path, { body: '{"value":"-10.00"}' })
        const answers = await Promise.all(Array.from({ length: 32 }, send))
        for (const { status, text } of answers) {
          assert.ok(status === 200 || status === 409)
          if (status === 409) assert.match(text, /Concurrent request with idempotency key/)
        }
        const replayed = await send()
        assert.equal(replayed.status, 200)
        assert.equal((replayed.json as { value: string }).value, '90.00')
        const [after] = await database.owner<{ balance: bigint; last_seq: number }[]>`
          select balance, last_seq from cards`
        assert.deepEqual(after, { balance: 9_000_000n, last_seq: 2 })
      } finally {
        await server.close()
        await database.close()
      }
    })
  })
