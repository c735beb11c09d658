import { fail, notFound } from '../../pretix/errors.ts'
import type { EventCall } from '../catalogue-scope.ts'

export const NO_ORDER = 'No Order matches the given query.'

/** The code in a path. A NUL cannot be in a code, and PostgreSQL refuses to compare with one. */
export function orderCodeOf({ params: { code = '' } }: EventCall): string {
  return code.includes('\0') ? fail(notFound(NO_ORDER)) : code
}
