import { isBuiltin } from 'node:module'
import type { IntrinsicPath } from '../intrinsics'
import type { Import } from '../wire'
import type { Captured } from './capture'
import { cjsModuleOf, findCjsExport, findExport, moduleOfFile, wrappedModuleOf } from './cjs-exports'
import { entryPath } from './entry'
import { esmTables } from './esm-tables'
import { inspectFunction, valueIn } from './introspect'
import { isLoadable, isLoadableFile } from './loadable'
import { esmPackageExport, type ModuleReference, packageExport } from './package-exports'
import { isInPackage } from './packages'
import { type Script, scriptById, scriptByUrl } from './script'

export type { ModuleReference }

/** Tells modules that are to go by value, though they could be imported. */
export type IsByValue = (module: Import) => boolean

/** A function that a module exports which a worker can import; `undefined` when there is no such module. */
export function referenceTo(captured: Captured, isByValue: IsByValue): ModuleReference | undefined {
  return referenceToOwnModule(captured, isByValue) ?? referenceToPackage(captured, isByValue)
}

/** The export of a package, when the function was made by other code: a factory, a decorator, `bind`. */
function referenceToPackage({ fn, details, script }: Captured, isByValue: IsByValue): ModuleReference | undefined {
  const maker = details.bound ? makerOf(details.bound.target) : script
  if (!maker || (maker.path !== undefined && !isInPackage(maker.path))) return undefined
  const found = packageExport(fn)
  return found && !isByValue(found.module) ? found : undefined
}

/** The script of what a bound function calls. */
function makerOf(target: Function): Script | undefined {
  const { bound, scriptId } = inspectFunction(target)
  if (bound) return makerOf(bound.target)
  return scriptId === undefined ? undefined : scriptById(scriptId)
}

function referenceToOwnModule({ fn, details, script }: Captured, isByValue: IsByValue): ModuleReference | undefined {
  if (!script?.path || !isLoadable(script)) return undefined
  if (!script.isModule) {
    const module = { require: script.path }
    const path = isByValue(module) ? undefined : findCjsExport(script.path, fn)
    return path && { module, path }
  }
  const module = { import: script.url, from: script.url }
  if (isByValue(module)) return undefined
  const name = esmPackageExport(script, fn)
  if (name !== undefined) return { module, path: [name] }
  const { exports } = esmTables(script)
  for (const { type, object } of details.scopes) {
    if (type !== 'Module') continue
    for (const [local, [exported]] of exports)
      if (exported !== undefined && valueIn(object, local) === fn) return { module, path: [exported] }
  }
  return exports.has('*default*') && fn.name === 'default' ? { module, path: ['default'] } : undefined
}

/** How the file that a function is in imports a variable; `undefined` when it is no import, or not loadable. */
export function importOf(
  { script }: Pick<Captured, 'script'>,
  name: string,
  isByValue: IsByValue,
): ModuleReference | undefined {
  // The text of `node --eval` is a module with no URL when it is in TypeScript.
  if (!script?.isModule || !URL.canParse(script.url)) return undefined
  const binding = esmTables(script).imports.get(name)
  if (!binding || Object.keys(binding.attributes).length > 0) return undefined
  const module = { import: binding.source, from: script.url }
  if (isByValue(module) || !isLoadableImport(binding.source, script.url)) return undefined
  return { module, path: binding.imported === '*' ? [] : [binding.imported] }
}

/**
 * How a CommonJS file has a variable's value from another one: what is destructured from `require(…)` is found by its
 * identity.
 */
export function requiredFrom(
  { script }: Captured,
  name: string,
  value: unknown,
  isByValue: IsByValue,
): ModuleReference | undefined {
  if (!script?.path || script.isModule) return undefined
  const found = findExport(value)
  if (!found || found.file === script.path || !isLoadableFile(found.file)) return undefined
  // Last, as it reads the whole text.
  if (!destructuredFrom(script).has(name)) return undefined
  const module = moduleOfFile(found.file)
  return isByValue(module) ? undefined : { module, path: found.path }
}

const destructured = new WeakMap<Script, ReadonlySet<string>>()

/** Every word in the patterns of `{ … } = require(…)`. */
function destructuredFrom(script: Script): ReadonlySet<string> {
  let words = destructured.get(script)
  if (!words) {
    words = new Set(patternsBeforeRequire(script.source).flatMap((pattern) => pattern.match(/[\w$]+/g) ?? []))
    destructured.set(script, words)
  }
  return words
}

function patternsBeforeRequire(source: string): string[] {
  return Array.from(source.matchAll(/\}\s*=\s*require\(/g), ({ index }) => {
    const before = source.slice(source.lastIndexOf('=', index) + 1, index)
    return before.includes('{') ? before.slice(before.indexOf('{')) : ''
  })
}

/** What a module of Node's own exports is each thread's own: `threadId`, `isMainThread`. */
export function builtinPath({ module, path }: ModuleReference): IntrinsicPath | undefined {
  if (!('import' in module) || !isBuiltin(module.import)) return undefined
  const keys = path[0] === 'default' ? path.slice(1) : path
  return keys.length === 0 ? undefined : ['builtin', `node:${module.import.replace(/^node:/, '')}`, ...keys]
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
  const module = moduleOfFile(file)
  return isByValue(module) ? undefined : { module, path: [] }
}
