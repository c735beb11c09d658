import assert from 'node:assert/strict'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, it } from 'node:test'
import { connect, createServer } from 'node:tls'
import { keptKeyPair, makeKeyPair } from './certificate.ts'

const NOW = new Date('2026-03-04T10:15:30Z')
const folder = await mkdtemp(join(tmpdir(), 'scrip-certificate-'))
after(() => rm(folder, { recursive: true }))

it('a certificate is well formed, signed by its own key, and for the names asked for', async () => {
  const { key, cert } = await makeKeyPair(['pos.example', '192.0.2.7', '2001:db8::7', '::1'], NOW)
  const parsed = new X509Certificate(cert)
  assert.ok(parsed.verify(parsed.publicKey))
  assert.ok(parsed.checkPrivateKey(createPrivateKey(key)))
  assert.equal(parsed.checkHost('pos.example'), 'pos.example')
  for (const address of ['192.0.2.7', '2001:db8::7', '::1'])
    assert.equal(parsed.checkIP(address), address)
  assert.equal(parsed.checkHost('other.example'), undefined)
  assert.equal(parsed.ca, false)
  assert.equal(new Date(parsed.validFrom).toISOString(), '2026-03-03T10:15:30.000Z')
  assert.equal(new Date(parsed.validTo).toISOString(), '2028-06-05T10:15:30.000Z')
})

it('a client that trusts the certificate connects with every check on', async () => {
  const { key, cert } = await makeKeyPair(['localhost'], new Date())
  const server = createServer({ key, cert }, (socket) => socket.end('tea'))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  try {
    const { port } = server.address() as AddressInfo // It listens on TCP.
    const heard = await new Promise<string>((resolve, reject) => {
      const socket = connect({ host: '127.0.0.1', port, ca: cert, servername: 'localhost' })
      socket.setEncoding('utf8').once('data', resolve).once('error', reject)
    })
    assert.equal(heard, 'tea')
  } finally {
    server.close()
  }
})

it('the key pair is kept, readable by its owner only, until shortly before it expires', async () => {
  const first = await keptKeyPair(folder, ['127.0.0.1'], NOW)
  const file = join(folder, 'lightspeed-tls.pem')
  assert.equal((await stat(file)).mode & 0o777, 0o600)
  assert.deepEqual(await keptKeyPair(folder, ['127.0.0.1'], NOW), first)
  const later = await keptKeyPair(folder, ['127.0.0.1'], new Date('2028-05-20T00:00:00Z'))
  assert.notEqual(later.cert, first.cert)
  assert.equal(await readFile(file, 'utf8'), later.key + later.cert)
})

it('a file that is no key pair is replaced', async () => {
  await writeFile(join(folder, 'lightspeed-tls.pem'), 'torn')
  const made = await keptKeyPair(folder, [], NOW)
  assert.ok(new X509Certificate(made.cert))
})
