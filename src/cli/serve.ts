import { flushCompileCache } from 'node:module'
import type { Command } from 'commander'
import { startApp } from '../app.ts'
import { type Flags, readConfig } from '../config.ts'
import { describeApplied } from './apply.ts'
import { describeDemo } from './demo.ts'

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
      const stopping = signalled()
      const app = await startApp(readConfig(flags))
      if (app.applied?.demo)
        process.stderr.write(await describeDemo(app.applied, app.applied.demo, app.url))
      else if (app.applied) process.stderr.write(describeApplied(app.applied))
      process.stdout.write(`ready ${app.url}\n`)
      flushCompileCache()
      await stopping
      const limit = setTimeout(() => process.exit(1), STOP_MS_MAX)
      await app.stop()
      clearTimeout(limit)
      finish(0)
    })
}

const signalled = (): Promise<void> =>
  new Promise((resolve) => {
    process.once('SIGTERM', () => resolve())
    process.once('SIGINT', () => resolve())
  })
