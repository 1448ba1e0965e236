import { pathToFileURL } from 'node:url'
import { types } from 'node:util'
import { runInThisContext } from 'node:vm'
import type { Import } from '../wire'
import { entryPath } from './entry'

type Registry = Readonly<Record<string, NodeJS.Module | undefined>>

/**
 * Which export of a loaded CommonJS module is this value? The path from `module.exports`: `[]` the exports themselves,
 * `['a']`, `['a', 'b']`; `undefined` when it is not found within two levels.
 */
export function findCjsExport(file: string, value: unknown): readonly string[] | undefined {
  for (const registry of registries()) {
    const path = pathIn(registry[file]?.exports, value)
    if (path) return path
  }
  return undefined
}

/** The file of a loaded module that exports a value, and the path to it in `module.exports`. */
export function findExport(value: unknown): { readonly file: string; readonly path: readonly string[] } | undefined {
  for (const registry of registries()) {
    const file = filesByExport(registry).get(value)
    const path = file === undefined ? undefined : pathIn(registry[file]?.exports, value)
    if (file !== undefined && path) return { file, path }
  }
  return undefined
}

/** The file of the CommonJS module whose `module.exports` is this very object. */
export function cjsModuleOf(exports: object): string | undefined {
  for (const registry of registries()) {
    const file = filesByExports(registry).get(exports)
    if (file !== undefined && registry[file]?.exports === exports) return file
  }
  return undefined
}

/** How a worker gets a loaded module: an ES module, which may be among those that were required, by its URL. */
export function moduleOfFile(file: string): Import {
  for (const registry of registries())
    if (types.isModuleNamespaceObject(registry[file]?.exports)) {
      const url = pathToFileURL(file).href
      return { import: url, from: url }
    }
  return { require: file }
}

/** The file of the CommonJS module that this object mirrors: what `__importStar` (tsc) and `__toESM` (esbuild) make. */
export function wrappedModuleOf(wrapper: object): string | undefined {
  if (!wrapped.has(wrapper)) wrapped.set(wrapper, moduleByDefault(wrapper) ?? moduleByMembers(wrapper))
  return wrapped.get(wrapper)
}

const wrapped = new WeakMap<object, string | undefined>()

/** Node's modules, and those of a test runner that loads modules itself: its `require` is ours too. */
function registries(): readonly Registry[] {
  const { _cache: modules } = process.getBuiltinModule('node:module') as unknown as { _cache: Registry }
  return isTestRunner && require.cache ? [require.cache, modules] : [modules]
}

const isTestRunner = runInThisContext('globalThis') !== globalThis

// --- a module's exports by value

interface ExportIndex {
  readonly size: number
  readonly paths: ReadonlyMap<unknown, readonly string[]>
}

const indexes = new WeakMap<object, ExportIndex>()

function pathIn(exports: unknown, value: unknown): readonly string[] | undefined {
  if (exports === value) return []
  if (!isObject(exports)) return undefined
  const path = indexOf(exports).paths.get(value)
  // Exports can be replaced after they were indexed.
  return path && valueAt(exports, path) === value ? path : undefined
}

function indexOf(exports: object): ExportIndex {
  const size = Object.keys(exports).length
  let index = indexes.get(exports)
  if (index?.size !== size) {
    index = { size, paths: exportPaths(exports) }
    indexes.set(exports, index)
  }
  return index
}

/** Namespaces inside of exports are looked into when they have at most so many members. */
const largestNamespace = 500

function exportPaths(exports: object): Map<unknown, readonly string[]> {
  const paths = new Map<unknown, readonly string[]>()
  const add = (value: unknown, path: readonly string[]) => {
    if ((isObject(value) || typeof value === 'symbol') && !paths.has(value)) paths.set(value, path)
  }
  const keys = Object.keys(exports)
  for (const key of keys) add(exported(exports, key), [key])
  for (const key of keys) {
    const namespace = exported(exports, key)
    if (!isObject(namespace) || Array.isArray(namespace)) continue
    const inner = Object.keys(namespace)
    if (inner.length > largestNamespace) continue
    for (const name of inner) add(Object.getOwnPropertyDescriptor(namespace, name)?.value, [key, name])
  }
  return paths
}

function valueAt(exports: object, [key, inner]: readonly string[]): unknown {
  const value = key === undefined ? exports : exported(exports, key)
  return inner === undefined || !isObject(value) ? value : Object.getOwnPropertyDescriptor(value, inner)?.value
}

/** A getter is read only where compilers make it: one of the user's may load or warn. */
function exported(exports: object, key: string): unknown {
  const descriptor = Object.getOwnPropertyDescriptor(exports, key)
  if (!descriptor?.get) return descriptor?.value
  if (!Object.hasOwn(exports, '__esModule')) return undefined
  try {
    return Reflect.get(exports, key)
  } catch {
    return undefined // a module in a cycle that has not got to this export
  }
}

// --- modules by what they export

interface ModuleIndex<K> {
  readonly size: number
  /** Exports of these may still be replaced. */
  readonly running: readonly NodeJS.Module[]
  readonly files: ReadonlyMap<K, string>
}

type Add<K> = (files: Map<K, string>, name: string, module: NodeJS.Module) => void

/** Finds files by what `add` puts into the index, which is made anew when a module has been added or has run to its end. */
function indexed<K>(add: Add<K>): (registry: Registry) => ReadonlyMap<K, string> {
  const indexes = new WeakMap<Registry, ModuleIndex<K>>()
  return (registry) => {
    const names = Object.keys(registry)
    let index = indexes.get(registry)
    if (index?.size !== names.length || index.running.some(({ loaded }) => loaded)) {
      index = indexModules(registry, names, add)
      indexes.set(registry, index)
    }
    return index.files
  }
}

function indexModules<K>(registry: Registry, names: readonly string[], add: Add<K>): ModuleIndex<K> {
  const running: NodeJS.Module[] = []
  const files = new Map<K, string>()
  for (const name of names) {
    const module = registry[name]
    if (!module) continue
    if (!module.loaded) running.push(module)
    add(files, name, module)
  }
  return { size: names.length, running, files }
}

const filesByExports = indexed<object>((files, name, { exports }) => {
  if (isObject(exports)) files.set(exports, name)
})

/** By each thing that is exported: of several modules that export it, the one that was asked for first. */
const filesByExport = indexed<unknown>((files, name, { exports }) => {
  if (name === entryPath() || !isObject(exports)) return
  for (const value of [exports, ...indexOf(exports).paths.keys()]) if (!files.has(value)) files.set(value, name)
})

// --- wrappers

function moduleByDefault(wrapper: object): string | undefined {
  const value = defaultOf(wrapper)
  return typeof value === 'object' && value !== null ? cjsModuleOf(value) : undefined
}

function defaultOf(wrapper: object): unknown {
  try {
    return Object.getOwnPropertyDescriptor(wrapper, 'default')?.value
  } catch {
    return undefined // of a namespace, and not initialized yet
  }
}

/** A copy of an ES module compiled to CommonJS: every member is the same as the module's. */
function moduleByMembers(wrapper: object): string | undefined {
  const names = namesOf(wrapper)
  if (names.length === 0) return undefined
  for (const registry of registries())
    for (const [exports, file] of filesByExports(registry)) {
      if (!Object.hasOwn(exports, '__esModule')) continue
      // One that re-exports all of it has the same members, and more, or another default.
      if (namesOf(exports).length !== names.length || !hasDefaultOf(wrapper, exports)) continue
      if (names.every((name) => mirrors(wrapper, exports, name))) return file
    }
  return undefined
}

function namesOf(module: object): string[] {
  return Object.getOwnPropertyNames(module).filter((name) => name !== 'default' && name !== '__esModule')
}

/** As Node has it, the default import of such a module is all of its exports. */
function hasDefaultOf(wrapper: object, exports: object): boolean {
  if (defaultOf(wrapper) === exports) return true
  // By `in`, which asks nothing of a variable that is not initialized yet.
  return !('default' in wrapper) || !Object.hasOwn(exports, 'default') || mirrors(wrapper, exports, 'default')
}

function mirrors(wrapper: object, exports: object, name: string): boolean {
  if (!Object.hasOwn(exports, name)) return false
  try {
    return Object.is(Reflect.get(wrapper, name), Reflect.get(exports, name))
  } catch {
    return false
  }
}

function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function'
}
