import assert from 'node:assert/strict'
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { access, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, describe, test } from 'node:test'
import { createDatabase } from '../../src/db/database.ts'
import { openEmbedded } from '../../src/db/embedded.ts'

const MAIN = new URL('../../src/main.ts', import.meta.url).pathname

type Ended = { readonly code: number; readonly out: string; readonly err: string }

/** Runs one command to its end. */
const scrip = (...argv: readonly string[]): Promise<Ended> =>
  new Promise((resolve) => {
    execFile(process.execPath, [MAIN, ...argv], (error, out, err) => {
      const code = error === null ? 0 : Number(error.code)
      resolve({ code, out, err })
    })
  })

type Running = { readonly child: ChildProcess; readonly url: string; readonly err: () => string }

/** Starts a server and waits until it says that it is ready. */
async function serve(...flags: readonly string[]): Promise<Running> {
  const child = spawn(process.execPath, [MAIN, 'serve', '--port', '0', ...flags], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let text = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    text += chunk.toString()
  })
  if (!child.stdout) throw new Error('no standard output')
  for await (const line of createInterface(child.stdout))
    if (line.startsWith('ready '))
      return { child, url: line.slice('ready '.length), err: () => text }
  throw new Error(`the server did not start: ${text}`)
}

async function stop(
  { child }: Running,
  signal: 'SIGTERM' | 'SIGINT' = 'SIGTERM',
): Promise<number | null> {
  const gone = once(child, 'exit')
  child.kill(signal)
  const [code] = (await gone) as [number | null]
  return code
}

describe('scrip on the command line', () => {
  let folder: string
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'scrip-cli-'))
  })
  after(() => rm(folder, { recursive: true, force: true }))

  test('a first start makes a demo, prints its secrets once, and each printed curl line works', async () => {
    const data = join(folder, 'demo')
    const first = await serve('--data', data)
    const printed = first.err()
    const lines = [...printed.matchAll(/^ {2}(curl .*)$/gm)].map(([, line = '']) => line)
    assert.equal(lines.length, 4)
    for (const line of lines) {
      const answer = await new Promise<string>((resolve, reject) => {
        execFile('bash', ['-c', `${line} -s -f`], (error, out) =>
          error ? reject(error) : resolve(out),
        )
      })
      assert.match(answer, /WELCOME-7Q2|gift_card |original_amount/, line)
    }
    assert.equal(await stop(first), 0)
    const second = await serve('--data', data)
    assert.doesNotMatch(second.err(), /scrip_pretix_/)
    const token = /Token (scrip_pretix_\S+)'/.exec(printed)?.[1]
    const answer = await fetch(`${second.url}/api/v1/organizers/demo/giftcards/`, {
      headers: { authorization: `Token ${token}` },
    })
    assert.equal(answer.status, 200)
    assert.equal(await stop(second, 'SIGINT'), 0)
  })

  test('livez, readyz and metrics answer; an unknown path is 404', async () => {
    const server = await serve('--data', join(folder, 'health'), '--empty')
    try {
      const get = async (path: string) => {
        const answer = await fetch(`${server.url}${path}`)
        return { status: answer.status, text: await answer.text() }
      }
      assert.equal((await get('/livez')).status, 200)
      assert.equal((await get('/readyz')).status, 200)
      const metrics = await get('/metrics')
      for (const name of [
        'scrip_http_requests_total',
        'scrip_commit_batch_size',
        'scrip_commit_seconds',
        'scrip_commit_queue_length',
        'scrip_database_connections_in_use',
      ])
        assert.match(metrics.text, new RegExp(name))
      assert.deepEqual(await get('/nothing/here'), {
        status: 404,
        text: '{"message":"Not found."}',
      })
    } finally {
      await stop(server)
    }
  })

  test('what cannot be done is one clear line and exit code 1', async () => {
    const data = join(folder, 'never')
    const bad = join(folder, 'bad.json')
    await writeFile(
      bad,
      JSON.stringify({
        merchants: [
          {
            slug: 'a',
            name: 'A',
            country: 'DE',
            currency: 'EUR',
            timezone: 'UTC',
            tax_rates: [{ name: 'x', rate: 19 }],
          },
        ],
      }),
    )
    const cases: readonly (readonly [readonly string[], RegExp])[] = [
      [['serve', '--port', 'abc', '--data', data], /--port must be a number/],
      [['serve', '--colour', 'red'], /unknown option/],
      [['serve', '--log-level', 'loud', '--data', data], /--log-level must be one of/],
      [
        ['serve', '--database-url', 'mysql://x', '--data', data],
        /--database-url must begin with postgres/,
      ],
      [
        ['serve', '--database-url', 'postgres://nobody@127.0.0.1:1/x', '--data', data],
        /The database cannot be used/,
      ],
      [
        ['serve', '--database-url', 'postgres://u:secret@h:abc/x', '--data', data],
        /--database-url is not a URL/,
      ],
      [
        ['serve', '--database-url', 'postgres://u:secret%@h/x', '--data', data],
        /--database-url is not a URL/,
      ],
      [['serve', '--lightspeed-tls', 'a,b,c', '--data', data], /--lightspeed-tls must be/],
      [
        [
          ...['serve', '--port', '0', '--data', data, '--lightspeed-port', '1'],
          ...['--lightspeed-tls', `${bad},${bad}`],
        ],
        /are not a certificate and its key/,
      ],
      [['verify', '--data', data], /There is no database in/],
      [['schemas', join(folder, 'nowhere', 'x.json')], /cannot be written/],
      [['apply', join(folder, 'missing.json'), '--data', data], /cannot be read/],
      [['apply', bad, '--data', data], /merchants\[0\]\.tax_rates\[0\]\.rate/],
    ]
    for (const [argv, line] of cases) {
      const { code, err } = await scrip(...argv)
      assert.equal(code, 1, argv.join(' '))
      assert.match(err, line)
      assert.match(err, /^[^\n]+\n$/, 'one line')
      assert.doesNotMatch(err, /secret/)
    }
    await assert.rejects(access(data), 'nothing was made')
  })

  test('what the ledger or the database would not take is told with its path, and nothing of it is kept', async () => {
    const data = join(folder, 'refused')
    const merchant = { slug: 'a', name: 'A', country: 'DE', currency: 'EUR', timezone: 'UTC' }
    const cases: readonly (readonly [object, RegExp])[] = [
      [
        { merchants: [{ ...merchant, cards: [{ code: 'X1', value: '99999999999.99999' }] }] },
        /merchants\[0\]\.cards: is refused: balance_too_large/,
      ],
      [{ merchants: [{ ...merchant, name: 'A\0' }] }, /merchants\[0\]: has a value that cannot/],
      [
        { merchants: [{ ...merchant, lightspeed: { seats: 1e12 } }] },
        /merchants\[0\](\.lightspeed\.seats)?: /,
      ],
      [
        {
          instance_keys: ['one', 'two'].map((name) => ({ name, token: 'k'.repeat(30) })),
          merchants: [merchant],
        },
        /instance_keys\[1\]\.token: is used by another key/,
      ],
    ]
    for (const [world, line] of cases) {
      const file = join(folder, 'refused.json')
      await writeFile(file, JSON.stringify(world))
      const { code, err } = await scrip('apply', file, '--data', data)
      assert.equal(code, 1)
      assert.match(err, line)
      assert.match(err, /^[^\n]+\n$/, 'one line')
    }
    assert.match((await scrip('verify', '--data', data)).out, /verified: 0 cards, 0 entries/)
  })

  test('warnings of a world carry their paths', async () => {
    const data = join(folder, 'warned')
    const file = join(folder, 'warned.json')
    const permissions = ['can_manage_gift_cards', 'organizer.giftcard:read']
    const shop = { name: 'shop', dialect: 'pretix', token: 'short', permision: [], permissions }
    const credentials = [shop]
    await writeFile(
      file,
      JSON.stringify({
        merchants: [
          {
            ...{ slug: 'a', name: 'A', country: 'DE', currency: 'EUR', timezone: 'UTC' },
            credentials,
          },
        ],
      }),
    )
    const { out } = await scrip('apply', file, '--data', data)
    assert.match(
      out,
      /^warning: merchants\[0\]\.credentials\[0\]\.permision: not known, and ignored$/m,
    )
    assert.match(
      out,
      /^warning: merchants\[0\]\.credentials\[0\]: the token is shorter than 20 characters$/m,
    )
    assert.match(
      out,
      /^warning: merchants\[0\]\.credentials\[0\]\.permissions\[1\]: is no permission that any call needs$/m,
    )
    assert.doesNotMatch(out, /permissions\[0\]/)
    const server = await serve('--data', data, '--world', file)
    for (const line of server.err().trim().split('\n')) JSON.parse(line)
    assert.match(server.err(), /"updated":\d/)
    assert.equal(await stop(server), 0)
  })

  test('a busy port on a first start loses no secret: the next start is the first', async () => {
    const holder = createServer().listen(0, '127.0.0.1')
    await once(holder, 'listening')
    const { port } = holder.address() as { port: number } // It listens on a port.
    const data = join(folder, 'first')
    for (const flag of ['--port', '--lightspeed-port']) {
      const refused = await scrip('serve', '--port', '0', flag, String(port), '--data', data)
      assert.equal(refused.code, 1)
      assert.match(refused.err, /^scrip: Port \d+ on 127\.0\.0\.1 is in use\.\n$/)
    }
    holder.close()
    const server = await serve('--data', data)
    assert.match(server.err(), /scrip_pretix_/)
    assert.equal(await stop(server), 0)
  })

  test('of several servers on one empty database one makes the demo, and all are ready', async () => {
    const data = join(folder, 'several')
    const servers = await Promise.all([1, 2, 3].map(() => serve('--data', data)))
    const told = servers.filter(({ err }) => err().includes('scrip_pretix_'))
    assert.equal(told.length, 1)
    const token = /Token (scrip_pretix_\S+)'/.exec(told[0]?.err() ?? '')?.[1]
    for (const { url } of servers) {
      const answer = await fetch(`${url}/api/v1/organizers/demo/giftcards/`, {
        headers: { authorization: `Token ${token}` },
      })
      assert.equal(answer.status, 200)
    }
    assert.deepEqual(await Promise.all(servers.map((server) => stop(server))), [0, 0, 0])
  })

  test('a stop waits for nobody who is silent, and for no request without end; signals may repeat', async () => {
    const data = join(folder, 'silent')
    for (const said of [
      '',
      'GET /livez HTT',
      'GET /livez HTTP/1.1\r\nHost: a\r\n\r\n',
      'POST /oauth/token HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc',
    ]) {
      const server = await serve('--data', data, '--empty')
      const socket = connect(Number(new URL(server.url).port), '127.0.0.1')
      socket.on('error', () => {})
      await once(socket, 'connect')
      socket.write(said)
      // The server has heard of it when another connection, made later, is answered.
      await fetch(`${server.url}/livez`)
      const gone = once(server.child, 'exit')
      server.child.kill('SIGTERM')
      server.child.kill('SIGINT')
      setTimeout(() => server.child.kill('SIGTERM'), 20)
      assert.deepEqual(await gone, [0, null], said)
      await assert.rejects(access(join(data, 'postgres', 'postmaster.pid')), 'the database too')
      socket.destroy()
    }
  })

  test('a busy port is one clear line and exit code 1', async () => {
    const holder = createServer().listen(0, '127.0.0.1')
    await once(holder, 'listening')
    const { port } = holder.address() as { port: number } // It listens on a port.
    const { code, err } = await scrip(
      'serve',
      '--port',
      String(port),
      '--data',
      join(folder, 'busy'),
      '--empty',
    )
    holder.close()
    assert.equal(code, 1)
    assert.match(err, /Port \d+ on 127\.0\.0\.1 is in use/)
  })

  test('apply prints generated secrets once, beside a running server, and the server knows them at once', async () => {
    const data = join(folder, 'apply')
    const server = await serve('--data', data, '--empty')
    const file = join(folder, 'world.json')
    await writeFile(
      file,
      JSON.stringify({
        merchants: [
          {
            slug: 'acme',
            name: 'Acme',
            country: 'DE',
            currency: 'EUR',
            timezone: 'Europe/Berlin',
            credentials: [{ name: 'shop', dialect: 'pretix' }],
          },
        ],
      }),
    )
    const applied = await scrip('apply', file, '--data', data)
    assert.equal(applied.code, 0)
    const token = /shop \(pretix\): (\S+)/.exec(applied.out)?.[1]
    const answer = await fetch(`${server.url}/api/v1/organizers/acme/giftcards/`, {
      headers: { authorization: `Token ${token}` },
    })
    assert.equal(answer.status, 200)
    const again = await scrip('apply', file, '--data', data)
    assert.match(again.out, /0 created/)
    assert.doesNotMatch(again.out, /scrip_pretix_/)
    assert.equal(await stop(server), 0)
  })

  test('verify passes on whole books and names the first broken row, with exit code 1', async () => {
    const data = join(folder, 'verify')
    const file = join(folder, 'cards.json')
    await writeFile(
      file,
      JSON.stringify({
        merchants: [
          {
            slug: 'acme',
            name: 'Acme',
            country: 'DE',
            currency: 'EUR',
            timezone: 'UTC',
            cards: [{ code: 'A1', value: '5' }],
          },
        ],
      }),
    )
    assert.equal((await scrip('apply', file, '--data', data)).code, 0)
    const whole = await scrip('verify', '--data', data)
    assert.equal(whole.code, 0)
    assert.match(whole.out, /verified: 1 cards, 1 entries/)
    const embedded = await openEmbedded({ dataDirectory: data })
    const owner = createDatabase({ socket: embedded.connection, max: 1 })
    await owner`update entries set text = 'forged'`
    await owner.end()
    await embedded.stop()
    const broken = await scrip('verify', '--data', data)
    assert.equal(broken.code, 1)
    assert.match(broken.out, /broken: acme: entry \d+ .*hash does not match/)
    assert.doesNotMatch(broken.out, /A1/, 'no code is shown')
  })
})
