/** A row as PostgreSQL gives it: null where the code says undefined. */
export type Row<T> = {
  readonly [K in keyof T]: undefined extends T[K] ? Exclude<T[K], undefined> | null : T[K]
}

/** Null becomes undefined, once, at the border to SQL. */
export const fromRow = <T>(row: Row<T>): T =>
  Object.fromEntries(Object.entries(row).map(([key, value]) => [key, value ?? undefined])) as T // See Row.

/** Fields as columns: `dateFrom` is `date_from`, undefined is null. */
export const toColumns = (fields: object): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(fields).map(([key, value]) => [
      key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      value ?? null,
    ]),
  )
