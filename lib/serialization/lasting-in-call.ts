import { referenceTo } from './functions/by-reference'
import { settledFunction } from './functions/settled'
import { type Lasting, lastingFunction } from './lasting'
import { registeredValues } from './registered'
import type { Import } from './wire'

/** Functions of one call that go under their lasting names. One that does so once, does to the end of the call. */
export class LastingInCall {
  readonly #found = new WeakMap<Function, Lasting>()
  /** What the user wants to go by value, as it was when the call began. */
  readonly registered = registeredValues()

  /**
   * A function that goes under the same name in all calls, unless it goes by reference now: its module may export it.
   *
   * @param isByValue whether what a module exports goes by value in this call
   */
  for(fn: Function, isByValue: (module: Import) => boolean = () => false): Lasting | undefined {
    const known = this.#found.get(fn)
    if (known) return known
    const captured = settledFunction(fn)?.captured
    const lasting = captured && lastingFunction(fn)
    if (captured === undefined || lasting === undefined) return undefined
    if (!this.registered.has(fn) && referenceTo(captured, isByValue)) return undefined
    this.#found.set(fn, lasting)
    return lasting
  }

  /** The same for a function that is known to go by value. */
  byValue(fn: Function): Lasting | undefined {
    const lasting = this.#found.get(fn) ?? lastingFunction(fn)
    if (lasting) this.#found.set(fn, lasting)
    return lasting
  }
}
