import { lookup } from 'node:dns/promises'
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { BlockList, isIP } from 'node:net'
import { type Instant, MICROS_PER_SECOND } from '../money/instant.ts'
import type { Deps } from '../services/deps.ts'

/** How long after each failed attempt the next one is made; then it is given up (12.1). */
const RETRY_SECONDS = [5, 30, 60, 300, 1_200, 3_600, 14_400, 21_600, 43_200, 43_200, 86_400]
const TIMEOUT_MS = 30_000
/** Notifications of one merchant sent in one run; a lease of this length keeps others off them. */
const BATCH = 20
const LEASE_SECONDS = 60n
const ANSWER_BYTES_MAX = 64 * 1024

type Due = {
  readonly id: bigint
  readonly webhook_id: bigint
  readonly url: string
  readonly action: string
  readonly card_id: bigint
  readonly acting_merchant_id: bigint | null
  readonly attempts: number
}

/** Sends due notifications, at least once each, oldest first; those of one webhook one after another. */
export const deliverNotifications =
  ({ db, now, log }: Pick<Deps, 'db' | 'now' | 'log'>) =>
  async (): Promise<void> => {
    const merchants = await db<
      { merchant_id: bigint }[]
    >`select distinct merchant_id from webhooks where active`
    await Promise.all(merchants.map(({ merchant_id }) => deliverFor(merchant_id)))

    async function deliverFor(merchantId: bigint): Promise<void> {
      const at = now()
      const due = await db<Due[]>`
        update notifications n set due_at = ${at + LEASE_SECONDS * MICROS_PER_SECOND}::timestamptz
        from webhooks w
        where n.merchant_id = ${merchantId} and w.merchant_id = n.merchant_id and w.id = n.webhook_id
          and n.id in (
            select id from notifications
            where merchant_id = ${merchantId} and due_at <= ${at}::timestamptz
            order by due_at, id limit ${BATCH} for update skip locked)
        returning n.id, n.webhook_id, w.url, n.action, n.card_id, n.acting_merchant_id, n.attempts`
      const byHook = Map.groupBy(
        [...due].sort((a, b) => Number(a.id - b.id)),
        ({ webhook_id }) => webhook_id,
      )
      await Promise.all([...byHook.values()].map((list) => deliverInOrder(merchantId, list)))
    }

    async function deliverInOrder(merchantId: bigint, list: readonly Due[]): Promise<void> {
      for (const notification of list) {
        const status = await post(notification.url, await bodyOf(merchantId, notification))
        await settle(merchantId, notification, status)
      }
    }

    async function settle(
      merchantId: bigint,
      { id, webhook_id, attempts }: Due,
      status: number | undefined,
    ) {
      const delay = RETRY_SECONDS[attempts]
      const delivered = status !== undefined && status >= 200 && status < 300
      if (status === 410) {
        await db`update webhooks set active = false where merchant_id = ${merchantId} and id = ${webhook_id}`
        await db`delete from notifications where merchant_id = ${merchantId} and webhook_id = ${webhook_id}`
      } else if (delivered || delay === undefined) {
        if (!delivered) log.warn({ notification: Number(id) }, 'a notification was given up')
        await db`delete from notifications where merchant_id = ${merchantId} and id = ${id}`
      } else {
        const next: Instant = now() + BigInt(delay) * MICROS_PER_SECOND
        await db`
          update notifications set attempts = attempts + 1, due_at = ${next}::timestamptz
          where merchant_id = ${merchantId} and id = ${id}`
      }
    }

    /** No amounts and no codes: receivers fetch those through the API (specs/pretix-giftcards.md 12.1). */
    async function bodyOf(merchantId: bigint, notification: Due): Promise<string> {
      const acting = notification.acting_merchant_id
      const ids = acting === null ? [merchantId] : [merchantId, acting]
      const rows = await db<
        { id: bigint; slug: string }[]
      >`select id, slug from merchants where id = any(${ids})`
      const slug = (wanted: bigint) => rows.find(({ id }) => id === wanted)?.slug
      return JSON.stringify({
        notification_id: Number(notification.id),
        issuer_id: Number(merchantId),
        issuer_slug: slug(merchantId),
        ...(acting === null ? {} : { acceptor_id: Number(acting), acceptor_slug: slug(acting) }),
        giftcard: Number(notification.card_id),
        action: notification.action,
      })
    }
  }

/** Where no webhook may go: this machine's network is not the sender's to reach (design.md section 7). */
const privateRanges = new BlockList()
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 3],
] as const)
  privateRanges.addSubnet(network, prefix)
for (const [network, prefix] of [
  ['::', 128],
  ['64:ff9b::', 96],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
] as const)
  privateRanges.addSubnet(network, prefix, 'ipv6')

/** The address to connect to, pinned for this attempt; undefined if it is private. */
async function resolveTarget(
  hostname: string,
): Promise<{ address: string; family: number } | undefined> {
  const host = hostname.replace(/^\[|\]$/g, '')
  const { address, family } = isIP(host)
    ? { address: host, family: isIP(host) }
    : await lookup(host)
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1]
  const [judged, kind] = mapped
    ? [mapped, 'ipv4' as const]
    : [address, family === 6 ? ('ipv6' as const) : ('ipv4' as const)]
  return privateRanges.check(judged, kind) ? undefined : { address, family }
}

/** One POST; the status, or undefined when there was none. Redirects are not followed. */
async function post(url: string, body: string): Promise<number | undefined> {
  try {
    const target = new URL(url)
    const resolved = await resolveTarget(target.hostname)
    if (!resolved) return undefined
    const send = target.protocol === 'https:' ? httpsRequest : httpRequest
    return await new Promise((resolve, reject) => {
      const outgoing = send(
        target,
        {
          method: 'POST',
          headers: {
            'content-type': 'application/json',
            'content-length': Buffer.byteLength(body),
          },
          // The name was resolved and judged once; it must not resolve to something else now.
          lookup: (_host, options, done) =>
            options.all
              ? done(null, [resolved])
              : (done as (error: null, address: string, family: number) => void)(
                  null,
                  resolved.address,
                  resolved.family,
                ),
          signal: AbortSignal.timeout(TIMEOUT_MS),
        },
        (answer) => {
          let read = 0
          answer.on('data', (chunk: Buffer) => {
            read += chunk.length
            if (read > ANSWER_BYTES_MAX) answer.destroy()
          })
          answer.on('close', () => resolve(answer.statusCode))
          answer.on('error', () => resolve(answer.statusCode))
        },
      )
      outgoing.on('error', reject)
      outgoing.end(body)
    })
  } catch {
    return undefined
  }
}
