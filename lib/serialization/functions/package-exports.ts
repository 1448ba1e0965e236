import { createRequire, Module } from 'node:module'
import { types } from 'node:util'
import type { Import } from '../wire'
import { findExport, moduleOfFile } from './cjs-exports'
import { entryPath } from './entry'
import { inspectFunction } from './introspect'
import { isInPackage } from './packages'
import { knownScripts, type Script, scriptById } from './script'

/** How a worker gets at a value: a module, and properties from what it exports. */
export interface ModuleReference {
  readonly module: Import
  readonly path: readonly string[]
}

/**
 * Which loaded module of an installed package exports a function. For functions that were written elsewhere than in the
 * module that exports them: what a factory made, what was curried, bound or generated. Without it, all that such a
 * function captures would be copied, and a package's factories capture most of the package.
 */
export function packageExport(fn: Function): ModuleReference | undefined {
  const found = findExport(fn)
  if (found && isInPackage(found.file)) return { module: moduleOfFile(found.file), path: found.path }
  return esmExports().get(fn)
}

/** The name under which an ES module of a package exports this very function: without parsing the module. */
export function esmPackageExport(script: Script, fn: Function): string | undefined {
  return isPackageModule(script) && isRequireNodesOwn() ? exportsOf(script).get(fn) : undefined
}

let index: { readonly size: number; readonly references: ReadonlyMap<unknown, ModuleReference> } | undefined

function esmExports(): ReadonlyMap<unknown, ModuleReference> {
  const { size } = knownScripts()
  if (index?.size !== size) index = { size, references: isRequireNodesOwn() ? indexEsm() : new Map() }
  return index.references
}

function indexEsm(): Map<unknown, ModuleReference> {
  const references = new Map<unknown, ModuleReference>()
  for (const script of knownScripts().values()) {
    if (!isPackageModule(script)) continue
    const module = { import: script.url, from: script.url }
    for (const [value, name] of exportsOf(script))
      if (!references.has(value)) references.set(value, { module, path: [name] })
  }
  return references
}

/** A loader's `require` (that of tsx) would load an ES module a second time. */
function isRequireNodesOwn(): boolean {
  const load = (Module as unknown as { _extensions: Record<string, Function> })._extensions['.js']
  if (load !== lastLoad) {
    const scriptId = load && inspectFunction(load).scriptId
    isLastNodesOwn = scriptId !== undefined && scriptById(scriptId)?.url.startsWith('node:') === true
    lastLoad = load
  }
  return isLastNodesOwn
}

let lastLoad: Function | undefined
let isLastNodesOwn = false

function isPackageModule({ path, isModule, inMainContext, url }: Script): boolean {
  if (!isModule || !inMainContext || path === undefined || !isInPackage(path) || path === entryPath()) return false
  return !/[?#]/.test(url) // `require` knows another instance
}

const functionsOf = new WeakMap<Script, ReadonlyMap<unknown, string>>()

/**
 * The functions that a loaded ES module exports, with their names. `require` of a module that is loaded gives its
 * namespace, and nothing runs. None of a module that still runs, or waits at its top level.
 */
function exportsOf(script: Script): ReadonlyMap<unknown, string> {
  let functions = functionsOf.get(script)
  if (functions) return functions
  try {
    functions = functionsIn(createRequire(script.path as string)(script.path as string))
    functionsOf.set(script, functions)
    return functions
  } catch {
    return new Map()
  }
}

function functionsIn(namespace: unknown): ReadonlyMap<unknown, string> {
  const functions = new Map<unknown, string>()
  if (!types.isModuleNamespaceObject(namespace)) return functions
  for (const [name, value] of Object.entries(namespace as object))
    if (typeof value === 'function' && !functions.has(value)) functions.set(value, name)
  return functions
}
