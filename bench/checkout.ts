/**
 * `npm run bench:checkout`: baskets paid per second over HTTP, one card each, one shop, against pgbench's
 * tpcb-like on the same PostgreSQL in the same run. Ratios are the result; the absolute numbers are this
 * machine's. A payment is one durable unit of work: card, order, stock, invoice number, receipt.
 */
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { benchWorld, fillCards } from './support/cards.ts'
import { bestPgbench, initPgbench } from './support/pgbench.ts'
import { type BenchServer, startBenchServer } from './support/server.ts'

const SECONDS = Number(process.env.BENCH_SECONDS ?? 8)
const CARDS = 20_000
const BASKETS = 60_000
const CONNECTIONS = 64
const TOKEN = 'bench-inventorum-0123456789abcdef'
const run = promisify(execFile)

type Load = {
  readonly payments: number
  readonly errors: number
  readonly p50Ms: number
  readonly p99Ms: number
}

/** Drafts of one product with one card each, as the API would have made them; returns the first id. */
async function fillBaskets({ db }: BenchServer): Promise<number> {
  const [row] = await db<{ first: bigint }[]>`
    with m as (select id from merchants where slug = 'bench'), u as (
      select c.id from credentials c join m on m.id = c.merchant_id where dialect = 'inventorum'
    ), t as (select x.id from inventorum_tax_types x join m on m.id = x.merchant_id where rate = 19), p as (
      insert into inventorum_products (merchant_id, name, description, tax_type_id, net, purchase_price, custom_price,
        quantity, reorder_level, safety_stock, created_at, modified_at)
      select m.id, 'Pants', '', t.id, 80.35, 0, false, 0, 0, 0, now(), now() from m, t returning id, tax_type_id
    ), o as (
      insert into inventorum_orders (merchant_id, state, user_id, gross, created_at)
      select m.id, 1, u.id, 9562000, now() from m, u, generate_series(1, ${BASKETS}::int4) returning merchant_id, id
    ), l as (
      insert into inventorum_order_lines (merchant_id, order_id, position, product_id, name, tax_type_id, tax_rate,
        quantity, unit_net, unit_gross, gross)
      select o.merchant_id, o.id, 0, p.id, 'Pants', p.tax_type_id, 19, 1, 80.35, 9562000, 9562000 from o, p
    ), k as (select array_agg(id order by id) as ids from cards where merchant_id = (select id from m)), c as (
      insert into inventorum_order_cards (merchant_id, order_id, card_id, position)
      select o.merchant_id, o.id, k.ids[1 + o.id % ${CARDS}], 0 from o, k
    )
    select min(id) as first from o`
  await db`vacuum analyze inventorum_orders, inventorum_order_lines, inventorum_order_cards`
  return Number(row?.first ?? 0n)
}

const HEADERS = `{['authorization']='Token ${TOKEN}',['content-type']='application/json'}`
const PAYMENT = `'{"amount":"0","method":0,"rounded":"0"}'`

/** Each basket is paid once: threads take turns through the ids. */
const payOnly = (first: number): string => `
local threads = 0
function setup(thread) thread:set('number', threads); threads = threads + 1 end
local n = -1
function request()
  n = n + 1
  local id = ${first} + n * 2 + number
  return wrk.format('POST', '/api/basket/' .. string.format('%d', id) .. '/payment/', ${HEADERS}, ${PAYMENT})
end
${REPORT(1)}`

/** Makes a basket with a card, then pays it: two requests a basket. */
const makeAndPay = (product: number): string => `
local made = {}
math.randomseed(os.time())
function request()
  if #made > 0 then
    return wrk.format('POST', '/api/basket/' .. table.remove(made) .. '/payment/', ${HEADERS}, ${PAYMENT})
  end
  local card = string.format('B%015d', math.random(0, ${CARDS - 1}))
  return wrk.format('POST', '/api/basket/', ${HEADERS},
    '{"items":[{"product":${product}}],"redeem_code":["' .. card .. '"]}')
end
function response(status, headers, body)
  local id = body:match('^{"total":"0%.00","id":(%d+)')
  if id then table.insert(made, id) end
end
${REPORT(2)}`

function REPORT(requests: number): string {
  return `
function done(summary, latency)
  local e = summary.errors
  io.write(string.format('RESULT {"payments":%.1f,"errors":%d,"p50Ms":%.3f,"p99Ms":%.3f}\\n',
    summary.requests / (summary.duration / 1e6) / ${requests}, e.connect + e.read + e.write + e.status + e.timeout,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
`
}

async function load(url: string, script: string, seconds: number): Promise<Load> {
  const folder = await mkdtemp(join(tmpdir(), 'scrip-wrk-'))
  try {
    const file = join(folder, 'load.lua')
    await writeFile(file, script)
    const { stdout } = await run('wrk', [
      ...[
        '-t',
        '2',
        '-c',
        String(CONNECTIONS),
        '-d',
        `${seconds}s`,
        '--timeout',
        '30s',
        '-s',
        file,
        url,
      ],
    ])
    const line = stdout.split('\n').find((text) => text.startsWith('RESULT '))
    if (!line) throw new Error(`wrk said nothing: ${stdout}`)
    return JSON.parse(line.slice('RESULT '.length)) as Load // Printed by the script above.
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const world = benchWorld()
world.merchants?.[0]?.credentials?.push({ name: 'till', dialect: 'inventorum', token: TOKEN })
const server = await startBenchServer(world)
try {
  await fillCards(server.db, CARDS)
  const first = await fillBaskets(server)
  await initPgbench(server.target, 10)
  const [product] = await server.db<{ id: bigint }[]>`select id from inventorum_products limit 1`
  const script = makeAndPay(Number(product?.id))
  await load(server.url, script, 3)
  const best = await bestPgbench(server.target, 'tpcb-like', SECONDS)
  const paid = await load(server.url, payOnly(first), SECONDS)
  const whole = await load(server.url, script, SECONDS)
  const [numbers] = await server.db<{ gaps: bigint }[]>`
    select max(invoice_number) - count(*) as gaps from inventorum_orders where invoice_number is not null`
  const memory = await server.memoryMb()
  const ratio = (rate: number) => `${(rate / best.tps).toFixed(2)}× pgbench`
  const lines: readonly (readonly [string, string, string])[] = [
    ['pgbench tpcb-like, best', `${best.tps.toFixed(0)} tps`, `${best.clients} clients`],
    [
      `payments, ${CONNECTIONS} connections`,
      `${paid.payments.toFixed(0)}/s`,
      `${ratio(paid.payments)} (goal ≥ 0.5), p50 ${paid.p50Ms.toFixed(1)} ms, p99 ${paid.p99Ms.toFixed(1)} ms`,
    ],
    [
      'baskets made and paid',
      `${whole.payments.toFixed(0)}/s`,
      `${ratio(whole.payments)}, p99 of either request ${whole.p99Ms.toFixed(1)} ms`,
    ],
    ['gaps in invoice numbers', String(numbers?.gaps ?? '?'), 'goal 0'],
    ['server memory', `${memory.now} MB`, `peak ${memory.peak} MB`],
    ['errors', String(paid.errors + whole.errors), ''],
  ]
  for (const [what, value, remark] of lines)
    process.stdout.write(`${what.padEnd(30)} ${value.padStart(12)}   ${remark}\n`)
} finally {
  await server.stop()
}
