import type { Dialect, DialectContext } from '../../http/dialect.ts'
import { giftCards } from './gift-cards/routes.ts'
import { invoices } from './invoices/routes.ts'
import { addExchange, assertKeyPair, openListener } from './listener.ts'
import { products } from './products/routes.ts'
import { sessions } from './sessions/routes.ts'
import { createExchange, type Exchange } from './shell.ts'
import { users } from './users/routes.ts'

const exchangeOf = (context: DialectContext): Exchange =>
  createExchange(context, { ...sessions, ...giftCards, ...products, ...invoices, ...users })

/** What is ours on the main listener; `/api/products/` and `/api/` are Inventorum's there. */
const MAIN = ['/api/gift_cards', '/api/sessions', '/api/invoices', '/api/users']

/** LightSpeed OnSite's XML API; its page is README.md. */
export const lightspeed: Dialect = {
  name: 'lightspeed',
  assertServable: assertKeyPair,
  register: (app, context) =>
    addExchange(
      app,
      exchangeOf(context),
      MAIN.flatMap((path) => [path, `${path}/*`]),
    ),
  malformedUrl: {
    prefixes: MAIN,
    answer: (request, reply, context) => exchangeOf(context)(request, reply, 'malformed'),
  },
  listen: (createListener, context) => openListener(createListener, context, exchangeOf(context)),
}
