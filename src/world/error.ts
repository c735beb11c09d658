import { SetupError } from '../errors.ts'

/** Something in a world file cannot be; `path` is where, e.g. `merchants[0].products[2].tax_rate`. */
export class WorldError extends SetupError {
  readonly path: string
  readonly reason: string

  constructor(path: string, reason: string) {
    super(path === '' ? reason : `${path}: ${reason}`)
    this.path = path
    this.reason = reason
  }

  /** The same, seen from one level further out. */
  below(prefix: string): WorldError {
    const joined = this.path === '' || this.path.startsWith('[') ? this.path : `.${this.path}`
    return new WorldError(`${prefix}${joined}`, this.reason)
  }
}
