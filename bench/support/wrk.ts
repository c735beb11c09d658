import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** One request of a load; wrk sends them in random order. */
export type LoadRequest = {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

export type LoadOptions = {
  readonly connections: number
  readonly seconds: number
}

export type LoadResult = {
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** Answers that were not 2xx, and connections that broke. */
  readonly errors: number
}

/** Sends requests as fast as they are answered, with Debian's `wrk`. */
export async function runLoad(
  url: string,
  requests: readonly LoadRequest[],
  { connections, seconds }: LoadOptions,
): Promise<LoadResult> {
  const folder = await mkdtemp(join(tmpdir(), 'scrip-wrk-'))
  try {
    const script = join(folder, 'load.lua')
    await writeFile(script, luaOf(requests))
    const { stdout } = await run('wrk', [
      ...['-t', connections > 1 ? '2' : '1', '-c', String(connections), '-d', `${seconds}s`],
      ...['--timeout', '30s', '-s', script, url],
    ])
    const line = stdout.split('\n').find((text) => text.startsWith('RESULT '))
    if (!line) throw new Error(`wrk said nothing: ${stdout}`)
    return JSON.parse(line.slice('RESULT '.length)) as LoadResult // Printed by the script below.
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const luaString = (text: string): string =>
  JSON.stringify(text).replace(/\\u([0-9a-f]{4})/g, '\\\\u$1')

function luaOf(requests: readonly LoadRequest[]): string {
  const list = requests
    .map(({ method, path, headers, body }) => {
      const fields = Object.entries(headers).map(
        ([key, value]) => `[${luaString(key)}]=${luaString(value)}`,
      )
      return `{${luaString(method)},${luaString(path)},{${fields.join(',')}},${body === undefined ? 'nil' : luaString(body)}}`
    })
    .join(',\n')
  return `
local sources = {
${list}
}
local ready = {}
local seed = 0
function setup(thread) seed = seed + 7919; thread:set('seed_of_thread', seed) end
function init(args)
  math.randomseed(os.time() + (seed_of_thread or 0))
  for i, s in ipairs(sources) do ready[i] = wrk.format(s[1], s[2], s[3], s[4]) end
end
function request() return ready[math.random(#ready)] end
function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format('RESULT {"perSecond":%.1f,"p50Ms":%.3f,"p99Ms":%.3f,"errors":%d}\\n',
    summary.requests / (summary.duration / 1e6), latency:percentile(50) / 1000, latency:percentile(99) / 1000,
    e.connect + e.read + e.write + e.status + e.timeout))
end
`
}
