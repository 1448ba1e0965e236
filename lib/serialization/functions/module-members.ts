import { types } from 'node:util'
import type { Encoding } from '../encoding'
import { intrinsicPath } from '../intrinsics'
import { isObjectPrototype } from '../plain-data'
import { step } from '../trail'
import type { Nodes, Slot } from '../wire'
import { builtinPath, importOf, type ModuleReference, moduleReferenceTo, requiredFrom } from './by-reference'
import type { Captured, Variable } from './capture'
import type { FreeVariable } from './free-variables'
import { isModuleLike } from './module-like'
import { isInPackage } from './packages'

/** A variable, or a member of a module, and how it is used. */
interface Binding {
  readonly name: string
  readonly value: unknown
  readonly whole: boolean
  readonly chains: FreeVariable['chains']
  /** How a worker can import it, if it can. */
  readonly recipe: ModuleReference | undefined
  /** The same for what `require` gave: looked for only when it matters. */
  readonly required?: () => ModuleReference | undefined
}

/** A captured variable: what its file imports may go by that import. */
export function variableSlot(captured: Captured, { free, value, scope }: Variable, encoder: Encoding): Slot {
  const substitute = substituteFor(captured, free.name, value, encoder)
  if (substitute !== undefined) return [substitute]
  const recipe = scope?.type === 'Module' ? importOf(captured, free.name, encoder.isByValue) : undefined
  const required = () => requiredFrom(captured, free.name, value, encoder.isByValue)
  return bindingSlot({ name: free.name, value, whole: free.whole, chains: free.chains, recipe, required }, encoder)
}

/** What compilers and test runners put into variables, and what does the same in a worker. */
function substituteFor({ fn, script }: Captured, name: string, value: unknown, encoder: Encoding): number | undefined {
  if (types.isWeakMap(value) && /^_?(?:getRequireWildcardCache|interop_?require_?wildcard)$/i.test(fn.name))
    return encoder.node('construct', [['global', 'WeakMap'], []], value) // a cache of Babel's and SWC's
  if (name === '__vite_ssr_dynamic_import__') return encoder.node('viteImport', [script?.url ?? ''])
  if (name !== '__vite_ssr_import_meta__') return undefined
  const { url, env } = value as { url: string; env?: object }
  return encoder.node('viteMeta', [url, env && encoder.slot({ ...env })], value)
}

function bindingSlot(binding: Binding, encoder: Encoding): Slot {
  const { value, name } = binding
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) {
    const path = binding.recipe && builtinPath(binding.recipe)
    if (path) return [encoder.node('intrinsic', [path])]
    if (typeof value !== 'symbol') return encoder.slot(value)
    return encoder.importedSymbol(value, () => binding.recipe ?? binding.required?.())
  }
  if (typeof value === 'function' && /^cov_[0-9a-z]+$/.test(name)) return [encoder.node('coverageCounter', [])]
  if (intrinsicPath(value)) return encoder.slot(value)
  if (isModuleLike(value) || isModuleOfVite(name, value)) return moduleSlot(value, binding, encoder)
  const isSnapshot = typeof value === 'object' && encoder.isPlain(value)
  if (isSnapshot || encoder.known(value) !== undefined || encoder.isRegistered(value)) return encoder.slot(value)
  const recipe = binding.recipe ?? binding.required?.()
  return recipe ? [encoder.reference(recipe, value)] : encoder.slot(value)
}

/** Vite puts a Proxy around what is CommonJS or built in, so that it has both named exports and a default one. */
function isModuleOfVite(name: string, value: object): boolean {
  return /^__vite_ssr_import_\d+__$/.test(name) && types.isProxy(value)
}

/** The built-in module that Vite's Proxy is around. */
function builtinIn(module: object): ModuleReference | undefined {
  if (!types.isProxy(module)) return undefined
  const path = intrinsicPath((module as { default?: unknown }).default)
  return path?.[0] === 'builtin' && path.length === 2
    ? { module: { import: path[1] as string, from: '' }, path: [] }
    : undefined
}

/** A module that a function uses: the members that it names, else the whole. */
function moduleSlot(module: object, binding: Binding, encoder: Encoding): Slot {
  const isByValue = encoder.isRegistered(module)
  const recipe = isByValue
    ? undefined
    : (binding.recipe ?? builtinIn(module) ?? moduleReferenceTo(module, encoder.isByValue))
  if (binding.whole && !isByValue && encoder.isPlain(module)) return encoder.slot(module)
  const isThis = isCalledOn(module, binding, encoder)
  if (binding.whole || (isThis && !recipe)) return wholeModule(module, recipe, encoder)
  const whole = encoder.known(module)
  if (whole !== undefined) return [whole]
  const node = encoder.moduleNode(module)
  if (isThis) node.setRest(wholeModule(module, recipe, encoder))
  for (const key of new Set(binding.chains.map(({ path }) => path[0] as string))) {
    const below = binding.chains.filter(({ path }) => path[0] === key)
    const slot = encoder.inProperty(step(key), () =>
      bindingSlot(
        {
          name: key,
          value: read(module, key, encoder),
          whole: below.some(({ path }) => path.length === 1),
          chains: below
            .filter(({ path }) => path.length > 1)
            .map(({ path, called }) => ({ path: path.slice(1), called })),
          recipe: recipe && { module: recipe.module, path: [...recipe.path, key] },
        },
        encoder,
      ),
    )
    if (key in module) node.set(key, slot)
  }
  return [node.index]
}

function wholeModule(module: object, recipe: ModuleReference | undefined, encoder: Encoding): Slot {
  const known = encoder.known(module)
  if (known !== undefined) return [known]
  return [
    recipe && (isOfPackage(recipe) || isInstance(module))
      ? encoder.reference(recipe, module)
      : moduleMembers(module, encoder, recipe),
  ]
}

/** What packages export is not changed at run time, as a rule, and can be much. */
function isOfPackage({ module }: ModuleReference): boolean {
  if ('require' in module) return isInPackage(module.require)
  return !/^(\.{0,2}\/|file:|#)/.test(module.import) || isInPackage(module.from)
}

/** `module.exports = new Registry()` */
function isInstance(module: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(module)
  return prototype !== null && !isObjectPrototype(prototype)
}

/** Whether a function that is called as `module.member()` may use other members, by `this`. */
function isCalledOn(module: object, { chains }: Binding, encoder: Encoding): boolean {
  return chains.some(({ path: [key = '', ...more], called }) => {
    const member = called && more.length === 0 ? read(module, key, encoder) : undefined
    return typeof member === 'function' && /\bthis\b/.test(Function.prototype.toString.call(member))
  })
}

/**
 * All members of a module: what a worker can import by its import, data as it is now; what cannot be sent throws when
 * it is read there.
 */
export function moduleMembers(module: object, encoder: Encoding, recipe?: ModuleReference): number {
  const payload: Nodes['module'] = [[], [], [], undefined]
  const index = encoder.node('module', payload, module)
  for (const key of Object.keys(module)) {
    const trouble = encoder.attempt(() => {
      const slot = encoder.inProperty(step(key), () => {
        const value = read(module, key, encoder)
        if (!recipe) return encoder.slot(value)
        const member = { module: recipe.module, path: [...recipe.path, key] }
        return bindingSlot({ name: key, value, whole: true, chains: [], recipe: member }, encoder)
      })
      payload[0].push(key)
      payload[1].push(slot)
    })
    if (!trouble) continue
    payload[0].push(key) // its place in the order
    payload[1].push(undefined)
    payload[2].push([key, trouble.message])
  }
  return index
}

function read(module: object, key: string, encoder: Encoding): unknown {
  try {
    return (module as Record<string, unknown>)[key]
  } catch (error) {
    return encoder.fail(`reading it throws "${(error as Error).message}"`, 'It may not be initialized yet.')
  }
}
