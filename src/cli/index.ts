import { Command, CommanderError } from 'commander'
import { SetupError } from '../errors.ts'
import { addApply } from './apply.ts'
import { addMigrate } from './migrate.ts'
import { addSchemas } from './schemas.ts'
import { addServe } from './serve.ts'
import { addVerify } from './verify.ts'

/** Runs one command and returns its exit code; what cannot be done is one line on standard error. */
export async function runCli(argv: readonly string[]): Promise<number> {
  let exitCode = 0
  const program = new Command('scrip')
    .description('A self-hosted stored-value server.')
    .exitOverride()
  const finish = (code: number): void => {
    exitCode = code
  }
  for (const add of [addServe, addApply, addMigrate, addVerify, addSchemas]) add(program, finish)
  try {
    await program.parseAsync(argv, { from: 'user' })
    return exitCode
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 1
    if (error instanceof SetupError) {
      process.stderr.write(`scrip: ${error.message}\n`)
      return 1
    }
    // A defect: where it happened, but nothing of what it was about.
    process.stderr.write(`scrip: ${error instanceof Error ? error.stack : String(error)}\n`)
    return 1
  }
}
