import type { Command } from 'commander'
import type { Flags } from '../config.ts'
import type { Store } from '../store.ts'
import { verify } from '../verify.ts'
import { usingStore, withStoreFlags } from './store.ts'

/** `scrip verify`: proves the books; exit code 1 and the first broken row if they are not whole. */
export function addVerify(program: Command, finish: (code: number) => void): void {
  withStoreFlags(
    program.command('verify').description('re-read every entry and prove every balance'),
  ).action(async (flags: Flags) => {
    const prove = async ({ db }: Store): Promise<void> => {
      const report = await verify(db)
      process.stdout.write(
        report.broken === undefined
          ? `verified: ${report.cards} cards, ${report.entries} entries, all whole\n`
          : `broken: ${report.broken}\n`,
      )
      finish(report.broken === undefined ? 0 : 1)
    }
    await usingStore(flags, prove, { mustExist: true })
  })
}
