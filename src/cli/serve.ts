import { flushCompileCache } from 'node:module'
import type { Command } from 'commander'
import type { Logger } from 'pino'
import { type App, type AppliedAtStart, startApp } from '../app.ts'
import { type Config, type Flags, readConfig } from '../config.ts'
import type { Applied } from '../world/apply.ts'
import { describeSecrets } from './apply.ts'
import { describeDemoSecrets, fillDemo } from './demo.ts'

/** How long a stop may take before what is left is cut off. */
const STOP_MS_MAX = 9_000

/** `scrip serve`: the server, until SIGTERM or SIGINT. */
export function addServe(program: Command, finish: (code: number) => void): void {
  program
    .command('serve')
    .description('run the server')
    .option('--host <address>', 'address of the main listener (HOST, 127.0.0.1)')
    .option('--port <port>', 'its port, 0 for any free one (PORT, 8480)')
    .option('--database-url <url>', 'a PostgreSQL server; none: the embedded one (DATABASE_URL)')
    .option('--data <folder>', 'the data folder (SCRIP_DATA, ./data)')
    .option('--world <file>', 'a world file to apply first (SCRIP_WORLD)')
    .option('--empty', 'no demo merchant on a first start (SCRIP_EMPTY=1)')
    .option('--public-url <url>', 'base of absolute links (SCRIP_PUBLIC_URL)')
    .option(
      '--lightspeed-port <port>',
      'a listener of its own for LightSpeed OnSite (SCRIP_LIGHTSPEED_PORT)',
    )
    .option(
      '--lightspeed-tls <mode>',
      'self-signed, off, or CERT.pem,KEY.pem (SCRIP_LIGHTSPEED_TLS)',
    )
    .option('--log-level <level>', 'silent … trace (LOG_LEVEL, info)')
    .action(async (flags: Flags) => {
      const stopping = stopSignal()
      const started = start(readConfig(flags), stopping)
      await Promise.race([started, aborted(stopping)])
      flushCompileCache()
      await aborted(stopping)
      // What is still under way then is cut off, as it would be by a crash, which loses nothing either.
      setTimeout(() => process.exit(0), STOP_MS_MAX).unref()
      await started.then(
        (app) => app.stop(),
        () => {},
      )
      finish(0)
    })
}

/** Starts, tells what was made, and says that it is ready. */
async function start(config: Config, signal: AbortSignal): Promise<App> {
  let demo: AppliedAtStart | undefined
  const app = await startApp(config, {
    signal,
    onApplied: (applied, log) => {
      if (applied.demo) {
        demo = applied
        process.stderr.write(describeDemoSecrets(applied, applied.demo))
      } else logApplied(applied, log)
    },
  })
  try {
    if (demo?.demo) process.stderr.write(await fillDemo(demo, demo.demo, app.url))
    if (!signal.aborted) process.stdout.write(`ready ${app.url}\n`)
    return app
  } catch (error) {
    // Nobody is told that it is ready, so it must not go on.
    await app.stop()
    throw error
  }
}

/** As lines of the log, but for the secrets: they are for the eyes of whoever started us. */
function logApplied({ created, updated, warnings, secrets }: Applied, log: Logger): void {
  for (const { message } of warnings) log.warn({ world: message }, 'the world file')
  log.info({ created, updated }, 'world applied')
  process.stderr.write(describeSecrets(secrets))
}

/** Aborted by SIGTERM or SIGINT; whoever sends another one has to wait all the same. */
function stopSignal(): AbortSignal {
  const stopping = new AbortController()
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.on(name, () => stopping.abort())
  return stopping.signal
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
