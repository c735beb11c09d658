import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import {
  type CardJson,
  freshCode,
  type PretixServer,
  startPretix,
  TOKENS,
} from '../../../test/support/pretix-cards.ts'
import { CURRENCIES } from '../../money/currency.ts'

/** Creating cards, field by field (specs/pretix-giftcards.md 5, 7.1, 14). */

const REQUIRED = 'This field is required.'
const NULL = 'This field may not be null.'
const STRING = 'Not a valid string.'
const NUL = 'Null characters are not allowed.'
const CODE = 'The gift card code may only contain letters, numbers, dots and dashes.'
const LONG = 'Ensure this field has no more than 190 characters.'
const BLANK = 'This field may not be blank.'
const TAKEN =
  'A gift card with the same secret already exists in your or an affiliated organizer account.'
const BOOLEAN = 'Must be a valid boolean.'
const DATETIME =
  'Datetime has wrong format. Use one of these formats instead: YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z].'

describe('creating pretix gift cards', () => {
  let server: PretixServer
  before(async () => {
    server = await startPretix()
  })
  after(() => server.close())

  /** POSTs a card whose field has this JSON text; the others are as they should be. */
  const post = (field: string, json: string | undefined) => {
    const fields: Record<string, string> = {
      secret: JSON.stringify(freshCode()),
      value: '"20.00"',
      currency: '"EUR"',
    }
    if (json === undefined) delete fields[field]
    else fields[field] = json
    const body = `{${Object.entries(fields)
      .map(([name, text]) => `${JSON.stringify(name)}:${text}`)
      .join(',')}}`
    return server.send('POST', 'acme/giftcards/', { body, type: 'application/json' })
  }
  const accepts = async (field: string, json: string, shown: unknown) => {
    const answer = await post(field, json)
    assert.equal(answer.status, 201, answer.text)
    const card = answer.json as CardJson
    assert.equal(card[field], shown)
    assert.equal((await server.read(card.id))[field], shown, 'what was stored')
  }
  const refuses = (field: string, json: string | undefined, ...texts: string[]) =>
    server.unchanged(async () => {
      const answer = await post(field, json)
      assert.equal(answer.status, 400, answer.text)
      assert.deepEqual(answer.json, { [field]: texts })
    })

  test('writes one booking of the initial value, without text, info, order and event', async () => {
    for (const value of ['23.00', '0']) {
      const card = await server.issue({ value })
      const bookings = await server.bookings(card.id)
      assert.equal(bookings.length, 1)
      const { id, datetime, ...rest } = bookings[0] ?? {}
      assert.ok(Number.isInteger(id))
      assert.match(String(datetime), /Z$/)
      assert.deepEqual(rest, {
        value: value === '0' ? '0.00' : value,
        event: null,
        order: null,
        text: null,
        info: null,
        acceptor: 'acme',
      })
    }
  })

  test('needs secret, value and currency, and says so all at once', async () => {
    await server.unchanged(async () => {
      const answer = await server.send('POST', 'acme/giftcards/', { json: {} })
      assert.equal(answer.status, 400)
      assert.equal(
        answer.text,
        `{"secret":["${REQUIRED}"],"value":["${REQUIRED}"],"currency":["${REQUIRED}"]}`,
      )
    })
  })

  test('reports the faults of all fields together', async () => {
    const cases: [object, object][] = [
      [
        { secret: '', value: 'x', currency: 'q' },
        {
          secret: [BLANK],
          value: ['A valid number is required.'],
          currency: ['"q" is not a valid choice.'],
        },
      ],
      [
        {
          secret: 'a b',
          value: '-1',
          currency: 'EUR',
          testmode: 'perhaps',
          expires: 'soon',
          conditions: true,
          owner_ticket: 'nobody',
        },
        {
          secret: [CODE],
          value: ['Ensure this value is greater than or equal to 0.00.'],
          testmode: [BOOLEAN],
          expires: [DATETIME],
          conditions: [STRING],
          owner_ticket: ['Invalid pk "nobody" - object does not exist.'],
        },
      ],
    ]
    await server.unchanged(async () => {
      for (const [json, faults] of cases) {
        const answer = await server.send('POST', 'acme/giftcards/', { json })
        assert.deepEqual([answer.status, answer.json], [400, faults])
      }
    })
  })

  test('takes everything that can be said at once', async () => {
    const card = await server.issue({
      value: 15.37,
      currency: 'JPY',
      testmode: true,
      expires: '2031-05-01T10:00:00.1+02:00',
      conditions: ' for tea ',
    })
    const { value, currency, testmode, expires, conditions } = card
    assert.deepEqual(
      { value, currency, testmode, expires, conditions },
      {
        value: '15.37',
        currency: 'JPY',
        testmode: true,
        expires: '2031-05-01T08:00:00.100000Z',
        conditions: 'for tea',
      },
    )
    assert.deepEqual(await server.read(card.id), card)
  })

  describe('secret', () => {
    const accepted: [json: string, shown: string][] = [
      ['"SPRING.77"', 'SPRING.77'],
      ['" \\t\\u00a0stripped-1\\n "', 'stripped-1'],
      ['"ab"', 'ab'],
      ['"9."', '9.'],
      ['"a--."', 'a--.'],
      ['12', '12'],
      ['9007199254740993', '9007199254740993'],
      ['12.5', '12.5'],
      ['7.0', '7.0'],
      [`"${'x'.repeat(190)}"`, 'x'.repeat(190)],
    ]
    for (const [json, shown] of accepted)
      test(`${json.slice(0, 40)} is taken as ${shown.slice(0, 40)}`, () =>
        accepts('secret', json, shown))

    const refused: [json: string | undefined, ...texts: string[]][] = [
      [undefined, REQUIRED],
      ['null', NULL],
      ['""', BLANK],
      ['" \\n "', BLANK],
      ['true', STRING],
      ['["AB"]', STRING],
      ['{"a":"AB"}', STRING],
      ['"a"', CODE],
      ['7', CODE],
      ['-12', CODE],
      ['".ab"', CODE],
      ['"-ab"', CODE],
      ['"a b"', CODE],
      ['"a_b"', CODE],
      ['"a/b"', CODE],
      ['"äb"', CODE],
      ['"aä"', CODE],
      ['"１２"', CODE],
      ['"ab\\ncd"', CODE],
      ['"a\\u0000"', CODE, NUL],
      ['"ab\\ud800"', CODE, 'Surrogate characters are not allowed: U+D800.'],
      [`"${'x'.repeat(191)}"`, LONG],
      [`" ${'x'.repeat(191)} "`, LONG],
      [`"${'_'.repeat(191)}"`, CODE, LONG],
    ]
    for (const [json, ...texts] of refused)
      test(`${json?.slice(0, 40)} is refused: ${texts.join(' ')}`, () =>
        refuses('secret', json, ...texts))
  })

  describe('a code that is taken', () => {
    const create = (secret: string, organizer: 'acme' | 'beta' | 'gamma' | 'delta') =>
      server.send('POST', `${organizer}/giftcards/`, {
        token: organizer === 'acme' ? TOKENS.all : TOKENS[organizer],
        json: { secret, value: '1.00', currency: 'EUR' },
      })

    test('at the same organizer is 400 and writes nothing', async () => {
      const { secret } = await server.issue()
      await server.unchanged(async () => {
        const answer = await create(secret, 'acme')
        assert.deepEqual([answer.status, answer.json], [400, { secret: [TAKEN] }])
        assert.equal((await create(` ${secret}\n`, 'acme')).status, 400)
      })
    })

    test('in another case is another code', async () => {
      const { secret } = await server.issue()
      assert.equal((await create(secret.toLowerCase(), 'acme')).status, 201)
    })

    test('at an organizer whose cards are accepted is 400, but not the other way round', async () => {
      const [ours, theirs] = [freshCode(), freshCode()]
      assert.equal((await create(theirs, 'beta')).status, 201)
      await server.unchanged(async () => {
        const answer = await create(theirs, 'acme')
        assert.deepEqual([answer.status, answer.json], [400, { secret: [TAKEN] }])
      })
      assert.equal((await create(ours, 'acme')).status, 201)
      assert.equal((await create(ours, 'beta')).status, 201)
      const both = await server.send(
        'GET',
        `acme/giftcards/?include_accepted=true&secret=${ours.toLowerCase()}`,
      )
      assert.deepEqual(
        (both.json as { results: CardJson[] }).results.map(({ issuer }) => issuer),
        ['acme', 'beta'],
      )
    })

    test('at an organizer that is unrelated, or accepted no longer, is free', async () => {
      for (const organizer of ['gamma', 'delta'] as const) {
        const secret = freshCode()
        assert.equal((await create(secret, organizer)).status, 201)
        assert.equal((await create(secret, 'acme')).status, 201)
      }
    })

    test('is looked up only when every field is right', async () => {
      const { secret } = await server.issue()
      const answer = await server.send('POST', 'acme/giftcards/', {
        json: { secret, value: 'x', currency: 'EUR' },
      })
      assert.deepEqual(answer.json, { value: ['A valid number is required.'] })
    })

    test('is given out once, however many ask at the same moment', async () => {
      const secret = freshCode()
      const answers = await Promise.all(Array.from({ length: 16 }, () => create(secret, 'acme')))
      assert.deepEqual(
        answers.map(({ status }) => status).toSorted((a, b) => a - b),
        [201, ...Array.from({ length: 15 }, () => 400)],
      )
      for (const { status, json } of answers)
        if (status === 400) assert.deepEqual(json, { secret: [TAKEN] })
    })
  })

  describe('currency', () => {
    test('is any of the 165 of the specification', async () => {
      assert.equal(CURRENCIES.size, 165)
      for (const code of ['EUR', 'XXX', 'XAD', 'ZWG', 'CHE', 'UYW', 'SLE'])
        await accepts('currency', `"${code}"`, code)
    })

    const refused: [json: string | undefined, text: string][] = [
      [undefined, REQUIRED],
      ['null', NULL],
      ['""', '"" is not a valid choice.'],
      ['"eur"', '"eur" is not a valid choice.'],
      ['" EUR"', '" EUR" is not a valid choice.'],
      ['"EUR\\n"', '"EUR\n" is not a valid choice.'],
      ['"XAU"', '"XAU" is not a valid choice.'],
      ['"XDR"', '"XDR" is not a valid choice.'],
      ['"USN"', '"USN" is not a valid choice.'],
      ['"XTS"', '"XTS" is not a valid choice.'],
      ['978', '"978" is not a valid choice.'],
      ['1.0', '"1.0" is not a valid choice.'],
      ['true', '"True" is not a valid choice.'],
      ['["EUR"]', '"[\'EUR\']" is not a valid choice.'],
      ['{"a":[1,null,"it\'s"]}', '"{\'a\': [1, None, "it\'s"]}" is not a valid choice.'],
    ]
    for (const [json, text] of refused)
      test(`${json} is refused: ${text}`, () => refuses('currency', json, text))
  })

  describe('testmode', () => {
    const yes = [
      'true',
      '"true"',
      '"True"',
      '"TRUE"',
      '"t"',
      '"yes"',
      '"Y"',
      '"on"',
      '"1"',
      '1',
      '1.0',
    ]
    const no = ['false', '"false"', '"FALSE"', '"f"', '"no"', '"N"', '"Off"', '"0"', '0', '0.0']
    for (const json of yes) test(`${json} is true`, () => accepts('testmode', json, true))
    for (const json of no) test(`${json} is false`, () => accepts('testmode', json, false))
    for (const json of ['""', '"2"', '2', '-1', '"maybe"', '[]', '{}', '"truee"'])
      test(`${json} is refused`, () => refuses('testmode', json, BOOLEAN))
    test('null is refused', () => refuses('testmode', 'null', NULL))
  })

  describe('expires', () => {
    const accepted: [json: string, shown: string | null][] = [
      ['null', null],
      ['"2031-05-01T08:00:00Z"', '2031-05-01T08:00:00Z'],
      ['"2031-05-01T08:00:00+00:00"', '2031-05-01T08:00:00Z'],
      ['"2031-05-01T10:00:00+02:00"', '2031-05-01T08:00:00Z'],
      ['"2031-05-01T10:00:00+0200"', '2031-05-01T08:00:00Z'],
      ['"2031-05-01T10:00:00+02"', '2031-05-01T08:00:00Z'],
      ['"2031-05-01T02:30:00-05:30"', '2031-05-01T08:00:00Z'],
      ['"2031-05-01T08:00:00"', '2031-05-01T08:00:00Z'],
      ['"2031-05-01 08:00"', '2031-05-01T08:00:00Z'],
      ['"2031-05-01T08:00Z"', '2031-05-01T08:00:00Z'],
      ['"2031-05-01"', '2031-05-01T00:00:00Z'],
      ['"20310501T080000Z"', '2031-05-01T08:00:00Z'],
      ['"20310501T100000.5+0200"', '2031-05-01T08:00:00.500000Z'],
      ['"20310501"', '2031-05-01T00:00:00Z'],
      ['"2031-05-01T08:00:00.1Z"', '2031-05-01T08:00:00.100000Z'],
      ['"2031-05-01T08:00:00.123456Z"', '2031-05-01T08:00:00.123456Z'],
      ['"2031-05-01T08:00:00.123456789Z"', '2031-05-01T08:00:00.123456Z'],
      ['"2031-05-01T08:00:00.000000Z"', '2031-05-01T08:00:00Z'],
      ['"1999-12-31T23:59:59Z"', '1999-12-31T23:59:59Z'],
      ['"0001-01-01T00:00:00Z"', '0001-01-01T00:00:00Z'],
      ['"9999-12-31T23:59:59.999999Z"', '9999-12-31T23:59:59.999999Z'],
      ['"2028-02-29T00:00:00Z"', '2028-02-29T00:00:00Z'],
    ]
    for (const [json, shown] of accepted)
      test(`${json} is ${shown}`, () => accepts('expires', json, shown))
    for (const json of [
      '""',
      '" "',
      '0',
      '1893456000',
      'true',
      '[]',
      '{}',
      '"soon"',
      '"2031-02-29T00:00:00Z"',
      '"2031-04-31"',
      '"2031-13-01"',
      '"2031-00-10"',
      '"0000-01-01T00:00:00Z"',
      '"2031-05-01T24:00:00Z"',
      '"2031-05-01T08:60:00Z"',
      '"2031-05-01T08:00:60Z"',
      '"2031-05-01T08:00:00z"',
      '"2031-05-01T08:00:00+25:00"',
      '"2031-05-01T08:00:00+02:60"',
      '"2031-05-01T08:00:00 Europe/Berlin"',
      '"01.05.2031"',
      '" 2031-05-01T08:00:00Z"',
      '"2031-05-01T08:00:00Z\\u0000"',
      '"12031-05-01T08:00:00Z"',
    ])
      test(`${json} is refused`, () => refuses('expires', json, DATETIME))
    for (const json of ['"0001-01-01T00:00:00+00:01"', '"9999-12-31T23:59:59-00:01"'])
      test(`${json} is out of range`, () =>
        refuses('expires', json, 'Datetime value out of range.'))
  })

  describe('conditions', () => {
    const accepted: [json: string, shown: string | null][] = [
      ['null', null],
      ['""', ''],
      ['" \\n "', ''],
      ['" only  tea\\n"', 'only  tea'],
      ['12', '12'],
      ['1.50', '1.5'],
      ['100.0', '100.0'],
      ['1e2', '100.0'],
      ['1e16', '1e+16'],
      ['1e-5', '1e-05'],
      ['0.0001', '0.0001'],
      ['-0', '0'],
      ['123456789012345678901234567890', '123456789012345678901234567890'],
      [`"${'x'.repeat(20_000)}"`, 'x'.repeat(20_000)],
    ]
    for (const [json, shown] of accepted)
      test(`${json.slice(0, 40)} is ${JSON.stringify(shown).slice(0, 40)}`, () =>
        accepts('conditions', json, shown))
    for (const json of ['true', '[]', '{}'])
      test(`${json} is refused`, () => refuses('conditions', json, STRING))
    test('a NUL is refused', () => refuses('conditions', '"a\\u0000b"', NUL))
    test('half a surrogate pair is refused', () =>
      refuses('conditions', '"a\\udfff"', 'Surrogate characters are not allowed: U+DFFF.'))
  })
})
