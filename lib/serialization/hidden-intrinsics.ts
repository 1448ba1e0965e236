import { Dirent, statSync } from 'node:fs'
import { runInThisContext } from 'node:vm'

let known: readonly ReadonlyMap<string, unknown>[] | undefined

/** Intrinsics that no global leads to, by name: our own realm's, the main one's if that differs, and Node's. */
export function hiddenIntrinsics(): readonly ReadonlyMap<string, unknown>[] {
  known ??= [...(isMainRealm ? [ownSamples()] : [ownSamples(), mainSamples()]).map(reach), ofFiles()]
  return known
}

const isMainRealm = runInThisContext('globalThis') === globalThis

/** Values whose prototypes lead to the intrinsics of the realm they were made in. */
interface Samples {
  readonly generator: object
  readonly asyncFunction: object
  readonly asyncGenerator: object
  readonly typedArray: object
  readonly iterators: readonly object[]
  readonly strictArguments: object
}

function ownSamples(): Samples {
  return {
    generator: function* () {},
    asyncFunction: async () => {},
    asyncGenerator: async function* () {},
    typedArray: Int8Array,
    iterators: [[].values(), new Map().values(), new Set().values(), ''[Symbol.iterator](), 'a'.matchAll(/a/g)],
    strictArguments: strictArguments(),
  }
}

/** The same text as above, to be run in the other realm: a compiler may have changed the one above. */
function mainSamples(): Samples {
  return runInThisContext(`({
    generator: function* () {},
    asyncFunction: async () => {},
    asyncGenerator: async function* () {},
    typedArray: Int8Array,
    iterators: [[].values(), new Map().values(), new Set().values(), ''[Symbol.iterator](), 'a'.matchAll(/a/g)],
    strictArguments: (function () { 'use strict'; return arguments })(),
  })`)
}

function strictArguments(): object {
  // biome-ignore lint/complexity/noArguments: their `callee` is what is asked for
  return arguments
}

function reach(samples: Samples): ReadonlyMap<string, unknown> {
  const [array, map, set, string, regExpString] = samples.iterators.map(prototypeOf)
  const asyncGeneratorFunctions = prototypeOf(samples.asyncGenerator)
  return new Map<string, unknown>([
    ['GeneratorFunction', ownValue(prototypeOf(samples.generator), 'constructor')],
    ['AsyncFunction', ownValue(prototypeOf(samples.asyncFunction), 'constructor')],
    ['AsyncGeneratorFunction', ownValue(asyncGeneratorFunctions, 'constructor')],
    ['AsyncIteratorPrototype', prototypeOf(ownValue(asyncGeneratorFunctions, 'prototype'))],
    ['IteratorPrototype', prototypeOf(array)],
    ['ArrayIteratorPrototype', array],
    ['MapIteratorPrototype', map],
    ['SetIteratorPrototype', set],
    ['StringIteratorPrototype', string],
    ['RegExpStringIteratorPrototype', regExpString],
    ['TypedArray', prototypeOf(samples.typedArray)],
    ['ThrowTypeError', Object.getOwnPropertyDescriptor(samples.strictArguments, 'callee')?.get],
  ])
}

/** The symbols under which Node keeps the state of what `readdir` and `stat` give, and a class that it exports nowhere. */
function ofFiles(): ReadonlyMap<string, unknown> {
  const stats = anyStats()
  const samples = [new (Dirent as unknown as new (name: string, type: number) => object)('', 0), ...stats]
  const symbols = samples.flatMap((sample) => Object.getOwnPropertySymbols(sample))
  return new Map<string, unknown>([
    ...symbols.map((symbol) => [`@@${symbol.description}`, symbol] as const),
    ...stats.slice(1).map((big) => ['BigIntStats', big.constructor] as const),
  ])
}

function anyStats(): readonly object[] {
  try {
    return [statSync(process.execPath), statSync(process.execPath, { bigint: true })]
  } catch {
    return [] // --permission: this file is out of bounds
  }
}

function prototypeOf(value: unknown): unknown {
  return Object.getPrototypeOf(value)
}

/** Under --frozen-intrinsics, Node makes accessors of the members of prototypes, and puts the value on the getter. */
export function frozenValue(get: object | undefined): unknown {
  return isFrozen && get !== undefined ? Object.getOwnPropertyDescriptor(get, 'value')?.value : undefined
}

const isFrozen = runInThisContext('Object.isFrozen(Array.prototype)')

function ownValue(holder: unknown, key: string): unknown {
  const descriptor = Object.getOwnPropertyDescriptor(Object(holder), key)
  return descriptor && (descriptor.value ?? frozenValue(descriptor.get))
}
