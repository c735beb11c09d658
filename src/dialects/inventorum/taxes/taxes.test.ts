import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { startTestApp, type TestApp } from '../../../../test/support/app.ts'
import {
  createTill,
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

test('a German account starts with 19, 7 and 0, as a plain array', async () => {
  const list = await till.ok(200, 'GET', '/api/taxes/')
  assert.deepEqual(
    list.map(({ name, tax_rate }: { name: string; tax_rate: string }) => [name, tax_rate]),
    [
      ['19%', '19.000'],
      ['7%', '7.000'],
      ['0%', '0.000'],
    ],
  )
  assert.deepEqual(await till.ok(200, 'GET', `/api/taxes/${list[0].id}/`), list[0])
})

test('another account does not see them', async () => {
  const [first] = await till.ok(200, 'GET', '/api/taxes/')
  const other = createTill(app.http, OTHER_TILL)
  assert.equal((await other.send('GET', `/api/taxes/${first.id}/`)).status, 404)
  assert.equal(
    (await other.send('PUT', `/api/taxes/${first.id}/`, { json: { name: 'x', tax_rate: 3 } }))
      .status,
    404,
  )
})

test('a rate exists once, by its value', async () => {
  const made = await till.ok(200, 'POST', '/api/taxes/', { name: 'Half', tax_rate: '3.5' })
  assert.deepEqual(made, { id: made.id, name: 'Half', tax_rate: '3.500' })
  for (const tax_rate of ['3.5', 3.5, '3.5000', '19.0'])
    assert.deepEqual(
      (await till.ok(400, 'POST', '/api/taxes/', { name: 'Twin', tax_rate })).tax_rate,
      ['Tax rate already exists'],
    )
  const twin = await till.ok(400, 'PUT', `/api/taxes/${made.id}/`, { name: 'Half', tax_rate: 19 })
  assert.deepEqual(twin.error.fields, { tax_rate: ['Tax rate already exists'] })
  const changed = await till.ok(200, 'PUT', `/api/taxes/${made.id}/`, { name: 'More', tax_rate: 4 })
  assert.deepEqual(changed, { id: made.id, name: 'More', tax_rate: '4.000' })
})

test('a rate is a percentage of at most three decimals', async () => {
  const fault = async (tax_rate: unknown) =>
    (await till.ok(400, 'POST', '/api/taxes/', { name: 'x', tax_rate })).error.fields.tax_rate
  assert.deepEqual(await fault(-1), ['Ensure this value is greater than or equal to 0.'])
  assert.deepEqual(await fault(100.5), ['Ensure this value is less than or equal to 100.'])
  assert.deepEqual(await fault('1.2345'), ['Ensure that there are no more than 3 decimal places.'])
})

test('two requests for one new rate make it once', async () => {
  const answers = await Promise.all(
    [1, 2, 3, 4].map(() =>
      till.send('POST', '/api/taxes/', { json: { name: 'Race', tax_rate: 11 } }),
    ),
  )
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 400, 400, 400])
})
