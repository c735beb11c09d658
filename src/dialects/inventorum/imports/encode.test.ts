import assert from 'node:assert/strict'
import test from 'node:test'
import { fromDate } from '../../../money/instant.ts'
import { createZone } from '../../../money/zone.ts'
import type { ImportJob } from '../../../services/imports-commands.ts'
import { encodeAccepted, encodeJob } from './encode.ts'

const zone = createZone('Europe/Berlin')
const at = fromDate(new Date('2031-02-03T08:30:00.250Z'))
const job: ImportJob = {
  merchantId: 3n,
  id: 58n,
  state: 'queued',
  fileName: 'old_cards_3_2031_02_03_09_30_00.xlsx',
  opaque: '4b1d',
  imported: undefined,
  faults: undefined,
  createdAt: at,
  changedAt: at,
  completedAt: undefined,
}
const text = (value: unknown): string => JSON.stringify(value)

test('an accepted file is answered with where its status is', () => {
  assert.equal(
    text(encodeAccepted(job, 'https://pos.example')),
    '{"job_id":58,"_links":{"status":{"href":"https://pos.example/api/v2/giftcards/import/58"}}}',
  )
})

test('a job that is done looks as clients know it, key by key', () => {
  const done: ImportJob = {
    ...job,
    state: 'done',
    imported: 12,
    changedAt: at + 754_000n,
    completedAt: at + 754_100n,
  }
  assert.equal(
    text(encodeJob(done, zone, 'https://pos.example')),
    '{"id":58,"source_file":"https://pos.example/uploads/3/giftcard_import/4b1d/old_cards_3_2031_02_03_09_30_00.xlsx",' +
      '"status_code":0,"status_details":{"num_imported":12},"last_status_change":"2031-02-03T09:30:01.004000+01:00",' +
      '"completed_at":"2031-02-03T09:30:01.004100+01:00","time_added":"2031-02-03T09:30:00.250000+01:00"}',
  )
})

test('each state has its number, its details and its time of completion', () => {
  const shown = (changes: Partial<ImportJob>) => {
    const { status_code, status_details, completed_at } = encodeJob(
      { ...job, ...changes },
      zone,
      '',
    ) as {
      status_code: number
      status_details: unknown
      completed_at: string | null
    } // The shape that the test above spells out.
    return [status_code, status_details, completed_at]
  }
  const completedAt = fromDate(new Date('2031-02-03T08:30:05Z'))
  const completed = '2031-02-03T09:30:05+01:00'
  assert.deepEqual(shown({}), [1, {}, null])
  assert.deepEqual(shown({ state: 'running' }), [2, {}, null])
  assert.deepEqual(shown({ state: 'undone', imported: 2, completedAt }), [
    3,
    { num_imported: 2 },
    completed,
  ])
})

test('faults are plain texts by place, in order, and once more as one text', () => {
  const failed: ImportJob = {
    ...job,
    state: 'failed',
    faults: [
      ['A4', 'Redeem code contains invalid characters'],
      ['D7', 'Ensure this value is greater than 0.'],
    ],
  }
  assert.match(
    text(encodeJob(failed, zone, '')),
    /"status_code":12,"status_details":\{"key":"giftcard\.import\.import_error","fields":\{"A4":"Redeem code contains invalid characters","D7":"Ensure this value is greater than 0\."\},"description":"Message: \\nErrors:\\nA4: Redeem code contains invalid characters\\nD7: Ensure this value is greater than 0\."\},"last_status_change":"[^"]+","completed_at":null,/,
  )
})
