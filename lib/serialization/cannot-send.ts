import { types } from 'node:util'
import { analyse } from './functions/free-variables'
import { isNativeText } from './functions/source'
import { DESERIALIZE, SERIALIZE } from './hooks'
import { intrinsicPath } from './intrinsics'
import { MANAGER } from './managed'

/** Why an object cannot be sent, and the way out: to a worker, and for what a task returns. */
export interface Refusal {
  readonly what: string
  readonly remedy: string
  readonly remedyForResult: string
}

/** Built-in classes whose objects are taken apart. */
const COMPOSED =
  /^(global,(Object|Array|Map|Set|Date|RegExp|ArrayBuffer|Number|String|Boolean|BigInt|Symbol|\w*Error|\w+Array|DataView|Buffer)|builtin,node:buffer,Buffer|builtin,node:events(,EventEmitter)?|builtin,node:fs,(Stats|Dirent)|builtin,node:url,Url|builtin,node:assert,AssertionError|hidden,(TypedArray|BigIntStats)),prototype$/

/** Objects that only structured clone can copy, or that stay shared. */
export const BY_CLONE =
  /^(global,(SharedArrayBuffer|Blob|File|CryptoKey|WebAssembly,Module)|builtin,node:buffer,(Blob|File)|builtin,node:crypto,(KeyObject|X509Certificate)|builtin,node:net,(BlockList|SocketAddress)),prototype$/

/** Objects that are made again by `new`. */
export const BY_NEW =
  /^(global,(URL|URLSearchParams|Headers|TextEncoder|TextDecoder|Intl,\w+)|builtin,node:url,URL(SearchParams)?|builtin,node:util,Text(En|De)coder),prototype$/

/** Objects whose state is not in their properties. */
const isOpaque = (path: string) => BY_CLONE.test(path) || BY_NEW.test(path) || path === 'global,DOMException,prototype'

/** Shared with other copies of this library: what `Parallel` makes has it. */
const PARALLEL = Symbol.for('parfor.parallel')

/** What a call with `returnAs: 'generator'` gives has it. */
const RESULTS = Symbol.for('parfor.results')

/** Shared with other copies of this library: an object of ours that belongs to its thread has it, and it says why, and what to do. */
const REFUSED = Symbol.for('parfor.refused')

/** Whether a function is what `Parallel(…)` gives: code inside of it has nothing to say to a worker. */
export const isParallel = (fn: Function): boolean => PARALLEL in fn

/** @param isOfNode whether a class is one of Node's own */
export function cannotSend(object: object, isOfNode: (maker: Function) => boolean): Refusal | undefined {
  if (types.isProxy(object)) return refusal('a Proxy cannot be copied', 'Send its target instead.')
  if (hasHook(object)) return undefined
  if (RESULTS in object)
    return refusal(
      'it is a generator of results, whose call belongs to this thread',
      'Take them first, with for await.',
    )
  if (MANAGER in object)
    return refusal(
      'it is a Manager, which stays in the thread that made it',
      'Send what it has made: manager.list(), manager.dict(), …',
    )
  if (REFUSED in object) {
    const { what, remedy } = object[REFUSED] as Pick<Refusal, 'what' | 'remedy'>
    return refusal(what, remedy)
  }
  if (types.isPromise(object)) return refusal('it is a promise', 'Await it first.')
  if (types.isWeakMap(object) || types.isWeakSet(object) || isWeakRef(object))
    return refusal(`a ${nameOf(object)} cannot be copied`, 'Make it inside the task.', 'Return plain data.')
  if (types.isGeneratorObject(object))
    return refusal('a running generator cannot be copied', 'Send an array, or the generator function.', returnArray)
  if (types.isExternal(object)) return inThisProcess('a native handle')
  return refuseByClass(object, isOfNode)
}

const hasHook = (object: object) => typeof (object as Record<symbol, unknown>)[SERIALIZE] === 'function'

const isWeakRef = (object: object) => Object.prototype.toString.call(object) === '[object WeakRef]'

function refuseByClass(object: object, isOfNode: (maker: Function) => boolean): Refusal | undefined {
  let below: 'nobody' | 'node' | 'user' = 'nobody'
  for (let p: object | null = Object.getPrototypeOf(object); p; p = Object.getPrototypeOf(p)) {
    const path = intrinsicPath(p)?.join()
    if (path !== undefined && isOpaque(path)) return below === 'user' ? hiddenState(object, path) : undefined
    if (path !== undefined && COMPOSED.test(path)) break
    if (path !== undefined && / Iterator$/.test(tagOf(object))) return iterator
    if (path !== undefined && /^global,Abort(Signal|Controller),/.test(path)) return ofThisThread(object)
    if (path !== undefined) return inThisProcess(`${withArticle(nameOf(object))}${origin(path)}`)
    const maker: unknown = Object.getOwnPropertyDescriptor(p, 'constructor')?.value
    if (typeof maker !== 'function') continue
    const text = Function.prototype.toString.call(maker)
    below = isNativeText(text) || isOfNode(maker) ? 'node' : 'user'
    if (below === 'user' && hasPrivates(text)) return hiddenMembers(maker)
  }
  return below === 'node' ? inThisProcess(`a native ${nameOf(object)}`) : undefined
}

function refusal(what: string, remedy: string, remedyForResult = remedy): Refusal {
  return { what, remedy, remedyForResult }
}

const returnArray = 'Return an array: [...it].'

const iterator = refusal('a running iterator cannot be copied', 'Send an array.', returnArray)

const hasPrivates = (text: string): boolean =>
  /^class\b/.test(text) && text.includes('#') && analyse(text).classParts?.hasInstancePrivates === true

/** Whether a class of the user's gave this object private members, which nobody else can read. */
export function hasPrivateMembers(object: object): boolean {
  for (let p: object | null = Object.getPrototypeOf(object); p && !intrinsicPath(p); p = Object.getPrototypeOf(p)) {
    const maker: unknown = Object.getOwnPropertyDescriptor(p, 'constructor')?.value
    if (typeof maker === 'function' && hasPrivates(Function.prototype.toString.call(maker))) return true
  }
  return false
}

const hiddenMembers = (maker: Function) =>
  refusal(`it is an instance of class ${maker.name}, whose private members cannot be read`, giveHooks)

/** Of a class below `URL` or the like. */
const hiddenState = (object: object, path: string) =>
  refusal(
    `it is an instance of class ${nameOf(object)}, whose state as a ${path.split(',').at(-2)} cannot be read`,
    giveHooks,
  )

const giveHooks = `Give the class [Symbol.for('${SERIALIZE.description}')]() and static [Symbol.for('${DESERIALIZE.description}')](data).`

const inThisProcess = (kind: string) =>
  refusal(
    `it is ${kind}, which lives in this process only`,
    'Open it inside the task, or send what is needed to open it.',
    'Return what the task reads from it, as plain data.',
  )

const ofThisThread = (object: object) =>
  refusal(
    `it is ${withArticle(nameOf(object))}, which is heard in this thread only`,
    'Give the signal to the call, parallel(tasks, { signal }): it ends the tasks. Or let the task ask: look at shared memory.',
    'Return plain data.',
  )

/** ` (node:net)` */
const origin = (path: string) => (path.startsWith('builtin,') ? ` (${path.split(',')[1]})` : '')

function nameOf(object: object): string {
  try {
    const { name } = (object as { constructor: { name: unknown } }).constructor
    if (typeof name === 'string' && name !== '') return name
  } catch {
    // An accessor of the user's: the tag tells as much.
  }
  return tagOf(object)
}

const tagOf = (object: object): string => Object.prototype.toString.call(object).slice(8, -1)

const withArticle = (name: string): string => `${/^[AEIO]/.test(name) ? 'an' : 'a'} ${name}`
