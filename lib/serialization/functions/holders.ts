import { partsOf } from '../node-parts'
import type { FunctionNode, Members, Node, Slot } from '../wire'

/** The functions that one object holds: by way of other objects too, and directly. */
export interface Holder {
  readonly all: ReadonlySet<Function>
  readonly direct: ReadonlySet<Function>
  /** Not what a function captures, nor an accessor. */
  readonly isObject: boolean
}

/**
 * Which functions by value are held by one object. A function holds itself and its properties. What it captures, its
 * `this` too, counts as another holder, without what is in it; and so do the getter and the setter of one property.
 */
export function holdersOf(nodes: readonly Node[], functions: ReadonlyMap<FunctionNode, Function>): readonly Holder[] {
  const functionOf = (n: number): Function | undefined => {
    const [kind, payload] = nodes[n] ?? []
    return kind === 'function' ? functions.get(payload) : undefined
  }
  const pairs = nodes.flatMap((node) => accessorPairs(node).map((pair) => functionsAt(pair, functionOf)))
  const captures = nodes.flatMap(([kind, payload]) =>
    kind === 'function' ? [functionsAt([payload.self, ...(payload.args ?? []), ...payload.captured], functionOf)] : [],
  )
  const shallow = [...pairs, ...captures].map((held) => ({ all: held, direct: held, isObject: false }))
  return [...objects(nodes, functionOf), ...shallow].filter(({ all }) => all.size > 1)
}

function objects(nodes: readonly Node[], functionOf: (n: number) => Function | undefined): readonly Holder[] {
  const held = nodes.map(() => ({ all: new Set<Function>(), direct: new Set<Function>(), isObject: true }))
  const above = nodes.map((): number[] => [])
  for (const [holder, node] of nodes.entries()) for (const n of nodesIn(slotsOf(node))) above[n]?.push(holder)
  for (const start of nodes.keys()) {
    const fn = functionOf(start)
    if (!fn) continue
    for (const n of [start, ...(above[start] ?? [])]) held[n]?.direct.add(fn)
    const next = [start]
    for (let n = next.pop(); n !== undefined; n = next.pop()) {
      if (held[n]?.all.has(fn)) continue
      held[n]?.all.add(fn)
      next.push(...(above[n] ?? []))
    }
  }
  return held
}

function slotsOf(node: Node): readonly Slot[] {
  const { slots, members } = partsOf(node)
  return [...slots, ...members.flatMap(slotsOfMembers)]
}

function slotsOfMembers({ values, accessors = [], proto }: Members): readonly Slot[] {
  return [...values, ...accessors.flatMap(([, , get, set]) => [get, set]), proto]
}

function accessorPairs(node: Node): readonly (readonly Slot[])[] {
  return partsOf(node).members.flatMap(({ accessors = [] }) => accessors.map(([, , get, set]) => [get, set]))
}

function functionsAt(slots: readonly Slot[], functionOf: (n: number) => Function | undefined): ReadonlySet<Function> {
  return new Set(nodesIn(slots).flatMap((n) => functionOf(n) ?? []))
}

const nodesIn = (slots: readonly Slot[]): readonly number[] =>
  slots.flatMap((slot) => (Array.isArray(slot) ? [slot[0] as number] : []))
