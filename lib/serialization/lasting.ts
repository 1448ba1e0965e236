import { toBytes } from './bytes'
import { settledFunction } from './functions/settled'
import { isObjectPrototype } from './plain-data'
import type { UnitEntry } from './unit-entry'
import type { Graph, Slot, UnitContents } from './wire'

/** A function that goes under one name in all calls, and in the same bytes. */
export interface Lasting {
  /** Below zero: names that hold for one call are above. */
  readonly id: number
  readonly unit: UnitEntry
  /** How a batch says that it is the function of its tasks. */
  readonly fns: readonly Slot[]
  readonly graph: Graph
}

/** What of a function can change, though it captures nothing. */
interface Look {
  readonly name: unknown
  readonly length: unknown
  readonly keys: number
  readonly proto: unknown
}

const lasting = new WeakMap<Function, { readonly lasting: Lasting; readonly look: Look }>()
const byId = new Map<number, WeakRef<Function>>()
const collected = new FinalizationRegistry<number>((id) => byId.delete(id))
let lastId = 0

/** The function, as it was sent in an earlier call; `undefined` when it was not, or has changed since. */
export function lastingFunction(fn: Function): Lasting | undefined {
  const known = lasting.get(fn)
  if (known === undefined) return undefined
  const look = lookOf(fn)
  const { name, length, keys, proto } = known.look
  const isSame =
    look !== undefined && look.name === name && look.length === length && look.keys === keys && look.proto === proto
  return isSame ? known.lasting : undefined
}

/** By its name. */
export function lastingById(id: number): Function | undefined {
  return byId.get(id)?.deref()
}

/**
 * Keeps a function that was just encoded, when it can be the same in later calls: it captures nothing, and is nothing
 * but its text.
 */
export function keepLasting(unit: UnitEntry, contents: UnitContents): Lasting | undefined {
  const { root: fn, imports, needs } = unit
  const [node, ...others] = contents.nodes
  const look = lookOf(fn)
  if (!settledFunction(fn) || look === undefined || node?.[0] !== 'function') return undefined
  // The prototype that comes with a function has a place of its own, to which nothing refers here.
  if (!others.every(([kind]) => kind === 'prototype')) return undefined
  if (imports.length > 0 || needs.size > 0) return undefined
  lastId -= 1
  const id = lastId
  const bytes = toBytes({ ...contents, nodes: [['function', { ...node[1], id }]], rootId: id } satisfies UnitContents)
  const kept: Lasting = {
    id,
    unit: { ...unit, id, bytes },
    fns: [[0]],
    graph: { nodes: [['known', id]], imports: [], beside: [] },
  }
  lasting.set(fn, { lasting: kept, look })
  byId.set(id, new WeakRef(fn))
  collected.register(fn, id)
  return kept
}

/** What every function of its kind has. */
const usual = new Set<unknown>(['length', 'name', 'arguments', 'caller', 'prototype'])

/** `undefined` for a function that has anything beside its text: properties, a prototype that was changed. */
function lookOf(fn: Function): Look | undefined {
  const keys = Reflect.ownKeys(fn)
  if (!keys.every((key) => usual.has(key)) || !Object.isExtensible(fn)) return undefined
  const name = Object.getOwnPropertyDescriptor(fn, 'name')
  const length = Object.getOwnPropertyDescriptor(fn, 'length')
  if (typeof name?.value !== 'string' || !length?.configurable || length.writable || length.enumerable) return undefined
  if (keys.includes('prototype') && !isUntouched(fn, Object.getOwnPropertyDescriptor(fn, 'prototype')?.value))
    return undefined
  return { name: name.value, length: length.value, keys: keys.length, proto: Object.getPrototypeOf(fn) }
}

function isUntouched(fn: Function, prototype: unknown): boolean {
  if (typeof prototype !== 'object' || prototype === null || !isObjectPrototype(Object.getPrototypeOf(prototype)))
    return false
  const maker = Object.getOwnPropertyDescriptor(prototype, 'constructor')
  const isAlone = Reflect.ownKeys(prototype).length === 1 && Object.isExtensible(prototype)
  return isAlone && maker?.value === fn && maker.enumerable === false
}
