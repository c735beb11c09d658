/**
 * `npm run bench:lightspeed`: what a single-card read costs in LightSpeed, where clients make one for each
 * card of a list, beside a pretix retrieve of the same card: with its one entry, and with fifty.
 */
import { transact } from '../src/db/transact.ts'
import { post } from '../src/ledger/post.ts'
import { wallClock } from '../src/money/instant.ts'
import { benchWorld, fillCards, TOKEN } from './support/cards.ts'
import { startBenchServer } from './support/server.ts'
import { type LoadRequest, runLoad } from './support/wrk.ts'

const SECONDS = Number(process.env.BENCH_SECONDS ?? 2)
const ROUNDS = 5
const CARDS = 10_000
const LONG = 100
const ENTRIES = 50

const world = benchWorld()
const [merchant] = world.merchants ?? []
if (!merchant) throw new Error('no bench merchant')
const server = await startBenchServer({
  merchants: [
    {
      ...merchant,
      timezone: 'Europe/Berlin',
      credentials: [
        ...(merchant.credentials ?? []),
        { name: 'till', dialect: 'lightspeed', username: 'till', password: 'bench' },
      ],
      lightspeed: { applications: [{ app_id: 'com.example.bench', private_id: 'bench' }] },
    },
  ],
})
const say = (line: string): boolean => process.stdout.write(`${line}\n`)

try {
  const { db } = server
  const { first } = await fillCards(db, CARDS)
  const [row] = await db<
    { merchant_id: bigint }[]
  >`select merchant_id from cards where id = ${first}`
  const merchantId = row?.merchant_id ?? 0n
  const long = Array.from({ length: LONG }, (_, n) => first + BigInt(n))
  const origin = {
    protocol: 'pretix',
    actingMerchantId: merchantId,
    orderRef: 'FXQYW',
    text: 'Tea',
  }
  for (let n = 1; n < ENTRIES; n += 1)
    await transact(db, (tx) =>
      post(
        tx,
        merchantId,
        long.map((cardId) => ({ verb: 'redeem', amount: 100_000n, cardId, origin })),
        { now: wallClock() },
      ),
    )
  await db`vacuum analyze entries`

  const login = {
    'user-agent': 'com.example.bench/1',
    'x-pappid': 'bench',
    authorization: `Basic ${Buffer.from('till:bench').toString('base64')}`,
  }
  const answer = await fetch(`${server.url}/api/sessions/current/`, { headers: login })
  const cookie = answer.headers.get('set-cookie')?.split(';')[0] ?? ''
  const pretix = (id: bigint): LoadRequest => ({
    method: 'GET',
    path: `/api/v1/organizers/bench/giftcards/${id}/`,
    headers: { authorization: `Token ${TOKEN}` },
  })
  const lightspeed = (id: bigint): LoadRequest => ({
    method: 'GET',
    path: `/api/gift_cards/${id}/`,
    headers: { ...login, cookie },
  })
  const short = Array.from({ length: CARDS - LONG }, (_, n) => first + BigInt(LONG + n))
  const loads = {
    'pretix retrieve': short.map(pretix),
    'LightSpeed card with 1 entry': short.map(lightspeed),
    [`LightSpeed card with ${ENTRIES} entries`]: long.map(lightspeed),
  }
  // By turns, and the best of each: what else the machine does then hurts all of them alike.
  const best = new Map<string, number>()
  for (let round = 0; round < ROUNDS; round += 1)
    for (const [name, requests] of Object.entries(loads)) {
      const load = { connections: 16, seconds: SECONDS }
      const { perSecond, errors } = await runLoad(server.url, requests, load)
      if (errors > 0) throw new Error(`${errors} errors of ${name}`)
      best.set(name, Math.max(best.get(name) ?? 0, perSecond))
    }
  for (const [name, perSecond] of best) {
    const share = perSecond / (best.get('pretix retrieve') ?? perSecond)
    say(`${name}: ${Math.round(perSecond)}/s, ${share.toFixed(2)} of a pretix retrieve`)
  }
} finally {
  await server.stop()
}
