import {
  type Invoice,
  insertInvoice,
  insertProduct,
  type Product,
  type ProductDraft,
  readInvoices,
  readProducts,
  readUsers,
  type StoreUser,
} from '../commerce/lightspeed-store.ts'
import { transact } from '../db/transact.ts'
import type { Deps } from './deps.ts'
import { type ListSource, type ListWish, listIds } from './lightspeed-list.ts'
import type { Merchant } from './merchants.ts'

export {
  FLAGS_DEFAULT,
  FURTHER_FLAGS,
  type FurtherFlag,
  type Invoice,
  type Product,
  type ProductDraft,
  type StoreUser,
} from '../commerce/lightspeed-store.ts'

/** A page of things, and how many matched before paging. */
export type Page<T> = { readonly members: readonly T[]; readonly total: number }

type Reader<T> = (merchantId: bigint, ids: readonly bigint[]) => Promise<Map<bigint, T>>

/** What surrounds the cards of a LightSpeed store: products, invoices and users. */
export function createLightspeedStore({ db, now }: Pick<Deps, 'db' | 'now'>) {
  const products: Reader<Product> = (merchantId, ids) => readProducts(db, merchantId, ids)
  const invoices: Reader<Invoice> = (merchantId, ids) => readInvoices(db, merchantId, ids)
  const users: Reader<StoreUser> = (merchantId, ids) => readUsers(db, merchantId, ids)

  async function list<T>(
    read: Reader<T>,
    merchant: Merchant,
    source: ListSource,
    wish: ListWish,
  ): Promise<Page<T>> {
    const { ids, total } = await listIds(db, source, wish)
    const found = await read(merchant.id, ids)
    return { members: ids.flatMap((id) => found.get(id) ?? []), total }
  }

  const find = async <T>(read: Reader<T>, merchant: Merchant, id: bigint): Promise<T | undefined> =>
    (await read(merchant.id, [id])).get(id)

  return {
    findProduct: (merchant: Merchant, id: bigint) => find(products, merchant, id),
    listProducts: (merchant: Merchant, wish: ListWish) =>
      list(
        products,
        merchant,
        {
          from: db`lightspeed_products where merchant_id = ${merchant.id}`,
          columns: {
            id: { sql: db`id`, type: 'int8' },
            code: { sql: db`code`, type: 'text' },
            description: { sql: db`description`, type: 'text' },
            gift_card: { sql: db`gift_card`, type: 'bool' },
            current: { sql: db`current`, type: 'bool' },
            inventoried: { sql: db`inventoried`, type: 'bool' },
            serialized: { sql: db`serialized`, type: 'bool' },
            sell: { sql: db`sell_price`, type: 'int8' },
            product_id: { sql: db`('P-' || id)`, type: 'text' },
            datetime_cre: { sql: db`created_at`, type: 'timestamptz' },
            datetime_mod: { sql: db`modified_at`, type: 'timestamptz' },
          },
        },
        wish,
      ),
    /** Makes a product; undefined if its code is taken. */
    addProduct: (merchant: Merchant, draft: ProductDraft): Promise<bigint | undefined> =>
      transact(db, (tx) => insertProduct(tx, merchant.id, draft, now())),

    findInvoice: (merchant: Merchant, id: bigint) => find(invoices, merchant, id),
    listInvoices: (merchant: Merchant, wish: ListWish) =>
      list(
        invoices,
        merchant,
        {
          from: db`lightspeed_invoices where merchant_id = ${merchant.id}`,
          columns: {
            id: { sql: db`id`, type: 'int8' },
            invoice_id: { sql: db`('I-' || number)`, type: 'text' },
            datetime_created: { sql: db`created_at`, type: 'timestamptz' },
            datetime_modified: { sql: db`modified_at`, type: 'timestamptz' },
            posted: { sql: db`posted`, type: 'bool' },
            voided: { sql: db`voided`, type: 'bool' },
          },
        },
        wish,
      ),
    /** Makes a blank invoice. */
    addInvoice: (merchant: Merchant, userId: bigint): Promise<bigint> =>
      transact(db, (tx) => insertInvoice(tx, merchant.id, userId, now())),

    findUser: (merchant: Merchant, id: bigint) => find(users, merchant, id),
    listUsers: (merchant: Merchant, wish: ListWish, { hidden }: { readonly hidden: boolean }) =>
      list(
        users,
        merchant,
        {
          from: db`credentials where merchant_id = ${merchant.id} and dialect = 'lightspeed'
            and (not hidden or ${hidden}::bool)`,
          columns: {
            id: { sql: db`id`, type: 'int8' },
            username: { sql: db`coalesce(username, '')`, type: 'text' },
            enabled: { sql: db`active`, type: 'bool' },
            active: { sql: db`active`, type: 'bool' },
            hidden: { sql: db`hidden`, type: 'bool' },
          },
        },
        wish,
      ),
  }
}
