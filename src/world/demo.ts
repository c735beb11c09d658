import { generateToken } from './apply.ts'
import type { World } from './schema.ts'

/** The application that the demo's LightSpeed client says it is. */
export const DEMO_APPLICATION = 'com.example.demo'

/** The demo of a first start: one merchant with something of everything; every secret is fresh. */
export const demoWorld = (): World => ({
  merchants: [
    {
      slug: 'demo',
      name: 'Demo Shop',
      country: 'DE',
      currency: 'EUR',
      timezone: 'Europe/Berlin',
      credentials: [
        { name: 'pretix', dialect: 'pretix', permissions: 'all', events: 'all' },
        { name: 'inventorum', dialect: 'inventorum' },
        { name: 'foodics', dialect: 'foodics', scopes: 'all' },
        { name: 'lightspeed', dialect: 'lightspeed', username: 'demo' },
      ],
      lightspeed: {
        applications: [
          { app_id: DEMO_APPLICATION, private_id: generateToken('app'), access: 'readwrite' },
        ],
        products: [
          { code: 'GIFT', description: 'Gift card', gift_card: true, sell_price: '0.000' },
          { code: 'MUG', description: 'Mug', sell_price: '8.000' },
        ],
        invoices: [{ number: '310', total: '60.00' }],
      },
      events: [
        {
          slug: 'democon',
          name: { en: 'Democon' },
          date_from: '2031-05-01T08:00:00Z',
          live: true,
          items: [{ ref: 'standard', name: { en: 'Standard ticket' }, default_price: '23.00' }],
          quotas: [{ ref: 'hall', name: 'Hall', size: 100, items: ['standard'] }],
        },
      ],
      cards: [
        { code: 'WELCOME-7Q2', value: '50.00' },
        { code: 'SUMMER-9XK', value: '25.00' },
      ],
    },
  ],
})
