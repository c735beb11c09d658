import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { startTestApp, type TestApp } from '../../../../test/support/app.ts'
import {
  createTill,
  type Json,
  OTHER_TILL,
  shopWorld,
  type Till,
} from '../../../../test/support/inventorum.ts'

let app: TestApp
let till: Till
before(async () => {
  app = await startTestApp({ world: shopWorld() })
  till = createTill(app.http)
})
after(() => app.close())

const make = (name: string, parent?: number | null): Promise<Json> =>
  till.ok(201, 'POST', '/api/categories/', { name, ...(parent === undefined ? {} : { parent }) })

test('categories form trees, and tell the products that stand in them', async () => {
  const root = await make('Wellness')
  assert.deepEqual(root, {
    parent: null,
    is_leaf: true,
    hint: 'Wellness',
    tree_id: root.id,
    id: root.id,
    channel: null,
    translations: [],
    image: null,
    name: 'Wellness',
    products_count: 0,
    products: [],
  })
  const child = await make('Massage', root.id)
  const leaf = await make('Thai', child.id)
  assert.deepEqual(
    [leaf.parent, leaf.hint, leaf.tree_id, leaf.is_leaf],
    [child.id, 'Wellness > Massage > Thai', root.id, true],
  )
  assert.equal((await till.ok(200, 'GET', `/api/categories/${child.id}/`)).is_leaf, false)
  const [tax] = await till.ok(200, 'GET', '/api/taxes/')
  const goods = async () =>
    (
      await till.ok(201, 'POST', '/api/products/', {
        name: 'x',
        tax_type: tax.id,
        categories: [{ id: child.id }],
      })
    ).id
  const [one, two] = [await goods(), await goods()]
  const shown = async () => {
    const { products, products_count } = await till.ok(200, 'GET', `/api/categories/${child.id}`)
    return [products, products_count]
  }
  assert.deepEqual(await shown(), [[one, two], 2])
  await till.send('DELETE', `/api/products/${one}/`)
  assert.deepEqual(await shown(), [[two], 1])
  const list = await till.ok(200, 'GET', '/api/categories/?limit=2')
  assert.deepEqual([list.total, list.data.map(({ id }: Json) => id)], [3, [root.id, child.id]])
  assert.deepEqual((await till.ok(200, 'GET', '/api/categories/?limit=2&page=2')).data, [
    await till.ok(200, 'GET', `/api/categories/${leaf.id}/`),
  ])
})

test('a category moves, but never below itself', async () => {
  const [a, b] = [await make('A'), await make('B')]
  const moved = await till.ok(200, 'PUT', `/api/categories/${b.id}/`, { parent: a.id })
  assert.deepEqual([moved.parent, moved.name, moved.hint], [a.id, 'B', 'A > B'])
  for (const parent of [a.id, b.id])
    assert.deepEqual(
      (await till.ok(400, 'PUT', `/api/categories/${a.id}/`, { parent })).error.fields,
      {
        parent: ['A category may not be below itself.'],
      },
    )
  const freed = await till.ok(200, 'PUT', `/api/categories/${b.id}/`, {
    name: 'Free',
    parent: null,
  })
  assert.deepEqual([freed.parent, freed.hint], [null, 'Free'])
})

test('of two moves that would close a circle one is refused', async () => {
  const [a, b] = [await make('A'), await make('B')]
  const answers = await Promise.all([
    till.send('PUT', `/api/categories/${a.id}/`, { json: { parent: b.id } }),
    till.send('PUT', `/api/categories/${b.id}/`, { json: { parent: a.id } }),
  ])
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 400])
})

test('the children of a deleted category move up', async () => {
  const root = await make('Root')
  const middle = await make('Middle', root.id)
  const leaf = await make('Leaf', middle.id)
  assert.equal((await till.send('DELETE', `/api/categories/${middle.id}/`)).status, 204)
  assert.equal((await till.send('DELETE', `/api/categories/${middle.id}/`)).status, 404)
  assert.equal((await till.ok(200, 'GET', `/api/categories/${leaf.id}/`)).hint, 'Root > Leaf')
})

test('faults name the field; another account sees nothing', async () => {
  assert.deepEqual(
    (await till.ok(400, 'POST', '/api/categories/', { parent: 999_999 })).error.fields,
    {
      name: ['This field is required.'],
      parent: ['Invalid pk "999999" - object does not exist.'],
    },
  )
  assert.deepEqual(
    (await till.ok(400, 'POST', '/api/categories/', { name: 'x', parent: 999_999 })).error.fields,
    {
      parent: ['Invalid pk "999999" - object does not exist.'],
    },
  )
  const mine = await make('Mine')
  const other = createTill(app.http, OTHER_TILL)
  assert.equal((await other.send('GET', `/api/categories/${mine.id}/`)).status, 404)
  assert.equal((await other.ok(200, 'GET', '/api/categories/')).total, 0)
})
