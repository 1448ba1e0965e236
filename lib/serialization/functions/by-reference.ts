import { pathToFileURL } from 'node:url'
import type { Import } from '../wire'
import type { Captured } from './capture'
import { cjsModuleOf, findCjsExport, wrappedModuleOf } from './cjs-exports'
import { entryPath } from './entry'
import { esmTables } from './esm-tables'
import { isLoadable, isLoadableFile } from './loadable'
import { scriptByUrl } from './script'

/** How a worker gets at a value: a module, and properties from what it exports. */
export interface ModuleReference {
  readonly module: Import
  readonly path: readonly string[]
}

/** Tells modules that are to go by value, though they could be imported. */
export type IsByValue = (module: Import) => boolean

/** A function that a module exports which a worker can import; `undefined` when there is no such module. */
export function referenceTo({ fn, details, script }: Captured, isByValue: IsByValue): ModuleReference | undefined {
  if (!script?.path || !isLoadable(script)) return undefined
  if (!script.isModule) {
    const module = { require: script.path }
    const path = isByValue(module) ? undefined : findCjsExport(script.path, fn)
    return path && { module, path }
  }
  const module = { import: script.url, from: script.url }
  if (isByValue(module)) return undefined
  const { exports } = esmTables(script)
  for (const { type, object } of details.scopes) {
    if (type !== 'Module') continue
    for (const [local, [exported]] of exports)
      if (exported !== undefined && holds(object, local, fn)) return { module, path: [exported] }
  }
  return exports.has('*default*') && fn.name === 'default' ? { module, path: ['default'] } : undefined
}

/** Whether a scope's variable is this value; one that is not initialized yet throws when it is read. */
function holds(scope: object, name: string, value: unknown): boolean {
  try {
    return (scope as Record<string, unknown>)[name] === value
  } catch {
    return false
  }
}

/** How the file that a function is in imports a variable; `undefined` when it is no import, or not loadable. */
export function importOf({ script }: Captured, name: string, isByValue: IsByValue): ModuleReference | undefined {
  if (!script?.isModule || script.url === '') return undefined
  const binding = esmTables(script).imports.get(name)
  if (!binding || Object.keys(binding.attributes).length > 0) return undefined
  const module = { import: binding.source, from: script.url }
  if (isByValue(module) || !isLoadableImport(binding.source, script.url)) return undefined
  return { module, path: binding.imported === '*' ? [] : [binding.imported] }
}

/** A bare specifier is an installed package or a built-in; a relative one leads to a file of the user's. */
function isLoadableImport(specifier: string, from: string): boolean {
  if (!/^(\.{0,2}\/|file:)/.test(specifier)) return true
  const { href } = new URL(specifier, from)
  const script = scriptByUrl(href)
  return script ? isLoadable(script) : /\.[cm]?js(on)?$/.test(new URL(href).pathname)
}

/** The CommonJS module that an object is, or wraps; `undefined` when it is none that a worker may load. */
export function moduleReferenceTo(object: object, isByValue: IsByValue): ModuleReference | undefined {
  const file = cjsModuleOf(object) ?? wrappedModuleOf(object)
  if (file === undefined || file === entryPath() || !isLoadableFile(file)) return undefined
  const script = scriptByUrl(pathToFileURL(file).href)
  const module = { require: file }
  return (script && !isLoadable(script)) || isByValue(module) ? undefined : { module, path: [] }
}
