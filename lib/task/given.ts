import { partialParts } from './partial'

/** What a user says of a function that the engine may not show. */
export interface FunctionOptions {
  /** The `this` of the function: also of an arrow, whose own the engine does not show. */
  readonly this?: unknown
  /** Captured variables by name. They win over those that are found, and are needed where none can be read. */
  readonly captures?: Readonly<Record<string, unknown>>
}

/** A function and what was said of it. */
export interface GivenParts extends FunctionOptions {
  readonly fn: (...args: never[]) => unknown
}

/** Shared with other copies of this library: a worker has one of its own. */
const brand = Symbol.for('parfor.given')

/**
 * @internal A function that is called as `fn`, with its `this`, and is sent as `fn` with these values. Called here, an
 * arrow has its own `this`, which is what is given, or should be; variables that are given have to be put into it first.
 */
export function withGiven<F extends (...args: never[]) => unknown>(fn: F, options: FunctionOptions): F {
  const parts: GivenParts = Object.freeze({ ...options, fn })
  const call = (...args: never[]) => {
    if (options.captures)
      throw new TypeError('The captures of a function can be given only where its task is sent, or run by this library')
    return Reflect.apply(fn, options.this, args)
  }
  return Object.defineProperties(call, {
    name: { value: fn.name, configurable: true },
    [brand]: { value: parts },
  }) as unknown as F
}

/** @internal What was said of a function; `undefined` when nothing was. */
export function givenParts(fn: unknown): GivenParts | undefined {
  return typeof fn === 'function' ? (fn as { [brand]?: GivenParts })[brand] : undefined
}

const names = ['this', 'captures']

/** @throws TypeError that names the option and what it may be, or why this function cannot have it */
export function checkFunctionOptions(
  fn: (...args: never[]) => unknown,
  options: unknown,
): asserts options is FunctionOptions {
  if (typeof options !== 'object' || options === null)
    throw new TypeError('delayed() takes a function, and an object of options: delayed(fn, { this?, captures? })')
  for (const name of Object.keys(options))
    if (!names.includes(name))
      throw new TypeError(`'${name}' is no option of delayed(). Its options are this, captures`)
  const { captures } = options as FunctionOptions
  if (captures !== undefined && (typeof captures !== 'object' || captures === null))
    throw new TypeError('captures must be an object of variables: delayed(fn, { captures: { a, b } })')
  if (captures === undefined) return
  if (partialParts(fn))
    throw new TypeError('captures cannot be given to a partial: delayed(fn, { captures })(...args), with all arguments')
  if (/\{\s*\[native code\]\s*\}\s*$/.test(Function.prototype.toString.call(fn)))
    throw new TypeError(
      `captures cannot be given to ${fn.name || 'this function'}: it is bound, or built in, and has no variables. For a bound function: delayed(fn, { this: obj, captures })`,
    )
}
