import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { openTestDatabase, type TestDatabase } from '../../test/support/database.ts'

/**
 * Tables of the whole instance; when distributed, reference tables. All others belong to a merchant. What
 * a caller shows before anybody knows the merchant can only be looked up globally.
 */
const GLOBAL = new Set([
  'schema_migrations',
  'merchants',
  'credentials',
  'retired_tokens',
  'instance_keys',
  'foodics_oauth_clients',
  'foodics_authorization_codes',
  'foodics_refresh_tokens',
])

describe('the schema can be distributed by merchant', () => {
  let database: TestDatabase
  before(async () => {
    database = await openTestDatabase()
  })
  after(() => database.close())

  const tables = async (): Promise<string[]> =>
    (
      await database.owner<{ name: string }[]>`
        select relname as name from pg_class
        where relkind in ('r', 'p') and relnamespace = 'public'::regnamespace order by relname`
    ).map(({ name }) => name)

  test('every table but the global ones has merchant_id', async () => {
    const without = await database.owner<{ name: string }[]>`
      select c.relname as name from pg_class c
      where c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace and not exists (
        select 1 from pg_attribute a
        where a.attrelid = c.oid and a.attname = 'merchant_id' and a.attnotnull)
      order by 1`
    assert.deepEqual(
      without.map(({ name }) => name).filter((name) => !GLOBAL.has(name)),
      [],
    )
    assert.ok((await tables()).length > 15)
  })

  test('every primary key and unique index of a tenant table contains merchant_id', async () => {
    const indexes = await database.owner<{ table: string; index: string; columns: string[] }[]>`
      select t.relname as table, i.relname as index, array(
        select a.attname::text from unnest(x.indkey::int2[]) k
        join pg_attribute a on a.attrelid = t.oid and a.attnum = k) as columns
      from pg_index x join pg_class t on t.oid = x.indrelid join pg_class i on i.oid = x.indexrelid
      where x.indisunique and t.relnamespace = 'public'::regnamespace`
    const wrong = indexes.filter(
      ({ table, columns }) => !GLOBAL.has(table) && !columns.includes('merchant_id'),
    )
    assert.deepEqual(wrong, [])
    assert.ok(indexes.length > 20)
  })

  test('every tenant table has a primary key that contains merchant_id', async () => {
    const keyed = await database.owner<{ table: string }[]>`
      select t.relname as table from pg_index x join pg_class t on t.oid = x.indrelid
      where x.indisprimary and t.relnamespace = 'public'::regnamespace`
    const known = new Set(keyed.map(({ table }) => table))
    assert.deepEqual(
      (await tables()).filter((table) => !known.has(table)),
      [],
    )
  })

  test('every foreign key between tenant tables contains merchant_id on both sides', async () => {
    const keys = await database.owner<
      { name: string; from: string; to: string; columns: string[]; targets: string[] }[]
    >`
      select c.conname as name, f.relname as from, t.relname as to,
        array(select a.attname::text from unnest(c.conkey) k join pg_attribute a on a.attrelid = f.oid and a.attnum = k) as columns,
        array(select a.attname::text from unnest(c.confkey) k join pg_attribute a on a.attrelid = t.oid and a.attnum = k) as targets
      from pg_constraint c join pg_class f on f.oid = c.conrelid join pg_class t on t.oid = c.confrelid
      where c.contype = 'f' and f.relnamespace = 'public'::regnamespace`
    const wrong = keys.filter(
      ({ from, to, columns, targets }) =>
        !GLOBAL.has(from) &&
        !GLOBAL.has(to) &&
        !(columns.includes('merchant_id') && targets.includes('merchant_id')),
    )
    assert.deepEqual(wrong, [])
    assert.ok(keys.length > 10)
  })

  test('no tenant table has a trigger of its own or an identity column', async () => {
    const triggers = await database.owner`select tgname from pg_trigger where not tgisinternal`
    const identities = await database.owner`
      select attrelid::regclass::text from pg_attribute a join pg_class c on c.oid = a.attrelid
      where attidentity <> '' and c.relnamespace = 'public'::regnamespace`
    assert.equal(triggers.length, 0)
    assert.equal(identities.length, 0)
  })

  test('the role that serves requests can neither change nor remove an entry', async () => {
    await database.owner`insert into merchants (slug, name, country, currency, timezone) values ('a', 'A', 'DE', 'EUR', 'UTC')`
    for (const attempt of [
      () => database.db`update entries set amount = 0`,
      () => database.db`delete from entries`,
      () => database.db`truncate entries`,
    ])
      await assert.rejects(attempt, /permission denied/)
    await database.db`select count(*) from entries`
  })
})
