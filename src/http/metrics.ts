import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

export type Metrics = {
  readonly contentType: string
  /** All of it as text; whoever asks again within a moment gets the same, because anybody may ask. */
  readonly read: () => Promise<string>
  readonly request: (protocol: string, method: string, status: number, seconds: number) => void
  readonly batch: (size: number, seconds: number) => void
}

const READ_MS_MIN = 200

/** Prometheus metrics. Labels are protocol, method and status only: nothing a caller sent. */
export function createMetrics(sources: {
  readonly queued: () => number
  readonly poolInUse: () => number
  readonly poolMax: number
}): Metrics {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  // Counted here and handed over when somebody looks: the library spells out its labels at each count.
  const answered = new Map<
    string,
    { readonly labels: Record<'protocol' | 'method' | 'status', string>; count: number }
  >()
  new Counter({
    name: 'scrip_http_requests_total',
    help: 'Requests answered, by protocol, method and status.',
    labelNames: ['protocol', 'method', 'status'] as const,
    registers,
    collect() {
      this.reset()
      for (const { labels, count } of answered.values()) this.inc(labels, count)
    },
  })
  const duration = new Histogram({
    name: 'scrip_http_request_seconds',
    help: 'Time from the first byte of a request to the last of its answer.',
    labelNames: ['protocol'] as const,
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5],
    registers,
  })
  const sizes = new Histogram({
    name: 'scrip_commit_batch_size',
    help: 'Commands that shared one commit.',
    buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256],
    registers,
  })
  const commits = new Histogram({
    name: 'scrip_commit_seconds',
    help: 'Time of one group commit, from its first statement to durable.',
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5],
    registers,
  })
  new Gauge({
    name: 'scrip_commit_queue_length',
    help: 'Commands waiting for a group commit or in one.',
    registers,
    collect() {
      this.set(sources.queued())
    },
  })
  new Gauge({
    name: 'scrip_database_connections_in_use',
    help: 'Connections of this process that are at work or in a transaction.',
    registers,
    collect() {
      this.set(sources.poolInUse())
    },
  })
  new Gauge({
    name: 'scrip_database_connections_max',
    help: 'Connections this process may open.',
    registers,
  }).set(sources.poolMax)
  let read: { readonly at: number; readonly text: Promise<string> } | undefined
  return {
    contentType: registry.contentType,
    read: () => {
      const at = performance.now()
      if (!read || at - read.at > READ_MS_MIN) read = { at, text: registry.metrics() }
      return read.text
    },
    request: (protocol, method, status, seconds) => {
      const name = `${protocol} ${method} ${status}`
      const known = answered.get(name)
      if (known) known.count += 1
      else answered.set(name, { labels: { protocol, method, status: String(status) }, count: 1 })
      duration.observe({ protocol }, seconds)
    },
    batch: (size, seconds) => {
      sizes.observe(size)
      commits.observe(seconds)
    },
  }
}
