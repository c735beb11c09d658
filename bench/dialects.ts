/**
 * `npm run bench:dialects`: what a protocol's words cost. Redemption through Foodics beside pretix `transact`,
 * and a LightSpeed card with fifty history entries beside a pretix retrieve, each pair by turns in one run:
 * the ratios are the result, the absolute numbers are this machine's.
 */
import { transact } from '../src/db/transact.ts'
import { encodeId } from '../src/dialects/foodics/ids.ts'
import { post } from '../src/ledger/post.ts'
import { wallClock } from '../src/money/instant.ts'
import { benchWorld, fillCards, TOKEN } from './support/cards.ts'
import { startBenchServer } from './support/server.ts'
import { type LoadRequest, type LoadResult, runLoad } from './support/wrk.ts'

const SECONDS = Number(process.env.BENCH_SECONDS ?? 8)
const TURNS = 4
const CARDS = 10_000
/** Cards with a long history, and how long it is. */
const LONG = 100
const ENTRIES = 50
const FOODICS = 'bench-foodics-0123456789abcdef'
const LOGIN = {
  'user-agent': 'com.example.bench/1',
  'x-pappid': 'bench',
  authorization: `Basic ${Buffer.from('till:bench').toString('base64')}`,
}

const [merchant] = benchWorld().merchants ?? []
if (!merchant) throw new Error('no bench merchant')
const server = await startBenchServer({
  merchants: [
    {
      ...merchant,
      credentials: [
        ...(merchant.credentials ?? []),
        { name: 'kitchen', dialect: 'foodics', token: FOODICS },
        { name: 'till', dialect: 'lightspeed', username: 'till', password: 'bench' },
      ],
      lightspeed: { applications: [{ app_id: 'com.example.bench', private_id: 'bench' }] },
    },
  ],
})

try {
  const { first, last } = await fillCards(server.db, CARDS)
  const ids = Array.from({ length: Number(last - first) + 1 }, (_, index) => first + BigInt(index))
  const [long, short] = [ids.slice(0, LONG), ids.slice(LONG)]
  await writeHistories(long)
  const orderId = await makeOrder()
  const cookie = await logIn()

  const transacts = short.map(
    (id): LoadRequest => ({
      method: 'POST',
      path: `/api/v1/organizers/bench/giftcards/${id}/transact/`,
      headers: { authorization: `Token ${TOKEN}`, 'content-type': 'application/json' },
      body: '{"value":"-0.01"}',
    }),
  )
  const redemptions = short.map(
    (id): LoadRequest => ({
      method: 'POST',
      path: '/v5/gift_card_transactions',
      headers: { authorization: `Bearer ${FOODICS}`, 'content-type': 'application/json' },
      body: `{"amount":-0.01,"gift_card_id":"${encodeId('card', id)}","order_id":"${orderId}"}`,
    }),
  )
  const retrievals = short.map(
    (id): LoadRequest => ({
      method: 'GET',
      path: `/api/v1/organizers/bench/giftcards/${id}/`,
      headers: { authorization: `Token ${TOKEN}` },
    }),
  )
  const documents = long.map(
    (id): LoadRequest => ({
      method: 'GET',
      path: `/api/gift_cards/${id}/`,
      headers: { ...LOGIN, cookie },
    }),
  )

  for (const requests of [transacts, redemptions, retrievals, documents])
    await runLoad(server.url, requests, { connections: 64, seconds: 2 })
  const spent = await compare(transacts, redemptions)
  const read = await compare(retrievals, documents)

  say('pretix transact', spent.pretix, '')
  say('Foodics redemption', spent.other, `${spent.ratio}× pretix transact (goal ≥ 0.8)`)
  say('pretix retrieve', read.pretix, '')
  say(`LightSpeed, ${ENTRIES} entries`, read.other, `${read.ratio}× pretix retrieve (goal ≥ 0.3)`)
} finally {
  await server.stop()
}

/** By short turns, so that what the machine does besides falls on both. */
async function compare(pretix: readonly LoadRequest[], other: readonly LoadRequest[]) {
  const options = { connections: 64, seconds: Math.max(1, Math.round(SECONDS / TURNS)) }
  const runs: { pretix: LoadResult[]; other: LoadResult[] } = { pretix: [], other: [] }
  for (let turn = 0; turn < TURNS; turn += 1) {
    runs.pretix.push(await runLoad(server.url, pretix, options))
    runs.other.push(await runLoad(server.url, other, options))
  }
  const sums = { pretix: sumOf(runs.pretix), other: sumOf(runs.other) }
  return { ...sums, ratio: (sums.other.perSecond / sums.pretix.perSecond).toFixed(2) }
}

/** The mean rate, and the worst of the rest. */
function sumOf(runs: readonly LoadResult[]): LoadResult {
  return {
    perSecond: runs.reduce((sum, { perSecond }) => sum + perSecond, 0) / runs.length,
    p50Ms: Math.max(...runs.map(({ p50Ms }) => p50Ms)),
    p99Ms: Math.max(...runs.map(({ p99Ms }) => p99Ms)),
    errors: runs.reduce((sum, { errors }) => sum + errors, 0),
  }
}

function say(what: string, { perSecond, p99Ms, errors }: LoadResult, ratio: string): void {
  const rate = `${perSecond.toFixed(0)}/s`.padStart(9)
  const p99 = `p99 ${p99Ms.toFixed(1)} ms`.padStart(15)
  process.stdout.write(`${what.padEnd(24)} ${rate} ${p99} ${errors} errors   ${ratio}\n`)
}

async function writeHistories(cards: readonly bigint[]): Promise<void> {
  const { db } = server
  const [row] = await db<{ id: bigint }[]>`select id from merchants where slug = 'bench'`
  if (!row) throw new Error('no bench merchant')
  const origin = { protocol: 'pretix', actingMerchantId: row.id, orderRef: 'FXQYW', text: 'Tea' }
  for (let entry = 1; entry < ENTRIES; entry += 1) {
    const commands = cards.map((cardId) => ({
      verb: 'redeem' as const,
      amount: 100_000n,
      cardId,
      origin,
    }))
    await transact(db, (tx) => post(tx, row.id, commands, { now: wallClock() }))
  }
  await db`vacuum analyze entries`
}

async function makeOrder(): Promise<string> {
  const answer = await fetch(`${server.url}/v5/orders`, {
    method: 'POST',
    headers: { authorization: `Bearer ${FOODICS}`, 'content-type': 'application/json' },
    body: '{"type":1,"branch_id":"b1"}',
  })
  const { data } = (await answer.json()) as { data: { id: string } } // A Foodics order.
  return data.id
}

async function logIn(): Promise<string> {
  const answer = await fetch(`${server.url}/api/sessions/current/`, { headers: LOGIN })
  return answer.headers.get('set-cookie')?.split(';')[0] ?? ''
}
