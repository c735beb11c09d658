import { encodeId } from '../../src/dialects/foodics/ids.ts'
import { element, textElement, xmlDocument } from '../../src/wire/xml.ts'
import { createClient, type Received } from '../support/app.ts'
import type { Json } from '../support/inventorum.ts'
import {
  basic,
  createOnSite,
  idsOf,
  type OnSiteAnswer,
  textAt,
  WRITER,
} from '../support/lightspeed.ts'
import type { Held, Store } from './market.ts'
import type { Protocol, Said } from './suite.ts'

const said = ({ status, text }: Received | OnSiteAnswer): Said => ({ status, text })
const jsonOf = ({ json }: Received): Json => json

/** pretix gift cards, by `transact`. */
export const pretix: Protocol = {
  issue: async ({ pretix }, secret, value) =>
    said(await pretix.send('POST', '/giftcards/', { json: { secret, value, currency: 'EUR' } })),
  look: async ({ pretix }, code) => {
    const list = await pretix.send('GET', `/giftcards/?secret=${encodeURIComponent(code)}`)
    // The filter strips blanks and ignores case.
    return jsonOf(list).results.find(({ secret }: Json) => secret === code)?.value
  },
  redeem: (store, card, amount) => transact(store, card, `-${amount}`),
  load: (store, card, amount) => transact(store, card, amount),
  giveBack: (store, card, amount) => transact(store, card, amount),
  unsupported: {
    hold: {
      reason: 'the protocol has no reservation',
      probe: async ({ pretix }, { id }) =>
        said(await pretix.send('POST', `/giftcards/${id}/hold/`, { json: { value: '1.00' } })),
      status: 404,
    },
    block: {
      reason: 'a gift card can neither be deactivated nor deleted',
      probe: async ({ pretix }, { id }) => said(await pretix.send('DELETE', `/giftcards/${id}/`)),
      status: 405,
    },
  },
  refusals: {
    overdraft: { status: 409, says: 'does not have sufficient credit' },
    blocked: { status: 409, says: '{"value":["The gift card is not active."]}' },
    expired: 'books',
    unknown: { status: 404, says: 'No GiftCard matches the given query.' },
    taken: { status: 400, says: 'A gift card with the same secret already exists' },
  },
  seesAll: true,
  oddCodes: ['0.-', 'a--..B', `Z${'9'.repeat(189)}`],
  knock: async ({ slug, http }, headers) =>
    said(await createClient(http, headers).send('GET', `/api/v1/organizers/${slug}/giftcards/`)),
  strangers: ({ tokens }) => ({
    'no credentials': {},
    'an unknown token': { authorization: 'Token nobody-0123456789abcdef' },
    'a token of Foodics': { authorization: `Token ${tokens.foodics}` },
    'another scheme': { authorization: `Bearer ${tokens.pretix}` },
    'a token with other letter case': { authorization: `Token ${tokens.pretix.toUpperCase()}` },
  }),
}

const transact = async ({ pretix }: Store, { id }: Held, value: string): Promise<Said> =>
  said(await pretix.send('POST', `/giftcards/${id}/transact/`, { json: { value } }))

/** Foodics gift card transactions; cards are sold through orders. */
export const foodics: Protocol = {
  issue: async (store, code, value) => {
    const { foodicsProduct } = await store.goods()
    return said(
      await store.foodics.send('POST', '/v5/orders', {
        json: {
          type: 1,
          branch_id: 'b1',
          gift_card: { gift_card_product_id: foodicsProduct, amount: value, code },
        },
      }),
    )
  },
  look: async ({ foodics }, code) => {
    const answer = await foodics.send('GET', `/v5/gift_cards/${encodeURIComponent(code)}`)
    if (answer.status === 404) return undefined
    const [whole = '', decimals = ''] = String(jsonOf(answer).data.balance).split('.')
    return `${whole}.${decimals.padEnd(2, '0')}`
  },
  redeem: (store, card, amount) => book(store, card, `-${amount}`),
  load: (store, card, amount) => book(store, card, amount),
  giveBack: (store, card, amount) => book(store, card, amount),
  unsupported: {
    hold: {
      reason: 'the protocol has no reservation',
      probe: async ({ foodics }) =>
        said(await foodics.send('POST', '/v5/gift_card_holds', { json: { amount: 1 } })),
      status: 404,
    },
    block: {
      reason: 'a gift card can be looked at and nothing else',
      probe: async ({ foodics }, { code }) =>
        said(await foodics.send('DELETE', `/v5/gift_cards/${code}`)),
      status: 405,
    },
  },
  refusals: {
    overdraft: { status: 422, says: '"errors":{"amount":[' },
    blocked: { status: 422, says: '"errors":{"amount":[' },
    expired: { status: 422, says: '"errors":{"amount":[' },
    unknown: { status: 422, says: '"errors":{"gift_card_id":[' },
    taken: { status: 422, says: '"errors":{"gift_card.code":[' },
  },
  seesAll: false,
  oddCodes: ['%2F', 'a b?c=d&e#f+%', '"\\<>\'`{}|^~', 'x'.repeat(64)],
  knock: async ({ http }, headers) =>
    said(await createClient(http, headers).send('GET', '/v5/gift_cards/SECRET-1')),
  strangers: ({ tokens }) => ({
    'no credentials': {},
    'an unknown token': { authorization: 'Bearer nobody-0123456789abcdef' },
    'a token of pretix': { authorization: `Bearer ${tokens.pretix}` },
    'another scheme': { authorization: `Token ${tokens.foodics}` },
    'a scheme in small letters': { authorization: `bearer ${tokens.foodics}` },
  }),
}

async function book(store: Store, { id }: Held, amount: string): Promise<Said> {
  const { foodicsOrder } = await store.goods()
  return said(
    await store.foodics.send('POST', '/v5/gift_card_transactions', {
      json: { amount, gift_card_id: encodeId('card', id), order_id: foodicsOrder },
    }),
  )
}

const METHOD_UNKNOWN = { status: 405, says: 'server.method_not_allowed' }

/** LightSpeed OnSite: creates cards and shows them; value moves elsewhere. */
export const lightspeed: Protocol = {
  issue: async (store, code, value) =>
    said(
      await store.onSite.send('POST', '/api/gift_cards/', {
        body: xmlDocument(
          element('gift_card', {}, [
            element('product', { id: await store.giftProduct() }),
            textElement('serial_number', code),
            element('totals', {}, [textElement('credit', value)]),
          ]),
        ),
      }),
    ),
  look: async ({ onSite }, code) => {
    const quoted = `"${code.replace(/["\\]/g, '\\$&')}"`
    const filter = encodeURIComponent(`serialNumber == ${quoted}`)
    const [id] = idsOf(await onSite.send('GET', `/api/gift_cards/?filter=${filter}`))
    if (id === undefined) return undefined
    return textAt((await onSite.send('GET', `/api/gift_cards/${id}/`)).root, 'totals/credit')
  },
  unsupported: {
    redeem: {
      reason: 'cards are redeemed in the application, the API has no verb for it',
      probe: async ({ onSite }, { id }) =>
        said(await onSite.send('POST', `/api/gift_cards/${id}/`)),
      status: 405,
    },
    load: {
      reason: 'cards are recharged in the application, the API has no verb for it',
      probe: async ({ onSite }, { id }) => said(await onSite.send('PUT', `/api/gift_cards/${id}/`)),
      status: 405,
    },
    giveBack: {
      reason: 'history is read, never written',
      probe: async ({ onSite }, { id }) =>
        said(await onSite.send('POST', `/api/gift_cards/${id}/history/`)),
      status: 405,
    },
    hold: {
      reason: 'gift cards cannot be locked',
      probe: async ({ onSite }, { id }) =>
        said(await onSite.send('LOCK', `/api/gift_cards/${id}/`)),
      status: 405,
    },
    block: {
      reason: 'a card is active or not from the day it was made',
      probe: async ({ onSite }, { id }) =>
        said(await onSite.send('DELETE', `/api/gift_cards/${id}/`)),
      status: 405,
    },
  },
  refusals: {
    // Without redemptions nobody ever hears these.
    overdraft: METHOD_UNKNOWN,
    blocked: METHOD_UNKNOWN,
    expired: METHOD_UNKNOWN,
    unknown: { status: 404, says: 'server.not_found' },
    taken: { status: 406, says: 'gift_cards.duplicate_serial_number' },
  },
  seesAll: false,
  oddCodes: ['%2F', 'a/b?c=d&e#f+%', '"\\<>\'`{}|^~ & co', 'Grüße 😀', '00731', 'x'.repeat(64)],
  knock: async ({ http }, headers) =>
    said(await createOnSite(http, WRITER, undefined).send('GET', '/api/gift_cards/', { headers })),
  strangers: ({ slug }) => {
    const right = basic({ username: `mara-${slug}`, password: 'oolong' })
    return {
      'no credentials': {},
      'a wrong password': { authorization: basic({ username: `mara-${slug}`, password: 'earl' }) },
      'a user who does not exist': { authorization: basic({ username: 'x', password: 'oolong' }) },
      'an unknown application': { authorization: right, 'user-agent': 'com.example.other/1' },
      'a wrong private id': { authorization: right, 'x-pappid': 'wrong' },
      'a cookie that nobody gave': { cookie: 'LS_SERVER_SESSION_ID=abcdef' },
    }
  },
}

/** Inventorum: a chosen code is a pre-coded card that is sold; redeeming is paying an order with it. */
export const inventorum: Protocol = {
  issue: async (store, code, value) => {
    const { precoded } = await store.goods()
    const stocked = await store.till.send('POST', `/api/v2/giftcards/${precoded}/pre_coded/`, {
      json: [{ redeem_code: code, card_code: `card of ${code}`.slice(0, 64), product: precoded }],
    })
    if (stocked.status !== 200) return said(stocked)
    const [{ id }] = jsonOf(stocked)
    return pay(store, { items: [{ product: precoded, price: value, pre_coded: id }] }, value)
  },
  look: async ({ till }, code) => {
    const answer = await till.send('GET', `/api/v2/giftcards/${encodeURIComponent(code)}/validate`)
    return answer.status === 404 ? undefined : jsonOf(answer).remaining_value
  },
  redeem: async (store, { code }, amount) => {
    const { tea } = await store.goods()
    return pay(store, { items: [{ product: tea, price: amount }], redeem_code: [code] }, '0')
  },
  giveBack: async (store, { code }) => {
    const list = await store.till.ok(200, 'GET', '/api/giftcards/')
    const row = list.results.find(({ redeem_code }: Json) => redeem_code === code)
    const { order_id } = row.redemption.at(-1)
    return said(
      await store.till.send('POST', `/api/orders/${order_id}/refund/`, { json: { method: 0 } }),
    )
  },
  unsupported: {
    load: {
      reason: 'a card is worth what it was sold for',
      probe: async ({ till }) =>
        said(await till.send('POST', '/api/giftcards/', { json: { amount: '1.00' } })),
      status: 405,
    },
    hold: {
      reason: 'attaching a card to an order reserves nothing',
      probe: async ({ till }, { code }) =>
        said(await till.send('POST', `/api/v2/giftcards/${code}/hold/`, { json: {} })),
      status: 404,
    },
    block: {
      reason: 'an issued card can only be returned with its sale',
      probe: async ({ till }, { code }) =>
        said(await till.send('DELETE', `/api/v2/giftcards/${code}/validate`)),
      status: 405,
    },
  },
  refusals: {
    overdraft: { status: 400, says: 'Amount must be equal to the remaining amount of 0.01.' },
    blocked: { status: 400, says: 'Gift card with redeem code BLOCKED-1 is not active.' },
    expired: { status: 400, says: 'Gift card with redeem code EXPIRED-2 has expired.' },
    unknown: { status: 400, says: '-1 does not exist.' },
    taken: { status: 400, says: 'Redeem code already exists.' },
  },
  seesAll: false,
  oddCodes: ['%2F', 'a/b?c=d&e#f+%', '"\\<>\'`{}|^~', 'Grüße😀', '00731', 'import', 'x'.repeat(64)],
  knock: async ({ http }, headers) =>
    said(await createClient(http, headers).send('GET', '/api/giftcards/')),
  strangers: ({ tokens }) => ({
    'no credentials': {},
    'an unknown token': { authorization: 'Token nobody-0123456789abcdef' },
    'a token of pretix': { authorization: `Token ${tokens.pretix}` },
    'a token with other letter case': { authorization: `Token ${tokens.inventorum.toUpperCase()}` },
  }),
}

async function pay({ till }: Store, basket: object, amount: string): Promise<Said> {
  const made = await till.send('POST', '/api/basket/', { json: basket })
  if (made.status !== 200) return said(made)
  return said(
    await till.send('POST', `/api/basket/${jsonOf(made).id}/payment/`, {
      json: { amount, method: 0, rounded: '0' },
    }),
  )
}

export const ALL: Readonly<Record<string, Protocol>> = { pretix, foodics, lightspeed, inventorum }

/** Who can take value off a card. */
export const DEBITS = { pretix, foodics, inventorum }

/** Takes value off a card of this code, in a protocol that can. */
export async function debit(
  store: Store,
  { redeem }: Protocol,
  code: string,
  amount: string,
): Promise<Said> {
  if (!redeem) throw new Error('the protocol has no redemption')
  return redeem(store, await store.card(code), amount)
}

/** Loads a card of this code, in a protocol that can. */
export async function credit(
  store: Store,
  { load }: Protocol,
  code: string,
  amount: string,
): Promise<Said> {
  if (!load) throw new Error('the protocol has no load')
  return load(store, await store.card(code), amount)
}
