/** `npm run bench:crash`: 200 kills of server and embedded database under load; nothing may be lost or doubled. */
import { crashRounds } from '../test/support/crash.ts'

const rounds = Number(process.env.CRASH_ROUNDS ?? 200)
const report = await crashRounds(rounds, (line) => process.stdout.write(`${line}\n`))
process.stdout.write(
  `${report.rounds} rounds, ${report.acknowledged} acknowledged changes: ${report.lost} lost, ` +
    `${report.doubled} doubled, verify ${report.verified ? 'passed' : 'FAILED'}\n`,
)
process.exitCode = report.lost === 0 && report.doubled === 0 && report.verified ? 0 : 1
