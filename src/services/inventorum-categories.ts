import type { Queryable, Tx } from '../db/database.ts'
import { transact } from '../db/transact.ts'
import type { Deps } from './deps.ts'
import { lockAccount } from './inventorum-account.ts'
import type { Change, ShopCaller } from './inventorum-commands.ts'
import { deny, missing, type ShopProblem } from './inventorum-problems.ts'

export type Category = {
  readonly id: bigint
  readonly parentId: bigint | undefined
  readonly name: string
  /** Its name behind its parents': `Wellness > Massage`. */
  readonly hint: string
  /** The root of the tree it stands in. */
  readonly treeId: bigint
  readonly isLeaf: boolean
  readonly productIds: readonly bigint[]
}

/** Generations of categories at most; also what bounds the walk to a root. */
const DEPTH_MAX = 100

/** Categories of goods, a forest (specs/inventorum.md 11.4). */
export function createCategories({ db }: Pick<Deps, 'db'>) {
  return {
    list: async (
      { merchant }: ShopCaller,
      { offset, limit }: { readonly offset: number; readonly limit: number },
    ): Promise<{ readonly total: number; readonly categories: readonly Category[] }> => {
      const [row] = await db<{ count: bigint }[]>`
        select count(*) from inventorum_categories where merchant_id = ${merchant.id}`
      const ids = await db<{ id: bigint }[]>`
        select id from inventorum_categories where merchant_id = ${merchant.id}
        order by id offset ${offset} limit ${limit}`
      return {
        total: Number(row?.count ?? 0n),
        categories: await readCategories(
          db,
          merchant.id,
          ids.map(({ id }) => id),
        ),
      }
    },

    get: ({ merchant }: ShopCaller, id: bigint): Promise<Category> =>
      getCategory(db, merchant.id, id),

    create: (
      { merchant }: ShopCaller,
      name: string,
      parentId: bigint | undefined,
    ): Promise<Category> =>
      transact(db, async (tx) => {
        if (parentId !== undefined) await assertParent(tx, merchant.id, parentId)
        const [row] = await tx<{ id: bigint }[]>`
          insert into inventorum_categories (merchant_id, parent_id, name)
          values (${merchant.id}, ${parentId ?? null}, ${name}) returning id`
        return await getCategory(tx, merchant.id, row?.id ?? 0n)
      }),

    /** Renames or moves. Refuses to put a category below itself. */
    update: (
      { merchant }: ShopCaller,
      id: bigint,
      changes: {
        readonly name?: string | undefined
        readonly parentId?: Change<bigint> | undefined
      },
    ): Promise<Category> =>
      transact(db, async (tx) => {
        // Moves exclude each other: two at once could close a circle that neither sees.
        await lockAccount(tx, merchant.id)
        await getCategory(tx, merchant.id, id)
        const parentId = changes.parentId?.to
        if (parentId !== undefined) {
          await assertParent(tx, merchant.id, parentId)
          if ((await ancestors(tx, merchant.id, [parentId])).some((row) => row.id === id))
            deny({ code: 'category_cycle' })
        }
        await tx`
          update inventorum_categories set name = coalesce(${changes.name ?? null}::text, name)
            ${changes.parentId ? tx`, parent_id = ${parentId ?? null}::int8` : tx``}
          where merchant_id = ${merchant.id} and id = ${id}`
        return await getCategory(tx, merchant.id, id)
      }),

    /** Products leave it; its children move up to its parent. */
    remove: ({ merchant }: ShopCaller, id: bigint): Promise<void> =>
      transact(db, async (tx) => {
        await lockAccount(tx, merchant.id)
        const { parentId } = await getCategory(tx, merchant.id, id)
        await tx`
          update inventorum_categories set parent_id = ${parentId ?? null}::int8
          where merchant_id = ${merchant.id} and parent_id = ${id}`
        await tx`delete from inventorum_categories where merchant_id = ${merchant.id} and id = ${id}`
      }),

    findUnknownParent: async (
      { merchant }: ShopCaller,
      parentId: bigint | undefined,
    ): Promise<readonly ShopProblem[]> => {
      if (parentId === undefined) return []
      const found = await readCategories(db, merchant.id, [parentId])
      return found.length > 0 ? [] : [{ code: 'unknown', what: 'parent', id: parentId.toString() }]
    },
  }
}

async function assertParent(tx: Tx, merchantId: bigint, id: bigint): Promise<void> {
  const [row] = await tx`
    select 1 from inventorum_categories where merchant_id = ${merchantId} and id = ${id} for key share`
  if (!row) deny({ code: 'unknown', what: 'parent', id: id.toString() })
}

async function getCategory(sql: Queryable, merchantId: bigint, id: bigint): Promise<Category> {
  const [category] = await readCategories(sql, merchantId, [id])
  return category ?? missing('category')
}

type Ancestor = {
  readonly of: bigint
  readonly id: bigint
  readonly name: string
  readonly depth: number
}

/** Each of these categories and everything above it, itself first. */
const ancestors = (sql: Queryable, merchantId: bigint, ids: readonly bigint[]) => sql<Ancestor[]>`
  with recursive up as (
    select id as of, id, parent_id, name, 0 as depth from inventorum_categories
    where merchant_id = ${merchantId} and id = any(${ids as bigint[]})
    union all
    select up.of, c.id, c.parent_id, c.name, up.depth + 1 from up
    join inventorum_categories c on c.merchant_id = ${merchantId} and c.id = up.parent_id
    where up.depth < ${DEPTH_MAX}::int4
  )
  select of, id, name, depth from up order by of, depth`

/** Names behind their parents' names. */
export async function readHints(
  sql: Queryable,
  merchantId: bigint,
  ids: readonly bigint[],
): Promise<Map<bigint, string>> {
  if (ids.length === 0) return new Map()
  const hints = new Map<bigint, string>()
  for (const { of, name } of await ancestors(sql, merchantId, ids)) {
    const below = hints.get(of)
    hints.set(of, below === undefined ? name : `${name} > ${below}`)
  }
  return hints
}

async function readCategories(
  sql: Queryable,
  merchantId: bigint,
  ids: readonly bigint[],
): Promise<readonly Category[]> {
  if (ids.length === 0) return []
  const rows = await sql<
    { id: bigint; parent_id: bigint | null; name: string; is_leaf: boolean; products: bigint[] }[]
  >`
    select c.id, c.parent_id, c.name,
      not exists (select 1 from inventorum_categories k where k.merchant_id = c.merchant_id and k.parent_id = c.id) as is_leaf,
      array(select pc.product_id from inventorum_product_categories pc
        join inventorum_products p on p.merchant_id = pc.merchant_id and p.id = pc.product_id
        where pc.merchant_id = c.merchant_id and pc.category_id = c.id and p.deleted_at is null
        order by pc.product_id) as products
    from inventorum_categories c
    where c.merchant_id = ${merchantId} and c.id = any(${ids as bigint[]}) order by c.id`
  const above = await ancestors(sql, merchantId, ids)
  const hints = await readHints(sql, merchantId, ids)
  return rows.map((row) => ({
    id: row.id,
    parentId: row.parent_id ?? undefined,
    name: row.name,
    hint: hints.get(row.id) ?? row.name,
    treeId: above.findLast(({ of }) => of === row.id)?.id ?? row.id,
    isLeaf: row.is_leaf,
    productIds: row.products.map(BigInt),
  }))
}
