import type { StoreUser } from '../../../services/lightspeed-store.ts'
import { element, type Markup, textElement } from '../../../wire/xml.ts'
import { OnSiteError } from '../errors.ts'
import type { FilterFields } from '../filter.ts'
import { decodeList, listAnswer, orderOf } from '../list.ts'
import { type Call, type Resources, xml } from '../shell.ts'
import { type BaseUri, formatBoolean } from '../wire.ts'

const FILTER: FilterFields = {
  id: { kind: 'integer', field: 'id' },
  username: { kind: 'string', field: 'username' },
  enabled: { kind: 'boolean', field: 'enabled' },
  active: { kind: 'boolean', field: 'active' },
  hidden: { kind: 'boolean', field: 'hidden' },
}
const FIELDS = { filter: FILTER, order: orderOf(FILTER) }

/** `users`: who may log in at this store (specs/lightspeed-onsite.md 9.4). */
export const users: Resources = {
  users: { GET: list },
  'users/:id': { GET: retrieve },
}

async function list(call: Call) {
  const wish = decodeList(call.query, FIELDS, call.clock.zone)
  const { members, total } = await call.context.services.lightspeed.store.listUsers(
    call.caller.merchant,
    wish,
    { hidden: call.query.has('showall') },
  )
  const encoded = members.map((user) => encodeUser(call.base, user, false))
  return await listAnswer('users', encoded, { paged: wish.paged, total })
}

async function retrieve(call: Call) {
  const { store } = call.context.services.lightspeed
  const user = await store.findUser(call.caller.merchant, call.id())
  if (!user) throw new OnSiteError('server.not_found')
  return xml(200, encodeUser(call.base, user, true))
}

/** Clients look for a password and a PIN; both are always empty. */
const encodeUser = (base: BaseUri, user: StoreUser, full: boolean): Markup =>
  element('user', { uri: `${base}users/${user.id}/`, id: user.id, full_render: full }, [
    textElement('username', user.username),
    element('password'),
    element('pin'),
    element('name', {}, [textElement('first', user.firstName), textElement('last', user.lastName)]),
    textElement('email', user.email),
    textElement('enabled', formatBoolean(user.active)),
    textElement('hidden', formatBoolean(user.hidden)),
    textElement('active', formatBoolean(user.active)),
  ])
