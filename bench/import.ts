import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { strToU8, unzipSync, zipSync } from 'fflate'
import { pino } from 'pino'
import { readImport } from '../src/imports/reader.ts'
import { createTemplate } from '../src/imports/template.ts'
import { createGroupCommit } from '../src/ledger/group-commit.ts'
import { wallClock } from '../src/money/instant.ts'
import { createImports } from '../src/services/imports.ts'
import { openStore } from '../src/store.ts'

/**
 * What an import costs: one file of 10,000 rows from acceptance to committed cards, and 100,000 cards in
 * ten such files. On an embedded database with `fsync` on, as a shop would run it.
 */

const ROWS = 10_000
const FILES = 10

const folder = await mkdtemp(join(tmpdir(), 'scrip-bench-'))
const store = await openStore({ databaseUrl: undefined, dataDirectory: folder })
const { db } = store
const log = pino({ level: 'warn' })
const commit = createGroupCommit({ db, now: wallClock, saveRemembered: async () => {} })
const imports = createImports({
  db,
  now: wallClock,
  randomBytes,
  commit,
  log,
  dataDirectory: folder,
})
const never = new AbortController().signal

let peak = 0
const watch = setInterval(() => {
  peak = Math.max(peak, process.memoryUsage.rss())
}, 5)

try {
  const [merchant] = await db<[{ id: bigint }]>`
    insert into merchants (slug, name, country, currency, timezone)
    values ('bench', 'Bench', 'DE', 'EUR', 'Europe/Berlin') returning id`
  const [user] = await db<[{ id: bigint }]>`
    insert into credentials (merchant_id, name, dialect) values (${merchant.id}, 'till', 'inventorum') returning id`
  await db`insert into inventorum_tax_types (merchant_id, name, rate) values (${merchant.id}, '19%', 19)`
  let spent = 0
  for (let index = 0; index < FILES; index += 1) {
    const file = workbookOf(index)
    const before = process.memoryUsage.rss()
    const at = performance.now()
    const sender = { merchantId: merchant.id, userId: user.id }
    const job = await imports.submit({ ...sender, file, fileName: `bench_${index}.xlsx` })
    const accepted = performance.now() - at
    await imports.run(readImport, never)
    const done = await imports.find(merchant.id, job.id)
    if (done?.state !== 'done') throw new Error(`file ${index} ended as ${done?.state}`)
    spent += performance.now() - at
    if (index > 0) continue
    console.log(`${ROWS} rows, ${(file.length / 1024).toFixed(0)} KiB a file`)
    console.log(
      `first file: accepted after ${accepted.toFixed(0)} ms, cards after ${seconds(at)} s`,
    )
    console.log(`memory: ${mib(before)} MiB before, ${mib(peak)} MiB at most`)
  }
  const rate = Math.round((ROWS * FILES * 1_000) / spent)
  console.log(
    `${ROWS * FILES} cards in ${FILES} files: ${(spent / 1_000).toFixed(2)} s, ${rate} cards/s`,
  )
  console.log(`memory: ${mib(peak)} MiB at most`)
} finally {
  clearInterval(watch)
  await commit.close()
  await store.close()
  await rm(folder, { recursive: true, force: true })
}

/** The template, filled in as a spreadsheet program would: codes of their own in every file. */
function workbookOf(file: number): Buffer {
  const strings: string[] = []
  const shared = (text: string): string => `t="s"><v>${strings.push(text) - 1}</v></c>`
  const rows = Array.from({ length: ROWS }, (_, index) => {
    const row = index + 2
    const code = `OLD-${String(file * ROWS + index).padStart(10, '0')}`
    return `<row r="${row}" spans="1:5"><c r="A${row}" s="1" ${shared(code)}<c r="B${row}" s="1" ${shared('Old gift card')}<c r="C${row}" s="1" ${shared('31.12.2039')}<c r="D${row}"><v>${(index % 500) + 0.5}</v></c><c r="E${row}"><v>19</v></c></row>`
  })
  const parts = unzipSync(createTemplate('en'))
  parts['xl/worksheets/sheet1.xml'] = strToU8(
    `<worksheet><sheetData><row r="1"/>${rows.join('')}</sheetData></worksheet>`,
  )
  parts['xl/sharedStrings.xml'] = strToU8(
    `<sst>${strings.map((text) => `<si><t>${text}</t></si>`).join('')}</sst>`,
  )
  parts['xl/_rels/workbook.xml.rels'] = strToU8(
    '<Relationships><Relationship Id="rId1" Type="x/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="x/styles" Target="styles.xml"/><Relationship Id="rId3" Type="x/sharedStrings" Target="sharedStrings.xml"/></Relationships>',
  )
  return Buffer.from(zipSync(parts))
}

function seconds(since: number): string {
  return ((performance.now() - since) / 1_000).toFixed(2)
}

function mib(bytes: number): string {
  return (bytes / 1024 / 1024).toFixed(0)
}
