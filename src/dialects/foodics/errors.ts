/** Texts by field, as `errors` of a 422 carries them (specs/foodics.md 8). */
export type Faults = { readonly [field: string]: readonly string[] }

/** An answer other than success in this protocol's shape: `message`, and `errors` for a 422. */
export class FoodicsError extends Error {
  override readonly name = 'FoodicsError'
  readonly status: number
  readonly errors: Faults | undefined

  constructor(status: number, message: string, errors?: Faults) {
    super(message)
    this.status = status
    this.errors = errors
  }
}

/** 400: bad syntax, or a filter, include or sort field that does not exist. */
export const badRequest = (message: string): FoodicsError => new FoodicsError(400, message)

/** 422 with every fault at once. */
export const unprocessable = (faults: Faults): FoodicsError =>
  new FoodicsError(422, 'The given data was invalid.', faults)

/** 404 for a path that leads nowhere: no such route, or no such object for this business. */
export const notFound = (): FoodicsError => new FoodicsError(404, 'Not Found.')

/** Collects texts by field, in the order in which they were found. */
export class FaultList {
  readonly #faults = new Map<string, string[]>()

  add(field: string, text: string): void {
    const known = this.#faults.get(field)
    if (known) known.push(text)
    else this.#faults.set(field, [text])
  }

  has(field: string): boolean {
    return this.#faults.has(field)
  }

  get isEmpty(): boolean {
    return this.#faults.size === 0
  }

  toFaults(): Faults {
    return Object.fromEntries(this.#faults)
  }

  /** Refuses (422) if anything was found. */
  assertNone(): void {
    if (!this.isEmpty) throw unprocessable(this.toFaults())
  }
}
