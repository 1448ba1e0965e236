import { checkFunctionOptions, type FunctionOptions, withGiven } from './given'
import { type Arguments, splitArguments } from './kwargs'
import type { Task } from './task'
import { claimArguments } from './transfer'

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
  if (options !== undefined) checkFunctionOptions(fn, options)
  const sent = options === undefined ? fn : withGiven(fn as unknown as (...args: never[]) => R, options)
  const make = (...given: unknown[]) => {
    const { args, kwargs } = splitArguments(given)
    claimArguments(args, kwargs)
    return Object.freeze({ fn: sent, args: Object.freeze(args), kwargs }) as unknown as Task<Awaited<R>>
  }
  return Object.defineProperty(make, 'name', { value: fn.name, configurable: true })
}

/** Whether a function is what `delayed` returns, by its text: to note each one would cost more than to make it. */
export function makesTasks(fn: unknown): boolean {
  const textOf = (one: unknown) => Function.prototype.toString.call(one)
  return typeof fn === 'function' && textOf(fn) === textOf(delayed(makesTasks))
}
