import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

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
    // A transaction ends with its connection, whatever the pool does with the connection afterwards.
    file: 'index.js',
    before: `        new Promise((_, reject) => connection.onclose = reject)`,
    after: `        new Promise((_, reject) => connection.onclose = e => {
          lost = e
          while (queries.length)
            queries.shift().reject(e)
          reject(e)
        })`,
  },
  {
    file: 'index.js',
    before: `    let savepoints = 0
      , connection
      , prepare = null`,
    after: `    let savepoints = 0
      , connection
      , lost = null
      , prepare = null`,
  },
  {
    file: 'index.js',
    before: `        q.catch(e => uncaughtError || (uncaughtError = e))
        c.queue === full`,
    after: `        q.catch(e => uncaughtError || (uncaughtError = e))
        if (lost)
          return q.reject(lost)

        c.queue === full`,
  },
  {
    file: 'index.js',
    before: `  Object.assign(sql, {
    get parameters`,
    after: `  Object.assign(sql, {
    endsTransactionsWithConnections: true,
    get parameters`,
  },
]

/** Refuses a pool whose driver has not been patched: it could tear a transaction in two. */
export function assertPatched(pool: object): void {
  if ('endsTransactionsWithConnections' in pool) return
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
