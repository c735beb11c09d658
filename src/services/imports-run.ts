import type { Tx } from '../db/database.ts'
import { transact } from '../db/transact.ts'
import { issueCards } from '../ledger/issue.ts'
import { lockTakenCodes } from '../ledger/reservations.ts'
import { type Decimal, formatFixed, parseDecimal } from '../money/decimal.ts'
import type { Instant } from '../money/instant.ts'
import type { Deps } from './deps.ts'
import {
  duplicateFault,
  type ImportFault,
  type ImportPlan,
  type ImportTaxType,
  offendingCodes,
  type PlannedCard,
  type ReadImport,
  type ReadTask,
} from './imports-commands.ts'
import { formatFaults } from './imports-rows.ts'

/** A job that was begun this often and never ended never will: it is given up. */
const ATTEMPTS_MAX = 20
/** Merchants whose turn is looked at in one round; those left over have theirs in the next. */
const ROUND = 200
const GIVEN_UP: ImportFault = ['source_file', 'The file could not be imported.']

type JobKey = { readonly merchantId: bigint; readonly id: bigint }
type Job = JobKey & {
  readonly userId: bigint
  readonly file: Buffer
  readonly sentAt: Instant
  readonly timeZone: string
  readonly currency: string
}

/**
 * Brings every unfinished job to an end, each merchant's in id order and one at a time, also when several
 * processes do so: a job belongs to whoever holds its row's lock, and a process that dies lets go of it.
 */
export const runImports =
  (deps: Pick<Deps, 'db' | 'now' | 'log'>) =>
  async (read: ReadImport, signal: AbortSignal): Promise<void> => {
    for (let worked = true; worked; ) {
      worked = false
      for (const key of await listNext(deps)) {
        if (signal.aborted) return
        worked = (await runJob(deps, key, (task) => read(task, signal))) || worked
      }
    }
  }

type Read = (task: ReadTask) => Promise<ImportPlan>

/** The first unfinished job of each merchant, oldest first. */
async function listNext({ db }: Pick<Deps, 'db'>): Promise<readonly JobKey[]> {
  const rows = await db<{ merchant_id: bigint; id: bigint }[]>`
    select merchant_id, min(id) as id from imports where state in ('queued', 'running')
    group by merchant_id order by min(id) limit ${ROUND}`
  return rows.map(({ merchant_id: merchantId, id }) => ({ merchantId, id }))
}

/** Whether the job was brought to its end here; not if someone else has it. */
async function runJob(
  deps: Pick<Deps, 'db' | 'now' | 'log'>,
  key: JobKey,
  read: Read,
): Promise<boolean> {
  const attempts = await begin(deps, key)
  if (attempts === undefined) return false
  try {
    return await transact(deps.db, async (tx) => {
      const job = await lockJob(tx, key)
      if (!job) return false
      const faults =
        attempts > ATTEMPTS_MAX ? [GIVEN_UP] : await importFile(tx, job, read, deps.now)
      if (faults) await fail(tx, key, faults, deps.now())
      return true
    })
  } catch (error) {
    // Another merchant's job must not wait for this one; the next run tries it again.
    deps.log.warn({ err: error, import: Number(key.id) }, 'an import was interrupted')
    return false
  }
}

/** Says that a job is being worked on; undefined if it ended or someone else has it. */
async function begin({ db, now }: Pick<Deps, 'db' | 'now'>, { merchantId, id }: JobKey) {
  return await transact(db, async (tx) => {
    const [row] = await tx`
      select 1 from imports
      where merchant_id = ${merchantId} and id = ${id} and state in ('queued', 'running')
      for update skip locked`
    if (!row) return undefined
    const [begun] = await tx<{ attempts: number }[]>`
      update imports set attempts = attempts + 1, state = 'running',
        changed_at = case state when 'queued' then ${now()}::timestamptz else changed_at end
      where merchant_id = ${merchantId} and id = ${id} returning attempts`
    return begun?.attempts
  })
}

/** Makes the job ours until this transaction ends. */
async function lockJob(tx: Tx, { merchantId, id }: JobKey): Promise<Job | undefined> {
  // Reading a file takes longer than some servers let a transaction think.
  await tx`set local idle_in_transaction_session_timeout = 0`
  // Nobody waits for this answer, so it can wait longer for its turn to issue than a sale does.
  await tx`set local lock_timeout = '6s'`
  const [row] = await tx<{ user_id: bigint; file: Buffer; created_at: Instant }[]>`
    select user_id, file, created_at from imports
    where merchant_id = ${merchantId} and id = ${id} and state = 'running'
    for update skip locked`
  const [merchant] = await tx<{ timezone: string; currency: string }[]>`
    select timezone, currency from merchants where id = ${merchantId}`
  if (!row || !merchant) return undefined
  return {
    merchantId,
    id,
    userId: row.user_id,
    file: row.file,
    sentAt: row.created_at,
    timeZone: merchant.timezone,
    currency: merchant.currency,
  }
}

/** Reads the file and issues its cards; what is wrong with it, if anything is. */
async function importFile(
  tx: Tx,
  job: Job,
  read: Read,
  now: () => Instant,
): Promise<readonly ImportFault[] | undefined> {
  const rows = await tx<{ id: bigint; rate: string }[]>`
    select id, rate from inventorum_tax_types where merchant_id = ${job.merchantId} order by id`
  const taxTypes = rows.map(({ id, rate }) => ({ id, rate: toRate(rate) }))
  const { timeZone, sentAt } = job
  const plan = await read({ bytes: job.file, timeZone, taxTypes, sentAt })
  if ('faults' in plan) return plan.faults
  return await issuePlanned(tx, job, plan.cards, taxTypes, now())
}

function toRate(text: string): Decimal {
  const rate = parseDecimal(text)
  if (!rate) throw new Error('a tax rate that is no number')
  return rate
}

/** All cards or none: codes are looked up again under the merchant's turn to issue. */
async function issuePlanned(
  tx: Tx,
  { merchantId, id, userId, currency }: Job,
  cards: readonly PlannedCard[],
  taxTypes: readonly ImportTaxType[],
  now: Instant,
): Promise<readonly ImportFault[] | undefined> {
  const codes = cards.map(({ code }) => code)
  const taken = await lockTakenCodes(tx, merchantId, codes, now)
  const offending = offendingCodes(codes, taken)
  if (offending.length > 0) return [duplicateFault(offending)]
  const rates = new Map(taxTypes.map(({ id: taxTypeId, rate }) => [taxTypeId, rate]))
  const origin = { protocol: 'inventorum', credentialId: userId, actingMerchantId: merchantId }
  const issued = await issueCards(
    tx,
    merchantId,
    cards.map(({ code, units, validUntil, taxTypeId }) => ({
      code,
      currency,
      amount: units,
      expiresAt: validUntil,
      ...taxOf(rates.get(taxTypeId)),
      origin,
      topics: ['created'] as const,
    })),
    { now },
  )
  await tx`
    insert into inventorum_cards (merchant_id, card_id, name, tax_type_id, user_id, import_id)
    select ${merchantId}, c.id, c.name, c.tax_type_id, ${userId}, ${id} from unnest(
      ${issued.map(({ card }) => card.id)}::int8[], ${cards.map(({ name }) => name)}::text[],
      ${cards.map(({ taxTypeId }) => taxTypeId)}::int8[]
    ) as c (id, name, tax_type_id)`
  await tx`
    update imports set state = 'done', imported = ${cards.length}, changed_at = ${now}::timestamptz,
      completed_at = ${now}::timestamptz
    where merchant_id = ${merchantId} and id = ${id}`
  return undefined
}

/** Multi-purpose if the rate is 0, else single-purpose (specs/inventorum.md 9). */
const taxOf = (rate: Decimal | undefined) =>
  rate === undefined || rate.units === 0n
    ? ({ purpose: 'multi' } as const)
    : ({ purpose: 'single', taxRate: formatFixed(rate, 10, 'half-up') } as const)

async function fail(
  tx: Tx,
  { merchantId, id }: JobKey,
  faults: readonly ImportFault[],
  now: Instant,
): Promise<void> {
  await tx`
    update imports set state = 'failed', faults = ${formatFaults(faults)}, changed_at = ${now}::timestamptz
    where merchant_id = ${merchantId} and id = ${id}`
}
