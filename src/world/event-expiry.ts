import type { Instant } from '../money/instant.ts'
export const defaultExpiry = (datetime: Instant, _timezone: string): Instant => datetime
