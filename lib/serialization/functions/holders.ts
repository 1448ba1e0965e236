import type { FunctionNode, Members, Node } from '../wire'

/**
 * Which functions by value are held by one object, directly or by way of other objects; the variables of a function
 * count as one too, without what is in them, and so do the getter and the setter of one property.
 */
export function holdersOf(
  nodes: readonly Node[],
  functions: ReadonlyMap<FunctionNode, Function>,
): readonly ReadonlySet<Function>[] {
  const held = nodes.map(() => new Set<Function>())
  const holdersOfNode = nodes.map((): number[] => [])
  for (const [holder, node] of nodes.entries()) for (const n of slotsOf(node)) holdersOfNode[n]?.push(holder)
  for (const [n, [kind, payload]] of nodes.entries()) {
    const fn = kind === 'function' ? functions.get(payload) : undefined
    if (fn) addToHolders(fn, n)
  }
  return [...held, ...accessorPairs(nodes, functions)].filter(({ size }) => size > 1)

  function addToHolders(fn: Function, start: number): void {
    const seen = new Set([start])
    const next = [...(holdersOfNode[start] ?? [])]
    for (let n = next.pop(); n !== undefined; n = next.pop()) {
      if (seen.has(n)) continue
      seen.add(n)
      const isFunction = nodes[n]?.[0] === 'function'
      if (!isFunction || holdersOfNode[start]?.includes(n)) held[n]?.add(fn)
      if (!isFunction) next.push(...(holdersOfNode[n] ?? []))
    }
  }
}

function accessorPairs(
  nodes: readonly Node[],
  functions: ReadonlyMap<FunctionNode, Function>,
): readonly ReadonlySet<Function>[] {
  const functionAt = (slot: unknown) => {
    const [kind, payload] = (Array.isArray(slot) && nodes[slot[0]]) || []
    return kind === 'function' ? functions.get(payload) : undefined
  }
  return nodes.flatMap((node) =>
    membersIn(node).flatMap(({ accessors = [] }) =>
      accessors.map(([, , get, set]) => new Set([get, set].flatMap((slot) => functionAt(slot) ?? []))),
    ),
  )
}

function membersIn([kind, ...payload]: Node): readonly Partial<Members>[] {
  const { own, prototype } = kind === 'function' ? (payload[0] as FunctionNode) : {}
  const candidates: readonly unknown[] = kind === 'function' ? [own, prototype] : payload
  return candidates.filter((value) => typeof value === 'object' && value !== null) as Partial<Members>[]
}

/** The nodes that a node refers to. */
function slotsOf([kind, ...payload]: Node): readonly number[] {
  if (kind === 'raw' || kind === 'construct') return []
  const found: number[] = []
  if (kind === 'function') collect((payload[0] as FunctionNode).captured, found)
  else collect(payload, found)
  return found
}

/** Slots, lists of slots, and members. */
function collect(value: unknown, found: number[]): void {
  if (ArrayBuffer.isView(value) || typeof value !== 'object' || value === null) return
  if (!Array.isArray(value)) collect(Object.values(value), found)
  else if (value.length === 1 && typeof value[0] === 'number') found.push(value[0])
  else for (const element of value) collect(element, found)
}
