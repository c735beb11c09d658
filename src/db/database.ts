import postgres from 'postgres'
import type { Instant } from '../money/instant.ts'
import { assertPatched } from './driver-patch.ts'

/**
 * PostgreSQL's types as this code base reads them: `int8` is bigint (ids, money units), `timestamptz`
 * is an `Instant` in microseconds, `numeric` stays text. Sessions run in UTC so that one text form of
 * a timestamp is all there is to parse.
 */
const types = {
  int8: {
    to: 20,
    from: [20],
    serialize: (value: bigint | number) => value.toString(),
    parse: (text: string) => BigInt(text),
  },
  timestamptz: {
    to: 1184,
    from: [1184],
    serialize: serializeInstant,
    parse: parseTimestamp,
  },
  bool: {
    to: 16,
    from: [16],
    serialize: (value: boolean | string) => (value === true || value === 'true' ? 't' : 'f'),
    parse: (text: string) => text === 't',
  },
}

type Types = { int8: bigint; timestamptz: Instant; bool: boolean }

/** The pool: `db` is the query language of this code base, values in `${}` are always bound. */
export type Database = postgres.Sql<Types>
/** One open transaction; only `transact` and the group commit make one. */
export type Tx = postgres.TransactionSql<Types>
/** Anything that can run a read. */
export type Queryable = Database | Tx
/** A piece of SQL with its values, to be put into a statement. */
export type Fragment = postgres.PendingQuery<postgres.Row[]>

export type DatabaseOptions = {
  readonly url?: string
  readonly socket?: {
    readonly host: string
    readonly port: number
    readonly database: string
    readonly username: string
  }
  /** Connections at most. */
  readonly max: number
  /** The role that serves requests; left out for migrations and for `verify`. */
  readonly role?: string
  readonly applicationName?: string
}

/** Opens a pool; connections are made when first needed. */
export function createDatabase({
  url,
  socket,
  max,
  role,
  applicationName = 'scrip',
}: DatabaseOptions): Database {
  const options: postgres.Options<Record<keyof Types, postgres.PostgresType>> = {
    max,
    types,
    // A hung network must not hang a caller for ever.
    connect_timeout: 10,
    onnotice: () => {},
    connection: {
      application_name: applicationName,
      timezone: 'UTC',
      // Every wait for a lock is bounded (design.md section 3).
      lock_timeout: 3_000,
      ...(role === undefined ? {} : { role }),
    },
    ...socket,
  }
  const local = url === undefined ? undefined : socketOf(url)
  const db =
    url === undefined || local ? postgres({ ...options, ...local }) : postgres(url, options)
  assertPatched(db)
  return withOurValues(db as unknown as Database) // The types map above is what makes rows bigint.
}

/** A URL whose host is an encoded folder (`postgres://user@%2Fvar%2Frun:5432/name`) means a Unix socket. */
function socketOf(url: string) {
  const { hostname, port, pathname, username } = new URL(url)
  const host = decodeURIComponent(hostname)
  if (!host.startsWith('/')) return undefined
  const database = decodeURIComponent(pathname.slice(1))
  return { host, port: Number(port || 5432), database, username: decodeURIComponent(username) }
}

/**
 * postgres.js declares a bigint to be int8 and an array to be its first element, which is wrong for an
 * instant and for every `unnest(${ids}::int8[])`. Handed over as text, a value takes the type that the
 * statement gives it (a column, or the cast beside it).
 */
function withOurValues<Sql extends Database | Tx>(sql: Sql): Sql {
  const handler: ProxyHandler<Sql> = {
    apply: (target, _this, [first, ...values]: [unknown, ...unknown[]]) =>
      isTemplate(first)
        ? Reflect.apply(target, undefined, [first, ...values.map(adapt)])
        : Reflect.apply(target, undefined, [first, ...values]),
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name)
      if (name === 'begin' || name === 'savepoint')
        return (...args: unknown[]) =>
          Reflect.apply(member as () => unknown, target, [
            ...args.slice(0, -1),
            (tx: Tx) => (args.at(-1) as (tx: Tx) => unknown)(withOurValues(tx)),
          ])
      return member
    },
  }
  return new Proxy(sql, handler)
}

const isTemplate = (value: unknown): boolean => Array.isArray(value) && 'raw' in value

const asText = (value: unknown): unknown =>
  typeof value === 'bigint' || typeof value === 'boolean' ? value.toString() : value

const adapt = (value: unknown): unknown =>
  typeof value === 'bigint' ? value.toString() : Array.isArray(value) ? value.map(asText) : value

/** The text form of an instant, also where SQL cannot see that it is one. */
export function serializeInstant(value: Instant | string): string {
  if (typeof value === 'string' && !/^-?\d+$/.test(value)) return value
  return toTimestamp(BigInt(value))
}

function toTimestamp(value: Instant): string {
  const seconds = value / 1_000_000n
  const rest = value % 1_000_000n
  const [whole, micros] = rest < 0n ? [seconds - 1n, rest + 1_000_000n] : [seconds, rest]
  const text = new Date(Number(whole) * 1_000).toISOString().slice(0, 19)
  return `${text}.${micros.toString().padStart(6, '0')}Z`
}

/** Reads `2026-11-21 22:11:55.123456+00`, the only form a UTC session prints for years 1 to 9999. */
function parseTimestamp(text: string): Instant {
  if (text.charAt(4) !== '-') throw new RangeError('not a timestamp of the years 1 to 9999')
  const year = digits(text, 0, 4)
  const seconds = [digits(text, 11, 13), digits(text, 14, 16), digits(text, 17, 19)] as const
  const millis = Date.UTC(year, digits(text, 5, 7) - 1, digits(text, 8, 10), ...seconds)
  const end = text.length - 3
  const rest = end > 20 ? digits(text, 20, end) * 10 ** (26 - end) : 0
  const micros = millis * 1_000 + rest
  // `Date.UTC` reads the years 0 to 99 as 1900 to 1999; beyond 2255 a number can no longer hold microseconds.
  return year > 99 && Number.isSafeInteger(micros)
    ? BigInt(micros)
    : BigInt(Date.parse(`${text.slice(0, 10)}T${text.slice(11, 19)}Z`)) * 1_000n + BigInt(rest)
}

/** The number that ASCII digits spell, from one place of a text up to another. */
function digits(text: string, from: number, to: number): number {
  let number = 0
  for (let at = from; at < to; at++) number = number * 10 + text.charCodeAt(at) - 48
  return number
}
