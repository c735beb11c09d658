import type { AddResource } from '../pretix/resource.ts'
import { addCatalogue } from './catalogue.ts'
import { addOrders } from './orders/routes.ts'
import { addPayments } from './payments/routes.ts'
import { addVouchers } from './vouchers/routes.ts'

/** The pretix voucher resource and what gives it meaning; its page is README.md. */
export function addPretixVouchers(add: AddResource): void {
  addCatalogue(add)
  addVouchers(add)
  addOrders(add)
  addPayments(add)
}
