/** Shared with other copies of this library: a worker has one of its own. */
const brand = Symbol.for('parfor.kwargs')

/** Named arguments, made by `kwargs({...})`: the last argument of `delayed(fn)(...)` and of `partial(fn, ...)`. */
export interface Kwargs<K extends object = object> {
  readonly [brand]: Readonly<K>
}

/** What a task without named arguments has as its `kwargs`. */
export const noKwargs: Readonly<Record<string, unknown>> = Object.freeze({})

/**
 * Named arguments, as Python's `f(**kwargs)`. Given last to `delayed(fn)(...)` or `partial(fn, ...)`, they reach `fn`
 * as one object after its other arguments.
 *
 * @param named - Is copied, one level deep: what is changed in it afterwards does not reach the task.
 *
 * @example
 * ```ts
 * import { delayed, kwargs, Parallel } from 'parfor'
 *
 * function addNumbers(end: number, { startFrom = 1 } = {}) {
 *   let sum = 0
 *   for (let n = startFrom; n <= end; n++) sum += n
 *   return sum
 * }
 * console.log(await Parallel(2)([delayed(addNumbers)(4, kwargs({ startFrom: 3 }))])) //=> [ 7 ]
 * ```
 */
export function kwargs<K extends object>(named: K): Kwargs<K> {
  if (typeof named !== 'object' || named === null || Array.isArray(named)) {
    throw new TypeError(`kwargs() takes one object of named arguments, as in kwargs({ startFrom: 0 })`)
  }
  return Object.freeze({ [brand]: Object.freeze({ ...named }) }) as Kwargs<K>
}

/** @internal The named arguments that `value` holds, when `kwargs()` made it. */
export function namedBy(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null
    ? (value as { [brand]?: Readonly<Record<string, unknown>> })[brand]
    : undefined
}

/** @internal Arguments as a caller wrote them → the positional ones and the named ones. */
export function splitArguments(given: readonly unknown[]): {
  args: readonly unknown[]
  kwargs: Readonly<Record<string, unknown>>
} {
  const named = given.length > 0 ? namedBy(given[given.length - 1]) : undefined
  for (let n = 0; n < given.length - 1; n += 1)
    if (namedBy(given[n]) !== undefined)
      throw new TypeError(`kwargs({...}) is argument ${n + 1} of ${given.length}; it comes last, once`)
  return named === undefined ? { args: given, kwargs: noKwargs } : { args: given.slice(0, -1), kwargs: named }
}

/** The object type of a parameter that can be given by name: no function, no array, not `Kwargs` itself. */
export type Named<P> =
  NonNullable<P> extends infer O extends object
    ? O extends ((...args: never[]) => unknown) | readonly unknown[] | Kwargs
      ? never
      : O
    : never

/** Ways to write the arguments `A`: as they are, or with the last one that is written as `kwargs({...})`. */
export type Arguments<A extends readonly unknown[]> = A | EndingInKwargs<A>

type EndingInKwargs<A extends readonly unknown[], Before extends unknown[] = []> = number extends A['length']
  ? never
  : A extends readonly []
    ? never
    : A extends readonly [(infer First)?, ...infer Rest]
      ?
          | ([] extends Rest ? ([Named<First>] extends [never] ? never : [...Before, Kwargs<Named<First>>]) : never)
          | EndingInKwargs<Rest, [...Before, First]>
      : never
