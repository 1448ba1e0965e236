import { types } from 'node:util'
import { intrinsicPath } from '../intrinsics'
import { isObjectPrototype } from '../plain-data'
import { cjsModuleOf } from './cjs-exports'

/**
 * Whether an object stands for a module: an ES module namespace, CommonJS exports, what compilers wrap around them, the
 * CommonJS `module` object, or vitest's export object.
 */
export function isModuleLike(value: unknown): value is object {
  if (typeof value === 'function') return false
  if (typeof value !== 'object' || value === null || types.isProxy(value)) return false
  return (
    types.isModuleNamespaceObject(value) ||
    isCompiledModule(value) ||
    cjsModuleOf(value) !== undefined ||
    isModuleObject(value) ||
    wrapsModule(value)
  )
}

/** The exports of an ES module that a compiler, a bundler or vitest made an object of. */
export function isCompiledModule(value: object): boolean {
  return (
    hasTrueEsModule(value) ||
    Object.getOwnPropertyDescriptor(value, Symbol.toStringTag)?.value === 'Module' ||
    hasOnlyExports(value)
  )
}

/** What esbuild makes of `import * as` in a bundle: nothing but getters that name a variable each. */
function hasOnlyExports(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== null && !isObjectPrototype(prototype)) return false // nor a large array, whose keys are many
  const keys = Object.keys(value)
  if (keys.length === 0) return false
  for (const key of keys) {
    const { get, set, configurable } = Object.getOwnPropertyDescriptor(value, key) as PropertyDescriptor
    if (!get || set || configurable) return false
    if (!/^\(\) ?=> ?[\w$.]+$/.test(Function.prototype.toString.call(get))) return false
  }
  return true
}

/** What compilers to CommonJS put on `exports`; some of them as a getter. */
function hasTrueEsModule(value: object): boolean {
  const descriptor = Object.getOwnPropertyDescriptor(value, '__esModule')
  if (!descriptor?.get) return descriptor?.value === true
  try {
    return Reflect.get(value, '__esModule') === true
  } catch {
    return false
  }
}

/** The `module` of a CommonJS file. Test runners make their own, so it is known by its looks. */
function isModuleObject(value: object): boolean {
  return ['id', 'filename', 'exports', 'loaded', 'children'].every((name) => Object.hasOwn(value, name))
}

/** `{ default: exports, … }` around a module without `__esModule`, or around a built-in one. */
function wrapsModule(value: object): boolean {
  const exports: unknown = Object.getOwnPropertyDescriptor(value, 'default')?.value
  if ((typeof exports !== 'object' && typeof exports !== 'function') || exports === null) return false
  return cjsModuleOf(exports) !== undefined || intrinsicPath(exports)?.[0] === 'builtin'
}
