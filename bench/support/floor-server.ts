/** A server for `bench:floor`: Fastify with one route, `empty` or over the ledger, and nothing of a dialect. */
import fastify from 'fastify'
import { createDatabase } from '../../src/db/database.ts'
import { createGroupCommit } from '../../src/ledger/group-commit.ts'
import { wallClock } from '../../src/money/instant.ts'

const [mode, host = '', port] = process.argv.slice(2)
const PATH = '/api/v1/organizers/:organizer/giftcards/:id/transact/'

const db = createDatabase({
  socket: { host, port: Number(port), database: 'scrip', username: 'postgres' },
  max: 4,
})
const commit = createGroupCommit({ db, now: wallClock, saveRemembered: async () => {}, lanes: 1 })
const [merchant] = await db<{ id: bigint }[]>`select id from merchants where slug = 'bench'`
const merchantId = merchant?.id ?? 0n
const origin = { protocol: 'pretix', actingMerchantId: merchantId }

const app = fastify()
app.post<{ Params: { id: string } }>(PATH, async ({ params }) => {
  if (mode === 'empty') return { id: 1, value: '99.00' }
  const command = { verb: 'redeem', amount: 1_000n, cardId: BigInt(params.id), origin } as const
  const outcome = await commit.submit({ merchantId, command })
  return { id: Number(params.id), ok: outcome.ok }
})
process.once('SIGTERM', () => process.exit())
process.stdout.write(`ready ${await app.listen({ host: '127.0.0.1', port: 0 })}\n`)
