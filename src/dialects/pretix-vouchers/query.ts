import type { Order } from '../../commerce/catalogue-rows.ts'
import { parseDecimal, rescaleExact } from '../../money/decimal.ts'
import type { Faults } from '../../wire/fields.ts'

/**
 * Query parameters as pretix's filters read them (specs/pretix-vouchers.md 0.2, 6.1): an empty value
 * does not filter, a bad boolean is ignored, a bad number, choice or id is a fault of its parameter.
 */
export class Filters {
  readonly faults: Faults = {}
  readonly #query: ReadonlyMap<string, string>

  constructor(query: ReadonlyMap<string, string>) {
    this.#query = query
  }

  get ok(): boolean {
    return Object.keys(this.faults).length === 0
  }

  /** The value without surrounding blanks, or undefined if there is none. */
  text(name: string): string | undefined {
    const value = this.#query.get(name)?.trim()
    return value === '' ? undefined : value
  }

  /** `true`, `false` in any letter case, `1`, `0`. */
  flag(name: string): boolean | undefined {
    const word = this.#query.get(name)?.toLowerCase()
    if (word === 'true' || word === '1') return true
    return word === 'false' || word === '0' ? false : undefined
  }

  /** A number with at most `places` decimals; one that no row can have becomes -1. */
  number(name: string, places: number): bigint | undefined {
    const value = this.text(name)
    if (value === undefined) return undefined
    const number = parseDecimal(value)
    if (!number) return this.#fault(name, 'Enter a number.')
    const units = rescaleExact(number, places)?.units ?? NONE
    return units < 0n || units > INT8_MAX ? NONE : units
  }

  choice<T extends string>(name: string, choices: readonly T[]): T | undefined {
    const value = this.text(name)
    const chosen = choices.find((choice) => choice === value)
    if (value === undefined || chosen !== undefined) return chosen
    return this.#fault(name, `Select a valid choice. ${value} is not one of the available choices.`)
  }

  /** The id of something that exists in the organizer; -1 stands for none until it is looked up. */
  id(name: string): bigint | undefined {
    const value = this.text(name)
    if (value === undefined) return undefined
    return /^\+?\d{1,18}$/.test(value) ? BigInt(value) : NONE
  }

  /** What an id that does not exist is answered with. */
  addUnknown(name: string): void {
    this.#fault(name, 'Select a valid choice. That choice is not one of the available choices.')
  }

  #fault(name: string, text: string): undefined {
    this.faults[name] = [text]
    return undefined
  }
}

const NONE = -1n
const INT8_MAX = 2n ** 63n - 1n

/** `ordering=a,-b`: names that are not allowed are dropped, nothing left is the default. */
export function readOrdering<By extends string>(
  query: ReadonlyMap<string, string>,
  allowed: readonly By[],
): Order<By> {
  const terms = (query.get('ordering') ?? '').split(',').map((term) => term.trim())
  const order = terms.flatMap((term) => {
    const descending = term.startsWith('-')
    const by = allowed.find((name) => name === (descending ? term.slice(1) : term))
    return by === undefined ? [] : [{ by, descending }]
  })
  // A field named again cannot break a tie that is left.
  return order.filter(({ by }, index) => order.findIndex((first) => first.by === by) === index)
}
