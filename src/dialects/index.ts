import type { Dialect } from '../http/dialect.ts'
import { foodics } from './foodics/index.ts'
import { inventorum } from './inventorum/index.ts'
import { lightspeed } from './lightspeed-onsite/index.ts'
import { pretix } from './pretix/index.ts'
import { addPretixGiftCards } from './pretix-giftcards/index.ts'
import { addPretixVouchers } from './pretix-vouchers/index.ts'

/** Every protocol we speak; nothing else imports a dialect. */
export const dialects: readonly Dialect[] = [
  pretix(addPretixGiftCards, addPretixVouchers),
  foodics,
  lightspeed,
  inventorum,
]
