import { types } from 'node:util'
import { runInThisContext } from 'node:vm'

/** Whether this code runs in a `vm` context, as in a Jest spec: messages arrive with the main realm's prototypes. */
const isForeign = runInThisContext('Object') !== Object

/** The same data with this realm's prototypes, so that `instanceof` and strict equality hold. */
export function atHome(value: unknown, done: Map<object, object>): unknown {
  return isForeign ? rehome(value, done) : value
}

export function allAtHome(values: readonly unknown[]): readonly unknown[] {
  if (!isForeign) return values
  const done = new Map<object, object>()
  return values.map((value) => rehome(value, done))
}

function rehome(value: unknown, done: Map<object, object>): unknown {
  if (typeof value !== 'object' || value === null) return value
  const known = done.get(value)
  if (known) return known
  if (Array.isArray(value)) return fill(value, new Array(value.length), done)
  if (types.isMap(value)) {
    const map = new Map()
    done.set(value, map)
    for (const [key, item] of value) map.set(rehome(key, done), rehome(item, done))
    return map
  }
  if (types.isSet(value)) {
    const set = new Set()
    done.set(value, set)
    for (const item of value) set.add(rehome(item, done))
    return set
  }
  if (types.isDate(value)) return remember(value, new Date(value), done)
  if (types.isRegExp(value)) return remember(value, new RegExp(value.source, value.flags), done)
  const tag = Object.prototype.toString.call(value).slice(8, -1)
  if (types.isAnyArrayBuffer(value) || ArrayBuffer.isView(value) || types.isBoxedPrimitive(value)) {
    if (ArrayBuffer.isView(value)) rehome(value.buffer, done)
    const own = (globalThis as unknown as Record<string, { prototype: object } | undefined>)[tag]
    if (own && !Buffer.isBuffer(value)) Object.setPrototypeOf(value, own.prototype)
    return remember(value, value, done)
  }
  const prototype: object | null = Object.getPrototypeOf(value)
  const isPlain = prototype !== null && Object.getPrototypeOf(prototype) === null
  return isPlain ? fill(value, {}, done) : remember(value, value, done)
}

function fill(from: object, to: object, done: Map<object, object>): object {
  done.set(from, to)
  for (const key of Object.keys(from))
    Object.defineProperty(to, key, {
      value: rehome((from as Record<string, unknown>)[key], done),
      enumerable: true,
      writable: true,
      configurable: true,
    })
  return to
}

function remember<T extends object>(from: object, to: T, done: Map<object, object>): T {
  done.set(from, to)
  return to
}
