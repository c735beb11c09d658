import { writeFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { SetupError } from '../errors.ts'
import { World } from '../world/schema.ts'

/** `scrip schemas`: writes the JSON Schema that others validate their world files with. */
export function addSchemas(program: Command): void {
  program
    .command('schemas [file]')
    .description('write the JSON Schema of the world file')
    .action(async (file = 'schemas/world.schema.json') => {
      await writeFile(file, `${JSON.stringify(World, undefined, 2)}\n`).catch(() => {
        throw new SetupError(`${file} cannot be written.`)
      })
    })
}
