import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import postgres from 'postgres'
import { DomainError } from '../errors.ts'
import { isConnectionLoss, isUndone } from './transact.ts'

describe('an error of the database', () => {
  const coded = (code: string) => Object.assign(new Error(code), { code })

  for (const code of [
    'CONNECTION_CLOSED',
    'ECONNRESET',
    'EPIPE',
    'ETIMEDOUT',
    'EHOSTUNREACH',
    'ENETUNREACH',
    'ENOTFOUND',
    'ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC',
    'ERR_TLS_CERT_ALTNAME_INVALID',
    '08006',
    '08007',
    '57P01',
  ])
    test(`${code}: what was sent may have been done or not, so nobody tries it again`, () => {
      assert.equal(isConnectionLoss(coded(code)), true)
      assert.equal(isUndone(coded(code)), false)
    })

  const said = (code: string) => Object.assign(new postgres.PostgresError(code), { code })

  test("a word of the database's own, or a fault of ours, leaves nothing open", () => {
    for (const error of [
      said('23505'),
      said('40001'),
      new TypeError('ours'),
      new DomainError({ code: 'busy' }),
    ]) {
      assert.equal(isConnectionLoss(error), false)
      assert.equal(isUndone(error), true)
    }
  })

  test('that nobody thought of, but that has a code, may come from a connection', () => {
    for (const error of [coded('EACCES'), coded('ENOPROTOOPT'), coded('NEW_CODE'), said('57P01')])
      assert.equal(isUndone(error), false)
  })
})
