import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import postgres from 'postgres'
import { DomainError } from '../errors.ts'
import { isConnectionLoss, isUndone, retried } from './transact.ts'

const coded = (code: string) => Object.assign(new Error(code), { code })
/** What PostgreSQL itself says. */
const said = (code: string) => Object.assign(new postgres.PostgresError(code), { code })

describe('an error of the database', () => {
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

describe('a unit of work', () => {
  /** Fails so many times with this, then succeeds; says what became of it, and how often it was tried. */
  async function outcomeOf(error: Error, failures: number): Promise<readonly [unknown, number]> {
    let tries = 0
    const run = async () => {
      tries += 1
      if (tries <= failures) throw error
      return 'done'
    }
    const outcome = await retried(run).catch((thrown: unknown) => thrown)
    return [outcome instanceof DomainError ? outcome.refusal.code : outcome, tries]
  }

  for (const code of ['40001', '40P01', '23503'])
    test(`that ${code} undid is tried three times more, and then busy`, async () => {
      assert.deepEqual(await outcomeOf(said(code), 0), ['done', 1])
      assert.deepEqual(await outcomeOf(said(code), 3), ['done', 4])
      assert.deepEqual(await outcomeOf(said(code), 4), ['busy', 4])
    })

  test('that could not have its lock in time is busy at once', async () => {
    assert.deepEqual(await outcomeOf(said('55P03'), 1), ['busy', 1])
  })

  test('that failed for any other reason is not tried again', async () => {
    // The last one has the code, but it is not PostgreSQL that says so.
    for (const error of [said('23505'), coded('ECONNRESET'), new TypeError('ours'), coded('40001')])
      assert.deepEqual(await outcomeOf(error, 1), [error, 1])
  })
})
