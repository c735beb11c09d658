import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

/** Keeps true what drifts unseen (style.md section 6). */
const ROOT = fileURLToPath(new URL('..', import.meta.url))

const list = (folder: string): string[] =>
  readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)))

const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8')
const sources = list('src').filter((file) => file.endsWith('.ts'))
const isTest = (file: string): boolean => file.endsWith('.test.ts')

/** Every file that a file imports, from the root of the project. */
function importsOf(file: string): string[] {
  return [...read(file).matchAll(/(?:from|import\()\s*'(\.[^']+)'/g)].map(([, path = '']) =>
    relative(ROOT, resolve(ROOT, dirname(file), path)),
  )
}

/** What each room may import besides itself (style.md section 2). */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  money: [],
  'errors.ts': ['money'],
  wire: ['money'],
  db: ['money', 'errors.ts'],
  ledger: ['db', 'money', 'errors.ts'],
  instruments: ['ledger', 'db', 'money', 'errors.ts'],
  commerce: ['ledger', 'instruments', 'db', 'money', 'errors.ts', 'wire'],
}

const roomOf = (file: string): string => file.split('/')[1] ?? ''

test('imports never point up', () => {
  const wrong = sources
    .filter((file) => !isTest(file))
    .flatMap((file) => {
      const allowed = ALLOWED[roomOf(file)]
      if (!allowed) return []
      return importsOf(file)
        .map(roomOf)
        .filter((room) => room !== roomOf(file) && !allowed.includes(room))
        .map((room) => `${file} → ${room}`)
    })
  assert.deepEqual([...new Set(wrong)], [])
})

test('no dialect imports another; both pretix rooms share their shell', () => {
  const dialectOf = (file: string): string | undefined =>
    /^src\/dialects\/([^/]+)\//.exec(file)?.[1]
  const wrong = sources.flatMap((file) => {
    const own = dialectOf(file)
    return importsOf(file)
      .map(dialectOf)
      .filter((other) => own !== undefined && other !== undefined && other !== own)
      .filter((other) => !(other === 'pretix' && own?.startsWith('pretix-')))
      .map((other) => `${file} → ${other}`)
  })
  assert.deepEqual(wrong, [])
  const importers = sources.filter(
    (file) => !isTest(file) && importsOf(file).some((path) => dialectOf(path)) && !dialectOf(file),
  )
  assert.deepEqual(importers, ['src/dialects/index.ts'])
})

test('dialects never see the database, and only the ledger touches its tables', () => {
  const dialects = sources.filter((file) => file.startsWith('src/dialects/') && !isTest(file))
  const wrong = dialects.flatMap((file) =>
    importsOf(file)
      .filter(
        (path) => path.startsWith('src/db/') && !/^src\/db\/(database|transact)\.ts$/.test(path),
      )
      .map((path) => `${file} → ${path}`),
  )
  assert.deepEqual(wrong, [])
  const writers = sources.filter(
    (file) =>
      !file.startsWith('src/ledger/') &&
      !isTest(file) &&
      /(insert into entries|update entries|delete from entries|set balance\s*=)/.test(read(file)),
  )
  assert.deepEqual(writers, [])
})

test('no float comes near money or the ledger', () => {
  const wrong = sources
    .filter((file) => /^src\/(money|ledger)\//.test(file) && !isTest(file))
    .filter((file) => /parseFloat|Math\.round\((?!\(performance)|toFixed\(/.test(read(file)))
  assert.deepEqual(
    wrong.filter((file) => file !== 'src/money/instant.ts'),
    [],
    'instants read the clock, which is a float',
  )
})

test('process.env is read in config.ts alone', () => {
  const wrong = sources.filter(
    (file) => !isTest(file) && file !== 'src/config.ts' && /process\.env/.test(read(file)),
  )
  assert.deepEqual(wrong, [])
})

test('every refusal is explained in docs/errors.md', () => {
  const codes = [...read('src/errors.ts').matchAll(/readonly code: '([a-z_]+)'/g)].map(
    ([, code]) => code ?? '',
  )
  assert.ok(codes.length > 10)
  const page = read('docs/errors.md')
  assert.deepEqual(
    codes.filter((code) => !page.includes(`\`${code}\``)),
    [],
  )
})

test('every command that the README and the docs name exists', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
  const pages = ['README.md', ...list('docs').filter((file) => file.endsWith('.md'))]
  const missing = pages.flatMap((page) =>
    [
      ...read(page).matchAll(
        /(?:npm run |`)((?:bench|test|schemas|format|check)(?::[a-z]+)?)(?=[`\s,])/g,
      ),
    ]
      .map(([, name = '']) => name)
      .filter((name) => !(name in scripts) && name.includes(':'))
      .map((name) => `${page}: ${name}`),
  )
  assert.deepEqual(missing, [])
  const help = sources
    .filter((file) => file.startsWith('src/cli/'))
    .map(read)
    .join('\n')
  for (const name of ['serve', 'apply', 'migrate', 'verify'])
    assert.match(help, new RegExp(`\\.command\\('${name}`))
})

test('every page that the README and the docs link to exists', () => {
  const pages = ['README.md', 'docs/operating.md', 'docs/architecture.md', 'examples/README.md']
  const broken = pages.flatMap((page) =>
    [...read(page).matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)]
      .map(([, path = '']) => relative(ROOT, resolve(ROOT, dirname(page), path)))
      .filter((path) => {
        try {
          return !readdirSync(join(ROOT, dirname(path))).includes(path.split('/').at(-1) ?? '')
        } catch {
          return true
        }
      })
      .map((path) => `${page} → ${path}`),
  )
  assert.deepEqual(broken, [])
})

test('every source file is imported by somebody', () => {
  const entries = ['src/main.ts', 'src/db/driver-patch.ts']
  const imported = new Set(
    [...sources, ...list('test'), ...list('bench')]
      .filter((file) => file.endsWith('.ts'))
      .flatMap((file) => (isTest(file) && file.startsWith('src/') ? [] : importsOf(file))),
  )
  const workers = new Set(
    sources.flatMap((file) =>
      [...read(file).matchAll(/new URL\('(\.[^']+\.ts)'/g)].map(([, path = '']) =>
        relative(ROOT, resolve(ROOT, dirname(file), path)),
      ),
    ),
  )
  const orphans = sources.filter(
    (file) => !isTest(file) && !imported.has(file) && !workers.has(file) && !entries.includes(file),
  )
  assert.deepEqual(orphans, [])
})
