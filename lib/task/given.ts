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
 * arrow has its own `this`, and every function the variables that it captures: they are what is given, or should be.
 */
export function withGiven<F extends (...args: never[]) => unknown>(fn: F, options: FunctionOptions): F {
  const parts: GivenParts = Object.freeze({ ...options, fn })
  const call = (...args: never[]) => Reflect.apply(fn, options.this, args)
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

/** @throws TypeError that names the option and what it may be */
export function checkFunctionOptions(options: unknown): asserts options is FunctionOptions {
  if (typeof options !== 'object' || options === null)
    throw new TypeError('delayed() takes a function, and an object of options: delayed(fn, { this?, captures? })')
  for (const name of Object.keys(options))
    if (!names.includes(name))
      throw new TypeError(`'${name}' is no option of delayed(). Its options are this, captures`)
  const { captures } = options as FunctionOptions
  if (captures !== undefined && (typeof captures !== 'object' || captures === null))
    throw new TypeError('captures must be an object of variables: delayed(fn, { captures: { a, b } })')
}
