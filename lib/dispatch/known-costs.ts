import { types } from 'node:util'
import { partialParts } from '../task/partial'
import type { Task } from '../task/task'

const MOST = 100
const LONG = 10_000

/** What all that was bound by JavaScript's own `bind` looks like. */
const bound = Function.prototype.toString.call((() => {}).bind(null))

/**
 * What a task took, in milliseconds, in earlier calls of the same function. A closure that is made anew for each call is another
 * function each time, and does the same: so they are told apart by their text.
 */
export class KnownCosts {
  readonly #costs = new Map<string, number>()

  of(fn: Task['fn']): number | undefined {
    return this.#costs.size === 0 ? undefined : this.#costs.get(textOf(fn))
  }

  note(fn: Task['fn'], cost: number): void {
    const text = textOf(fn)
    if (text === bound || text.length >= LONG) return
    if (this.#costs.size >= MOST && !this.#costs.has(text)) this.#costs.clear()
    this.#costs.set(text, cost)
  }
}

/** Of a Proxy nothing can be asked without running its code. */
function textOf(fn: Task['fn']): string {
  if (types.isProxy(fn)) return bound
  return Function.prototype.toString.call(partialParts(fn)?.fn ?? fn)
}
