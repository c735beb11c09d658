import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { parseWorld } from '../../src/world/apply.ts'
import { startTestApp, type TestApp } from '../support/app.ts'
import { compareAnswer, parseWalkthrough, type Walkthrough } from '../support/walkthrough.ts'

/** Runs the pages of examples/ against fresh servers; examples/README.md says how they are written. */
const EXAMPLES = join(import.meta.dirname, '..', '..', 'examples')
const RUN_MS_MAX = 60_000

const pages = (await readdir(EXAMPLES)).filter(
  (name) => name.endsWith('.md') && name !== 'README.md',
)

for (const name of pages.toSorted()) {
  const page = parseWalkthrough(await readFile(join(EXAMPLES, name), 'utf8'))
  describe(`examples/${name}`, () => {
    let server: TestApp | undefined
    let ran: readonly Ran[] = []
    before(async () => {
      const port = page.front.lightspeed ? await findFreePort() : undefined
      server = await startTestApp({
        world: parseWorld(await readFile(join(EXAMPLES, page.front.world), 'utf8')),
        flags: port === undefined ? {} : { lightspeedPort: String(port), lightspeedTls: 'off' },
      })
      ran = await runSteps(page, {
        ...page.front.variables,
        SCRIP: server.http,
        EXAMPLES,
        ...(port === undefined ? {} : { LIGHTSPEED: `http://127.0.0.1:${port}` }),
      })
    })
    after(() => server?.close())

    for (const [index, { line, expected }] of page.steps.entries())
      test(`the commands of line ${line} answer as printed`, () => {
        const { code, out, complaints } = ran[index] ?? { code: -1, out: '', complaints: 'not run' }
        assert.equal(code, 0, `exit code ${code}: ${complaints}${out}`)
        const wrong = expected && compareAnswer(expected, out)
        if (wrong) assert.fail(`${name}, line ${line}: ${wrong}`)
      })
  })
}

test('every world file of examples/ is used by a page', async () => {
  const used = new Set(
    await Promise.all(
      pages.map(async (name) => {
        const text = await readFile(join(EXAMPLES, name), 'utf8')
        return parseWalkthrough(text).front.world
      }),
    ),
  )
  const worlds = (await readdir(EXAMPLES)).filter((name) => name.endsWith('.world.json'))
  assert.deepEqual(
    worlds.filter((name) => !used.has(name)),
    [],
  )
})

type Ran = { readonly code: number; readonly out: string; readonly complaints: string }

/** All blocks in one shell, each with its output and its exit code in files of its own. */
async function runSteps(
  { steps }: Walkthrough,
  variables: Readonly<Record<string, string>>,
): Promise<Ran[]> {
  const folder = await mkdtemp(join(tmpdir(), 'scrip-walkthrough-'))
  try {
    await mkdir(join(folder, 'work'))
    for (const [index, { script }] of steps.entries())
      await writeFile(join(folder, `${index}.sh`), `${script}\n`)
    const lines = steps.map(
      (_, index) =>
        `. ../${index}.sh > ../${index}.out 2> ../${index}.err; echo $? > ../${index}.code`,
    )
    await writeFile(join(folder, 'all.sh'), ['set -o pipefail', ...lines, ''].join('\n'))
    const shell = spawn('bash', ['--noprofile', '--norc', '../all.sh'], {
      cwd: join(folder, 'work'),
      env: { PATH: process.env.PATH, LC_ALL: 'C.UTF-8', HOME: folder, ...variables },
      stdio: 'ignore',
      timeout: RUN_MS_MAX,
    })
    await once(shell, 'exit')
    return await Promise.all(steps.map((_, index) => readResult(folder, index)))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function readResult(folder: string, index: number): Promise<Ran> {
  const read = (kind: string) => readFile(join(folder, `${index}.${kind}`), 'utf8').catch(() => '')
  const [code, out, complaints] = await Promise.all([read('code'), read('out'), read('err')])
  return { code: code === '' ? -1 : Number(code), out, complaints }
}

async function findFreePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  await once(probe, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}
