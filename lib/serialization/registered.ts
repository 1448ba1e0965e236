const modules = new Set<object>()

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

/** Registered modules, and what they export now. */
export function registeredValues(): ReadonlySet<unknown> {
  const values = new Set<unknown>(modules)
  for (const module of modules) for (const value of Object.values(module)) values.add(value)
  return values
}
