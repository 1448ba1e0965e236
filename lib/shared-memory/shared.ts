import { inspect, types } from 'node:util'

/** A typed array, of any kind. */
export type TypedArray =
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | Float32Array
  | Float64Array
  | BigInt64Array
  | BigUint64Array

/** A class of typed arrays, as `Float64Array`. */
export interface TypedArrayClass<A extends TypedArray> {
  new (buffer: SharedArrayBuffer): A
  readonly BYTES_PER_ELEMENT: number
}

/**
 * A typed array in memory that all worker threads see, and may write: it is not copied when it is captured, passed or
 * returned. Nothing orders what several write: give each task a part of its own, or use `Atomics`.
 *
 * @param array - Is copied, once; one that is in shared memory already is given back as it is.
 * @throws TypeError when it is no typed array, RangeError when the length is none.
 *
 * @example
 * ```ts
 * import { delayed, Parallel, shared } from 'parfor'
 *
 * const squares = shared(Float64Array, 4) // zeros
 * await Parallel(2)([0, 1, 2, 3].map((n) => delayed((n: number) => void (squares[n] = n * n))(n)))
 * console.log([...squares]) //=> [ 0, 1, 4, 9 ]
 * ```
 */
export function shared<A extends TypedArray>(array: A): A
export function shared<A extends TypedArray>(type: TypedArrayClass<A>, length: number): A
export function shared(given: unknown, length?: unknown): TypedArray {
  if (types.isTypedArray(given)) return copyOf(given as TypedArray)
  if (!isClassOfArrays(given))
    throw new TypeError(`shared takes a typed array, or a class of them and a length; got ${inspect(given)}`)
  const most = Number.MAX_SAFE_INTEGER / given.BYTES_PER_ELEMENT
  if (typeof length !== 'number' || !Number.isInteger(length) || length < 0 || length > most)
    throw new RangeError(`shared(${given.name}, length) takes a whole number from 0; got ${inspect(length)}`)
  return arrayOf(given, length)
}

/** By what it has: a class of another realm is one too. */
function isClassOfArrays(type: unknown): type is TypedArrayClass<TypedArray> & { readonly name: string } {
  return typeof type === 'function' && typeof (type as { BYTES_PER_ELEMENT?: unknown }).BYTES_PER_ELEMENT === 'number'
}

function copyOf(array: TypedArray): TypedArray {
  if (types.isSharedArrayBuffer(array.buffer)) return array
  const copy = arrayOf(array.constructor as TypedArrayClass<TypedArray>, array.length)
  copy.set(array as never)
  return copy
}

function arrayOf(type: TypedArrayClass<TypedArray>, length: number): TypedArray {
  const buffer = new SharedArrayBuffer(length * type.BYTES_PER_ELEMENT)
  return (type as unknown) === Buffer ? Buffer.from(buffer) : new type(buffer)
}
