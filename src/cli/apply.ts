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

const describeApplied = ({ created, updated, secrets, warnings }: Applied): string =>
  [
    ...warnings.map(({ message }) => `warning: ${message}\n`),
    `world applied: ${created} created, ${updated} updated\n`,
    describeSecrets(secrets),
  ].join('')

/** A line for each secret that was generated. */
export const describeSecrets = (secrets: Applied['secrets']): string =>
  secrets
    .map(({ merchant, name, dialect, secret }) => `${merchant} ${name} (${dialect}): ${secret}\n`)
    .join('')
