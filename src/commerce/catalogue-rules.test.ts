import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { EventFields, ItemFields, SubeventFields } from './catalogue.ts'
import {
  eventFault,
  itemFault,
  type QuotaContext,
  quotaFault,
  scheduleFault,
  subeventFault,
} from './catalogue-rules.ts'

const event = { id: 1n, hasSubevents: false }
const series = { id: 1n, hasSubevents: true }
const plain = { id: 10n, eventId: 1n, hasVariations: false }
const shirt = { id: 20n, eventId: 1n, hasVariations: true }
const foreign = { id: 30n, eventId: 2n, hasVariations: false }
const small = { id: 21n, itemId: 20n }
const context = (changes: Partial<QuotaContext>): QuotaContext => ({
  event,
  items: [],
  variations: [],
  subevent: undefined,
  ...changes,
})
const noDate = { subeventId: undefined }

describe('a quota', () => {
  test('may name nothing at all', () => {
    assert.equal(quotaFault(noDate, context({})), undefined)
  })

  test('takes an item with one of its variations', () => {
    assert.equal(
      quotaFault(noDate, context({ items: [plain, shirt], variations: [small] })),
      undefined,
    )
  })

  test('takes no variation whose item it does not have', () => {
    assert.equal(
      quotaFault(noDate, context({ items: [plain], variations: [small] })),
      'quota_variation_without_item',
    )
  })

  test('takes no item of another event', () => {
    assert.equal(quotaFault(noDate, context({ items: [foreign] })), 'quota_item_of_other_event')
  })

  test('needs one of the variations of an item that has some', () => {
    assert.equal(quotaFault(noDate, context({ items: [shirt] })), 'quota_item_without_variation')
  })

  test('has a date exactly in a series', () => {
    assert.equal(quotaFault(noDate, context({ event: series })), 'quota_subevent_missing')
    const dated = { subeventId: 5n }
    assert.equal(
      quotaFault(dated, context({ subevent: { eventId: 1n } })),
      'quota_subevent_of_other_event',
    )
    const own = context({ event: series, subevent: { eventId: 1n } })
    assert.equal(quotaFault(dated, own), undefined)
  })

  test('has no date of another series', () => {
    const other = context({ event: series, subevent: { eventId: 2n } })
    assert.equal(quotaFault({ subeventId: 5n }, other), 'quota_subevent_of_other_event')
  })

  test('is told of a variation without item before anything else', () => {
    const all = context({ items: [foreign], variations: [small], event: series })
    assert.equal(quotaFault(noDate, all), 'quota_variation_without_item')
  })
})

const times = {
  dateFrom: 100n,
  dateTo: undefined,
  dateAdmission: undefined,
  presaleStart: undefined,
  presaleEnd: undefined,
}

describe('times', () => {
  test('an event may end when it starts, not before', () => {
    assert.equal(scheduleFault({ ...times, dateTo: 100n }), undefined)
    assert.equal(scheduleFault({ ...times, dateTo: 99n }), 'ends_before_start')
  })

  test('a presale may end when it starts, not before', () => {
    assert.equal(scheduleFault({ ...times, presaleStart: 5n, presaleEnd: 5n }), undefined)
    assert.equal(
      scheduleFault({ ...times, presaleStart: 5n, presaleEnd: 4n }),
      'presale_ends_before_start',
    )
  })
})

const stored = { ...times, slug: 'gala', hasSubevents: false } as EventFields // What the rule reads.

describe('an event', () => {
  test('keeps its slug and whether it is a series', () => {
    assert.equal(eventFault(stored, stored), undefined)
    assert.equal(eventFault({ ...stored, slug: 'ball' }, stored), 'slug_fixed')
    assert.equal(eventFault({ ...stored, hasSubevents: true }, stored), 'series_fixed')
    assert.equal(eventFault({ ...stored, hasSubevents: true }, undefined), undefined)
  })
})

const item = {
  availableFrom: undefined,
  availableUntil: undefined,
  minPerOrder: undefined,
  maxPerOrder: undefined,
} as ItemFields // What the rule reads.

describe('an item', () => {
  test('has a category of its own event or none', () => {
    assert.equal(itemFault(item, 1n, undefined), undefined)
    assert.equal(itemFault(item, 1n, { eventId: 1n }), undefined)
    assert.equal(itemFault(item, 1n, { eventId: 2n }), 'category_of_other_event')
  })

  test('is available until later than from', () => {
    const crossed = { ...item, availableFrom: 5n, availableUntil: 4n }
    assert.equal(itemFault(crossed, 1n, undefined), 'unavailable_before_available')
    assert.equal(itemFault({ ...crossed, availableUntil: 5n }, 1n, undefined), undefined)
  })

  test('has a maximum per order that is not below its minimum', () => {
    const crossed = { ...item, minPerOrder: 3, maxPerOrder: 2 }
    assert.equal(itemFault(crossed, 1n, undefined), 'order_maximum_below_minimum')
    assert.equal(itemFault({ ...crossed, maxPerOrder: 3 }, 1n, undefined), undefined)
  })
})

describe('a date', () => {
  const date = times as SubeventFields // What the rule reads.
  const nothing = { items: [], variations: [] }

  test('needs a series', () => {
    assert.equal(subeventFault(date, event, nothing), 'not_a_series')
    assert.equal(subeventFault(date, series, nothing), undefined)
  })

  test('changes products of its own event only', () => {
    assert.equal(
      subeventFault(date, series, { items: [1n, 2n], variations: [] }),
      'override_item_of_other_event',
    )
    assert.equal(
      subeventFault(date, series, { items: [1n], variations: [2n] }),
      'override_variation_of_other_event',
    )
    assert.equal(subeventFault(date, series, { items: [1n], variations: [1n] }), undefined)
  })
})
