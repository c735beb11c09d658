import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { takeTurns, type Unit } from './turns.ts'

/** Units in their order, and what happened. */
function playUnits(...units: ((events: string[]) => Unit)[]) {
  const events: string[] = []
  const queue = units.map((unit) => unit(events))
  return { events, done: takeTurns(() => queue.shift()) }
}

test('callers of a unit hear of it when the next one is being written, and once', async () => {
  const { events, done } = playUnits(
    (log) => async () => () => void log.push('told of one'),
    (log) => async (onWriting) => {
      log.push('two locks')
      onWriting()
      onWriting()
      log.push('two is sent')
      await nextTurn()
      log.push('two is written')
      return () => void log.push('told of two')
    },
  )
  await done
  assert.deepEqual(events, [
    'two locks',
    'two is sent',
    'told of one',
    'two is written',
    'told of two',
  ])
})

test('they never wait for the locks of the next', async () => {
  const gate = Promise.withResolvers<void>()
  const told = Promise.withResolvers<void>()
  const { events, done } = playUnits(
    (log) => async () => () => {
      log.push('told of one')
      told.resolve()
    },
    (log) => async () => {
      await gate.promise
      log.push('two has its locks')
      return () => void log.push('told of two')
    },
  )
  await told.promise
  gate.resolve()
  await done
  assert.deepEqual(events, ['told of one', 'two has its locks', 'told of two'])
})
