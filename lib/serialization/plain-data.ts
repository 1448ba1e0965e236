import { inspect, types } from 'node:util'
import { runInThisContext } from 'node:vm'
import { isDetached, SMALL } from './bytes'

/** Prototypes whose objects structured clone reproduces: of this realm, and of the main one where that is another. */
const main = runInThisContext('globalThis') as typeof globalThis
const realms = main === globalThis ? [globalThis] : [globalThis, main]
const prototypes = (name: 'Object' | 'Array' | 'Map' | 'Set' | 'Date' | 'RegExp' | 'Function') =>
  new Set<unknown>(realms.map((realm) => realm[name].prototype))
const OBJECT = prototypes('Object')
const ARRAY = prototypes('Array')
const MAP = prototypes('Map')
const SET = prototypes('Set')
const DATE = prototypes('Date')
const REGEXP = prototypes('RegExp')
const FUNCTION = prototypes('Function')
for (const fn of [async () => {}, runInThisContext('async () => {}')]) FUNCTION.add(Object.getPrototypeOf(fn))
// Jest puts the main realm's ArrayBuffer into its own, but not under the typed arrays.
const ARRAY_BUFFER = new Set<unknown>(
  realms.flatMap((realm) => [
    realm.ArrayBuffer.prototype,
    Object.getPrototypeOf(new realm.Float64Array(0).buffer) as unknown,
  ]),
)
const VIEWS = new Set<unknown>(
  realms
    .flatMap((realm) => [
      ...[realm.Int8Array, realm.Uint8Array, realm.Uint8ClampedArray, realm.Int16Array, realm.Uint16Array],
      ...[realm.Int32Array, realm.Uint32Array, realm.Float32Array, realm.Float64Array],
      ...[realm.BigInt64Array, realm.BigUint64Array, realm.DataView],
    ])
    .map((view) => view.prototype),
)

export const isObjectPrototype = (value: unknown): boolean => OBJECT.has(value)
export const isArrayPrototype = (value: unknown): boolean => ARRAY.has(value)
export const isMapPrototype = (value: unknown): boolean => MAP.has(value)
export const isSetPrototype = (value: unknown): boolean => SET.has(value)
export const isDatePrototype = (value: unknown): boolean => DATE.has(value)
export const isRegExpPrototype = (value: unknown): boolean => REGEXP.has(value)
/** Of functions and async functions. */
export const isFunctionPrototype = (value: unknown): boolean => FUNCTION.has(value)
export const isArrayBufferPrototype = (value: unknown): boolean => ARRAY_BUFFER.has(value)
export const isViewPrototype = (value: unknown): boolean => VIEWS.has(value)

/** How a graph of objects can travel. */
export type Verdict = 'plain' | 'rich'

/**
 * Finds out whether structured clone reproduces everything that can be reached from an object faithfully: then it
 * travels as it is, the fastest way there is. One scanner serves one message.
 */
export class PlainDataScanner {
  readonly #owners = new Map<object, number>()
  readonly #rich = new Set<object>()
  readonly #buffersToo: boolean
  #task = 0
  /** Every object of the current task, some of them more than once. */
  objectsOfTask: object[] = []
  /** Whether the current task holds an object that an earlier task of the message holds too. */
  overlaps = false
  /** A rough count of the bytes of what was met: those of texts, and some for each object and number. */
  weight = 0

  /** @param buffersToo whether buffers and views over them count as plain, for who needs no snapshot of them */
  constructor(buffersToo: boolean) {
    this.#buffersToo = buffersToo
  }

  nextTask(): void {
    this.#task += 1
    this.objectsOfTask = []
    this.overlaps = false
  }

  weigh(value: unknown): void {
    this.weight += typeof value === 'string' ? value.length : 8
  }

  /** Notes an object that travels as a node. */
  note(object: object): void {
    this.objectsOfTask.push(object)
    const owner = this.#owners.get(object)
    if (owner === undefined) this.#owners.set(object, this.#task)
    else if (owner !== this.#task) this.overlaps = true
  }

  /** Notes a buffer of which only a part travels. */
  noteInPart(buffer: object): void {
    if (this.#buffersToo) this.objectsOfTask.push(buffer)
    else this.note(buffer)
  }

  /** Whether a buffer may be within data that travels as it is. */
  isWithin(buffer: object): boolean {
    return this.#buffersToo && this.#owners.has(buffer)
  }

  /** Whether this object was met, in any task. */
  has(object: object): boolean {
    return this.#owners.has(object)
  }

  /** Whether both have met the same object. */
  meets(other: PlainDataScanner): boolean {
    if (this.#owners.size > other.#owners.size) return other.meets(this)
    for (const object of this.#owners.keys()) if (other.has(object)) return true
    return false
  }

  /** @param buffersToo as in the constructor */
  scan(root: object, buffersToo = this.#buffersToo): Verdict {
    if (this.#rich.has(root)) return 'rich'
    const seen = new Map<object, object | null>([[root, null]])
    const stack: object[] = [root]
    const visit = (value: unknown, parent: object): boolean => {
      this.weigh(value)
      if (typeof value === 'object') {
        if (value !== null && !seen.has(value)) {
          seen.set(value, parent)
          stack.push(value)
        }
        return true
      }
      return typeof value !== 'function' && typeof value !== 'symbol'
    }
    for (let object = stack.pop(); object !== undefined; object = stack.pop()) {
      if (this.#rich.has(object) || !this.#isFaithful(object, buffersToo, visit)) {
        // What leads here is rich as well: never scanned again.
        for (let at: object | null | undefined = object; at; at = seen.get(at)) this.#rich.add(at)
        return 'rich'
      }
    }
    for (const object of seen.keys()) this.note(object)
    return 'plain'
  }

  /** Whether an object by itself is reproduced; what it holds is handed to `visit`, which says no to what is not. */
  #isFaithful(object: object, buffersToo: boolean, visit: (value: unknown, parent: object) => boolean): boolean {
    if (types.isProxy(object) || !Object.isExtensible(object)) return false
    const prototype: unknown = Object.getPrototypeOf(object)
    if (Array.isArray(object)) {
      if (!ARRAY.has(prototype) || !hasElementsOnly(object)) return false
      return elements(object).every((value) => visit(value, object))
    }
    if (OBJECT.has(prototype)) return this.#isPlainObject(object, visit)
    if (MAP.has(prototype) && types.isMap(object)) {
      for (const [key, value] of object) if (!visit(key, object) || !visit(value, object)) return false
      return hasNoProperties(object)
    }
    if (SET.has(prototype) && types.isSet(object)) {
      for (const value of object) if (!visit(value, object)) return false
      return hasNoProperties(object)
    }
    if (DATE.has(prototype) && types.isDate(object)) return hasNoProperties(object)
    if (REGEXP.has(prototype) && types.isRegExp(object))
      return object.lastIndex === 0 && Reflect.ownKeys(object).length === 1
    if (!buffersToo) return false
    // Not a large one: structured clone copies it twice.
    // A detached one is refused by structured clone.
    if (ARRAY_BUFFER.has(prototype) && types.isArrayBuffer(object))
      return hasNoProperties(object) && object.byteLength <= SMALL && !isDetached(object)
    // A view of a part would drag the whole buffer along.
    if (VIEWS.has(prototype) && ArrayBuffer.isView(object) && types.isArrayBuffer(object.buffer))
      return (
        object.byteLength === object.buffer.byteLength && !isDetached(object.buffer) && visit(object.buffer, object)
      )
    return false
  }

  #isPlainObject(object: object, visit: (value: unknown, parent: object) => boolean): boolean {
    if (types.isArgumentsObject(object) || types.isExternal(object) || types.isModuleNamespaceObject(object))
      return false
    for (const key of Reflect.ownKeys(object)) {
      if (typeof key === 'symbol') return false
      const property = Reflect.getOwnPropertyDescriptor(object, key)
      if (!property?.enumerable || !property.writable || !property.configurable) return false
      if (!visit(property.value, object)) return false
    }
    // A tag makes an object of another kind of it (a module of a bundler); a null `__proto__` cannot get here.
    return !(Symbol.toStringTag in object)
  }
}

/** All elements; only those that are there when nearly none is: `a[1e9] = 1` is one element. */
function elements(array: readonly unknown[]): readonly unknown[] {
  const { length } = array
  if (length < 1e6 || (0 in array && length >> 1 in array)) return array
  return Object.keys(array).map((key) => array[key as keyof typeof array])
}

/** Whether an array has no properties but its elements. Keys come in this order: elements, `length`, others. */
function hasElementsOnly(array: readonly unknown[]): boolean {
  if (array.length > FEW && onlyElements.test(inspect(array, shortest))) return true
  return Reflect.ownKeys(array).at(-1) === 'length'
}

/** From so many elements on it is quicker to print what is no element (1.2 µs) than to list all keys (a million: 200 ms). */
const FEW = 50
const shortest = { maxArrayLength: 0, depth: 0, showHidden: true, customInspect: false, breakLength: Infinity }
const onlyElements = /^\[ \.\.\. \d+ more items, \[length\]: \d+ \]$/

const hasNoProperties = (object: object): boolean => Reflect.ownKeys(object).length === 0
