import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, it } from 'node:test'
import { openTestDatabase, type TestDatabase } from '../../test/support/database.ts'
import { MARA, TOM, teashop, WRITER } from '../../test/support/lightspeed.ts'
import { wallClock } from '../money/instant.ts'
import { applyWorld } from '../world/apply.ts'
import { type Caller, type Claim, createLightspeedLogin } from './lightspeed-login.ts'
import { createMerchants, type Merchants } from './merchants.ts'
import { NO_PASSWORD, verifyPassword } from './passwords.ts'

let database: TestDatabase
let late = 0n
before(async () => {
  database = await openTestDatabase()
  await applyWorld(database.owner, teashop(), wallClock())
})
after(() => database.close())

const claim = (more: Partial<Claim> = {}): Claim => ({
  appId: WRITER.appId,
  privateId: WRITER.privateId,
  basic: MARA,
  cookies: [],
  ...more,
})
const loginWith = (sessionsMax: number, merchants = createMerchants({ db: database.db })) =>
  createLightspeedLogin(
    { db: database.db, now: () => wallClock() + late, randomBytes },
    merchants,
    { sessionsMax },
  )
const inside = (caller: Caller | string): Caller => {
  assert.ok(typeof caller === 'object', String(caller))
  return caller
}

it('a store keeps so many sessions; of more, those unused for longest go first', async () => {
  const login = loginWith(3)
  const cookies: string[] = []
  const isIn = async (cookie: string | undefined): Promise<boolean> =>
    typeof (await login.identify(claim({ basic: undefined, cookies: [cookie ?? ''] }))) === 'object'
  try {
    for (let n = 0; n < 5; n += 1) {
      late += 1_000_000n
      cookies.push((await login.open(inside(await login.identify(claim())))) ?? '')
      // The first one is used all the time, so it stays; the clock has moved far enough to be noted.
      late += 10_000_000n
      assert.ok(await isIn(cookies[0]), `turn ${n}`)
    }
    const [{ count } = { count: 0n }] = await database.owner<{ count: bigint }[]>`
      select count(*) from lightspeed_sessions`
    assert.equal(count, 3n)
    assert.deepEqual(await Promise.all(cookies.map(isIn)), [true, false, false, true, true])
  } finally {
    late = 0n
  }
})

/** Applies Mara's password, and tells the process as it would hear of it. */
async function applyPassword(password: string, merchants: Merchants): Promise<void> {
  const mara = { name: 'mara', dialect: 'lightspeed', username: 'mara', password } as const
  const [merchant] = teashop().merchants ?? []
  assert.ok(merchant)
  const { slug, name, country, currency, timezone } = merchant
  await applyWorld(
    database.owner,
    { merchants: [{ slug, name, country, currency, timezone, credentials: [mara] }] },
    wallClock(),
  )
  merchants.forget()
}

it('a password that was right once is checked again when it changes', async () => {
  const merchants = createMerchants({ db: database.db })
  const login = loginWith(100, merchants)
  inside(await login.identify(claim()))
  inside(await login.identify(claim()))
  await applyPassword('new', merchants)
  assert.equal(await login.identify(claim()), 'invalid_credentials')
  inside(await login.identify(claim({ basic: { username: 'mara', password: 'new' } })))
})

it('a new password ends what was opened with the old one; the same again ends nothing', async () => {
  const merchants = createMerchants({ db: database.db })
  const login = loginWith(100, merchants)
  const open = async (basic: Claim['basic']): Promise<Claim> => {
    const cookie = (await login.open(inside(await login.identify(claim({ basic }))))) ?? ''
    return claim({ basic: undefined, cookies: [cookie] })
  }
  await applyPassword('first', merchants)
  const mara = await open({ username: 'mara', password: 'first' })
  const tom = await open(TOM)
  await applyPassword('first', merchants)
  assert.ok(inside(await login.identify(mara)).session)
  await applyPassword('second', merchants)
  assert.equal(await login.identify(mara), 'invalid_credentials')
  assert.ok(inside(await login.identify(tom)).session)
})

it('a cookie that names no merchant, or none that could be, is no session', async () => {
  const login = loginWith(100)
  const chance = 'A'.repeat(43)
  for (const cookie of [chance, `${chance}1`, `${chance}zzzzzzzzzzzzz`, `${chance}-1`, '']) {
    const answer = await login.identify(claim({ basic: undefined, cookies: [cookie] }))
    assert.equal(answer, 'invalid_credentials')
  }
})

it('the first live session of several cookies counts', async () => {
  const login = loginWith(100)
  const open = async (): Promise<string> =>
    (await login.open(inside(await login.identify(claim({ basic: TOM }))))) ?? ''
  const [first, second] = [await open(), await open()]
  await login.close(inside(await login.identify(claim({ basic: TOM, cookies: [first] }))))
  const cookies = ['stale', first, second]
  assert.ok(inside(await login.identify(claim({ basic: TOM, cookies }))).session)
  assert.ok(inside(await login.identify(claim({ basic: undefined, cookies }))).session)
})

it('nobody has the password of nobody', async () => {
  assert.equal(await verifyPassword(NO_PASSWORD, ''), false)
  assert.equal(await verifyPassword('', ''), false)
  assert.equal(await verifyPassword('md5$x$y', 'y'), false)
})
