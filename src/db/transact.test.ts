import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import postgres from 'postgres'
import { isConnectionLoss } from './transact.ts'

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
    })

  test("a word of the database's own, or a fault of ours, leaves nothing open", () => {
    const unique = Object.assign(new postgres.PostgresError('duplicate key'), { code: '23505' })
    for (const error of [unique, new TypeError('ours'), coded('EACCES'), 'text', undefined])
      assert.equal(isConnectionLoss(error), false)
  })
})
