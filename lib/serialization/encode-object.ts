import { types } from 'node:util'
import { Serializer } from 'node:v8'
import { isDetached, SMALL } from './bytes'
import { BY_CLONE, BY_NEW, hasPrivateMembers } from './cannot-send'
import type { Encoding } from './encoding'
import { isCompiledModule } from './functions/module-like'
import { moduleMembers } from './functions/module-members'
import { SERIALIZE } from './hooks'
import { type IntrinsicPath, intrinsicPath } from './intrinsics'
import {
  isArrayBufferPrototype,
  isArrayPrototype,
  isDatePrototype,
  isMapPrototype,
  isObjectPrototype,
  isRegExpPrototype,
  isSetPrototype,
  isViewPrototype,
} from './plain-data'
import { isStandIn } from './stand-in'
import type { Kind, Members, Node, Nodes, Slot } from './wire'

/**
 * Adds a node that is there before what it holds is encoded, so that cycles find it; the members come last.
 * `usual` is the prototype that the decoder gives by itself.
 */
function container<K extends Kind>(
  kind: K,
  object: object,
  encoder: Encoding,
  payload: Nodes[K],
  { skip = () => false, usual, lenient = false, hasMembers = true }: ContainerOptions,
): number {
  const index = encoder.node(kind, payload, object)
  const node = encoder.graph.nodes[index] as Node
  const prototype: object | null = Object.getPrototypeOf(object)
  const proto = usual(prototype)
    ? undefined
    : prototype === null
      ? null
      : encoder.inProperty('.[[Prototype]]', () => encoder.prototypeSlot(prototype))
  const members: Members = (hasMembers && encoder.members(object, skip, lenient)) || { keys: [], values: [] }
  if (proto !== undefined) members.proto = proto
  node[node.length - 1] = members as never
  return index
}

interface ContainerOptions {
  readonly skip?: (key: string | symbol) => boolean
  readonly usual: (prototype: unknown) => boolean
  /** Leave out what cannot be sent, instead of failing. */
  readonly lenient?: boolean
  /** False for views: listing their properties lists every element, and structured clone takes none either. */
  readonly hasMembers?: boolean
}

const LATER = undefined as never as Members

function hook(object: { [SERIALIZE](): unknown; constructor: Function }, encoder: Encoding): number {
  const payload: Nodes['hook'] = [null, null]
  const index = encoder.node('hook', payload, object)
  const node = encoder.graph.nodes[index] as ['hook', Slot, Slot]
  node[1] = encoder.slot(object.constructor)
  node[2] = encoder.inProperty(`[Symbol(${SERIALIZE.description})]()`, () => encoder.slot(object[SERIALIZE]()))
  return index
}

const instance = (object: object, encoder: Encoding) =>
  container('object', object, encoder, [LATER], { usual: isObjectPrototype })

const argumentsObject = (object: IArguments, encoder: Encoding) =>
  container('arguments', object, encoder, [object.length, LATER], {
    usual: isObjectPrototype,
    skip: (key) => key === 'length' || key === 'callee' || key === Symbol.iterator,
  })

const array = (object: unknown[], encoder: Encoding) =>
  container('array', object, encoder, [object.length, LATER], {
    usual: isArrayPrototype,
    skip: (key) => key === 'length' && !Object.isFrozen(object),
  })

function map(object: Map<unknown, unknown>, encoder: Encoding): number {
  const entries: Slot[] = []
  const index = container('map', object, encoder, [entries, LATER], { usual: isMapPrototype })
  let n = 0
  // The Map's own iteration, also where a subclass has another.
  for (const [key, value] of Map.prototype.entries.call(object)) {
    const place = typeof key === 'string' ? JSON.stringify(key) : `key ${n}`
    entries.push(encoder.inProperty(`.keys()[${n}]`, () => encoder.slot(key)))
    entries.push(encoder.inProperty(`.get(${place})`, () => encoder.slot(value)))
    n += 1
  }
  return index
}

function set(object: Set<unknown>, encoder: Encoding): number {
  const values: Slot[] = []
  const index = container('set', object, encoder, [values, LATER], { usual: isSetPrototype })
  let n = 0
  for (const value of Set.prototype.values.call(object)) {
    values.push(encoder.inProperty(`.values()[${n}]`, () => encoder.slot(value)))
    n += 1
  }
  return index
}

const date = (object: Date, encoder: Encoding) =>
  container('date', object, encoder, [Date.prototype.getTime.call(object), LATER], { usual: isDatePrototype })

const regexp = (object: RegExp, encoder: Encoding) =>
  container('regexp', object, encoder, [object.source, object.flags, LATER], { usual: isRegExpPrototype })

/**
 * Errors always arrive when they are on their way home: a field that cannot be sent is left out, and a class that
 * the caller does not have becomes `Error` with its name.
 */
function error(object: Error, encoder: Encoding, path: string | undefined): number {
  const isResult = encoder.side === 'result'
  const className = /^global,(\w*Error),prototype$/.exec(path ?? '')?.[1]
  const isForeign =
    className === undefined && isResult && (hasPrivateMembers(object) || !hasReachableClass(object, encoder))
  const payload: Nodes['error'] = [className ?? 'Error', stackOf(object), LATER]
  const index = container('error', object, encoder, payload, {
    usual: () => className !== undefined || isForeign,
    skip: (key) => key === 'stack',
    lenient: isResult,
  })
  const node = encoder.graph.nodes[index] as ['error', string, string, Members]
  if (isForeign && !Object.hasOwn(object, 'name')) {
    node[3].attributes = { ...node[3].attributes, [node[3].keys.length]: HIDDEN }
    node[3].keys.push('name')
    node[3].values.push(String(object.name))
  }
  return index
}

/** Writable and configurable, not enumerable: as `message` of an error is. */
const HIDDEN = 6

function hasReachableClass(object: Error, encoder: Encoding): boolean {
  const maker: unknown = object.constructor
  const isOwn = typeof maker === 'function' && maker.prototype === Object.getPrototypeOf(object)
  return isOwn && encoder.isReachable(maker)
}

function stackOf(object: Error): string | undefined {
  try {
    return object.stack === undefined ? undefined : String(object.stack)
  } catch {
    return undefined
  }
}

const domException = (object: DOMException, encoder: Encoding) =>
  container('domException', object, encoder, [object.message, object.name, stackOf(object), LATER], {
    skip: (key) => key === 'stack',
    usual: (prototype) => intrinsicPath(prototype) !== undefined,
  })

function boxed(object: object, encoder: Encoding): number {
  const primitive = encoder.slot(primitiveOf(object))
  const isString = types.isStringObject(object)
  return container('boxed', object, encoder, [primitive, LATER], {
    usual: (prototype) => intrinsicPath(prototype) !== undefined,
    skip: (key) => isString && (key === 'length' || (typeof key === 'string' && /^\d+$/.test(key))),
  })
}

/** Not its own `valueOf`, which may be the user's. */
function primitiveOf(object: object): unknown {
  if (types.isNumberObject(object)) return Number.prototype.valueOf.call(object)
  if (types.isStringObject(object)) return String.prototype.valueOf.call(object)
  if (types.isBooleanObject(object)) return Boolean.prototype.valueOf.call(object)
  if (types.isBigIntObject(object)) return BigInt.prototype.valueOf.call(object)
  return Symbol.prototype.valueOf.call(object)
}

const beside = (object: object, encoder: Encoding) => encoder.node('beside', [encoder.beside(object)], object)

function construct(object: object, encoder: Encoding, path: string | undefined): number {
  const keys = (path as string).split(',').slice(0, -1) as unknown as IntrinsicPath
  return encoder.node('construct', [keys, constructorArguments(object, keys.at(-1) as string)], object)
}

function constructorArguments(object: object, name: string): unknown[] {
  if (name === 'URL') return [(object as URL).href]
  if (name === 'URLSearchParams') return [String(object)]
  if (name === 'Headers') return [[...(object as Headers)]]
  if (name === 'TextEncoder') return []
  if (name === 'TextDecoder') {
    const { encoding, fatal, ignoreBOM } = object as InstanceType<typeof TextDecoder>
    return [encoding, { fatal, ignoreBOM }]
  }
  if (name === 'Locale') return [String(object)]
  const { locale, ...options } = (object as Intl.NumberFormat).resolvedOptions()
  return [locale, options]
}

function arrayBuffer(object: ArrayBuffer, encoder: Encoding): number {
  if (isDetached(object))
    encoder.fail(
      'its buffer is detached: it was transferred elsewhere',
      'Send it before it is transferred, or send a copy.',
    )
  const aside = encoder.asideOf(object)
  if (aside !== undefined) return aside
  const own = encoder.owned(object)
  if (own !== undefined) return container('owned', object, encoder, [own, LATER], { usual: isArrayBufferPrototype })
  const bytes = encoder.snapshot(object) ?? new Uint8Array(object)
  const { resizable, maxByteLength } = object as { resizable?: boolean; maxByteLength?: number }
  const room = resizable ? maxByteLength : undefined
  return types.isSharedArrayBuffer(bytes)
    ? container('snapshot', object, encoder, [encoder.beside(bytes), room, LATER], { usual: isArrayBufferPrototype })
    : container('buffer', object, encoder, [bytes as Uint8Array, room, LATER], { usual: isArrayBufferPrototype })
}

/** A buffer again, with bytes of its own. */
function standIn(object: SharedArrayBuffer, encoder: Encoding): number {
  const aside = encoder.asideOf(object)
  if (aside !== undefined) return aside
  const buffer = object as ArrayBufferLike as ArrayBuffer
  const own = encoder.owned(buffer)
  if (own !== undefined) return encoder.node('owned', [own, none], object)
  const bytes = encoder.snapshot(buffer) ?? new Uint8Array(object).slice()
  return types.isSharedArrayBuffer(bytes)
    ? encoder.node('snapshot', [encoder.beside(bytes), undefined, none], object)
    : encoder.node('buffer', [bytes as Uint8Array, undefined, none], object)
}

/** A small Buffer is a part of a pool that is not its own: only its bytes go. */
function nodeBuffer(object: Buffer, encoder: Encoding): number {
  const aside = encoder.putAside(object, true)
  if (aside !== undefined) return encoder.node('nodeBuffer', [[aside], object.byteOffset, object.length], object)
  const isShared = types.isSharedArrayBuffer(object.buffer) && !isStandIn(object.buffer)
  const goesWhole = encoder.isGivenAway && object.length === object.buffer.byteLength && !isStandIn(object.buffer)
  if (isShared || goesWhole)
    return encoder.node('nodeBuffer', [encoder.slot(object.buffer), object.byteOffset, object.length], object)
  const { buffer, byteOffset, length } = object
  const own = encoder.owned(buffer as ArrayBuffer, byteOffset, length)
  if (own !== undefined) return encoder.node('nodeBuffer', [[encoder.node('owned', [own, none])], 0, length], object)
  const bytes = encoder.snapshot(buffer as ArrayBuffer, byteOffset, length) ?? new Uint8Array(object)
  const node = types.isSharedArrayBuffer(bytes)
    ? encoder.node('snapshot', [encoder.beside(bytes), undefined, none])
    : encoder.node('buffer', [bytes as Uint8Array, undefined, none])
  return encoder.node('nodeBuffer', [[node], 0, length], object)
}

const none: Members = { keys: [], values: [] }

/**
 * A buffer of its own for what a view shows. A large part is taken from the snapshot of the whole, there: many views
 * may show the same bytes.
 */
function partOf({ buffer, byteOffset, byteLength }: NodeJS.ArrayBufferView, encoder: Encoding): number {
  const own = encoder.owned(buffer as ArrayBuffer, byteOffset, byteLength)
  if (own !== undefined) return encoder.node('owned', [own, none])
  const isLarge = encoder.side === 'task' && byteLength > SMALL
  const whole = isLarge ? encoder.snapshot(buffer as ArrayBuffer) : undefined
  return types.isSharedArrayBuffer(whole)
    ? encoder.node('part', [encoder.beside(whole), byteOffset, byteLength])
    : encoder.node('buffer', [new Uint8Array(buffer, byteOffset, byteLength).slice(), undefined, none])
}

function view(object: NodeJS.ArrayBufferView, encoder: Encoding): number {
  const { buffer, byteOffset } = object
  const type = types.isDataView(object) ? 'DataView' : (TYPE_TAG.call(object) as string)
  const aside = encoder.putAside(object)
  const part = aside === undefined && encoder.isAlone(object) ? partOf(object, encoder) : undefined
  const place: [Slot, number] =
    part === undefined ? [aside === undefined ? encoder.slot(buffer) : [aside], byteOffset] : [[part], 0]
  const index = container('view', object, encoder, [type, ...place, lengthOf(object), LATER], {
    usual: isViewPrototype,
    hasMembers: false,
  })
  if (part !== undefined) encoder.wentAlone(buffer, index, part, byteOffset)
  return index
}

/** In elements; `undefined` for as long as the buffer is. */
function lengthOf(view: NodeJS.ArrayBufferView): number | undefined {
  if (isLengthTracking(view)) return undefined
  return types.isDataView(view) ? view.byteLength : (view as Uint8Array).length
}

/** Whether a view grows with its buffer. Nothing shows that but what V8 writes last of a view: a byte of flags. */
function isLengthTracking(view: NodeJS.ArrayBufferView): boolean {
  const { resizable, growable } = view.buffer as { resizable?: boolean; growable?: boolean }
  if (!resizable && !growable) return false
  const serializer = new Serializer()
  Object.assign(serializer, { _getSharedArrayBufferId: () => 0 })
  try {
    serializer.writeValue(view)
  } catch {
    return false // its buffer has shrunk away from under it
  }
  return ((serializer.releaseBuffer().at(-1) as number) & LENGTH_TRACKING) !== 0
}

const LENGTH_TRACKING = 1

const TYPE_TAG = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag)
  ?.get as () => unknown

interface ObjectEncoder {
  accepts(object: object, path: string | undefined): boolean
  encode(object: never, encoder: Encoding, path: string | undefined): number
}

/** In this order: what an object is by its brand goes before what its prototype says. */
const encoders: ObjectEncoder[] = [
  { accepts: (object) => typeof (object as Record<symbol, unknown>)[SERIALIZE] === 'function', encode: hook },
  {
    accepts: (object) => types.isModuleNamespaceObject(object) || isCompiledModule(object),
    encode: (object: object, encoder) => moduleMembers(object, encoder),
  },
  { accepts: types.isArgumentsObject, encode: argumentsObject },
  { accepts: (_, path) => path === 'global,DOMException,prototype', encode: domException },
  { accepts: types.isNativeError, encode: error },
  { accepts: types.isMap, encode: map },
  { accepts: types.isSet, encode: set },
  { accepts: types.isDate, encode: date },
  { accepts: types.isRegExp, encode: regexp },
  { accepts: types.isArrayBuffer, encode: arrayBuffer },
  { accepts: isStandIn, encode: standIn },
  { accepts: (_, path) => path === 'global,Buffer,prototype', encode: nodeBuffer },
  { accepts: ArrayBuffer.isView, encode: view },
  { accepts: types.isBoxedPrimitive, encode: boxed },
  { accepts: Array.isArray, encode: array },
  { accepts: (_, path) => path !== undefined && BY_CLONE.test(path), encode: beside },
  { accepts: (_, path) => path !== undefined && BY_NEW.test(path), encode: construct },
  { accepts: () => true, encode: instance },
]

/** An object as structured clone would not reproduce it, or would not be allowed to. */
export function encodeObject(object: object, encoder: Encoding): number {
  const path = pathOfClass(object)
  const encode = encoders.find(({ accepts }) => accepts(object, path))
  return (encode as ObjectEncoder).encode(object as never, encoder, path)
}

/** A class of Node's own below a class that can be cloned, as that of secret keys, counts as that. */
function pathOfClass(object: object): string | undefined {
  const prototype: object | null = Object.getPrototypeOf(object)
  for (let p = prototype; p; p = Object.getPrototypeOf(p)) {
    const path = intrinsicPath(p)?.join()
    if (path !== undefined) return p === prototype || BY_CLONE.test(path) ? path : undefined
  }
  return undefined
}
