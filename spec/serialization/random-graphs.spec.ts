import fc from 'fast-check'
import { Crossing } from './crossing'
import { difference } from './isomorphic'

const kinds = {
  object: () => ({}),
  array: () => [],
  map: () => new Map(),
  set: () => new Set(),
  instance: () => new Held(),
  bare: () => Object.create(null) as object,
  error: () => new RangeError('x'),
  accessors: () => ({}),
  frozen: () => ({}),
  /** Functions give what they capture when they are called. */
  closure: () => {
    const held: unknown[] = []
    return Object.assign(() => held, { hold: (value: unknown) => held.push(value) })
  },
  bound: () => {
    const held: unknown[] = []
    const list = function (this: unknown) {
      return this
    }
    return { held, list: list.bind(held) }
  },
  methods: () => {
    const held: unknown[] = []
    const self = {
      all: () => [self, held],
      first() {
        return held[0]
      },
      hold: (value: unknown) => held.push(value),
    }
    return self
  },
  counter: () => {
    let last: unknown
    return {
      get: () => last,
      hold: (value: unknown) => {
        last = value
      },
    }
  },
}

class Held {
  [key: string]: unknown
}

/** A value that is ready, or one that holds others by their number: itself and later ones among them. */
type Recipe =
  | { readonly leaf: unknown }
  | { readonly kind: keyof typeof kinds; readonly holds: readonly number[]; readonly keys: readonly string[] }

const leaf = fc.oneof(
  fc.constantFrom<unknown>(undefined, null, -0, Number.NaN, true, Symbol.iterator, Symbol.for('x'), Math.max, Map),
  fc.string(),
  fc.bigInt(),
  fc.double(),
  fc.date({ noInvalidDate: false }),
  fc.uint8Array({ maxLength: 8 }),
  fc.constant(null).map(() => Symbol('unique')),
  fc.constant(null).map(() => /a+/g),
)

const key = fc.oneof(fc.string({ maxLength: 3 }), fc.constantFrom('__proto__', 'then', 'constructor', '0'))

const graph: fc.Arbitrary<readonly Recipe[]> = fc.array(
  fc.oneof(
    { weight: 1, arbitrary: fc.record({ leaf }) },
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constantFrom(...(Object.keys(kinds) as (keyof typeof kinds)[])),
        holds: fc.array(fc.nat({ max: 20 }), { maxLength: 4 }),
        keys: fc.array(key, { minLength: 4, maxLength: 4 }),
      }),
    },
  ),
  { minLength: 1, maxLength: 12 },
)

function valuesOf(recipes: readonly Recipe[]): unknown[] {
  const values = recipes.map((recipe) => ('leaf' in recipe ? recipe.leaf : kinds[recipe.kind]()))
  for (const [n, recipe] of recipes.entries())
    if ('kind' in recipe)
      for (const [at, held] of recipe.holds.entries())
        hold(values[n] as object, recipe.kind, values[held % values.length], recipe.keys[at] as string, at)
  for (const [n, recipe] of recipes.entries())
    if ('kind' in recipe && recipe.kind === 'frozen') Object.freeze(values[n])
  return values
}

function hold(holder: object, kind: keyof typeof kinds, value: unknown, key: string, at: number): void {
  if (kind === 'array') (holder as unknown[]).push(value)
  else if (kind === 'map') (holder as Map<unknown, unknown>).set(value, holder)
  else if (kind === 'set') (holder as Set<unknown>).add(value)
  else if (kind === 'bound') (holder as { held: unknown[] }).held.push(value)
  else if ('hold' in holder && typeof holder.hold === 'function') holder.hold(value)
  else if (kind === 'accessors') Object.defineProperty(holder, key, { get: () => value, configurable: true })
  else Object.defineProperty(holder, key, { value, enumerable: at !== 2, writable: at !== 3, configurable: true })
}

/** Every function of these graphs can be called, but for the classes and those that write. */
const captured = (fn: Function): unknown => (fn === Held || fn.name === 'hold' || fn.name === 'Held' ? undefined : fn())

describe('a graph of random values, with cycles, shared objects and functions', () => {
  it('arrives as it was in either direction, and comes back as it was', async () => {
    await fc.assert(
      fc.asyncProperty(graph, async (recipes) => {
        const values = valuesOf(recipes)
        const crossing = new Crossing()
        const there = await crossing.there(...values)
        expect(difference(values, there, captured)).toBeUndefined()
        expect(difference(values, await new Crossing().back(values), captured)).toBeUndefined()
        // Functions come back as those that were sent, and capture what they did.
        expect(difference(values, await crossing.back(there))).toBeUndefined()
      }),
      { numRuns: 200 },
    )
  })
})
