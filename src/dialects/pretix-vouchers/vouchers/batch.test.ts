import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import {
  GALA,
  openTicketServer,
  type Shop,
  type TicketServer,
} from '../../../../test/support/tickets.ts'

/** POST batch_create: all or nothing, one object of errors a row (specs/pretix-vouchers.md 6.3). */

const BATCH = 'events/gala/vouchers/batch_create/'
const EXHAUSTED =
  'You cannot create a voucher that blocks quota as the selected product or quota is currently sold out or completely reserved.'

describe('a batch of vouchers', () => {
  let server: TicketServer
  let shop: Shop
  let item: number
  const refused = async (rows: unknown) => {
    const before = (await shop.rows('vouchers')).length
    const answer = await shop.post(BATCH, rows)
    assert.equal(answer.status, 400, answer.text)
    assert.equal((await shop.rows('vouchers')).length, before)
    return answer.json
  }

  before(async () => {
    server = await openTicketServer()
    shop = await server.shop({
      ...GALA,
      items: [{ ref: 'standard', name: 'Standard', default_price: '23.00' }],
      quotas: [{ ref: 'hall', name: 'Hall', size: 3, items: ['standard'] }],
      seats: [
        { seat_guid: 'A-1', item: 'standard' },
        { seat_guid: 'A-2', item: 'standard' },
      ],
    })
    item = await shop.idOf('ticket_items', 'standard')
  })
  after(() => server.close())

  test('is answered in its order, with generated codes where none was given', async () => {
    const answer = await shop.post(BATCH, [
      { code: 'team-alpha', item },
      { item, tag: 'x' },
      { code: 'team-beta' },
    ])
    assert.equal(answer.status, 201)
    const vouchers = answer.json as { id: number; code: string; tag: string }[]
    assert.deepEqual(
      vouchers.map(({ code }) => code.replace(/^[A-Z2-9]{16}$/, 'generated')),
      ['TEAM-ALPHA', 'generated', 'TEAM-BETA'],
    )
    assert.ok(vouchers.every(({ id }, index) => index === 0 || id > (vouchers[index - 1]?.id ?? 0)))
    for (const voucher of vouchers)
      assert.deepEqual((await shop.get(`events/gala/vouchers/${voucher.id}/`)).json, voucher)
  })

  test('of nothing makes nothing', async () => {
    const answer = await shop.post(BATCH, [])
    assert.deepEqual([answer.status, answer.text], [201, '[]'])
  })

  test('that is no list, or too long, is refused as a whole', async () => {
    assert.deepEqual(await refused({}), {
      non_field_errors: ['Expected a list of items but got type "dict".'],
    })
    assert.deepEqual(await refused(Array.from({ length: 20_001 }, () => ({}))), {
      non_field_errors: ['Ensure this field has no more than 20000 elements.'],
    })
  })

  test('judges every row on its own: fields, checks, and rows that are no objects', async () => {
    const rows = [
      {},
      { code: 'abcd', value: 'x' },
      { block_quota: true },
      [],
      { item, block_quota: true, max_usages: 4 },
      { code: 'TEAM-ALPHA' },
    ]
    assert.deepEqual(await refused(rows), [
      {},
      {
        code: ['Ensure this field has at least 5 characters.'],
        value: ['A valid number is required.'],
      },
      {
        non_field_errors: [
          'You need to select a specific product or quota if this voucher should reserve tickets.',
        ],
      },
      { non_field_errors: ['Invalid data. Expected a dictionary, but got list.'] },
      { non_field_errors: [EXHAUSTED] },
      { non_field_errors: ['A voucher with this code already exists.'] },
    ])
  })

  test('with the same code twice, in whatever case, is refused at the later row', async () => {
    const repeated = { code: ['Duplicate voucher code in request.'] }
    const rows = [
      { code: 'twice-1' },
      { code: 'other-1' },
      { code: 'TWICE-1' },
      { code: 'twice-1' },
    ]
    assert.deepEqual(await refused(rows), [{}, {}, repeated, repeated])
  })

  test('with the same seat twice says so under the code, and does not look at the code', async () => {
    const rows = [
      { code: 'seat-1', seat: 'A-1', item },
      { code: 'seat-1', seat: 'A-1', item },
      { code: 'seat-2', seat: 'A-2' },
    ]
    assert.deepEqual(await refused(rows), [{}, { code: ['Duplicate seat ID in request.'] }, {}])
  })

  test('is looked at for repetitions only when every row is fine in itself', async () => {
    const rows = [{ code: 'twice-1' }, { code: 'twice-1' }, { code: 'a' }]
    assert.deepEqual(await refused(rows), [
      {},
      {},
      { code: ['Ensure this field has at least 5 characters.'] },
    ])
  })

  test('takes places from its own later rows: the row that no longer fits is refused', async () => {
    const one = { item, block_quota: true }
    assert.deepEqual(await refused([one, { ...one, max_usages: 2 }, {}, one]), [
      {},
      {},
      {},
      { non_field_errors: [EXHAUSTED] },
    ])
    assert.equal((await shop.post(BATCH, [one, { ...one, max_usages: 2 }])).status, 201)
    assert.deepEqual(await refused([one]), [{ non_field_errors: [EXHAUSTED] }])
  })

  test('of ten thousand rows is one commit', async () => {
    const rows = Array.from({ length: 10_000 }, (_, index) => ({
      code: `bulk-${index}`,
      tag: 'bulk',
    }))
    const answer = await shop.post(BATCH, rows)
    assert.equal(answer.status, 201)
    const made = answer.json as { code: string }[]
    assert.equal(made.length, 10_000)
    assert.equal(made[9_999]?.code, 'BULK-9999')
    const list = await shop.get('events/gala/vouchers/?tag=bulk')
    assert.equal((list.json as { count: number }).count, 10_000)
    const again = [...rows.slice(0, 2_000).map(({ code }) => ({ code: `${code}-b` })), rows[0]]
    const faults = (await refused(again)) as object[]
    assert.deepEqual(faults.at(-1), {
      non_field_errors: ['A voucher with this code already exists.'],
    })
  })
})
