import { SetupError } from '../errors.ts'
import type { Applied } from '../world/apply.ts'
import { DEMO_APPLICATION } from '../world/demo.ts'
import type { World } from '../world/schema.ts'

const applicationOf = (demo: World): string =>
  demo.merchants?.[0]?.lightspeed?.applications?.[0]?.private_id ?? ''

/** Every secret of a first start, once. */
export function describeDemoSecrets({ secrets }: Applied, demo: World): string {
  const shown = [
    ...secrets.map(({ name, dialect, secret }) => [
      name,
      dialect === 'lightspeed' ? `${secret}  (password of user "demo")` : secret,
    ]),
    ['application', `${applicationOf(demo)}  (LightSpeed private id of ${DEMO_APPLICATION})`],
  ]
  return `
This is a first start: a merchant "demo" was made, with a few cards, vouchers, an event and products.
These credentials are shown once and kept nowhere in the clear:

${shown.map(([name = '', value]) => `  ${name.padEnd(12)} ${value}`).join('\n')}
`
}

/**
 * Finishes a first start through the front door: what a world file cannot hold (vouchers, products of the
 * till and of the restaurant) is made with the demo's own credentials. Returns one working line for each
 * dialect.
 */
export async function fillDemo({ secrets }: Applied, demo: World, url: string): Promise<string> {
  const secret = (dialect: string): string =>
    secrets.find((entry) => entry.dialect === dialect)?.secret ?? ''
  const pretix = `Authorization: Token ${secret('pretix')}`
  const inventorum = `Authorization: Token ${secret('inventorum')}`
  const foodics = `Authorization: Bearer ${secret('foodics')}`
  await sendDemo(url, { pretix, inventorum, foodics })
  return `
One card in four protocols:

  curl -H '${pretix}' ${url}/api/v1/organizers/demo/giftcards/

  curl -H '${foodics}' ${url}/v5/gift_cards/WELCOME-7Q2

  curl -u 'demo:${secret('lightspeed')}' -A ${DEMO_APPLICATION}/1.0 -H 'X-PAPPID: ${applicationOf(demo)}' ${url}/api/gift_cards/

  curl -H '${inventorum}' ${url}/api/v2/giftcards/WELCOME-7Q2/validate

`
}

type Headers = { readonly pretix: string; readonly inventorum: string; readonly foodics: string }

async function sendDemo(url: string, headers: Headers): Promise<void> {
  const send = async (header: string, path: string, body?: unknown): Promise<unknown> => {
    const answer = await fetch(`${url}${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        authorization: header.slice('Authorization: '.length),
        'content-type': 'application/json',
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    if (!answer.ok)
      throw new SetupError(`The demo could not be filled: ${path} answered ${answer.status}.`)
    return await answer.json()
  }
  const event = '/api/v1/organizers/demo/events/democon'
  await send(headers.pretix, `${event}/vouchers/batch_create/`, [
    { code: 'PRESS-2031', price_mode: 'percent', value: '15.00', max_usages: 10, tag: 'press' },
    { code: 'FRIENDS-2031', price_mode: 'set', value: '10.00', max_usages: 3, tag: 'friends' },
  ])
  const taxes = (await send(headers.inventorum, '/api/taxes/')) as {
    id: number
    tax_rate: string
  }[]
  const taxOf = (rate: string) => taxes.find(({ tax_rate }) => tax_rate === rate)?.id
  await send(headers.inventorum, '/api/products/', {
    name: 'Mug',
    tax_type: taxOf('19.000'),
    gross_price: '8.00',
    quantity: 20,
  })
  await send(headers.inventorum, '/api/v2/giftcards/', {
    type: 'gift_card',
    name: 'Gift card',
    tax_type: taxOf('0.000'),
    price: '50',
    quantity: 100,
    giftcard_template: { type: 'multi-purpose', valid_until_value: 3, valid_until_unit: 'year' },
  })
  await send(headers.foodics, '/v5/gift_card_products', {
    name: 'Gift card',
    sku: 'GIFT',
    pricing_method: 2,
    category_id: 'gifts',
  })
}
