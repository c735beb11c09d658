import type { Database } from '../../src/db/database.ts'
import { encodeId } from '../../src/dialects/foodics/ids.ts'
import { createClient } from './app.ts'
import type { DoorIds } from './fuzz-doors.ts'
import { createTill, type Json } from './inventorum.ts'
import { cookieOf, createOnSite } from './lightspeed.ts'

/** Makes what the doors of a fuzzed server refer to, and says where it is. */
export async function prepareDoors(base: string, owner: Database): Promise<DoorIds> {
  const till = createTill(base, 'fuzz-inventorum-0123456789')
  const [{ id: tax_type }] = await till.ok(200, 'GET', '/api/taxes/')
  const tea = { name: 'Tea', tax_type, price: '1.00', quantity: 1_000 }
  const { id: product } = await till.ok(201, 'POST', '/api/products/', tea)
  const { id: template } = await till.ok(201, 'POST', '/api/v2/giftcards/', {
    type: 'gift_card',
    name: 'Card',
    tax_type,
    gross_price: '50.00',
    giftcard_template: {
      type: 'single-purpose',
      is_precoded: true,
      valid_until_value: 1,
      valid_until_unit: 'year',
    },
  })
  const items = [{ product, price: '5.00' }]
  await till.ok(200, 'POST', '/api/basket/', { items })
  const [row] = await owner<{ id: bigint }[]>`select min(id) as id from cards`
  const [gift] = await owner<{ id: bigint }[]>`select min(id) as id from lightspeed_products`
  const cookie = cookieOf(await createOnSite(base).send('GET', '/api/sessions/current/')) ?? ''
  const kitchen = createClient(base, { authorization: 'Bearer fuzz-foodics-0123456789abcdef' })
  const made = async (path: string, json: object): Promise<string> => {
    const answer = await kitchen.send('POST', path, { json })
    return (answer.json as Json).data.id
  }
  const card = row?.id ?? 0n
  return {
    cookie,
    card: String(card),
    gift: String(gift?.id),
    product: String(product),
    template: String(template),
    foodicsCard: encodeId('card', card),
    foodicsOrder: await made('/v5/orders', { type: 1, branch_id: 'b1' }),
    foodicsProduct: await made('/v5/gift_card_products', {
      name: 'Card',
      sku: 'CARD',
      pricing_method: 2,
      category_id: 'c1',
    }),
  }
}
