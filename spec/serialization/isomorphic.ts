import { types } from 'node:util'
import { intrinsicPath } from '../../lib/serialization/intrinsics'

/**
 * Where two values differ: `undefined` when one is the mirror image of the other. Stricter than deep equality: every
 * own property with its attributes, prototypes, what the engine keeps inside of an object, and which places hold the
 * same object. Functions are the same when their properties are: their name, their length, `prototype`.
 *
 * What is built in may be of different realms.
 */
export function difference(left: unknown, right: unknown, captured?: Captured): string | undefined {
  return new Comparison(captured).compare(left, right, '')
}

/** What a function captures, which is compared too. */
export type Captured = (fn: Function) => unknown

class Comparison {
  readonly #partners = new Map<unknown, unknown>()
  readonly #takenPartners = new Map<unknown, unknown>()
  readonly #captured: Captured | undefined

  constructor(captured: Captured | undefined) {
    this.#captured = captured
  }

  compare(left: unknown, right: unknown, path: string): string | undefined {
    if (Object.is(left, right) && !isObject(left)) return undefined
    const intrinsic = isObject(left) || typeof left === 'symbol' ? intrinsicPath(left)?.join('.') : undefined
    if (intrinsic !== undefined)
      return intrinsicPath(right)?.join('.') === intrinsic ? undefined : `${path}: not ${intrinsic}`
    if (this.#partners.has(left) || this.#takenPartners.has(right))
      return this.#partners.get(left) === right && this.#takenPartners.get(right) === left
        ? undefined
        : `${path}: another identity`
    if (typeof left === 'symbol' && typeof right === 'symbol') {
      this.#pair(left, right)
      return left.description === right.description ? undefined : `${path}: ${String(left)} became ${String(right)}`
    }
    if (!isObject(left) || !isObject(right)) return `${path}: ${show(left)} became ${show(right)}`
    this.#pair(left, right)
    return (
      this.#compareInside(left, right, path) ??
      this.compare(Object.getPrototypeOf(left), Object.getPrototypeOf(right), `${path}.[[Prototype]]`) ??
      this.#compareProperties(left, right, path)
    )
  }

  #pair(left: unknown, right: unknown): void {
    this.#partners.set(left, right)
    this.#takenPartners.set(right, left)
  }

  #compareInside(left: object, right: object, path: string): string | undefined {
    const inside = this.#insideOf(left)
    const other = this.#insideOf(right)
    if (inside.length !== other.length) return `${path}: ${inside.length} became ${other.length} inside`
    for (const [n, value] of inside.entries()) {
      const trouble = this.compare(value, other[n], `${path}.[[${n}]]`)
      if (trouble !== undefined) return trouble
    }
    return undefined
  }

  #insideOf(object: object): unknown[] {
    if (typeof object !== 'function') return insideOf(object)
    return ['function', this.#captured?.(object)]
  }

  #compareProperties(left: object, right: object, path: string): string | undefined {
    const keys = propertiesOf(left)
    const others = propertiesOf(right)
    if (keys.length !== others.length) return `${path}: properties ${keys.map(String)} became ${others.map(String)}`
    for (const [n, key] of keys.entries()) {
      const at = `${path}.${String(key)}`
      const mine = Object.getOwnPropertyDescriptor(left, key) as PropertyDescriptor
      const theirs = Object.getOwnPropertyDescriptor(right, others[n] as string) as PropertyDescriptor
      const trouble =
        this.compare(key, others[n], `${at} (key)`) ??
        (attributesOf(mine) === attributesOf(theirs)
          ? undefined
          : `${at}: ${attributesOf(mine)} became ${attributesOf(theirs)}`) ??
        this.compare(mine.value, theirs.value, at) ??
        this.compare(mine.get, theirs.get, `${at} (get)`) ??
        this.compare(mine.set, theirs.set, `${at} (set)`)
      if (trouble !== undefined) return trouble
    }
    return undefined
  }
}

/** Elements of views are compared as bytes of their buffer. */
function propertiesOf(object: object): (string | symbol)[] {
  if (ArrayBuffer.isView(object)) return []
  const keys = Reflect.ownKeys(object)
  if (types.isNativeError(object)) return keys.filter((key) => key !== 'stack')
  return typeof object === 'function' ? keys.filter((key) => key !== 'arguments' && key !== 'caller') : keys
}

function attributesOf({ enumerable, writable, configurable, get, set }: PropertyDescriptor): string {
  return [
    enumerable && 'enumerable',
    writable && 'writable',
    configurable && 'configurable',
    (get ?? set) && 'accessor',
  ]
    .filter(Boolean)
    .join(' ')
}

/** What an object holds that is not a property. The first of it is its brand. */
function insideOf(object: object): unknown[] {
  if (types.isMap(object)) return ['map', ...[...Map.prototype.entries.call(object)].flat()]
  if (types.isSet(object)) return ['set', ...Set.prototype.values.call(object)]
  if (types.isDate(object)) return ['date', Date.prototype.getTime.call(object)]
  if (types.isRegExp(object)) return ['regexp', object.source, object.flags]
  if (types.isBoxedPrimitive(object)) return ['boxed', object.valueOf()]
  if (types.isNativeError(object)) return ['error', object.stack]
  if (types.isSharedArrayBuffer(object)) return ['shared', new Uint8Array(object).join()]
  if (types.isArrayBuffer(object)) return ['buffer', new Uint8Array(object).join(), maxLengthOf(object)]
  if (Buffer.isBuffer(object)) return ['Buffer', object.toString('hex')]
  if (ArrayBuffer.isView(object)) return [tagOf(object), object.byteOffset, object.byteLength, object.buffer]
  if (types.isArgumentsObject(object)) return ['arguments']
  return [Array.isArray(object) ? 'array' : 'object', tagOf(object), Object.isExtensible(object)]
}

const maxLengthOf = (buffer: ArrayBuffer) => (buffer as { maxByteLength?: number }).maxByteLength

const tagOf = (object: object) => Object.prototype.toString.call(object)

function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function'
}

const show = (value: unknown) =>
  typeof value === 'string' ? JSON.stringify(value) : isObject(value) ? tagOf(value) : String(value)
