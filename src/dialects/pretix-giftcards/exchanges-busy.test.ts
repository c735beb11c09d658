import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import {
  type CardJson,
  freshCode,
  type PretixServer,
  startPretix,
} from '../../../test/support/pretix-cards.ts'

/** Locks that cannot be had in time (specs/pretix-giftcards.md 8, 11; design.md section 3). */

const BUSY = {
  detail: 'The server was too busy to process your request. Please try again.',
}

describe('pretix gift cards that somebody else has locked', () => {
  let server: PretixServer
  before(async () => {
    server = await startPretix()
  })
  after(() => server.close())

  test('are 409 after three seconds, by detail and with Retry-After, and nothing was written', async () => {
    const [booked, changed, named] = [
      await server.issue(),
      await server.issue(),
      await server.issue(),
    ]
    const [key, free] = [randomUUID(), await server.issue()]
    const headers = [['X-Idempotency-Key', key]] as const
    const secret = freshCode()
    const all = () =>
      Promise.all([
        server.send('POST', `acme/giftcards/${booked.id}/transact/`, {
          json: { value: '-1.00' },
          headers,
        }),
        server.send('PATCH', `acme/giftcards/${changed.id}/`, { json: { value: '1.00' } }),
        server.send('PATCH', `acme/giftcards/${named.id}/`, { json: { conditions: 'x' } }),
        server.send('POST', 'acme/giftcards/', { json: { secret, value: '1', currency: 'EUR' } }),
      ])
    const started = performance.now()
    await server.owner.begin(async (tx) => {
      await tx`select 1 from cards where id in (${booked.id}, ${changed.id}, ${named.id}) for update`
      await tx`select 1 from card_registers for update`
      const answers = await server.unchanged(all)
      const waited = performance.now() - started
      for (const { status, json, headers } of answers) {
        assert.deepEqual([status, json], [409, BUSY])
        assert.equal(headers.get('retry-after'), '5')
      }
      assert.ok(waited > 2_900, `waited ${waited} ms`)
      // A card that nobody holds is booked on, although others of its lane had to wait.
      const other = await server.send('POST', `acme/giftcards/${free.id}/transact/`, {
        json: { value: '-1.00' },
      })
      assert.equal(other.status, 200)
    })
    const answers = await all()
    assert.deepEqual(
      answers.map(({ status }) => status),
      [200, 200, 200, 201],
    )
    const [first] = answers
    assert.equal((first.json as CardJson).value, '19.00')
    const [again] = await all()
    assert.deepEqual(again.body, first.body)
  })

  test('keep many callers waiting no longer than one, and others not at all in the end', async () => {
    const [locked, ...others] = await Promise.all(Array.from({ length: 9 }, () => server.issue()))
    const book = ({ id }: { id: number }) =>
      server.send('POST', `acme/giftcards/${id}/transact/`, { json: { value: '-1.00' } })
    await server.owner.begin(async (tx) => {
      await tx`select 1 from cards where id = ${locked?.id ?? 0} for update`
      const started = performance.now()
      const [refused, done] = await Promise.all([
        Promise.all(Array.from({ length: 20 }, () => book(locked ?? { id: 0 }))),
        Promise.all(others.map(book)),
      ])
      // Once in the company of others, and once alone.
      assert.ok(performance.now() - started < 15_000)
      assert.deepEqual(new Set(refused.map(({ status }) => status)), new Set([409]))
      assert.deepEqual(new Set(done.map(({ status }) => status)), new Set([200]))
    })
    assert.equal((await server.read(locked?.id ?? 0)).value, '20.00')
    for (const { id } of others) assert.equal((await server.read(id)).value, '19.00')
  })

  test('are read all the while', async () => {
    const card = await server.issue()
    await server.owner.begin(async (tx) => {
      await tx`select 1 from cards where id = ${card.id} for update`
      assert.deepEqual(await server.read(card.id), card)
      assert.equal((await server.bookings(card.id)).length, 1)
    })
  })
})
