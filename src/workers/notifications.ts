import { type Instant, MICROS_PER_SECOND } from '../money/instant.ts'
import type { Deps } from '../services/deps.ts'
import { every, type Worker } from './every.ts'
import { postJson, signatureHeaders } from './webhook-post.ts'

/** How long after each failed attempt the next one is made; then it is given up (12.1). */
const RETRY_SECONDS = [5, 30, 60, 300, 1_200, 3_600, 14_400, 21_600, 43_200, 43_200, 86_400]
/** Notifications of one webhook that are taken at once. */
const BATCH = 20
/** What is taken is kept from others for this long, and longer while it is being sent. */
const LEASE: Instant = 60n * MICROS_PER_SECOND
const RENEW_AFTER: Instant = 15n * MICROS_PER_SECOND
/** Where nobody answers, what waits behind is not even tried before this. */
const PAUSE: Instant = 5n * MICROS_PER_SECOND

type Hook = { readonly merchantId: bigint; readonly id: bigint }

type Due = {
  readonly id: bigint
  readonly url: string
  readonly secret: string | null
  readonly action: string
  readonly cardId: bigint
  readonly actingMerchantId: bigint | null
  readonly attempts: number
}

/** Delivers what the outbox holds. */
export type Courier = {
  /** Begins to serve every webhook that has something due and is not being served. */
  readonly dispatch: () => Promise<void>
  /** Resolves when nothing is under way. */
  readonly settle: () => Promise<void>
  /** Cuts off what is under way and puts it back, for the next process to send. */
  readonly stop: () => Promise<void>
}

/** Looks for due notifications every second, until it is stopped. */
export function startNotifications(deps: Pick<Deps, 'db' | 'now' | 'log'>): Worker {
  const courier = createCourier(deps)
  const worker = every(1, 'notifications', deps.log, courier.dispatch)
  return {
    stop: async () => {
      await Promise.all([worker.stop(), courier.stop()])
    },
  }
}

/**
 * Sends due notifications at least once each; those of one webhook one after another, oldest first. A
 * webhook that is slow or dead keeps nobody but itself waiting.
 */
export function createCourier({ db, now, log }: Pick<Deps, 'db' | 'now' | 'log'>): Courier {
  const serving = new Map<bigint, Promise<void>>()
  const stopping = new AbortController()

  async function dispatch(): Promise<void> {
    if (stopping.signal.aborted) return
    const hooks = await db<Hook[]>`
      select distinct n.merchant_id as "merchantId", n.webhook_id as id
      from notifications n join webhooks w on w.merchant_id = n.merchant_id and w.id = n.webhook_id
      where n.due_at <= ${now()}::timestamptz and w.active`
    for (const hook of hooks) {
      if (serving.has(hook.id) || stopping.signal.aborted) continue
      const served = serve(hook)
        .catch((error: unknown) => {
          log.warn({ err: error, webhook: Number(hook.id) }, 'a webhook could not be served')
        })
        .finally(() => serving.delete(hook.id))
      serving.set(hook.id, served)
    }
  }

  async function serve(hook: Hook): Promise<void> {
    for (;;) {
      const batch = await take(hook)
      if (batch.length === 0) return
      let leased = now()
      for (const [index, notification] of batch.entries()) {
        const rest = batch.slice(index + 1)
        if (now() - leased > RENEW_AFTER) {
          leased = now()
          await postpone(hook, [notification, ...rest], leased + LEASE)
        }
        const status = await send(hook, notification)
        if (status === undefined && stopping.signal.aborted)
          return await postpone(hook, [notification, ...rest], now())
        await settleOne(hook, notification, status)
        if (status === 410) return
        if (status === undefined) return await postpone(hook, rest, now() + PAUSE)
      }
    }
  }

  const take = async ({ merchantId, id }: Hook): Promise<readonly Due[]> => {
    const at = now()
    const due = await db<Due[]>`
      update notifications n set due_at = ${at + LEASE}::timestamptz
      from webhooks w
      where n.merchant_id = ${merchantId} and w.merchant_id = n.merchant_id and w.id = n.webhook_id
        and w.active and n.id in (
          select id from notifications
          where merchant_id = ${merchantId} and webhook_id = ${id} and due_at <= ${at}::timestamptz
          order by id limit ${BATCH} for update skip locked)
      returning n.id, w.url, w.secret, n.action, n.card_id as "cardId",
        n.acting_merchant_id as "actingMerchantId", n.attempts`
    return due.toSorted((a, b) => Number(a.id - b.id))
  }

  const postpone = async (hook: Hook, list: readonly Due[], until: Instant): Promise<void> => {
    if (list.length === 0) return
    await db`
      update notifications set due_at = ${until}::timestamptz
      where merchant_id = ${hook.merchantId} and id = any(${list.map(({ id }) => id)}::int8[])`
  }

  async function send({ merchantId }: Hook, due: Due): Promise<number | undefined> {
    const body = await bodyOf(merchantId, due)
    const seconds = now() / MICROS_PER_SECOND
    const headers = signatureHeaders(due.secret ?? undefined, due.id.toString(), seconds, body)
    return await postJson(due.url, body, headers, stopping.signal)
  }

  async function settleOne(
    { merchantId, id: webhookId }: Hook,
    { id, attempts }: Due,
    status: number | undefined,
  ): Promise<void> {
    const delay = RETRY_SECONDS[attempts]
    const delivered = status !== undefined && status >= 200 && status < 300
    if (status === 410) {
      await db`update webhooks set active = false where merchant_id = ${merchantId} and id = ${webhookId}`
      await db`delete from notifications where merchant_id = ${merchantId} and webhook_id = ${webhookId}`
    } else if (delivered || delay === undefined) {
      if (!delivered) log.warn({ notification: Number(id) }, 'a notification was given up')
      await db`delete from notifications where merchant_id = ${merchantId} and id = ${id}`
    } else {
      await db`
        update notifications set attempts = attempts + 1,
          due_at = ${now() + BigInt(delay) * MICROS_PER_SECOND}::timestamptz
        where merchant_id = ${merchantId} and id = ${id}`
    }
  }

  /** No amounts and no codes: receivers fetch those through the API (specs/pretix-giftcards.md 12.1). */
  async function bodyOf(merchantId: bigint, due: Due): Promise<string> {
    const acting = due.actingMerchantId
    const rows = await db<{ id: bigint; slug: string }[]>`
      select id, slug from merchants where id = any(${[merchantId, acting ?? merchantId]}::int8[])`
    const slug = (wanted: bigint) => rows.find(({ id }) => id === wanted)?.slug
    return JSON.stringify({
      notification_id: Number(due.id),
      issuer_id: Number(merchantId),
      issuer_slug: slug(merchantId),
      ...(acting === null ? {} : { acceptor_id: Number(acting), acceptor_slug: slug(acting) }),
      giftcard: Number(due.cardId),
      action: due.action,
    })
  }

  const settle = async (): Promise<void> => {
    while (serving.size > 0) await Promise.all(serving.values())
  }
  return {
    dispatch,
    settle,
    stop: async () => {
      stopping.abort()
      await settle()
    },
  }
}
