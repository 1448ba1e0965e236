import { inspect } from 'node:util'

/** The longest that a timer of Node.js can count: 24.8 days, in effect never. */
const longestTimeout = 2 ** 31 - 1

/** @param operation - `list.get` */
export function checkIndex(index: unknown, operation: string): number {
  if (typeof index !== 'number') throw new TypeError(`${operation} takes an index, a whole number; got ${shown(index)}`)
  if (!Number.isSafeInteger(index)) throw new RangeError(`${operation} takes a whole number; got ${shown(index)}`)
  return index
}

export function checkEnd(index: unknown, operation: string): number | undefined {
  return index === undefined ? undefined : checkIndex(index, operation)
}

/** Milliseconds; `undefined` for no limit. */
export function checkTimeout(timeout: unknown, operation: string): number | undefined {
  if (timeout === undefined || timeout === null || timeout === Number.POSITIVE_INFINITY) return undefined
  if (typeof timeout !== 'number')
    throw new TypeError(`${operation} takes a timeout in milliseconds; got ${shown(timeout)}`)
  if (!(timeout >= 0)) throw new RangeError(`${operation} takes a timeout of 0 or more milliseconds; got ${timeout}`)
  return Math.min(timeout, longestTimeout)
}

export function checkFunction(fn: unknown, operation: string): void {
  if (typeof fn !== 'function') throw new TypeError(`${operation} takes a function; got ${shown(fn)}`)
}

/** Copies are equal to no other object, so an object would never be found again. */
export function checkKey(key: unknown, operation: string): void {
  if ((typeof key === 'object' && key !== null) || typeof key === 'function' || typeof key === 'symbol')
    throw new TypeError(
      `${operation} takes a key that is a string, a number, a bigint, a boolean, null or undefined; got ${shown(key)}`,
    )
}

/** A number that can be added to another one. */
export function checkAddend(value: unknown, operation: string): void {
  if (typeof value !== 'number' && typeof value !== 'bigint')
    throw new TypeError(`${operation} takes a number, or a bigint; got ${shown(value)}`)
}

/** @returns an array with what is in it */
export function checkIterable<T>(values: unknown, operation: string): T[] {
  if (values === null || typeof (values as { [Symbol.iterator]?: unknown })?.[Symbol.iterator] !== 'function')
    throw new TypeError(`${operation} takes an iterable, as an array; got ${shown(values)}`)
  return [...(values as Iterable<T>)]
}

/** Pairs of a key and a value, out of a `Map`, an iterable of pairs, or an object. */
export function checkEntries(entries: unknown, operation: string): [unknown, unknown][] {
  if (typeof entries !== 'object' || entries === null)
    throw new TypeError(`${operation} takes a Map, an iterable of pairs, or an object; got ${shown(entries)}`)
  const pairs = Symbol.iterator in entries ? [...(entries as Iterable<unknown>)] : Object.entries(entries)
  for (const pair of pairs) {
    if (!Array.isArray(pair) || pair.length !== 2)
      throw new TypeError(`${operation} takes pairs of a key and a value; got ${shown(pair)}`)
    checkKey(pair[0], operation)
  }
  return pairs as [unknown, unknown][]
}

export function checkMaxSize(size: unknown): number {
  if (size === undefined || size === 0 || size === Number.POSITIVE_INFINITY) return Number.POSITIVE_INFINITY
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0)
    throw new RangeError(
      `manager.queue(maxSize) takes how many items it may hold, a whole number; 0 for any number; got ${shown(size)}`,
    )
  return size
}

export function shown(value: unknown): string {
  return inspect(value, { depth: 0, breakLength: Infinity }).slice(0, 200)
}
