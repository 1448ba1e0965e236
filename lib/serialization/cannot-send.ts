import { types } from 'node:util'
import { analyse } from './functions/free-variables'
import { isNativeText } from './functions/source'
import { DESERIALIZE, SERIALIZE } from './hooks'
import { type IntrinsicPath, intrinsicPath } from './intrinsics'

/** Why an object cannot be sent, and the way out. */
export interface Refusal {
  readonly what: string
  readonly remedy: string
}

/** Built-in classes whose objects are encoded, or travel by structured clone; any other lives in its process. */
const SENDABLE =
  /^(global,(Object|Array|Map|Set|Date|RegExp|ArrayBuffer|SharedArrayBuffer|Number|String|Boolean|BigInt|Symbol|\w*Error|\w+Array|DataView|Buffer|URL|URLSearchParams|TextEncoder|TextDecoder|Intl,\w+|Blob|File|CryptoKey|WebAssembly,Module|DOMException)|builtin,node:buffer,(Blob|File|Buffer)|builtin,node:crypto,KeyObject|builtin,node:net,(BlockList|SocketAddress)|builtin,node:url,URL(SearchParams)?|builtin,node:util,Text(En|De)coder|builtin,node:events(,EventEmitter)?|builtin,node:assert,AssertionError|hidden,TypedArray),prototype$/

export function cannotSend(object: object): Refusal | undefined {
  if (types.isProxy(object)) return { what: 'a Proxy cannot be copied', remedy: 'Send its target instead.' }
  if (hasHook(object)) return undefined
  if (types.isPromise(object)) return { what: 'it is a promise', remedy: 'Await it first.' }
  if (types.isWeakMap(object) || types.isWeakSet(object) || isWeakRef(object))
    return { what: `a ${nameOf(object)} cannot be copied`, remedy: 'Make it inside the task.' }
  if (types.isGeneratorObject(object))
    return { what: 'a running generator cannot be copied', remedy: 'Send an array, or the generator function.' }
  if (types.isExternal(object)) return inThisProcess('a native handle')
  return refuseByClass(object)
}

const hasHook = (object: object) => typeof (object as Record<symbol, unknown>)[SERIALIZE] === 'function'

const isWeakRef = (object: object) => Object.prototype.toString.call(object) === '[object WeakRef]'

function refuseByClass(object: object): Refusal | undefined {
  for (let p: object | null = Object.getPrototypeOf(object); p; p = Object.getPrototypeOf(p)) {
    const path = intrinsicPath(p)
    if (path) return SENDABLE.test(path.join()) ? undefined : inThisProcess(`a ${nameOf(object)}${origin(path)}`)
    const refusal = refuseByConstructor(object, p)
    if (refusal) return refusal
  }
  return undefined
}

function refuseByConstructor(object: object, prototype: object): Refusal | undefined {
  const made: unknown = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value
  if (typeof made !== 'function') return undefined
  const text = Function.prototype.toString.call(made)
  if (isNativeText(text) && !intrinsicPath(made)) return inThisProcess(`a native ${nameOf(object)}`)
  if (!/^class\b/.test(text) || !text.includes('#')) return undefined
  return analyse(text).classParts?.hasInstancePrivates
    ? {
        what: `it is an instance of class ${made.name}, whose private members cannot be read`,
        remedy: `Give the class [Symbol.for('${SERIALIZE.description}')]() and static [Symbol.for('${DESERIALIZE.description}')](data).`,
      }
    : undefined
}

function inThisProcess(kind: string): Refusal {
  return {
    what: `it is ${kind}, which lives in this process only`,
    remedy: 'Open it inside the task, or send what is needed to open it.',
  }
}

/** ` (node:net)` */
const origin = ([start, module]: IntrinsicPath) => (start === 'builtin' ? ` (${module})` : '')

function nameOf(object: object): string {
  try {
    const { name } = (object as { constructor: { name: unknown } }).constructor
    if (typeof name === 'string' && name !== '') return name
  } catch {
    // An accessor of the user's: the tag tells as much.
  }
  return Object.prototype.toString.call(object).slice(8, -1)
}
