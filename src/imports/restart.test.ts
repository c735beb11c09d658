import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import test from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { openTestDatabase } from '../../test/support/database.ts'
import { HEADER, workbook } from '../../test/support/workbook.ts'
import { wallClock } from '../money/instant.ts'
import { verify } from '../verify.ts'
import { applyWorld } from '../world/apply.ts'

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url))
const ROWS = 2_000
const headers = { authorization: 'Token till-of-a-restarted-server' }

type Server = { readonly process: ChildProcess; readonly url: string }

async function start(databaseUrl: string, data: string): Promise<Server> {
  const flags = ['--port', '0', '--database-url', databaseUrl, '--data', data, '--empty']
  const child = spawn(process.execPath, [MAIN, 'serve', ...flags, '--log-level', 'error'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  for await (const line of createInterface({ input: child.stdout }))
    if (line.startsWith('ready ')) return { process: child, url: line.slice('ready '.length) }
  throw new Error('the server did not start')
}

async function statusOf({ url }: Server, id: number): Promise<number> {
  const answer = await fetch(`${url}/api/v2/giftcards/import/${id}`, { headers })
  return ((await answer.json()) as { status_code: number }).status_code
}

async function submit({ url }: Server, codes: string): Promise<number> {
  const rows = Array.from({ length: ROWS }, (_, i) => [
    `${codes}-${i}`,
    'Old card',
    undefined,
    5,
    19,
  ])
  const form = new FormData()
  const file = workbook({ rows: [HEADER, ...rows], strings: 'inline' })
  form.set('source_file', new File([new Uint8Array(file)], 'old.xlsx'))
  const answer = await fetch(`${url}/api/v2/giftcards/import`, {
    method: 'POST',
    headers,
    body: form,
  })
  assert.equal(answer.status, 200)
  return ((await answer.json()) as { job_id: number }).job_id
}

async function until(
  server: Server,
  id: number,
  wanted: (status: number) => boolean,
): Promise<number> {
  for (let tries = 0; tries < 6_000; tries += 1) {
    const status = await statusOf(server, id)
    if (wanted(status)) return status
    await sleep(5)
  }
  throw new Error('the import does not get there')
}

test('imports outlive the server that began them, killed or asked to stop, and are done once', async () => {
  const database = await openTestDatabase()
  const data = await mkdtemp(join(tmpdir(), 'scrip-restart-'))
  const running: ChildProcess[] = []
  try {
    await applyWorld(
      database.owner,
      {
        merchants: [
          {
            slug: 'acme',
            name: 'Acme',
            country: 'DE',
            currency: 'EUR',
            timezone: 'Europe/Berlin',
            credentials: [
              { name: 'till', dialect: 'inventorum', token: 'till-of-a-restarted-server' },
            ],
          },
        ],
      },
      wallClock(),
    )
    for (const [index, signal] of (['SIGKILL', 'SIGTERM'] as const).entries()) {
      const first = await start(database.url, data)
      running.push(first.process)
      const jobs = [
        await submit(first, `CARD-A${index}`),
        await submit(first, `CARD-B${index}`),
      ] as const
      await until(first, jobs[0], (status) => status !== 1)
      const exited = once(first.process, 'exit')
      first.process.kill(signal)
      assert.deepEqual(await exited, signal === 'SIGKILL' ? [null, 'SIGKILL'] : [0, null])
      const second = await start(database.url, data)
      running.push(second.process)
      for (const job of jobs)
        assert.equal(await until(second, job, (status) => status !== 1 && status !== 2), 0)
      const ended = once(second.process, 'exit')
      second.process.kill('SIGTERM')
      assert.deepEqual(await ended, [0, null])
      const report = await verify(database.owner)
      const cards = ROWS * 2 * (index + 1)
      assert.deepEqual(report, { cards, entries: cards })
    }
  } finally {
    for (const child of running) child.kill('SIGKILL')
    await database.close()
    await rm(data, { recursive: true, force: true })
  }
})
