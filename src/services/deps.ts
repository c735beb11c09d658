import type { Logger } from 'pino'
import type { Database } from '../db/database.ts'
import type { GroupCommit } from '../ledger/group-commit.ts'
import type { Instant } from '../money/instant.ts'

/** What every verb works with; time and chance come in here, so that tests can set them. */
export type Deps = {
  readonly db: Database
  readonly now: () => Instant
  readonly randomBytes: (size: number) => Buffer
  readonly commit: GroupCommit
  readonly log: Logger
  /** Folder of generated keys and whatever is not in the database. */
  readonly dataDirectory: string
}
