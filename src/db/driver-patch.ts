import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

declare module 'postgres' {
  interface Sql {
    /** Connections that work or belong to a transaction, now. */
    connectionsInUse(): number
  }
  interface TransactionSql {
    /**
     * Sends the commit right behind the statements that were started, a turn earlier than by returning;
     * if one of them fails, it undoes the transaction. Nothing can follow it.
     */
    commit(): Promise<unknown>
  }
}

/**
 * postgres.js 3.4.9 mishandles a connection that is lost inside a transaction: it may run the rest of
 * the transaction on a new connection, each statement for itself; it throws where nobody can catch it;
 * and it can leave a connection of the pool unusable for ever. Until a release repairs that, `npm ci`
 * repairs the installed copy (docs/decisions, "The driver is patched").
 */
type Patch = { readonly file: string; readonly before: string; readonly after: string }

const PATCHES: readonly Patch[] = [
  {
    file: 'connection.js',
    before: `  function nextWrite(fn) {
    const x = socket.write(chunk, fn)`,
    after: `  function nextWrite(fn) {
    if (!socket)
      return (nextWriteTimer = chunk = null, false)

    const x = socket.write(chunk, fn)`,
  },
  {
    // A query for a connection that is gone, or about to be, fails at once.
    file: 'connection.js',
    before: `    if (stream)
      return queryError(q, Errors.generic('COPY_IN_PROGRESS'`,
    after: `    if (!socket || socket.destroyed)
      return queryError(q, Errors.connection('CONNECTION_CLOSED', options)), true

    if (stream)
      return queryError(q, Errors.generic('COPY_IN_PROGRESS'`,
  },
  {
    // Nobody else hears that a new connection was lost while it asked for its types; without them it is none.
    file: 'connection.js',
    before: `        return fetchArrayTypes()
      }`,
    after: `        return fetchArrayTypes().catch(() => socket && socket.destroy())
      }`,
  },
  {
    // Also settle what was sent between the socket's 'error' and its 'close'.
    file: 'connection.js',
    before: `    !hadError && (query || sent.length) && error(`,
    after: `    ;(query || sent.length) && error(`,
  },
  {
    // A lost connection is replaced: half-read results, half-written queries and late errors go with it.
    file: 'index.js',
    before: `  function onclose(c, e) {
    move(c, closed)
    c.reserved = null`,
    after: `  function onclose(c, e) {
    c.queue.remove(c)
    connections[connections.indexOf(c)] = Connection(options, queues, { onopen, onend, onclose })
    c.reserved = null`,
  },
  {
    file: 'index.js',
    before: `    options.onclose && options.onclose(c.id)
    queries.length && connect(c, queries.shift())`,
    after: `    options.onclose && options.onclose(c.id)
    queries.length && connect(closed.shift(), queries.shift())`,
  },
  {
    // A queue that is never empty, as that of the open connections of a quiet pool, must not grow with every
    // query, nor take longer and longer to look through.
    file: 'queue.js',
    before: `        xs = []
      } else {`,
    after: `        xs = []
      } else if (index * 2 > xs.length) {
        xs = xs.slice(index)
        index = 0
      } else {`,
  },
  {
    // The connection that was used last has the warmest process behind it.
    file: 'queue.js',
    before: `    push: (x) => (xs.push(x), x),`,
    after: `    push: (x) => (xs.push(x), x),
    pop: () => xs.pop(),`,
  },
  {
    file: 'index.js',
    before: `    if (open.length)
      return go(open.shift(), query)`,
    after: `    if (open.length)
      return go(open.pop(), query)`,
  },
  {
    // A connection that belongs to a transaction is nobody else's, also when its socket has drained.
    file: 'connection.js',
    before: `    !query && onopen(connection)
  }`,
    after: `    !query && !connection.reserved && onopen(connection)
  }`,
  },
  {
    // A connection that has just begun a transaction counts as reserved, not as full: more can be sent.
    file: 'index.js',
    before: `      ? move(c, busy)
      : move(c, full)
  }

  function cancel(query) {`,
    after: `      ? move(c, busy)
      : c.queue === reserved || move(c, full)
  }

  function cancel(query) {`,
  },
  {
    file: 'index.js',
    before: `    ready
      ? move(c, busy)
      : move(c, full)`,
    after: `    ready
      ? move(c, busy)
      : c.queue === reserved || move(c, full)`,
  },
  {
    // A transaction ends with its connection, whatever the pool does with the connection afterwards. An
    // "eager" one sends its first statement along with "begin", a turn earlier: that one must only read.
    file: 'index.js',
    before: `      await sql.unsafe('begin ' + options.replace(/[^a-z ]/ig, ''), [], { onexecute }).execute()
      return await Promise.race([
        scope(connection, fn),
        new Promise((_, reject) => connection.onclose = reject)
      ])`,
    after: `      const eager = options === 'eager'
      const begun = sql.unsafe(eager ? 'begin' : 'begin ' + options.replace(/[^a-z ]/ig, ''), [], { onexecute }).execute()
      begun.catch(e => lost = lost || e)
      await (eager ? Promise.race([begun, new Promise(r => sent = r)]) : begun)
      if (lost)
        throw lost

      return await Promise.race([
        scope(connection, fn),
        new Promise((_, reject) => connection.onclose = e => {
          lost = e
          while (queries.length)
            queries.shift().reject(e)
          reject(e)
        })
      ])`,
  },
  {
    file: 'index.js',
    before: `    let savepoints = 0
      , connection
      , prepare = null`,
    after: `    let savepoints = 0
      , connection
      , sent
      , lost = null
      , prepare = null`,
  },
  {
    file: 'index.js',
    before: `      connection = c
      move(c, reserved)`,
    after: `      connection = c
      sent && sent()
      move(c, reserved)`,
  },
  {
    // "commit" may go out along with the last statement. Nothing follows a commit or a rollback: what
    // another branch of the same work still sends would run outside of the transaction.
    file: 'index.js',
    before: `      let uncaughtError
        , result
`,
    after: `      let uncaughtError
        , last = null
        , isOver = false
        , result

      sql.commit = () => last = last || sql\`commit\`.execute()
`,
  },
  {
    file: 'index.js',
    before: `      } catch (e) {
        await (name`,
    after: `      } catch (e) {
        if (last) {
          await last.catch(() => {})
          throw uncaughtError || e
        }

        await (last = name`,
  },
  {
    file: 'index.js',
    before: `          : await sql\`commit\``,
    after: `          : await (last = last || sql\`commit\`)`,
  },
  {
    file: 'index.js',
    before: `        q.catch(e => uncaughtError || (uncaughtError = e))
        c.queue === full`,
    after: `        q.catch(e => uncaughtError || (uncaughtError = e))
        if (lost || isOver)
          return q.reject(lost || Errors.generic('TRANSACTION_OVER', 'The transaction is over'))

        isOver = q === last
        c.queue === full`,
  },
  {
    // A short row of ASCII is read as one text and cut, which takes half as long as reading value by value
    // (0xff cannot be in UTF-8: it is of a NULL's length). An object that is given more than a dozen names one
    // by one becomes a hash table, eight times as large: each row starts as a copy of one that has them all.
    file: 'connection.js',
    before: `    let value

    const row = query.isRaw ? new Array(query.statement.columns.length) : {}`,
    after: `    let value

    const columns = query.statement.columns
    columns.blank = columns.blank || JSON.parse(JSON.stringify(Object.fromEntries(columns.map(c => [c.name, null]))))
    const whole = x.length > 1024 || query.isRaw ? '\\x80' : x.latin1Slice(0, x.length)
    const text = /[\\x80-\\xfe]/.test(whole)
      ? (from, to) => x.utf8Slice(from, to)
      : (from, to) => whole.slice(from, to)
    const row = query.isRaw ? new Array(columns.length) : { ...columns.blank }`,
  },
  {
    file: 'connection.js',
    before: `          : column.parser === undefined
            ? x.toString('utf8', index, index += length)
            : column.parser.array === true
              ? column.parser(x.toString('utf8', index + 1, index += length))
              : column.parser(x.toString('utf8', index, index += length))`,
    after: `          : column.parser === undefined
            ? text(index, index += length)
            : column.parser.array === true
              ? column.parser(text(index + 1, index += length))
              : column.parser(text(index, index += length))`,
  },
  {
    file: 'index.js',
    before: `  Object.assign(sql, {
    get parameters`,
    after: `  Object.assign(sql, {
    isPatchedForScrip: 5,
    connectionsInUse: () => busy.length + full.length + reserved.length,
    get parameters`,
  },
]

/** Refuses a pool whose driver has not been patched: it could tear a transaction in two. */
export function assertPatched(pool: object): void {
  if ('isPatchedForScrip' in pool && pool.isPatchedForScrip === 5) return
  throw new Error('The PostgreSQL driver is not patched: run "npm ci" (without --ignore-scripts).')
}

/** Patches the installed driver in place; does nothing the second time, refuses what it does not know. */
function applyPatches(): void {
  const folder = dirname(fileURLToPath(import.meta.resolve('postgres')))
  for (const { file, before, after } of PATCHES) {
    const path = join(folder, file)
    const text = readFileSync(path, 'utf8')
    if (text.includes(after)) continue
    if (text.split(before).length !== 2) {
      throw new Error(`${path} is not what postgres.js 3.4.9 has: review src/db/driver-patch.ts.`)
    }
    writeFileSync(
      path,
      text.replace(before, () => after),
    )
  }
}

if (import.meta.main) applyPatches()
