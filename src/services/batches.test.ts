import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DomainError } from '../errors.ts'
import { type BatchOptions, createBatches } from './batches.ts'

type Command = { readonly key: string; readonly name: string; readonly alone?: boolean }

/** Batches whose units wait until they are let go; `units` are their names in order. */
function gather(
  run: BatchOptions<Command, string>['run'],
  limits: { batchMax?: number; queueMax?: number } = {},
) {
  const units: string[] = []
  const batches = createBatches<Command, string>({
    run: (commands, onWriting) => {
      units.push(commands.map(({ name }) => name).join(' '))
      return run(commands, onWriting)
    },
    keyOf: ({ key }) => key,
    alone: ({ alone = false }) => alone,
    batchMax: 4,
    queueMax: 100,
    ...limits,
  })
  return { units, ...batches }
}

const echo = async (commands: readonly Command[]) => commands.map(({ name }) => name.toUpperCase())
const of = (key: string, ...names: string[]): Command[] => names.map((name) => ({ key, name }))

test('what arrives together is one unit, what arrives meanwhile the next', async () => {
  const gate = Promise.withResolvers<void>()
  const begun = Promise.withResolvers<void>()
  const { units, submit } = gather(async (commands) => {
    begun.resolve()
    await gate.promise
    return await echo(commands)
  })
  const first = of('a', 'one', 'two').map(submit)
  await begun.promise
  const second = of('a', 'three').map(submit)
  gate.resolve()
  assert.deepEqual(await Promise.all([...first, ...second]), ['ONE', 'TWO', 'THREE'])
  assert.deepEqual(units, ['one two', 'three'])
})

test('units of different keys run side by side, of one key one after the other', async () => {
  const gates = new Map(['a', 'b'].map((key) => [key, Promise.withResolvers<void>()]))
  const { units, submit } = gather(async (commands) => {
    await gates.get(commands[0]?.key ?? '')?.promise
    return await echo(commands)
  })
  const slow = submit({ key: 'a', name: 'slow' })
  const quick = submit({ key: 'b', name: 'quick' })
  gates.get('b')?.resolve()
  assert.equal(await quick, 'QUICK')
  gates.get('a')?.resolve()
  assert.equal(await slow, 'SLOW')
  assert.deepEqual(units, ['slow', 'quick'])
})

test('a unit has a size, and a command that must be alone is, in its place', async () => {
  const { units, submit } = gather(echo, { batchMax: 2 })
  const commands: Command[] = [
    ...of('a', 'one', 'two', 'three'),
    { key: 'a', name: 'alone', alone: true },
    ...of('a', 'four'),
  ]
  await Promise.all(commands.map(submit))
  assert.deepEqual(units, ['one two', 'three', 'alone', 'four'])
})

test('a unit that fails is tried again one by one, so that a bad command hurts nobody else', async () => {
  const { units, submit } = gather(async (commands) => {
    if (commands.some(({ name }) => name === 'bad')) throw new Error('bad row')
    return await echo(commands)
  })
  const results = await Promise.allSettled(of('a', 'one', 'bad', 'two').map(submit))
  assert.deepEqual(
    results.map((result) => (result.status === 'fulfilled' ? result.value : String(result.reason))),
    ['ONE', 'Error: bad row', 'TWO'],
  )
  assert.deepEqual(units, ['one bad two', 'one', 'bad', 'two'])
})

test('a refusal of the whole unit is everybody’s, and is not waited for again', async () => {
  const { units, submit } = gather(async () => {
    throw new DomainError({ code: 'busy' })
  })
  const results = await Promise.allSettled(of('a', 'one', 'two').map(submit))
  assert.ok(results.every((result) => result.status === 'rejected'))
  assert.deepEqual(units, ['one two'])
})

test('too much waiting is refused before anything was begun', async () => {
  const { units, submit } = gather(echo, { queueMax: 2 })
  const results = await Promise.allSettled(of('a', 'one', 'two', 'three').map(submit))
  const [, , third] = results
  assert.ok(third?.status === 'rejected' && third.reason instanceof DomainError)
  assert.equal(third.reason.refusal.code, 'overloaded')
  assert.deepEqual(units, ['one two'])
})

test('closing waits for what was submitted and refuses more', async () => {
  const { submit, close } = gather(echo)
  const waiting = submit({ key: 'a', name: 'one' })
  await close()
  assert.equal(await waiting, 'ONE')
  await assert.rejects(submit({ key: 'a', name: 'two' }), DomainError)
  await close()
})
