import { readBody } from '../../src/dialects/foodics/body.ts'
import { FoodicsError } from '../../src/dialects/foodics/errors.ts'
import {
  decodeTransaction,
  GRAMMAR,
} from '../../src/dialects/foodics/gift-card-transactions/decode.ts'
import { decodeOrder } from '../../src/dialects/foodics/orders/decode.ts'
import { parsePairs, readListQuery } from '../../src/dialects/foodics/query.ts'
import { FilterError, parseFilter } from '../../src/dialects/lightspeed-onsite/filter.ts'
import { JsonSyntaxError, parseJson, stringifyJson } from '../../src/wire/json.ts'
import { parseXml, XmlError } from '../../src/wire/xml.ts'
import { mutate, rollDice } from './mutate.ts'

/** Something that reads what strangers send, what it reads, and how alone it may refuse. */
type Reader = {
  readonly seed: string
  readonly read: (bytes: Buffer) => void
  readonly refusal: new (...rest: never[]) => Error
}

const FORM = 'application/x-www-form-urlencoded'
const readFoodics = (type: string, bytes: Buffer): void => {
  const body = readBody(type, bytes)
  decodeTransaction(body).faults.toFaults()
  decodeOrder(body).faults.toFaults()
}

export const READERS: Readonly<Record<string, Reader>> = {
  XML: {
    seed:
      '<?xml version="1.0" encoding="UTF-8"?><gift_card><!-- c --><invoice id="310"/><product id="27"/>' +
      '<note>a &amp; b<![CDATA[<c>]]></note><totals><credit>60</credit></totals></gift_card>',
    read: (bytes) => void parseXml(bytes),
    refusal: XmlError,
  },
  JSON: {
    seed: '{"value":"-12.50","n":-1.805e2,"list":[1,{"a":null},true],"text":"\\u00e9\\ud83d\\ude00"}',
    read: (bytes) => void stringifyJson(parseJson(bytes)),
    refusal: JsonSyntaxError,
  },
  'JSON of Foodics': {
    seed: '{"type":1,"branch_id":"b","amount":-12.5,"gift_card_id":"x","order_id":"y","gift_card":{"amount":5,"code":"A"}}',
    read: (bytes) => readFoodics('application/json', bytes),
    refusal: FoodicsError,
  },
  'urlencoded form': {
    seed: 'amount=-12.5&gift_card_id=x&order_id=y&gift_card%5Bamount%5D=5&type=1&tags[][id]=a',
    read: (bytes) => readFoodics(FORM, bytes),
    refusal: FoodicsError,
  },
  query: {
    seed: 'filter[gift_card_id]=a,b&filter[created_on]=2024-01-01&include=order,gift_card&sort=-amount&page=2',
    read: (bytes) => void readListQuery(parsePairs(bytes.toString('latin1')), GRAMMAR),
    refusal: FoodicsError,
  },
  'filter of LightSpeed': {
    seed: '(serialNumber CONTAINS[cd] "TE\\"A" AND NOT (id > "5" OR id == 7)) || serialNumber LIKE \'a*?\'',
    read: (bytes) => void parseFilter(bytes.toString('utf8'), FIELDS, (reading) => reading),
    refusal: FilterError,
  },
}

const FIELDS = {
  id: { kind: 'integer', field: 'id' },
  serialNumber: { kind: 'string', field: 'serialNumber' },
  created: { kind: 'datetime', field: 'created' },
  active: { kind: 'boolean', field: 'active' },
} as const

/** Processor time, because the wall clock also counts what else the machine is doing. */
const MICROS_MAX = 1_000_000

/** Feeds a reader broken documents; throws what it threw if that is no refusal of its own. */
export function fuzzReader({ seed, read, refusal }: Reader, count: number, start: number): void {
  const document = Buffer.from(seed)
  for (let number = 0; number < count; number += 1) {
    const dice = rollDice(start + number * 7_919)
    const bytes = mutate(dice, document)
    const before = process.cpuUsage()
    try {
      read(bytes)
    } catch (error) {
      if (!(error instanceof refusal))
        throw new Error(`read ${bytes.toString('base64')}`, { cause: error })
    }
    if (process.cpuUsage(before).user > MICROS_MAX)
      throw new Error(`took more than a second: ${bytes.toString('base64')}`)
  }
}
