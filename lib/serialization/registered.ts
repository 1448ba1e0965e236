import { pathToFileURL } from 'node:url'
import { cjsModuleOf, wrappedModuleOf } from './functions/cjs-exports'
import { isCompiledModule } from './functions/module-like'
import type { Import } from './wire'

const modules = new Set<object>()
const NONE: ReadonlySet<unknown> = new Set()

/**
 * Sends the functions of a module by value from the next call on, though workers could import it: for a module that is
 * being changed at run time, or that workers must not load. After cloudpickle's `register_pickle_by_value`.
 *
 * @param module - A namespace (`import * as module`), or what `require` gives.
 * @throws TypeError when it is neither.
 *
 * @example
 * ```ts
 * import * as library from 'ml-matrix'
 * import { registerByValue } from 'parfor'
 *
 * registerByValue(library)
 * ```
 */
export function registerByValue(module: object): void {
  if ((typeof module !== 'object' && typeof module !== 'function') || module === null)
    throw new TypeError('registerByValue() takes a module: a namespace, or what require gives')
  modules.add(module)
}

/** Registered modules, what they export now, and the file of each, as `nameOf` gives it. */
export function registeredValues(): ReadonlySet<unknown> {
  if (modules.size === 0) return NONE
  const values = new Set<unknown>(modules)
  for (const module of modules) {
    for (const value of exportsOf(module)) values.add(value)
    const file = cjsModuleOf(module) ?? wrappedModuleOf(module)
    if (file !== undefined) values.add(file).add(pathToFileURL(file).href)
  }
  return values
}

/** The file of a module, where its name tells: what is in it without being exported by name belongs to it too. */
export function nameOf(module: Import): string | undefined {
  if ('require' in module) return module.require
  return /^(\.{0,2}\/|file:)/.test(module.import) ? new URL(module.import, module.from).href : undefined
}

function exportsOf(module: object): unknown[] {
  // A getter of the user's may load something, or throw; those of compilers stand for a variable.
  const readsGetters = isCompiledModule(module)
  return Reflect.ownKeys(module).flatMap((key) => {
    try {
      const { get, value, enumerable } = Object.getOwnPropertyDescriptor(module, key) as PropertyDescriptor
      if (!enumerable) return []
      return get ? (readsGetters ? [Reflect.get(module, key)] : []) : [value]
    } catch {
      return [] // not initialized yet
    }
  })
}
