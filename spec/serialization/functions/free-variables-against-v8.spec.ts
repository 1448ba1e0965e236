import { analyse } from '../../../lib/serialization/functions/free-variables'
import { inspectFunction } from '../../../lib/serialization/functions/introspect'
import { lookUp } from '../../../lib/serialization/functions/scopes'
import { isNativeText } from '../../../lib/serialization/functions/source'

/** Every function that a module's exports lead to: members, prototypes, accessors. */
function functionsOf(exports: object): Function[] {
  const found = new Set<unknown>([exports])
  for (const value of found) {
    if ((typeof value !== 'object' && typeof value !== 'function') || value === null) continue
    for (const { value: member, get, set } of Object.values(Object.getOwnPropertyDescriptors(value)))
      for (const next of [member, get, set]) if (typeof next === 'object' || typeof next === 'function') found.add(next)
    if (found.size > 20_000) break
  }
  return [...found].filter(isWithSource)
}

function isWithSource(value: unknown): value is Function {
  return typeof value === 'function' && !isNativeText(Function.prototype.toString.call(value))
}

/** Names that the analysis calls free and V8 knows nothing of. */
function unknownNames(fn: Function): string[] {
  const { free } = analyse(Function.prototype.toString.call(fn))
  const details = inspectFunction(fn)
  return [...free.values()]
    .filter(({ name, typeofOnly }) => !typeofOnly && lookUp(name, details) === undefined)
    .map(({ name }) => name)
}

describe('the free variables of real code', () => {
  it.each([
    ['acorn', 200],
    ['commander', 100],
    ['fast-check', 200],
    ['marked', 50],
    ['ml-matrix', 300],
    ['picomatch', 10],
    ['semver', 40],
    ['source-map', 20],
    ['typescript', 2000],
  ])('of %s are all known to V8', (name, atLeast) => {
    const functions = functionsOf(require(name) as object)
    const unknown = functions.flatMap((fn) =>
      unknownNames(fn).map((free) => `${free} in ${fn.toString().slice(0, 80)}`),
    )
    expect(unknown).toEqual([])
    expect(functions.length).toBeGreaterThan(atLeast)
  })
})
