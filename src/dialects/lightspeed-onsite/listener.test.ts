import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, it } from 'node:test'
import { startTestApp, type TestApp } from '../../../test/support/app.ts'
import { openTestDatabase } from '../../../test/support/database.ts'
import {
  basic,
  createOnSite,
  freePort,
  MARA,
  teashop,
  WRITER,
} from '../../../test/support/lightspeed.ts'
import { SetupError } from '../../errors.ts'
import { makeKeyPair } from './certificate.ts'

const folder = await mkdtemp(join(tmpdir(), 'scrip-listener-'))
after(() => rm(folder, { recursive: true }))

async function withServer(
  flags: Record<string, string>,
  work: (server: TestApp, port: number) => Promise<void>,
): Promise<void> {
  const port = await freePort()
  const server = await startTestApp({
    world: teashop(),
    flags: { lightspeedPort: String(port), ...flags },
  })
  try {
    await work(server, port)
  } finally {
    await server.close()
  }
}

it('the listener speaks TLS with a key of its own, which is kept; links and cookie are secure', async () => {
  await withServer({ data: folder }, async (_server, port) => {
    const base = `https://localhost:${port}`
    const till = createOnSite(base)
    const answer = await till.send('GET', '/api/users/', { headers: { host: `localhost:${port}` } })
    assert.equal(answer.status, 200)
    assert.ok(answer.text.includes(`uri="${base}/api/users/`))
    assert.match(
      answer.headers['set-cookie']?.[0] ?? '',
      /^LS_SERVER_SESSION_ID=[^;]+; Path=\/; Secure; HttpOnly$/,
    )
    const broken = await till.send('GET', '/api/gift_cards/%zz/')
    assert.equal(broken.status, 403)
    const out = await till.send('POST', '/api/sessions/current/logout/')
    assert.equal(out.status, 204)
    assert.match(out.headers['set-cookie']?.[0] ?? '', /^LS_SERVER_SESSION_ID=; Path=\/; Secure; /)
  })
  const kept = await readFile(join(folder, 'lightspeed-tls.pem'), 'utf8')
  await withServer({ data: folder }, async (_server, port) => {
    // A client that trusts the kept certificate connects with all checks on.
    const status = await new Promise((resolve, reject) => {
      const headers = {
        'user-agent': WRITER.appId,
        'x-pappid': WRITER.privateId,
        authorization: basic(MARA),
      }
      request(
        {
          host: '127.0.0.1',
          servername: 'localhost',
          port,
          path: '/api/',
          headers,
          ca: kept,
          agent: false,
        },
        (answer) => {
          answer.resume()
          resolve(answer.statusCode)
        },
      )
        .on('error', reject)
        .end()
    })
    assert.equal(status, 200)
  })
  assert.equal(await readFile(join(folder, 'lightspeed-tls.pem'), 'utf8'), kept)
})

it('the listener takes a certificate that it is given', async () => {
  const { key, cert } = await makeKeyPair(['till.example'], new Date())
  const [certFile, keyFile] = [join(folder, 'c.pem'), join(folder, 'k.pem')]
  await writeFile(certFile, cert)
  await writeFile(keyFile, key)
  await withServer({ lightspeedTls: `${certFile},${keyFile}` }, async (_server, port) => {
    const till = createOnSite(`https://127.0.0.1:${port}`)
    assert.equal((await till.send('GET', '/api/')).status, 200)
  })
})

it('without a port there is no listener', async () => {
  const server = await startTestApp({ world: teashop() })
  try {
    assert.equal((await createOnSite(server.http).send('GET', '/api/users/')).status, 200)
  } finally {
    await server.close()
  }
})

it('a busy port and a missing certificate are one clear line', async () => {
  const database = await openTestDatabase()
  const refused = (flags: Record<string, string>, reason: RegExp): Promise<void> =>
    assert.rejects(
      startTestApp({ database, flags }),
      (error) => error instanceof SetupError && reason.test(error.message),
    )
  try {
    await withServer({ lightspeedTls: 'off' }, async (_server, port) => {
      await refused({ lightspeedPort: String(port), lightspeedTls: 'off' }, /in use/)
    })
    await refused(
      { lightspeedPort: '0', lightspeedTls: '/nowhere/c.pem,/nowhere/k.pem' },
      /--lightspeed-tls/,
    )
  } finally {
    await database.close()
  }
})
