import { checkFunctionOptions, type FunctionOptions, withGiven } from './given'
import { type Arguments, splitArguments } from './kwargs'
import type { Task } from './task'
import { claimArguments } from './transfer'

type MakeTask = (...given: unknown[]) => Task<never>

/**
 * What was made for the last few functions: `delayed(f)(i)` in a loop asks for the same each time, and to give a function its
 * name costs more than all the rest. Not for many, since a collector of garbage has much to do with such a map when it is large.
 */
interface Made {
  /** Another copy of the library has others. */
  readonly by: typeof makerOf
  readonly makers: WeakMap<object, MakeTask>
  /** How many more it takes. */
  room: number
}

const FEW = 16

/** Of the thread, and no variable here: `delayed` may be what a task captures, and no such map can be sent. */
const key = Symbol.for('parfor.delayed')

function madeOfThread(): Made {
  const found = (globalThis as { [key]?: Made })[key]
  if (found !== undefined && found.by === makerOf && found.room > 0) return found
  const made = { by: makerOf, makers: new WeakMap(), room: FEW }
  // Where nothing can be added, nothing is kept.
  Reflect.defineProperty(globalThis, key, { value: made, configurable: true })
  return made
}

/**
 * Captures a call instead of making it: `delayed(fn)(...args)` is a task for `Parallel`. Nothing runs, nothing is
 * copied; a task may be used in any number of calls. Named arguments come last, in `kwargs({...})`.
 * After joblib's `delayed`.
 *
 * @param options - What the engine does not show of the function: the `this` of an arrow; captured variables, where
 * the inspector is not available.
 * @returns A function with the parameters of `fn`, which returns a frozen `{ fn, args, kwargs }`.
 * @throws TypeError when `fn` is not a function, or for a wrong option: `captures` of a partial, bound or built-in one.
 *
 * @example
 * ```ts
 * import { delayed, Parallel } from 'parfor'
 *
 * const task = delayed(Math.hypot)(3, 4)
 * console.log(await Parallel(2)([task])) //=> [ 5 ]
 * ```
 */
export function delayed<A extends unknown[], R>(
  fn: (...args: A) => R,
  options?: FunctionOptions,
): (...args: Arguments<A>) => Task<Awaited<R>> {
  if (typeof fn !== 'function') {
    throw new TypeError(`delayed() takes a function and returns one that takes its arguments: delayed(fn)(...args)`)
  }
  if (options !== undefined) {
    checkFunctionOptions(fn, options)
    return named(makerOf(withGiven(fn as unknown as (...args: never[]) => R, options)), fn.name)
  }
  const made = madeOfThread()
  const known = made.makers.get(fn)
  if (known !== undefined) return known
  const make = named(makerOf(fn), fn.name)
  made.makers.set(fn, make)
  made.room -= 1
  return make
}

function makerOf(fn: unknown): MakeTask {
  return (...given) => {
    const { args, kwargs } = splitArguments(given)
    claimArguments(args, kwargs)
    return Object.freeze({ fn, args: Object.freeze(args), kwargs }) as Task<never>
  }
}

/** As it is, a function that `makerOf` made has none. */
function named(make: MakeTask, name: string): MakeTask {
  return name === '' ? make : Object.defineProperty(make, 'name', { value: name, configurable: true })
}

/** Whether a function is what `delayed` returns, by its text: to note each one would cost more than to make it. */
export function makesTasks(fn: unknown): boolean {
  const textOf = (one: unknown) => Function.prototype.toString.call(one)
  return typeof fn === 'function' && textOf(fn) === textOf(delayed(makesTasks))
}
