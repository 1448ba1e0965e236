import { type Kwargs, type Named, noKwargs, splitArguments } from './kwargs'
import { refuseTransfers } from './transfer'

/** Shared with other copies of this library: a worker has one of its own. */
const brand = Symbol.for('parfor.partial')

/** What a partial function is made of. */
export interface PartialParts {
  /** Never a partial function itself: the parts of one bound again are joined. */
  readonly fn: (...args: never[]) => unknown
  readonly args: readonly unknown[]
  readonly kwargs: Readonly<Record<string, unknown>>
}

/** A function with its first arguments bound. `A` are the parameters still open. */
export interface PartialFunction<A extends readonly unknown[], R> {
  (...args: A): R
  /** The function that is called in the end. */
  readonly func: (...args: never[]) => R
  /** The arguments that come before those of a call. */
  readonly args: readonly unknown[]
  /** The named arguments; a call's own win over them. */
  readonly kwargs: Readonly<Record<string, unknown>>
}

/**
 * Binds the first arguments of a function, and named ones, as Python's `functools.partial`. The result can be called,
 * given to `delayed`, bound further, and sent to a worker: it travels as `fn` and what is bound to it. What is bound is a
 * part of the function, as captured variables are: each worker has one copy for all its tasks of a call.
 *
 * @throws TypeError when `fn` is not a function.
 *
 * @example
 * ```ts
 * import { delayed, kwargs, Parallel, partial } from 'parfor'
 *
 * const describe = (what: string, n: number, { unit = '' } = {}) => `${what}: ${n}${unit}`
 * const height = partial(describe, 'height', kwargs({ unit: 'm' }))
 * console.log(height(3)) //=> height: 3m
 * console.log(await Parallel(2)([delayed(height)(4)])) //=> [ 'height: 4m' ]
 * ```
 */
export function partial<Given extends unknown[], A extends unknown[], R>(
  fn: (...args: [...Given, ...A]) => R,
  ...bound: Given
): PartialFunction<A, R>
export function partial<A extends unknown[], R, Given extends BoundByName<A>>(
  fn: (...args: A) => R,
  ...bound: Given
): PartialFunction<StillOpen<A, Given>, R>
export function partial(fn: (...args: never[]) => unknown, ...bound: unknown[]): PartialFunction<never[], unknown> {
  if (typeof fn !== 'function') throw new TypeError('partial() takes a function and the arguments to bind to it')
  const { args, kwargs } = splitArguments(bound)
  refuseTransfers(args, kwargs)
  return makePartial({ fn, args, kwargs })
}

/** @internal The partial function of these parts: `partialParts` the other way round. */
export function makePartial(parts: PartialParts): PartialFunction<never[], unknown> {
  const whole = joined(parts)
  const { fn, args, kwargs } = whole
  const call = (...given: unknown[]) => {
    const rest = splitArguments(given)
    return callWith(fn, [...args, ...rest.args], { ...kwargs, ...rest.kwargs })
  }
  return Object.defineProperties(call, {
    name: { value: fn.name, configurable: true },
    [brand]: { value: whole },
    func: { value: fn, enumerable: true },
    args: { value: whole.args, enumerable: true },
    kwargs: { value: whole.kwargs, enumerable: true },
  }) as unknown as PartialFunction<never[], unknown>
}

/** @internal What `fn` is made of, when it is a partial function. */
export function partialParts(fn: unknown): PartialParts | undefined {
  return typeof fn === 'function' ? (fn as { [brand]?: PartialParts })[brand] : undefined
}

/** @internal Calls `fn` as a task's arguments say: the named ones are one object, the last argument, if there are any. */
export function callWith(
  fn: (...args: never[]) => unknown,
  args: readonly unknown[],
  kwargs: Readonly<Record<string, unknown>> | undefined,
): unknown {
  if (kwargs === undefined || kwargs === noKwargs || Object.keys(kwargs).length === 0) return fn(...(args as never[]))
  // A new object for each call: `fn` may write to its own, and a task may be run again.
  return fn(...(args as never[]), { ...kwargs } as never)
}

/** Parts whose `fn` is partial itself → those of one partial function. */
function joined({ fn, args, kwargs }: PartialParts): PartialParts {
  const inner = partialParts(fn)
  return Object.freeze({
    fn: inner ? inner.fn : fn,
    args: Object.freeze(inner ? [...inner.args, ...args] : [...args]),
    kwargs: Object.freeze({ ...inner?.kwargs, ...kwargs }),
  })
}

type Last<A extends readonly unknown[]> = Required<A> extends readonly [...unknown[], infer L] ? L : never

type WithoutLast<A extends readonly unknown[]> = A extends readonly [...infer Before, unknown?] ? Before : never

/** `[a, b]` → `[]`, `[a]` and `[a, b]`. */
type Beginnings<A extends readonly unknown[]> = number extends A['length']
  ? []
  : A extends readonly []
    ? []
    : A extends readonly [(infer First)?, ...infer Rest]
      ? [] | [First, ...Beginnings<Rest>]
      : []

/** What of `A` goes by name: its last, when that is an object, or is named already, as for a function bound before. */
type NamedIn<A extends readonly unknown[]> = Last<A> extends Kwargs<infer O> ? O : Named<Last<A>>

/** What can be bound to parameters `A` when some of it goes by name: the object is bound in part. */
type BoundByName<A extends readonly unknown[]> = [NamedIn<A>] extends [never]
  ? never
  : [...Beginnings<WithoutLast<A>>, Kwargs<Partial<NamedIn<A>>>]

type WithoutFirst<A extends readonly unknown[], Given extends readonly unknown[]> = Given extends readonly [
  unknown,
  ...infer GivenRest,
]
  ? A extends readonly [unknown?, ...infer Rest]
    ? WithoutFirst<Rest, GivenRest>
    : []
  : A

/** The named arguments `O` when those of `K` are bound: they may be given again, the others as before. */
type StillNamed<O extends object, K> = Omit<O, keyof K> & Partial<O>

/** What is open of `A` when `Given` is bound, which ends in named arguments. */
type StillOpen<A extends readonly unknown[], Given extends readonly unknown[]> = Given extends readonly [
  ...infer Before,
  Kwargs<infer K>,
]
  ? OpenByName<WithoutFirst<WithoutLast<A>, Before>, StillNamed<NamedIn<A>, K>>
  : never

type OpenByName<Rest extends readonly unknown[], O extends object> =
  Record<never, never> extends O ? [...Rest, Kwargs<O>?] : [...Rest, Kwargs<O>]
