/**
 * One unit of work for many callers. It calls `onWriting` when it has nothing to do but wait for the
 * database to write; what it resolves to tells its callers what became of them.
 */
export type Unit = (onWriting: () => void) => Promise<() => void>

/** Callers of a unit that is committed hear of it this much later at most. */
const TELL_MS_MAX = 5

/**
 * Runs units one after the other until `next` has none. The callers of one are told while the database
 * writes the next: telling them, and reading what they ask for then, is about as much work as that. But
 * they never wait for its locks.
 */
export async function takeTurns(next: () => Unit | undefined): Promise<void> {
  // What is asked for in the same breath shares a unit; what comes later shares the next, and nobody waits.
  await Promise.resolve()
  let tell: (() => void) | undefined
  for (let unit = next(); unit; unit = next()) {
    const told = tell
    const patience = told && setTimeout(told, TELL_MS_MAX)
    // Not at once: what is on its way to the database leaves at the end of this turn.
    const settled = await unit(told ? () => setImmediate(told) : nobodyWaits)
    clearTimeout(patience)
    told?.()
    tell = once(settled)
  }
  tell?.()
}

const nobodyWaits = (): void => {}

function once(act: () => void): () => void {
  let isDone = false
  return () => {
    if (isDone) return
    isDone = true
    act()
  }
}
