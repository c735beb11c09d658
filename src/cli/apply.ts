import { readFile } from 'node:fs/promises'
import type { Command } from 'commander'
import type { Flags } from '../config.ts'
import { SetupError } from '../errors.ts'
import { wallClock } from '../money/instant.ts'
import { type Applied, applyWorld, parseWorld } from '../world/apply.ts'
import { usingStore, withStoreFlags } from './store.ts'

/** `scrip apply world.json`: makes a world so; prints generated secrets once. */
export function addApply(program: Command): void {
  withStoreFlags(program.command('apply <world>').description('apply a world file')).action(
    async (path: string, flags: Flags) => {
      const text = await readFile(path, 'utf8').catch(() => {
        throw new SetupError(`The world file ${path} cannot be read.`)
      })
      const world = parseWorld(text)
      const applied = await usingStore(flags, ({ db }) => applyWorld(db, world, wallClock()))
      process.stdout.write(describeApplied(applied))
    },
  )
}

/** What was applied, with its warnings and the secrets that were generated. */
export function describeApplied({ created, updated, secrets, warnings }: Applied): string {
  return [
    ...warnings.map((warning) => `warning: ${warning}`),
    `world applied: ${created} created, ${updated} updated`,
    ...secrets.map(
      ({ merchant, name, dialect, secret }) => `${merchant} ${name} (${dialect}): ${secret}`,
    ),
    '',
  ].join('\n')
}
