/**
 * `npm run bench:vouchers`: ten thousand vouchers in one request, redemptions on one hot quota against
 * pgbench's simple-update with one client on the same PostgreSQL in the same run, and filtered lists among
 * a million vouchers against the same among ten thousand. Ratios are the result.
 */
import type { Database } from '../src/db/database.ts'
import { transact } from '../src/db/transact.ts'
import { VOUCHER_DEFAULTS } from '../src/instruments/voucher.ts'
import { insertVouchers } from '../src/instruments/vouchers.ts'
import { wallClock } from '../src/money/instant.ts'
import type { World } from '../src/world/schema.ts'
import { TOKEN } from './support/cards.ts'
import { initPgbench, runPgbench } from './support/pgbench.ts'
import { startBenchServer } from './support/server.ts'
import { type LoadRequest, runLoad } from './support/wrk.ts'

const SECONDS = Number(process.env.BENCH_SECONDS ?? 5)
const ROUNDS = 3
const FEW = 10_000
const MANY = Number(process.env.BENCH_VOUCHERS ?? 1_000_000)
const DAY = 86_400_000_000n
/** Requests of each list, after as many to warm up. */
const LISTS = 100

const event = (slug: string) => ({
  slug,
  name: { en: slug },
  date_from: '2031-05-01T08:00:00Z',
  items: [
    { ref: 'standard', name: 'Standard', default_price: '23.00' },
    { ref: 'balcony', name: 'Balcony', default_price: '30.00' },
  ],
  quotas: [{ ref: 'hall', name: 'Hall', size: 2_000_000_000, items: ['standard', 'balcony'] }],
})

const world: World = {
  merchants: [
    {
      slug: 'bench',
      name: 'Bench',
      country: 'DE',
      currency: 'EUR',
      timezone: 'UTC',
      credentials: [{ name: 'shop', dialect: 'pretix', token: TOKEN }],
      events: [event('hot'), event('few'), event('many')],
    },
  ],
}
const headers = { authorization: `Token ${TOKEN}`, 'content-type': 'application/json' }
const server = await startBenchServer(world)
const base = '/api/v1/organizers/bench/events'

async function send(method: string, path: string, body?: unknown): Promise<unknown> {
  const init = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) }
  const answer = await fetch(`${server.url}${path}`, init)
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`)
  return await answer.json()
}

/** The id of an item of an event. */
async function itemOf(slug: string): Promise<number> {
  const list = (await send('GET', `${base}/${slug}/items/`)) as { results: { id: number }[] }
  return list.results[0]?.id ?? 0
}

/** Vouchers as a big presale has them: ten campaigns, half of them for one product, a few over. */
async function fill(db: Database, slug: string, count: number): Promise<void> {
  const [place] = await db<{ merchant: bigint; event: bigint; item: bigint }[]>`
    select e.merchant_id as merchant, e.id as event, (
      select min(id) from ticket_items i where i.merchant_id = e.merchant_id and i.event_id = e.id) as item
    from ticket_events e where e.slug = ${slug}`
  if (!place) throw new Error(`no event ${slug}`)
  const now = wallClock()
  for (let made = 0; made < count; made += FEW) {
    const drafts = Array.from({ length: FEW }, (_, index) => {
      const number = made + index
      return {
        ...VOUCHER_DEFAULTS,
        eventId: place.event,
        seatId: undefined,
        code: `${slug.toUpperCase()}${String(number).padStart(12, '0')}`,
        tag: `campaign-${number % 10}`,
        itemId: number % 2 === 0 ? place.item : undefined,
        priceMode: number % 3 === 0 ? ('percent' as const) : ('none' as const),
        value: number % 3 === 0 ? 1_000_000n : undefined,
        maxUsages: (number % 5) + 1,
        validUntil: number % 100 === 0 ? now - DAY : undefined,
      }
    })
    await transact(db, (tx) => insertVouchers(tx, place.merchant, drafts, now))
  }
}

/**
 * What two lists take, in milliseconds: asked in turn, so that both see the same machine, and the lower
 * quartile of each, which is what they take when nobody else is using it.
 */
async function timeLists(paths: readonly string[]): Promise<readonly number[]> {
  const times = paths.map((): number[] => [])
  for (let round = 0; round < 2 * LISTS; round++)
    for (const [index, path] of paths.entries()) {
      const at = performance.now()
      await send('GET', path)
      if (round >= LISTS) times[index]?.push(performance.now() - at)
    }
  return times.map((each) => each.sort((x, y) => x - y)[Math.floor(each.length / 4)] ?? 0)
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0

/** Redemptions and pgbench in turn, so that both see the same machine; medians of the rounds. */
async function compare(requests: readonly LoadRequest[]) {
  const rounds: { lone: number; perSecond: number; p99: number; errors: number }[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const { tps: lone } = await runPgbench(server.target, {
      script: 'simple-update',
      clients: 1,
      seconds: SECONDS,
    })
    const { perSecond, p99Ms, errors } = await runLoad(server.url, requests, {
      connections: 64,
      seconds: SECONDS,
    })
    rounds.push({ lone, perSecond, p99: p99Ms, errors })
  }
  return {
    lone: median(rounds.map(({ lone }) => lone)),
    perSecond: median(rounds.map(({ perSecond }) => perSecond)),
    ratio: median(rounds.map(({ lone, perSecond }) => perSecond / lone)),
    p99: median(rounds.map(({ p99 }) => p99)),
    errors: rounds.reduce((sum, { errors }) => sum + errors, 0),
  }
}

const print = (what: string, value: string, ratio: string) =>
  process.stdout.write(`${what.padEnd(46)} ${value.padStart(14)}   ${ratio}\n`)

try {
  const hotItem = await itemOf('hot')
  const batch = Array.from({ length: FEW }, (_, index) => ({
    code: `HOT${String(index).padStart(8, '0')}`,
    item: hotItem,
    price_mode: 'percent',
    value: '10.00',
    max_usages: 1_000_000,
  }))
  const started = performance.now()
  await send('POST', `${base}/hot/vouchers/batch_create/`, batch)
  const batchSeconds = (performance.now() - started) / 1_000
  print('10,000 vouchers in one batch', `${batchSeconds.toFixed(2)} s`, 'goal ≤ 5 s')

  await initPgbench(server.target, 10)
  const redeem = batch.map(
    ({ code }): LoadRequest => ({
      method: 'POST',
      path: `${base}/hot/orders/`,
      headers,
      body: JSON.stringify({ positions: [{ item: hotItem, voucher: code }] }),
    }),
  )
  await runLoad(server.url, redeem, { connections: 64, seconds: 3 })
  const rounds = await compare(redeem)
  const single = await compare(redeem.slice(0, 1))
  print('pgbench simple-update, one client', `${rounds.lone.toFixed(0)} tps`, '')
  for (const [what, { perSecond, ratio, p99, errors }] of [
    ['redemptions on one hot quota, 64 connections', rounds],
    ['redemptions of one voucher, 64 connections', single],
  ] as const)
    print(
      what,
      `${perSecond.toFixed(0)}/s`,
      `${ratio.toFixed(2)}× pgbench (goal ≥ 1), p99 ${p99.toFixed(0)} ms, ${errors} errors`,
    )

  await fill(server.db, 'few', FEW)
  await fill(server.db, 'many', MANY)
  await server.db`vacuum analyze vouchers`
  await server.db`vacuum analyze voucher_tallies`
  const queries = [
    '',
    'active=true',
    'active=false',
    'tag=campaign-3',
    'price_mode=percent&max_usages=2',
    'redeemed=0&block_quota=false&ordering=-value',
    'ordering=valid_until',
    'ordering=code&active=true',
    'redeemed=1',
    'page=last',
  ]
  for (const query of queries) {
    const [few = 0, many = 0] = await timeLists([
      `${base}/few/vouchers/?${query}`,
      `${base}/many/vouchers/?${query}`,
    ])
    print(
      `list ?${query}`,
      `${many.toFixed(2)} ms`,
      `${(many / few).toFixed(2)}× of ten thousand (goal ≤ 1.5)`,
    )
  }
} finally {
  await server.stop()
}
