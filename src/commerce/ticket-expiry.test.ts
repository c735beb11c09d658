import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromDate } from '../money/instant.ts'
import { createZone } from '../money/zone.ts'
import { defaultExpiry } from './ticket-expiry.ts'

const expiry = (datetime: string, timezone: string) =>
  new Date(
    Number(defaultExpiry(fromDate(new Date(datetime)), createZone(timezone)) / 1_000n),
  ).toISOString()

test('an order expires at the end of the 14th day in the time zone of its event', () => {
  assert.equal(expiry('2031-01-01T10:00:00Z', 'UTC'), '2031-01-15T23:59:59.000Z')
  assert.equal(expiry('2031-01-01T10:00:00Z', 'Europe/Berlin'), '2031-01-15T22:59:59.000Z')
  // It is Thursday in Auckland already.
  assert.equal(expiry('2031-01-01T12:00:00Z', 'Pacific/Auckland'), '2031-01-16T10:59:59.000Z')
})

test('a weekend is moved on to Monday', () => {
  assert.equal(expiry('2031-01-03T10:00:00Z', 'UTC'), '2031-01-17T23:59:59.000Z')
  assert.equal(expiry('2031-01-04T10:00:00Z', 'UTC'), '2031-01-20T23:59:59.000Z')
  assert.equal(expiry('2031-01-05T10:00:00Z', 'UTC'), '2031-01-20T23:59:59.000Z')
})

test('clocks that are set forward or back in between do not move the end of the day', () => {
  assert.equal(expiry('2031-03-20T10:00:00Z', 'Europe/Berlin'), '2031-04-03T21:59:59.000Z')
  assert.equal(expiry('2031-10-20T10:00:00Z', 'Europe/Berlin'), '2031-11-03T22:59:59.000Z')
})
