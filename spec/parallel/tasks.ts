import { threadId } from 'node:worker_threads'
import { delayed } from '../../lib'
import { settled } from '../support/manual-backend'
import { add, waitFor } from './counters'

/*
 * Tasks that specs run, and inputs that give them.
 */

export const range = (count: number, from = 0): number[] => Array.from({ length: count }, (_, n) => n + from)

export const identity = delayed((n: number) => n)
type Identity = ReturnType<typeof identity>

export const identities = (count: number): Identity[] => range(count).map((n) => identity(n))

/** Gives its number when its gate is open; counts itself first, where somebody wants to know that it has begun. */
export const gated = delayed((n: number, gate: Int32Array, begun?: Int32Array) => {
  if (begun) add(begun)
  waitFor(gate)
  return n
})

/** A loop that never ends, and never looks up. It counts itself and leaves its thread's id behind that, where asked to. */
export const stuck = delayed(function stuck(at?: Int32Array): number {
  if (at) {
    Atomics.store(at, 1, threadId)
    add(at)
  }
  for (;;);
})

/** What can be sent, and then made nowhere. */
export class Unmade {
  [Symbol.for('parfor.serialize')]() {
    return 1
  }
  static [Symbol.for('parfor.deserialize')](): never {
    throw new Error('cannot be made')
  }
}

/** An endless input that logs what it gives, and that it was ended. */
export function endless(log: unknown[] = [], task = identity) {
  return function* (): Generator<Identity> {
    try {
      for (let n = 0; ; n += 1) {
        log.push(n)
        yield task(n)
      }
    } finally {
      log.push('ended')
    }
  }
}

/** An input that gives a task when the spec says so, or its end. */
export function slow() {
  const asked: ((result: IteratorResult<Identity>) => void)[] = []
  const ended: string[] = []
  const input: AsyncIterable<Identity> = {
    [Symbol.asyncIterator]: () => ({
      next: () => new Promise((resolve) => asked.push(resolve)),
      return: async () => ({ value: ended.push('ended'), done: true }),
    }),
  }
  return {
    input,
    ended,
    give: (n: number) => settled(asked.at(-1)?.({ value: identity(n), done: false })),
    end: () => settled(asked.at(-1)?.({ value: undefined, done: true })),
  }
}
