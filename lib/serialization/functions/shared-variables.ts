import type { Captured, Variable } from './capture'
import type { Holder } from './holders'
import type { Scope } from './introspect'
import { isFromEval, type Level, Looks } from './scope-looks'

/** A function with the variables it captures. */
export interface FunctionWithVariables {
  readonly captured: Captured
  readonly variables: readonly Variable[]
}

/** What several functions have in common. */
export interface Sharing {
  /** Variables that must stay one at the other end: the value is the same object for the same variable. */
  readonly shared: ReadonlyMap<Variable, object>
  /** Two variables of which V8 does not show whether they are the same one: the first that were found. */
  readonly unsure: readonly [Variable, Variable] | undefined
}

/**
 * Finds the variables that several functions share and one of them writes.
 *
 * V8 shows a copy of each scope and not its identity. So scopes that look alike (their place in the text, names, and
 * values, and the scopes around them) count as one, unless something is in them twice that is made once in each: the
 * functions of one place, or scopes with other values. Then functions that are held by one object are of one scope.
 *
 * @param holders functions that one object holds
 */
export function sharedVariables(functions: readonly FunctionWithVariables[], holders: () => Iterable<Holder>): Sharing {
  if (!mayShare(functions, () => '')) return nothing
  const looks = new Looks()
  const hasEval = functions.some(({ captured }) => isFromEval(captured))
  if (!mayShare(functions, (captured, scope) => (hasEval ? looks.anywhere(scope) : looks.of(captured, scope))))
    return nothing
  const search = new Search(holders)
  search.resolve(membersOf(functions, looks))
  return search
}

const nothing: Sharing = { shared: new Map(), unsure: undefined }

/** Whether two functions use a variable of one name, which one of them writes: spares looking at the text. */
function mayShare(
  functions: readonly FunctionWithVariables[],
  lookOf: (captured: Captured, scope: Scope) => string,
): boolean {
  const uses = functions.flatMap(({ captured, variables }) =>
    variables.flatMap(({ free, scope }) => (scope ? { free, look: lookOf(captured, scope) } : [])),
  )
  return groupBy(uses, ({ free, look }) => `${free.name} ${look}`).some(isShared)
}

function isShared(uses: readonly Pick<Variable, 'free'>[]): boolean {
  return uses.length > 1 && uses.some(({ free }) => free.written)
}

/** A function, with its scopes from the outside in. */
interface Member extends FunctionWithVariables {
  readonly levels: readonly Level[]
}

function membersOf(functions: readonly FunctionWithVariables[], looks: Looks): Member[] {
  const levels = looks.levels(functions.map(({ captured }) => captured))
  return functions.map(({ captured, variables }) => ({
    captured,
    variables,
    levels: levels.get(captured) as readonly Level[],
  }))
}

/** What is made once in each instance of a scope: by its place, which one it is. */
type Marks = ReadonlyMap<string, unknown>

/** Functions that are known to be of one instance. */
interface Together {
  readonly members: Member[]
  readonly marks: Marks
}

class Search implements Sharing {
  readonly shared = new Map<Variable, object>()
  unsure: readonly [Variable, Variable] | undefined
  readonly #findHolders: () => Iterable<Holder>
  #found: readonly Holder[] | undefined

  constructor(holders: () => Iterable<Holder>) {
    this.#findHolders = holders
  }

  /** Found once, and only when they are asked for. */
  get #holders(): readonly Holder[] {
    this.#found ??= [...this.#findHolders()]
    return this.#found
  }

  /**
   * @param members functions for which the scopes around the one at this depth are the same
   * @param open the first of those scopes, inwards, of which it is not sure that it is one
   * @returns which of the functions have the same scope at this depth
   */
  resolve(members: readonly Member[], depth = 0, open = 0): readonly (readonly Member[])[] {
    const instances = groupBy(members, ({ levels }) => levels[depth]?.look).flatMap((alike) =>
      this.#instances(alike, depth),
    )
    for (const instance of instances) {
      if (instance.length < 2) continue
      this.#share(instance, depth)
      const first = isOne(instance, depth) ? depth + 1 : open
      this.#doubtOuter(instance, this.resolve(instance, depth + 1, first), depth, first)
    }
    return instances
  }

  #share(members: readonly Member[], depth: number): void {
    const variables = members.flatMap((member) => variablesAt(member, depth))
    for (const users of groupBy(variables, ({ free }) => free.name)) {
      if (!isShared(users)) continue
      const one = {}
      for (const variable of users) this.shared.set(variable, one)
    }
  }

  /**
   * What is in a scope more than once says nothing of that scope: two files may be of one project, or of two that look
   * the same. It matters where both use a variable of it that somebody writes. What one object holds counts as of one.
   */
  #doubtOuter(members: readonly Member[], inner: readonly (readonly Member[])[], depth: number, first: number): void {
    if (first > depth) return
    const innerOf = new Map(inner.flatMap((instance) => instance.map((member) => [member, instance])))
    const met = new Map<string, { what: unknown; fn: Function; variable: Variable }>()
    for (const member of members) {
      const { fn, details } = member.captured
      const { scriptId, line, column } = details
      const level = member.levels[depth + 1]
      const place = level ? level.site : `${line}:${column}`
      if (place === undefined) continue
      const what = level ? innerOf.get(member) : fn
      for (let at = first; at <= depth; at++)
        for (const variable of variablesAt(member, at)) {
          if (!this.shared.has(variable)) continue
          const key = [at, variable.free.name, scriptId, place].join(' ')
          const other = met.get(key)
          if (other && other.what !== what && !this.#areHeld(other.fn, fn)) this.unsure ??= [other.variable, variable]
          met.set(key, { what, fn, variable })
        }
    }
  }

  /** Whether one object holds both. */
  #areHeld(fn: Function, other: Function): boolean {
    for (const { all, isObject } of this.#holders) if (isObject && all.has(fn) && all.has(other)) return true
    return false
  }

  /** Takes functions apart whose scopes look alike and are not the same. */
  #instances(alike: readonly Member[], depth: number): readonly (readonly Member[])[] {
    if (alike.length < 2) return [alike]
    const single = partsByFunction(alike, depth)
    if (!contradict([...single.values()])) return [alike]
    const parts = this.#joinHeld(single)
    if (areAllApart(parts)) return parts.map(({ members }) => members)
    const instances: Together[][] = []
    for (const part of parts) {
      if (this.unsure) break
      const fitting = instances.filter((instance) => instance.some((other) => agree(part, other)))
      const [first] = fitting.filter((instance) => instance.every((other) => agree(part, other)))
      for (const instance of fitting)
        if (instance !== first)
          for (const other of instance) if (agree(part, other)) this.#doubt(part, other, alike, depth)
      if (first) first.push(part)
      else instances.push([part])
    }
    return instances.map((instance) => instance.flatMap(({ members }) => members))
  }

  /**
   * What an object holds was made together, unless it holds two of the same place: then what it holds directly. An
   * object that says otherwise was made elsewhere, of functions of several instances. It is not known which one that
   * is, so none of those that are at odds with each other counts.
   */
  #joinHeld(partOf: ReadonlyMap<Function, Together>): readonly Together[] {
    const parts = [...partOf.values()]
    if (areAllApart(parts)) return parts
    const groups = new Groups(parts)
    const partsIn = (held: ReadonlySet<Function>) => [...new Set([...held].flatMap((fn) => partOf.get(fn) ?? []))]
    for (const { all, direct } of this.#holders) {
      const held = [partsIn(all), partsIn(direct)].find((held) => !contradict(held))
      if (held) groups.join(held)
    }
    return groups.all.flatMap((group) => (contradict(group) ? group : [joined(group)]))
  }

  /** Two that may be of one instance, or of two: it matters when they share a variable then which somebody writes. */
  #doubt(a: Together, b: Together, alike: readonly Member[], depth: number): void {
    const written = new Set(
      alike.flatMap(({ variables }) => variables.flatMap(({ free }) => (free.written ? free.name : []))),
    )
    for (const one of a.members)
      for (const other of b.members)
        for (let at = depth; at < one.levels.length && one.levels[at]?.look === other.levels[at]?.look; at++)
          for (const variable of variablesAt(one, at)) {
            const same = variablesAt(other, at).find(({ free }) => free.name === variable.free.name)
            if (same && written.has(variable.free.name)) this.unsure ??= [variable, same]
          }
  }
}

/** What belongs together, of what was joined two by two. */
class Groups<T> {
  readonly #groupOf: Map<T, Set<T>>

  constructor(elements: readonly T[]) {
    this.#groupOf = new Map(elements.map((element) => [element, new Set([element])]))
  }

  get all(): readonly T[][] {
    return [...new Set(this.#groupOf.values())].map((group) => [...group])
  }

  join(elements: readonly T[]): void {
    const [largest, ...others] = [...new Set(elements.flatMap((element) => this.#groupOf.get(element) ?? []))].sort(
      (a, b) => b.size - a.size,
    )
    for (const other of others)
      for (const element of other) {
        largest?.add(element)
        this.#groupOf.set(element, largest as Set<T>)
      }
  }
}

function joined(parts: readonly Together[]): Together {
  return {
    members: parts.flatMap(({ members }) => members),
    marks: new Map(parts.flatMap(({ marks }) => [...marks])),
  }
}

function variablesAt({ levels, variables }: Member, depth: number): readonly Variable[] {
  const scope = levels[depth]?.scope
  return variables.filter((variable) => variable.scope === scope)
}

function partsByFunction(members: readonly Member[], depth: number): Map<Function, Together> {
  const parts = new Map<Function, Together>()
  for (const member of members) {
    const part = parts.get(member.captured.fn)
    if (part) part.members.push(member)
    else parts.set(member.captured.fn, { members: [member], marks: marksOf(member, depth) })
  }
  return parts
}

function marksOf({ captured: { fn, details }, levels }: Member, depth: number): Map<string, unknown> {
  const marks = new Map<string, unknown>()
  for (let at = depth; !levels[at]?.repeats; at++) {
    const inner = levels[at + 1]
    if (inner) {
      if (inner.site === undefined) break
      marks.set(`scope ${inner.site}`, inner.look)
    } else {
      marks.set(`function ${details.line}:${details.column}`, fn)
      break
    }
  }
  return marks
}

/**
 * Whether functions whose scopes at this depth look the same have one: it is unique, or one of the functions is made
 * once in each. The latter is what a task mostly is, as it is made beside what it uses; nothing shows then that there
 * are two.
 */
function isOne(members: readonly Member[], depth: number): boolean {
  return members.some(({ levels }) => levels[depth]?.isUnique || levels.slice(depth).every(({ repeats }) => !repeats))
}

/** Whether there are two at one place. */
function contradict(parts: readonly { marks: Marks }[]): boolean {
  const all = new Map<string, unknown>()
  for (const { marks } of parts)
    for (const [place, what] of marks) {
      if (all.has(place) && all.get(place) !== what) return true
      all.set(place, what)
    }
  return false
}

/** Whether at one place all have something else: the usual case, found without comparing each with each. */
function areAllApart(parts: readonly { marks: Marks }[]): boolean {
  const places = [...(parts[0]?.marks.keys() ?? [])]
  return places.some(
    (place) =>
      parts.every(({ marks }) => marks.has(place)) &&
      new Set(parts.map(({ marks }) => marks.get(place))).size === parts.length,
  )
}

function agree({ marks }: { marks: Marks }, other: { marks: Marks }): boolean {
  for (const [place, what] of marks) if (other.marks.has(place) && other.marks.get(place) !== what) return false
  return true
}

/** Those with a key, by it. */
function groupBy<T>(values: readonly T[], keyOf: (value: T) => string | undefined): readonly T[][] {
  const groups = new Map<string, T[]>()
  for (const value of values) {
    const key = keyOf(value)
    if (key === undefined) continue
    const group = groups.get(key)
    if (group) group.push(value)
    else groups.set(key, [value])
  }
  return [...groups.values()]
}
