import assert from 'node:assert/strict'
import { test } from 'node:test'
import postgres from 'postgres'
import { startServed } from './served.ts'

test('a served database is reached by TCP and password, by an owner who is no superuser', async () => {
  const served = await startServed()
  const sql = postgres(served.url, { max: 1, onnotice: () => {} })
  const stranger = postgres(served.url, { max: 1, password: 'wrong' })
  try {
    const [role] = await sql`
      select rolsuper, rolcreaterole, rolcreatedb from pg_roles where rolname = current_user`
    assert.deepEqual({ ...role }, { rolsuper: false, rolcreaterole: true, rolcreatedb: true })
    await sql`create role scrip_served_test nologin`
    await sql`grant scrip_served_test to current_user`
    await sql`create table things (id int)`
    await sql`grant select on things to scrip_served_test`
    await assert.rejects(stranger`select 1`, { code: '28P01' })
  } finally {
    await Promise.all([sql.end(), stranger.end()])
    await served.stop()
  }
  const gone = postgres(served.url, { max: 1 })
  await assert.rejects(gone`select 1`, { code: 'ECONNREFUSED' })
  await gone.end()
})
