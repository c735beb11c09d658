import { totalmem } from 'node:os'

/**
 * How the embedded PostgreSQL runs: durable before all, reachable by its socket only, silent about the
 * values in our statements, and sized for a laptop or a small server.
 */
export function serverSettings(
  overrides: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const gigabytes = memoryBytes() / 2 ** 30
  return {
    // The process's working directory, which is the cluster's folder: no path is ever too long.
    unix_socket_directories: '.',
    unix_socket_permissions: '0700',
    listen_addresses: '',
    cluster_name: 'scrip',

    fsync: 'on',
    full_page_writes: 'on',
    synchronous_commit: 'on',
    // fsync alone leaves the data in the drive's cache on macOS.
    ...(process.platform === 'darwin' ? { wal_sync_method: 'fsync_writethrough' } : {}),
    // Few, spread out checkpoints: every page's first change after one is written to the log in full.
    checkpoint_timeout: '15min',
    max_wal_size: '2GB',
    wal_buffers: '16MB',

    max_connections: '100',
    shared_buffers: gigabytes >= 4 ? '256MB' : '128MB',
    effective_cache_size: gigabytes >= 4 ? '2GB' : '512MB',
    random_page_cost: '1.1',
    jit: 'off',

    timezone: 'UTC',
    log_timezone: 'UTC',
    lc_messages: 'C',

    // Codes are cash: neither statements, nor details such as "Key (code)=(…)", nor failed queries'
    // texts are logged. Whoever sent the query is told, and that is us.
    log_min_messages: 'log',
    log_min_error_statement: 'panic',
    log_error_verbosity: 'terse',
    log_parameter_max_length: '0',
    log_statement: 'none',
    log_checkpoints: 'off',
    log_autovacuum_min_duration: '-1',
    logging_collector: 'off',
    log_destination: 'stderr',
    ...overrides,
  }
}

/** The machine's memory, or the container's. */
function memoryBytes(): number {
  const limit = process.constrainedMemory()
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem()
}
