import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Logger } from 'pino'
import type { Config } from '../config.ts'
import type { Instant } from '../money/instant.ts'
import type { Services } from '../services/index.ts'
import type { Answer } from './answer.ts'

/** What a dialect works with. It never sees the database. */
export type DialectContext = {
  readonly services: Services
  readonly config: Config
  readonly log: Logger
  readonly now: () => Instant
  /** Base of absolute links: the configured public URL, else scheme and host of the request. */
  readonly publicUrl: (request: FastifyRequest) => string
}

export type ListenerOptions = {
  /** Plain HTTP unless given. */
  readonly https?: { readonly cert: string; readonly key: string }
  /** Answers a path whose percent escapes cannot be decoded; else these are letters. */
  readonly malformedUrl?: (
    request: FastifyRequest,
    reply: FastifyReply,
  ) => Promise<unknown> | undefined
  /** What is told to whoever sends no HTTP, or too much of it; JSON unless given. */
  readonly malformedRequest?: (status: number) => Answer
}

/** A foreign protocol we speak. Each registers itself as one encapsulated Fastify plugin. */
export type Dialect = {
  readonly name: 'pretix' | 'inventorum' | 'lightspeed' | 'foodics' | 'scrip'
  /** Refuses (SetupError) a configuration that cannot be served; called before anything is written. */
  readonly assertServable?: (config: Config) => Promise<void>
  /** Adds its routes to the main listener, inside a scope of its own (hooks and error handler too). */
  readonly register: (app: FastifyInstance, context: DialectContext) => void | Promise<void>
  /** Answers a path that begins so and whose percent escapes cannot be decoded; else these are letters. */
  readonly malformedUrl?: {
    readonly prefixes: readonly string[]
    readonly answer: (
      request: FastifyRequest,
      reply: FastifyReply,
      context: DialectContext,
    ) => Promise<unknown>
  }
  /** Opens a listener of its own, if it is configured to; returns how to stop it. */
  readonly listen?: (
    createListener: (options?: ListenerOptions) => FastifyInstance,
    context: DialectContext,
  ) => Promise<(() => Promise<void>) | undefined>
}
