import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { startTestApp, type TestApp } from '../../../test/support/app.ts'
import {
  at,
  createOnSite,
  freePort,
  idsOf,
  type OnSite,
  type OnSiteAnswer,
  teashop,
  textAt,
  typeOf,
} from '../../../test/support/lightspeed.ts'

const TIME = /\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}/g
const DECLARATION = "<?xml version='1.0' encoding='UTF-8'?>\n"

describe('what surrounds the cards of a store', () => {
  let server: TestApp
  let base: string
  let till: OnSite
  let main: OnSite
  before(async () => {
    const port = await freePort()
    server = await startTestApp({
      world: teashop(),
      flags: { lightspeedPort: String(port), lightspeedTls: 'off' },
    })
    base = `http://127.0.0.1:${port}`
    till = createOnSite(base)
    main = createOnSite(server.http)
  })
  after(() => server.close())

  const get = (path: string): Promise<OnSiteAnswer> => till.send('GET', path)
  const post = (path: string, body: string): Promise<OnSiteAnswer> =>
    till.send('POST', path, { body })
  const textsOf = (answer: OnSiteAnswer, name: string): (string | undefined)[] =>
    (answer.root?.children ?? []).map((child) => textAt(child, name))
  const filtered = async (path: string, filter: string, name: string) =>
    textsOf(await get(`${path}?filter=${encodeURIComponent(filter)}`), name)
  const idOf = async (path: string, filter: string): Promise<string> =>
    idsOf(await get(`${path}?filter=${encodeURIComponent(filter)}`))[0] ?? ''

  it('GET /api/ is a sign of life', async () => {
    const answer = await get('/api/')
    assert.equal(answer.status, 200)
    assert.equal(answer.text, `${DECLARATION}<resources/>`)
    assert.equal((await till.send('POST', '/api/')).status, 405)
  })

  describe('products', () => {
    it('are listed with a summary, the code first, three decimals', async () => {
      const answer = await get('/api/products/')
      const id = await idOf('/api/products/', 'code == "MUG"')
      assert.ok(
        answer.text.startsWith(`${DECLARATION}<products><product uri="${base}/api/products/`),
      )
      assert.ok(
        answer.text.includes(
          `<product uri="${base}/api/products/${id}/" id="${id}" full_render="false"><code>MUG</code>` +
            '<flags><inventoried>true</inventoried><editable_sell>true</editable_sell>' +
            '<master_model>false</master_model></flags><sell_price>12.500</sell_price>' +
            '<description>Mug</description><inventory><available>0.000</available></inventory></product>',
        ),
      )
      for (const product of answer.root?.children ?? [])
        assert.equal(product.children[0]?.name, 'code')
    })

    it('are shown in full with all their flags', async () => {
      const id = await idOf('/api/products/', 'code == "GIFT"')
      const { text, status } = await get(`/api/products/${id}/`)
      assert.equal(status, 200)
      const [time] = text.match(TIME) ?? []
      assert.equal(
        text,
        `${DECLARATION}<product uri="${base}/api/products/${id}/" id="${id}" full_render="true">` +
          `<code>GIFT</code><created>${time}</created><modified>${time}</modified>` +
          `<product_id>P-${id}</product_id><flags><current>true</current><editable>true</editable>` +
          '<gift_card>true</gift_card><inventoried>false</inventoried><new_cost>false</new_cost>' +
          '<new_update>false</new_update><no_live_rules>false</no_live_rules><no_profit>false</no_profit>' +
          '<serialized>false</serialized><web>false</web><editable_sell>true</editable_sell>' +
          '<master_model>false</master_model></flags><sell_price>0.000</sell_price>' +
          '<description>Gift card</description><inventory><available>0.000</available></inventory></product>',
      )
      assert.equal((await get('/api/products/999999/')).status, 404)
    })

    it('are made, with a code of their own', async () => {
      const made = await post(
        '/api/products/',
        '<product><code> CUP </code><description short="C">Cup &amp; saucer</description>' +
          '<sell_price>7.125</sell_price><flags><web>1</web><editable>False</editable></flags></product>',
      )
      assert.equal(made.status, 201)
      const id = made.root?.attributes.get('id')
      assert.equal(made.headers.location, `${base}/api/products/${id}/`)
      assert.equal(made.text, (await get(`/api/products/${id}/`)).text)
      assert.deepEqual(
        ['code', 'description', 'sell_price', 'flags/web', 'flags/editable', 'flags/gift_card'].map(
          (path) => textAt(made.root, path),
        ),
        ['CUP', 'Cup & saucer', '7.125', 'true', 'false', 'false'],
      )
      const again = await post('/api/products/', '<product><code>CUP</code></product>')
      assert.equal(again.status, 406)
      assert.equal(typeOf(again), 'products.duplicate_code')
    })

    it('may be gift cards, of which cards are then made', async () => {
      const made = await post(
        '/api/products/',
        '<product><code>GIFT-2</code><flags><gift_card>true</gift_card></flags></product>',
      )
      const id = made.root?.attributes.get('id')
      const card = await post(
        '/api/gift_cards/',
        `<gift_card><product id="${id}"/><serial_number>G2-1</serial_number></gift_card>`,
      )
      assert.equal(card.status, 201)
    })

    it('are refused when bad', async () => {
      for (const [inside, type] of [
        ['', 'server.missing_field'],
        ['<code> </code>', 'server.missing_field'],
        ['<code>a</code><sell_price>1.2345</sell_price>', 'server.invalid_value'],
        ['<code>a</code><sell_price>-1</sell_price>', 'server.invalid_value'],
        ['<code>a</code><flags><web>yes</web></flags>', 'server.invalid_value'],
        ['<code>a</code><colour/>', 'server.unexpected_element'],
        ['<code>a</code><code>b</code>', 'server.unexpected_element'],
        ['<code>a</code><created/>', 'server.read_only_field'],
        ['<code>a</code><product_id/>', 'server.read_only_field'],
        ['<code>a</code><inventory/>', 'server.read_only_field'],
        [
          '<code>a</code><flags><gift_card>1</gift_card><inventoried>1</inventoried></flags>',
          'server.conflicting_fields',
        ],
        [
          '<code>a</code><flags><serialized>1</serialized><gift_card>1</gift_card></flags>',
          'server.conflicting_fields',
        ],
      ] as const) {
        const answer = await post('/api/products/', `<product>${inside}</product>`)
        assert.equal(answer.status, 400, inside)
        assert.equal(typeOf(answer), type, inside)
      }
      assert.equal(
        typeOf(await post('/api/products/', '<gift_card/>')),
        'server.unexpected_element',
      )
    })

    it('are filtered by each of their fields, and ordered by them', async () => {
      const gift = await idOf('/api/products/', 'code == "GIFT"')
      for (const [filter, expected] of [
        ['gift_card == 1 AND current == TRUE AND code == "GIFT"', ['GIFT']],
        ['gift_card == true AND current == NO', ['OLD']],
        ['inventoried == YES', ['MUG']],
        ['serialized == 1', []],
        ['description contains[cd] "GIFT C"', ['GIFT']],
        ['sell > 10 AND sell <= "12.500"', ['MUG']],
        [`product_id == "P-${gift}"`, ['GIFT']],
        [`id == ${gift}`, ['GIFT']],
        ['datetime_cre < "2001-01-01 00:00:00"', []],
        ['datetime_mod > "0001-01-01T00:00:00" AND code == "MUG"', ['MUG']],
        ['datetime_mod > "9999-12-31T23:59:59.999999"', []],
      ] as const)
        assert.deepEqual(await filtered('/api/products/', filter, 'code'), expected, filter)
      const ordered = await get('/api/products/?order_by=code:desc&count=1&filter=code+<+"OLE"')
      assert.deepEqual(textsOf(ordered, 'code'), ['OLD'])
      assert.ok(Number(ordered.root?.attributes.get('total_count')) >= 3)
    })

    it('take the store’s own time in filters', async () => {
      const id = await idOf('/api/products/', 'code == "GIFT"')
      const { root } = await get(`/api/products/${id}/`)
      const created = textAt(root, 'created') ?? ''
      const exact = (op: string) =>
        filtered('/api/products/', `code == "GIFT" AND datetime_cre ${op} "${created}"`, 'code')
      assert.deepEqual(await exact('=='), ['GIFT'])
      assert.deepEqual(await exact('>'), [])
      assert.deepEqual(await exact('>='), ['GIFT'])
    })
  })

  describe('invoices', () => {
    it('are listed and shown with every element that clients read', async () => {
      const id = await idOf('/api/invoices/', 'invoice_id == "I-310"')
      const list = await get(`/api/invoices/?filter=id+==+${id}`)
      const [time] = list.text.match(TIME) ?? []
      const head = `<invoice uri="${base}/api/invoices/${id}/" id="${id}"`
      assert.equal(
        list.text,
        `${DECLARATION}<invoices>${head} full_render="false"><datetime_created>${time}</datetime_created>` +
          '<invoice_id>I-310</invoice_id><invoice_customer><customer/><mainname/></invoice_customer>' +
          '<flags><posted>false</posted></flags><totals><total>60.00</total></totals></invoice></invoices>',
      )
      const full = await get(`/api/invoices/${id}/`)
      const day = time?.slice(0, 10)
      assert.equal(
        full.text,
        `${DECLARATION}${head} full_render="true"><document_id>310</document_id><date_created>${day}</date_created>` +
          `<datetime_created>${time}</datetime_created><date_modified>${day}</date_modified>` +
          `<datetime_modified>${time}</datetime_modified><flags><drop_shipment>false</drop_shipment>` +
          '<exported>false</exported><pay_backorders>false</pay_backorders><posted>false</posted>' +
          '<voided>false</voided></flags><invoice_id>I-310</invoice_id><invoice_customer><customer/>' +
          '<mainname/></invoice_customer><source/><primary_user><user/></primary_user>' +
          '<secondary_user><user/></secondary_user><invoice_status>Owing</invoice_status>' +
          '<totals><subtotal>60.00</subtotal><tax>0.00</tax><total>60.00</total><owing>60.00</owing>' +
          '<paid>0.00</paid></totals><payments/><lineitems/></invoice>',
      )
      assert.equal((await get('/api/invoices/999999/')).status, 404)
    })

    it('are made blank, for whoever asks, with a number that nobody has', async () => {
      const [{ next } = { next: 0n }] = await server.owner<{ next: bigint }[]>`
        select last_value + 1 as next from lightspeed_invoice_ids`
      // The number that comes next was used in the world file.
      await server.owner`
        insert into lightspeed_invoices (merchant_id, number, created_at, modified_at)
        select id, ${String(next + 1n)}, now(), now() from merchants`
      const made = await Promise.all([
        post('/api/invoices/', '<invoice/>'),
        post('/api/invoices', '<?xml version="1.0"?><invoice></invoice>'),
      ])
      for (const answer of made) {
        assert.equal(answer.status, 201)
        const id = answer.root?.attributes.get('id')
        assert.equal(answer.headers.location, `${base}/api/invoices/${id}/`)
        assert.equal(textAt(answer.root, 'totals/total'), '0.00')
        assert.equal(at(answer.root, 'primary_user/user')?.attributes.size, 2)
      }
      const numbers = textsOf(await get('/api/invoices/'), 'invoice_id')
      assert.equal(new Set(numbers).size, numbers.length)
    })

    it('are refused with anything inside, and under another root', async () => {
      for (const [body, type] of [
        ['<invoice><totals/></invoice>', 'server.read_only_field'],
        ['<invoice><colour/></invoice>', 'server.unexpected_element'],
        ['<product/>', 'server.unexpected_element'],
        ['', 'server.malformed_xml'],
      ] as const)
        assert.equal(typeOf(await post('/api/invoices/', body)), type)
    })

    it('are filtered by each of their fields', async () => {
      for (const [filter, expected] of [
        ['voided == 1', ['I-311']],
        ['posted == 1', []],
        ['invoice_id BEGINSWITH "I-31" AND voided == 0 AND invoice_id ENDSWITH "0"', ['I-310']],
        ['datetime_created < "2001-01-01 00:00:00"', []],
        ['datetime_modified > "2001-01-01T00:00:00" AND voided == 1', ['I-311']],
      ] as const)
        assert.deepEqual(await filtered('/api/invoices/', filter, 'invoice_id'), expected, filter)
      const voided = await idOf('/api/invoices/', 'voided == 1')
      const { root } = await get(`/api/invoices/${voided}/`)
      assert.equal(textAt(root, 'flags/voided'), 'true')
    })

    it('have no parts of their own here', async () => {
      const id = await idOf('/api/invoices/', 'invoice_id == "I-310"')
      for (const part of ['lineitems', 'payments', 'lineitems/1'])
        assert.equal((await get(`/api/invoices/${id}/${part}/`)).status, 404)
    })
  })

  describe('users', () => {
    it('are listed without the hidden ones, unless all are wanted', async () => {
      assert.deepEqual(textsOf(await get('/api/users/'), 'username'), ['mara', 'tom', 'gone'])
      const all = ['mara', 'tom', 'ghost', 'gone']
      assert.deepEqual(textsOf(await get('/api/users/?showall'), 'username'), all)
      assert.deepEqual(
        textsOf(await get('/api/users/?showall&count=2'), 'username'),
        all.slice(0, 2),
      )
      assert.deepEqual(
        await filtered('/api/users/', 'enabled == 0 OR username == "tom"', 'username'),
        ['tom', 'gone'],
      )
    })

    it('are shown in full, their password and PIN always empty', async () => {
      const id = await idOf('/api/users/', 'username == "mara"')
      assert.equal(
        (await get(`/api/users/${id}/`)).text,
        `${DECLARATION}<user uri="${base}/api/users/${id}/" id="${id}" full_render="true">` +
          '<username>mara</username><password/><pin/><name><first>Mara</first><last>Lind</last></name>' +
          '<email/><enabled>true</enabled><hidden>false</hidden><active>true</active></user>',
      )
      const gone = await idOf('/api/users/', 'username == "gone"')
      assert.equal(textAt((await get(`/api/users/${gone}/`)).root, 'enabled'), 'false')
      assert.equal((await get('/api/users/999999/')).status, 404)
    })

    it('are of this protocol only', async () => {
      const [{ id } = { id: 0n }] = await server.owner<{ id: bigint }[]>`
        select id from credentials where dialect = 'pretix'`
      assert.equal((await get(`/api/users/${id}/`)).status, 404)
    })
  })

  it('cannot be changed: 405 with what there is', async () => {
    const product = await idOf('/api/products/', 'code == "GIFT"')
    for (const [path, allow] of [
      [`/api/products/${product}/`, 'GET, HEAD'],
      ['/api/products/', 'GET, HEAD, POST'],
      ['/api/invoices/1/', 'GET, HEAD'],
      ['/api/users/', 'GET, HEAD'],
      ['/api/users/1/', 'GET, HEAD'],
      ['/api/sessions/current/', 'GET, HEAD'],
      ['/api/', 'GET, HEAD'],
    ] as const)
      for (const verb of ['LOCK', 'UNLOCK', 'PUT', 'DELETE', 'PATCH']) {
        const answer = await till.send(verb, path, { body: '<x/>' })
        assert.equal(answer.status, 405, `${verb} ${path}`)
        assert.equal(answer.headers.allow, allow, path)
      }
  })

  it('is on the main listener as well, but for products and the root', async () => {
    for (const path of [
      '/api/gift_cards/',
      '/api/sessions/current/',
      '/api/invoices/',
      '/api/users/',
    ])
      assert.equal((await main.send('GET', path)).status, 200, path)
    for (const path of ['/api/products/', '/api/'])
      assert.equal((await main.send('GET', path)).root, undefined, path)
  })
})
