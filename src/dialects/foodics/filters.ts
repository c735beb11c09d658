import { decodeId, type IdKind } from './ids.ts'
import type { Filter, ListQuery } from './query.ts'
import { encodeDay, type Span } from './wire.ts'

/** Reads one list's filters by name, as its grammar says they are; absent ones are undefined. */
export class Filters {
  readonly #filters: ListQuery['filters']

  constructor({ filters }: ListQuery) {
    this.#filters = filters
  }

  #read<K extends Filter['kind']>(name: string, kind: K): Extract<Filter, { kind: K }> | undefined {
    const filter = this.#filters.get(name)
    if (filter === undefined) return undefined
    if (filter.kind !== kind) throw new Error(`filter ${name} is not of kind ${kind}`)
    return filter as Extract<Filter, { kind: K }> // Compared on the line above.
  }

  /** Texts without a NUL, which nothing in the database can equal. */
  texts(name: string): readonly string[] | undefined {
    return this.#read(name, 'text')?.anyOf.filter((text) => !text.includes('\0'))
  }

  /** Ids that can exist; unknown ones simply match nothing. */
  ids(name: string, kind: IdKind): readonly bigint[] | undefined {
    return this.#read(name, 'text')?.anyOf.flatMap((text) => decodeId(kind, text) ?? [])
  }

  integers(name: string): readonly bigint[] | undefined {
    return this.#read(name, 'integer')?.anyOf
  }

  integer(name: string): bigint | undefined {
    return this.#read(name, 'one-integer')?.value
  }

  booleans(name: string): readonly boolean[] | undefined {
    return this.#read(name, 'boolean')?.anyOf
  }

  days(name: string): readonly Span[] | undefined {
    return this.#read(name, 'days')?.anyOf
  }

  dates(name: string): readonly string[] | undefined {
    return this.days(name)?.map(({ from }) => encodeDay(from))
  }

  date(name: string): string | undefined {
    const day = this.#read(name, 'one-day')?.day
    return day && encodeDay(day.from)
  }

  after(name: string): bigint | undefined {
    return this.#read(name, 'after')?.instant
  }
}

/** The same object without its undefined members. */
export const defined = <T extends object>(members: { [K in keyof T]: T[K] | undefined }): T =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as T // Only absent members are left out, and every member of a filter is optional.
