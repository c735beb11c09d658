import type { Deps } from './deps.ts'
import { createLightspeedCards } from './lightspeed-cards.ts'
import { createLightspeedLogin, type LoginOptions } from './lightspeed-login.ts'
import { createLightspeedStore } from './lightspeed-store.ts'
import type { Merchants } from './merchants.ts'

/** What the LightSpeed dialect alone needs; value moves through the ledger as everywhere. */
export function createLightspeed(deps: Deps, merchants: Merchants, options: LoginOptions = {}) {
  return {
    cards: createLightspeedCards(deps),
    login: createLightspeedLogin(deps, merchants, options),
    store: createLightspeedStore(deps),
  }
}
