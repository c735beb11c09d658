import { createHash, createHmac } from 'node:crypto'
import {
  type Access,
  type Candidate,
  countSeatsTaken,
  deleteSession,
  insertSession,
  lockSeats,
  pruneSessions,
  readCandidates,
  touchSession,
} from '../commerce/lightspeed-sessions.ts'
import { transact } from '../db/transact.ts'
import { refuse } from '../errors.ts'
import type { Instant } from '../money/instant.ts'
import type { Deps } from './deps.ts'
import type { Merchant, Merchants } from './merchants.ts'
import { NO_PASSWORD, verifyPassword } from './passwords.ts'

/** What a request brings along to say who is calling (specs/lightspeed-onsite.md 2.1). */
export type Claim = {
  readonly appId: string
  readonly privateId: string
  /** Absent without an `Authorization` header; `unreadable` if it holds no name and password. */
  readonly basic:
    | { readonly username: string; readonly password: string }
    | 'unreadable'
    | undefined
  /** Values that may be those of a session, in the order they came. */
  readonly cookies: readonly string[]
}

/** Who is calling, through which application, for which store. */
export type Caller = {
  readonly merchant: Merchant
  readonly userId: bigint
  readonly appId: string
  readonly access: Access
  readonly generatesSerials: boolean
  readonly seats: number
  readonly idle: Instant
  /** The session that the caller's cookie names; undefined if there is none to go on with. */
  readonly session: Buffer | undefined
}

export type LoginRefusal = 'unknown_application' | 'invalid_credentials'

/** How the time of last use is kept: written again only when it is older than this part of `idle`. */
const TOUCHES_PER_IDLE = 360n
/** Passwords being verified at once; each takes a processor for some 30 ms. */
const VERIFYING_MAX = 64
/** Passwords that were right before are known by a keyed digest, for so many users. */
const KNOWN_MAX = 1_000
const COOKIE_BYTES = 32

export type LoginOptions = {
  /** Sessions of one store at most; of more, those unused for longest are dropped. */
  readonly sessionsMax?: number
}

/** Logins and their sessions, which live in the database so that every server process knows them. */
export function createLightspeedLogin(
  { db, now, randomBytes }: Pick<Deps, 'db' | 'now' | 'randomBytes'>,
  merchants: Pick<Merchants, 'findById'>,
  { sessionsMax = 10_000 }: LoginOptions = {},
) {
  const knownKey = randomBytes(32)
  const known = new Set<string>()
  let verifying = 0
  let logins = 0

  async function isPassword(stored: string, password: string): Promise<boolean> {
    const digest = createHmac('sha256', knownKey).update(`${stored} ${password}`).digest('base64')
    if (known.has(digest)) return true
    if (verifying >= VERIFYING_MAX) refuse({ code: 'overloaded' })
    verifying += 1
    try {
      const right = await verifyPassword(stored, password)
      if (known.size >= KNOWN_MAX) known.clear()
      if (right) known.add(digest)
      return right
    } finally {
      verifying -= 1
    }
  }

  /** Judges a claim; nothing is opened or written but the time of last use. */
  async function identify(claim: Claim): Promise<Caller | LoginRefusal> {
    const { appId, privateId, basic, cookies } = claim
    if (appId === '' || privateId === '' || appId.includes('\0')) return 'unknown_application'
    const named = typeof basic === 'object' && !basic.username.includes('\0')
    const candidates = await readCandidates(db, {
      appId,
      privateHash: digestOf(privateId),
      username: named ? basic.username : undefined,
      sessions: cookies.map(digestOf),
    })
    if (candidates.length === 0) return 'unknown_application'
    if (basic !== undefined && !named) return 'invalid_credentials'
    const at = now()
    const live = candidates.find((candidate) => isLive(candidate, appId, at))
    const found = named ? candidates.find(({ userId }) => userId !== null) : live
    if (named) {
      const right = await isPassword(found?.passwordHash ?? NO_PASSWORD, basic.password)
      if (!right) return 'invalid_credentials'
    }
    if (!found?.active || found.userId === null) return 'invalid_credentials'
    const merchant = await merchants.findById(found.merchantId)
    if (!merchant) return 'invalid_credentials'
    // A session of somebody else is none of the caller's.
    const own =
      live && live.merchantId === found.merchantId && live.sessionUserId === found.userId
        ? live
        : undefined
    if (own?.session && own.usedAt !== null && own.usedAt + own.idle / TOUCHES_PER_IDLE <= at)
      await touchSession(db, own.merchantId, own.session, at)
    return {
      merchant,
      userId: found.userId,
      appId,
      access: found.access,
      generatesSerials: found.generatesSerials,
      seats: found.seats,
      idle: found.idle,
      session: own?.session ?? undefined,
    }
  }

  /** Opens a session and returns its cookie's value, or undefined if no seat is free. */
  async function open(caller: Caller): Promise<string | undefined> {
    const cookie = randomBytes(COOKIE_BYTES).toString('base64url')
    const { merchant, userId, appId, access, idle } = caller
    const draft = { merchantId: merchant.id, tokenHash: digestOf(cookie), userId, appId, access }
    const opened =
      caller.seats > 0 && access === 'readwrite'
        ? await transact(db, async (tx) => {
            const at = now()
            const seats = await lockSeats(tx, merchant.id)
            if (seats > 0 && (await countSeatsTaken(tx, merchant.id, at - idle)) >= seats)
              return false
            await insertSession(tx, draft, at)
            return true
          })
        : await insertSession(db, draft, now()).then(() => true)
    if (!opened) return undefined
    logins += 1
    // Not at every login: what is over does no harm, it only takes room.
    if (logins % Math.ceil(sessionsMax / 100) === 0)
      await pruneSessions(db, merchant.id, now() - idle, sessionsMax)
    return cookie
  }

  /** Ends a session; its seat is free at once. */
  async function close({ merchant, session }: Caller): Promise<void> {
    if (session) await deleteSession(db, merchant.id, session)
  }

  return { identify, open, close }
}

const isLive = (
  { session, sessionAppId, usedAt, idle }: Candidate,
  appId: string,
  at: Instant,
): boolean => session !== null && sessionAppId === appId && usedAt !== null && usedAt + idle > at

const digestOf = (secret: string): Buffer => createHash('sha256').update(secret).digest()
