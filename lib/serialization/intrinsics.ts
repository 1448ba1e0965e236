import { isBuiltin } from 'node:module'
import { types } from 'node:util'
import { runInThisContext } from 'node:vm'
import { errorClasses } from '../errors'
import { frozenValue, hiddenIntrinsics } from './hidden-intrinsics'
import { languageGlobals, nodeGlobals } from './standard-globals'

export { isStandardGlobal } from './standard-globals'

/**
 * How to find a well-known value in any realm: property names from a start. A well-known symbol as a key is
 * `'@@iterator'`; `'%get'` or `'%set'` as the last key is that accessor's function.
 *
 * - `['global', 'Array', 'prototype', 'map']`; `['global']` is `globalThis`
 * - `['hidden', 'AsyncFunction']`: an intrinsic with no global name
 * - `['builtin', 'node:fs', 'readFileSync']`
 * - `['parfor', 'TaskError']`: a class of this library's errors
 */
export type IntrinsicPath = readonly [start: 'global' | 'hidden' | 'builtin' | 'parfor', ...keys: string[]]

/**
 * The path of a value that every Node process has: standard globals and what hangs on them, of this realm or of the
 * main one (in a Jest spec they differ), exports of built-in modules, well-known symbols. `undefined` for any other.
 */
export function intrinsicPath(value: unknown): IntrinsicPath | undefined {
  if (!isKeepable(value)) return undefined
  table ??= new Table()
  return table.find(value)
}

/**
 * The value at a path, in this realm.
 *
 * @throws ReferenceError when this Node has nothing there.
 */
export function resolveIntrinsic(path: IntrinsicPath): unknown {
  for (const [start, keys] of startsOf(path)) {
    const value = valueAt(start, keys)
    if (value !== undefined) return value
  }
  throw new ReferenceError(`Node ${process.versions.node} has no ${path.join('.')}`)
}

/** Every entry known by now: for specs. @internal */
export function knownIntrinsics(): ReadonlyMap<unknown, IntrinsicPath> {
  table ??= new Table()
  table.grow()
  return table.paths
}

let table: Table | undefined

type Keepable = object | symbol

const mainGlobal: typeof globalThis = runInThisContext('globalThis')

/** Our own realm's global first; in a Jest spec Node's own values are those of the main one. */
const globals = mainGlobal === globalThis ? [globalThis] : [globalThis, mainGlobal]

/** Where a walk stops is decided by how far well-known things are from the start. */
const depths = {
  /** `Intl` → `DateTimeFormat` → `prototype` → `format` */
  global: 3,
  /** `GeneratorFunction` → `prototype` → `prototype` → `next` */
  hidden: 3,
  /** `process.hrtime` → `bigint` */
  method: 1,
  /** `node:stream` → `Readable` → `prototype` → `pipe` */
  builtin: 3,
}

class Table {
  readonly paths = new Map<Keepable, IntrinsicPath>()
  readonly #deferred = new Set(deferredGlobals.flatMap(({ names }) => names))
  readonly #builtins = new Set<string>()
  #modulesSeen = 0

  constructor() {
    for (const global of globals) {
      this.#add(global, ['global'])
      for (const name of languageGlobals()) this.#addLanguageGlobal(global, name)
      // Jest puts the main realm's ArrayBuffer into its own, but not under the typed arrays.
      this.#walk(new global.Float64Array(0).buffer.constructor, ['global', 'ArrayBuffer'], depths.global, isOfLanguage)
      for (const name of singletons) if (!this.#deferred.has(name)) this.#addSingleton(global, name)
    }
    for (const name of nodeGlobals()) if (!this.#deferred.has(name)) this.#addNodeGlobal(name)
    for (const hidden of hiddenIntrinsics())
      for (const [name, value] of hidden) this.#walk(value, ['hidden', name], depths.hidden, isOfLanguage)
  }

  find(value: Keepable): IntrinsicPath | undefined {
    const path = this.paths.get(value)
    if (path) return path
    return this.grow() || this.#addDeferred(value) ? this.paths.get(value) : undefined
  }

  /**
   * Takes in the built-in modules that were loaded since the last time. Only loaded ones: no value can come from
   * another, and loading all of them takes 31 ms.
   */
  grow(): boolean {
    const loaded = loadedModules()
    if (loaded.length === this.#modulesSeen) return false
    const isLoaded = new Set(loaded.slice(this.#modulesSeen).map((entry) => entry.replace(/^NativeModule /, '')))
    this.#modulesSeen = loaded.length
    for (const { names, module } of deferredGlobals)
      if (isLoaded.has(module)) for (const name of names) if (this.#deferred.delete(name)) this.#addNodeGlobal(name)
    for (const name of isLoaded) this.#addBuiltin(aliases.get(name) ?? name)
    // What has just been touched may have loaded more.
    this.#modulesSeen = loadedModules().length
    return true
  }

  #addDeferred(value: Keepable): boolean {
    const name = className(value)
    if (name === undefined) return false
    const module = deferredExports.get(name)
    if (module !== undefined) {
      const made: unknown = Reflect.get(process.getBuiltinModule(module) as object, name)
      this.#walk(made, ['builtin', module, name], depths.builtin, isOfModule)
      return true
    }
    if (!this.#deferred.delete(name)) return false
    this.#addNodeGlobal(name)
    return true
  }

  #addLanguageGlobal(global: object, name: string): void {
    if (singletons.has(name)) return
    const value: unknown = Object.getOwnPropertyDescriptor(global, name)?.value
    if (isKeepable(value) && isOfLanguage(value, name, ['global']))
      this.#walk(value, ['global', name], depths.global, isOfLanguage)
  }

  #addNodeGlobal(name: string): void {
    if (unreadable.has(name)) return
    if (singletons.has(name)) this.#addSingleton(mainGlobal, name)
    else this.#walk(readGlobal(mainGlobal, name), ['global', name], depths.global, isFunction)
  }

  /** An object there is one of in each thread, with functions on it that may be used without it. */
  #addSingleton(global: object, name: string): void {
    const value = readGlobal(global, name)
    if (typeof value !== 'object' || value === null) return
    this.#add(value, ['global', name])
    for (const holder of [value, Object.getPrototypeOf(value)])
      for (const key of Object.getOwnPropertyNames(holder ?? {})) {
        const method: unknown = Object.getOwnPropertyDescriptor(holder, key)?.value
        if (typeof method === 'function' && key !== 'constructor')
          this.#walk(method, ['global', name, key], depths.method, isFunction)
      }
    if (name === 'process') this.#add((value as NodeJS.Process).env, ['global', 'process', 'env'])
    if (name === 'crypto') this.#add((value as Crypto).subtle, ['global', 'crypto', 'subtle'])
  }

  #addBuiltin(name: string): void {
    if (!isPublicModule(name) || this.#builtins.has(name)) return
    this.#builtins.add(name)
    const module: unknown = process.getBuiltinModule(`node:${name}`)
    const accept = perThread.has(name) ? isFunction : isOfModule
    this.#walk(module, ['builtin', `node:${name}`], depths.builtin, accept)
  }

  #add(value: Keepable, path: IntrinsicPath): void {
    if (!this.paths.has(value)) this.paths.set(value, path)
  }

  #walk(value: unknown, path: IntrinsicPath, depth: number, accept: Accept): void {
    if (!isKeepable(value) || this.paths.has(value)) return
    this.paths.set(value, path)
    if (depth === 0 || typeof value === 'symbol' || types.isProxy(value)) return
    const skipped = typeof value === 'function' && !isConstructorName(path.at(-1)) ? ofAnyFunction : ofConstructor
    for (const key of Reflect.ownKeys(value)) if (!skipped.has(key)) this.#member(value, key, path, depth, accept)
  }

  #member(holder: object, key: string | symbol, path: IntrinsicPath, depth: number, accept: Accept): void {
    const name = typeof key === 'string' ? key : symbolName(key)
    const descriptor = name === undefined ? undefined : Object.getOwnPropertyDescriptor(holder, key)
    if (!descriptor || name === undefined) return
    // A getter is not called: it may load, warn or be the user's.
    const { get, set } = descriptor
    const value = descriptor.value ?? frozenValue(get)
    if (isKeepable(value) && !this.paths.has(value) && accept(value, name, path))
      this.#walk(value, [...path, name], depth - 1, accept)
    if (path[0] === 'builtin' && path.length === 2) return // accessors there load lazily, and then are gone
    if (get && accept(get, name, path)) this.#add(get, [...path, name, '%get'])
    if (set && accept(set, name, path)) this.#add(set, [...path, name, '%set'])
  }
}

/** Globals whose first use loads much (undici 16–24 ms, crypto 2 ms), with the internal module that is loaded once they are used. */
const deferredGlobals: readonly { readonly names: readonly string[]; readonly module: string }[] = [
  {
    names: [
      ...['FormData', 'Headers', 'Request', 'Response'],
      ...['WebSocket', 'EventSource', 'MessageEvent', 'CloseEvent', 'ErrorEvent'],
    ],
    module: 'internal/deps/undici/undici',
  },
  {
    names: [
      ...['TransformStream', 'TransformStreamDefaultController', 'CompressionStream', 'DecompressionStream'],
      ...['WritableStream', 'WritableStreamDefaultController', 'WritableStreamDefaultWriter'],
      ...['ReadableStream', 'ReadableStreamDefaultReader', 'ReadableStreamBYOBReader', 'ReadableStreamBYOBRequest'],
      ...['ReadableByteStreamController', 'ReadableStreamDefaultController', 'TextEncoderStream', 'TextDecoderStream'],
      ...['ByteLengthQueuingStrategy', 'CountQueuingStrategy'],
    ],
    module: 'internal/webstreams/readablestream',
  },
  { names: ['crypto', 'Crypto', 'CryptoKey', 'SubtleCrypto'], module: 'internal/crypto/webcrypto' },
  { names: ['navigator', 'Navigator'], module: 'internal/navigator' },
]

/** Exports of built-in modules whose objects can be there while the module is not loaded, or while it is a getter that loads more. */
const deferredExports: ReadonlyMap<string, string> = new Map([
  ['KeyObject', 'node:crypto'],
  ['X509Certificate', 'node:crypto'],
  ['BlockList', 'node:net'],
  ['SocketAddress', 'node:net'],
])

const singletons: ReadonlySet<string> = new Set(['process', 'console', 'crypto', 'performance', 'navigator'])

/** Another name of `globalThis`, and what warns when it is read. */
const unreadable: ReadonlySet<string> = new Set(['global', 'localStorage', 'sessionStorage'])

/** Public modules that are loaded under an internal name. */
const aliases: ReadonlyMap<string, string> = new Map([
  ['internal/fs/promises', 'fs/promises'],
  ['internal/dns/promises', 'dns/promises'],
  ['internal/util/types', 'util/types'],
])

/** Modules whose objects differ from thread to thread, such as `workerData`. */
const perThread: ReadonlySet<string> = new Set(['worker_threads', 'cluster'])

/** Deprecated: asking for them prints a warning. `process` is a global. */
const skippedModules: ReadonlySet<string> = new Set(['punycode', 'sys', 'constants', 'process'])

function isPublicModule(name: string): boolean {
  return !name.startsWith('_') && !skippedModules.has(name) && isBuiltin(`node:${name}`)
}

/** In the order of loading. A test runner's `process` has an old copy of it. */
function loadedModules(): readonly string[] {
  return (mainGlobal.process as NodeJS.Process & { moduleLoadList: readonly string[] }).moduleLoadList
}

/** Whether a member belongs to what holds it, and is not the program's data. */
type Accept = (value: Keepable, name: string, holder: IntrinsicPath) => boolean

const isFunction: Accept = (value, name) => typeof value !== 'object' || name === 'prototype'

/** Objects right on a module are constants and further exports. What starts with `_` is not for us: `Module._cache`. */
const isOfModule: Accept = (value, name, holder) =>
  isFunction(value, name, holder) || (holder.length === 2 && !name.startsWith('_') && !Array.isArray(value))

/** The language's functions print as native code, which a polyfill does not; the objects below its globals are few. */
const isOfLanguage: Accept = (value, name, holder) => {
  if (typeof value === 'function') return !types.isProxy(value) && isNative(value)
  return typeof value === 'symbol' || holder.length === 1 || languageObjects.has(name)
}

const languageObjects: ReadonlySet<string> = new Set(['prototype', 'Now', '@@unscopables'])

/** Own properties with nothing to find in them; a fifth of the time to fill the table. */
const ofConstructor: ReadonlySet<string | symbol> = new Set(['length', 'name', 'arguments', 'caller'])
const ofAnyFunction: ReadonlySet<string | symbol> = new Set([...ofConstructor, 'prototype'])

function isConstructorName(name = ''): boolean {
  return /^(?:[^a-z]|node:)/.test(name)
}

function isNative(fn: object): boolean {
  return Function.prototype.toString.call(fn).endsWith('{ [native code] }')
}

function isKeepable(value: unknown): value is Keepable {
  return (typeof value === 'object' && value !== null) || typeof value === 'function' || typeof value === 'symbol'
}

/** `'@@iterator'` for `Symbol.iterator`; `undefined` for a symbol that is not well known. */
function symbolName(symbol: symbol): string | undefined {
  const name = /^Symbol\.(\w+)$/.exec(symbol.description ?? '')?.[1]
  return name !== undefined && Reflect.get(Symbol, name) === symbol ? `@@${name}` : undefined
}

/** The name of a class, or of the class that a prototype is of. */
function className(value: Keepable): string | undefined {
  if (typeof value === 'symbol' || types.isProxy(value)) return undefined
  const named: unknown =
    typeof value === 'function' ? value : Object.getOwnPropertyDescriptor(value, 'constructor')?.value
  if (typeof named !== 'function') return undefined
  const name: unknown = Object.getOwnPropertyDescriptor(named, 'name')?.value
  return typeof name === 'string' ? name : undefined
}

function readGlobal(global: object, name: string): unknown {
  try {
    return Reflect.get(global, name)
  } catch {
    return undefined // a Node built without crypto
  }
}

function startsOf([start, ...keys]: IntrinsicPath): readonly (readonly [unknown, readonly string[]])[] {
  if (start === 'global') return globals.map((global) => [global, keys])
  const [name = '', ...rest] = keys
  if (start === 'parfor') return [[errorClasses.get(name), rest]]
  return start === 'builtin'
    ? [[process.getBuiltinModule(name), rest]]
    : hiddenIntrinsics().map((hidden) => [hidden.get(name), rest])
}

function valueAt(start: unknown, keys: readonly string[]): unknown {
  const last = keys.at(-1)
  if (last === '%get' || last === '%set') {
    const holder = Object(valueAt(start, keys.slice(0, -2)))
    const descriptor = Object.getOwnPropertyDescriptor(holder, propertyKey(keys.at(-2) ?? ''))
    return last === '%get' ? descriptor?.get : descriptor?.set
  }
  let value = start
  for (const key of keys) value = value === undefined ? undefined : Reflect.get(Object(value), propertyKey(key))
  return value
}

function propertyKey(key: string): string | symbol {
  return key.startsWith('@@') ? Reflect.get(Symbol, key.slice(2)) : key
}
