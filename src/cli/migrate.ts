import type { Command } from 'commander'
import type { Flags } from '../config.ts'
import { usingStore, withStoreFlags } from './store.ts'

/** `scrip migrate`: brings the schema forward and does nothing else. */
export function addMigrate(program: Command): void {
  withStoreFlags(
    program.command('migrate').description('bring the database schema forward'),
  ).action(async (flags: Flags) => {
    await usingStore(flags, async () => {
      process.stdout.write('the schema is current\n')
    })
  })
}
