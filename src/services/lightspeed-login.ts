import { hash } from 'node:crypto'
import {
  type Access,
  type Application,
  countSeatsTaken,
  deleteSession,
  findMember,
  findSession,
  insertSession,
  isApplicationKnown,
  lockSeats,
  type Member,
  pruneSessions,
  type Session,
  touchSession,
  type Whom,
} from '../commerce/lightspeed-sessions.ts'
import { transact } from '../db/transact.ts'
import { refuse } from '../errors.ts'
import type { Instant } from '../money/instant.ts'
import { createCoalesced } from './coalesced.ts'
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
  /** What cards refer to that have no product of their own. */
  readonly defaultProductId: bigint | undefined
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
/** Users remembered with what their store says of them. */
const MEMBERS_MAX = 10_000
/** A cookie's value is this many characters of chance, then the merchant's id in base 36. */
const CHANCE_BYTES = 32
const COOKIE = /^([A-Za-z0-9_-]{43})([0-9a-z]{1,13})$/

export type LoginOptions = {
  /** Sessions of one store at most; of more, those unused for longest are dropped. */
  readonly sessionsMax?: number
}

type Basic = { readonly username: string; readonly password: string }
type Login = Session & { readonly merchantId: bigint; readonly tokenHash: Buffer }
type Found = { readonly member: Member; readonly merchant: Merchant }
type Identity = Found & { readonly login: Login | undefined }

/** Logins and their sessions, which live in the database so that every server process knows them. */
export function createLightspeedLogin(
  { db, now, randomBytes }: Pick<Deps, 'db' | 'now' | 'randomBytes'>,
  merchants: Pick<Merchants, 'findById'>,
  { sessionsMax = 10_000 }: LoginOptions = {},
) {
  // What was seen before is known by a digest under a key of this process, never by its secrets.
  const key = randomBytes(32).toString('base64')
  const digest = (...secrets: readonly string[]): string =>
    hash('sha256', JSON.stringify([key, ...secrets]), 'base64')
  const known = new Set<string>()
  const members = new Map<string, Found>()
  const recent = new Map<string, Found>()
  const readSession = createCoalesced<Session | undefined>()
  let verifying = 0
  let logins = 0

  async function isPassword(stored: string, password: string): Promise<boolean> {
    const seen = digest(stored, password)
    if (known.has(seen)) return true
    if (verifying >= VERIFYING_MAX) refuse({ code: 'overloaded' })
    verifying += 1
    try {
      const right = await verifyPassword(stored, password)
      if (known.size >= KNOWN_MAX) known.clear()
      if (right) known.add(seen)
      return right
    } finally {
      verifying -= 1
    }
  }

  /**
   * What was read of a user is believed as long as the merchant is: a world that is applied makes every
   * process forget its merchants, and with them this.
   */
  async function believed(found: Found | undefined): Promise<Found | undefined> {
    if (!found) return undefined
    return (await merchants.findById(found.merchant.id)) === found.merchant ? found : undefined
  }

  function remember(cache: Map<string, Found>, seen: string, found: Found): Found {
    if (cache.size >= MEMBERS_MAX) cache.clear()
    cache.set(seen, found)
    return found
  }

  /** A user of the application's stores. */
  async function findUser(application: Application, whom: Whom): Promise<Found | undefined> {
    const { appId, privateHash } = application
    const name = 'username' in whom ? `name ${whom.username}` : `id ${whom.userId}`
    const seen = JSON.stringify([appId, privateHash.toString('base64'), name])
    const hit = await believed(members.get(seen))
    if (hit) return hit
    const member = await findMember(db, application, whom)
    const merchant = member && (await merchants.findById(member.merchantId))
    return member && merchant && remember(members, seen, { member, merchant })
  }

  /** The sessions of this application that the cookies name, whether or not they are over. */
  async function findLogins(
    cookies: readonly string[],
    appId: string,
    merchantId?: bigint,
  ): Promise<Login[]> {
    const found: Login[] = []
    for (const cookie of cookies) {
      const [, , suffix] = COOKIE.exec(cookie) ?? []
      const issuer = suffix === undefined ? undefined : readBase36(suffix)
      if (issuer === undefined || (merchantId !== undefined && issuer !== merchantId)) continue
      const tokenHash = digestOf(cookie)
      const session = await readSession(cookie, () => findSession(db, issuer, tokenHash))
      if (session?.appId === appId) found.push({ ...session, merchantId: issuer, tokenHash })
    }
    return found
  }

  /** Who an application, a name and a password belong to. */
  async function findByPassword(
    { appId, privateId }: Claim,
    { username, password }: Basic,
  ): Promise<Found | undefined> {
    const seen = digest(appId, privateId, username, password)
    const hit = await believed(recent.get(seen))
    if (hit) return hit
    const application = { appId, privateHash: digestOf(privateId) }
    const found = await findUser(application, { username })
    // A password is costly to judge, and for an unknown application it decides nothing.
    if (!found && !(await isApplicationKnown(db, application))) return undefined
    const isRight = await isPassword(found?.member.passwordHash ?? NO_PASSWORD, password)
    return isRight && found ? remember(recent, seen, found) : undefined
  }

  /** The same, with the session to go on with if one of theirs is live. */
  async function byPassword(claim: Claim, basic: Basic): Promise<Identity | undefined> {
    const found = await findByPassword(claim, basic)
    if (!found) return undefined
    const logins = await findLogins(claim.cookies, claim.appId, found.merchant.id)
    return { ...found, login: logins.find((login) => isLive(login, found, now())) }
  }

  /** Whose live session the cookies name. */
  async function byCookie({ appId, privateId, cookies }: Claim): Promise<Identity | undefined> {
    for (const login of await findLogins(cookies, appId)) {
      const application = { appId, privateHash: digestOf(privateId) }
      const found = await findUser(application, { userId: login.userId })
      if (found && isLive(login, found, now())) return { ...found, login }
    }
    return undefined
  }

  async function identityOf(claim: Claim): Promise<Identity | undefined> {
    const { basic } = claim
    if (basic === undefined) return await byCookie(claim)
    // PostgreSQL has no NUL, so no name of ours has one.
    if (basic === 'unreadable' || basic.username.includes('\0')) return undefined
    return await byPassword(claim, basic)
  }

  /** Judges a claim; nothing is opened or written but the time of last use. */
  async function identify(claim: Claim): Promise<Caller | LoginRefusal> {
    const { appId, privateId } = claim
    if (appId === '' || privateId === '' || appId.includes('\0')) return 'unknown_application'
    const identity = await identityOf(claim)
    if (!identity) {
      const isKnown = await isApplicationKnown(db, { appId, privateHash: digestOf(privateId) })
      return isKnown ? 'invalid_credentials' : 'unknown_application'
    }
    const { member, merchant, login } = identity
    if (!member.active) return 'invalid_credentials'
    const at = now()
    if (login && login.usedAt + member.idle / TOUCHES_PER_IDLE <= at)
      await touchSession(db, merchant.id, login.tokenHash, at)
    const { userId, access, generatesSerials, seats, idle } = member
    return {
      ...{ merchant, userId, appId, access, generatesSerials, seats, idle },
      defaultProductId: member.defaultProductId ?? undefined,
      session: login?.tokenHash,
    }
  }

  /** Opens a session and returns its cookie's value, or undefined if no seat is free. */
  async function open(caller: Caller): Promise<string | undefined> {
    const { merchant, userId, appId, access, idle } = caller
    const chance = randomBytes(CHANCE_BYTES).toString('base64url')
    // The merchant's id, so that a cookie alone leads to its row whoever else uses the application.
    const cookie = chance + merchant.id.toString(36)
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

/** Whether a session is that user's and has been used lately. */
const isLive = (login: Login, { member, merchant }: Found, at: Instant): boolean =>
  login.merchantId === merchant.id &&
  login.userId === member.userId &&
  login.usedAt + member.idle > at

/** Up to thirteen digits of base 36; undefined beyond what an id can be. */
function readBase36(text: string): bigint | undefined {
  let value = 0n
  for (const digit of text) value = value * 36n + BigInt(Number.parseInt(digit, 36))
  return value < 2n ** 63n ? value : undefined
}

const digestOf = (secret: string): Buffer => hash('sha256', secret, 'buffer')
