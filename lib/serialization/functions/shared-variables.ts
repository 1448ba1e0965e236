import type { Captured, Variable } from './capture'
import type { Scope } from './introspect'
import { scopePlaces } from './scope-places'

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
export function sharedVariables(
  functions: readonly FunctionWithVariables[],
  holders: () => Iterable<ReadonlySet<Function>>,
): Sharing {
  if (!mayShare(functions, () => '')) return nothing
  const looks = new Looks()
  if (!mayShare(functions, (captured, scope) => looks.of(captured, scope))) return nothing
  const search = new Search(holders)
  search.resolve(membersOf(functions, looks), 0)
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

interface Level {
  readonly scope: Scope
  readonly site: number | undefined
  readonly repeats: boolean
  /** The same for scopes that look alike. */
  readonly look: string
}

function membersOf(functions: readonly FunctionWithVariables[], looks: Looks): Member[] {
  return functions.map(({ captured, variables }) => {
    const places = scopePlaces(captured)
    const levels = captured.details.scopes.map((scope, n) => {
      const { site, repeats } = places[n] as (typeof places)[number]
      return { scope, site, repeats, look: `${looks.of(captured, scope)} ${site}` }
    })
    return { captured, variables, levels: levels.reverse() }
  })
}

class Looks {
  readonly #known = new Map<Scope, string>()
  readonly #numbers = new Map<unknown, number>()

  of(captured: Captured, scope: Scope): string {
    let look = this.#known.get(scope)
    if (look === undefined) {
      look = this.#read(captured, scope)
      this.#known.set(scope, look)
    }
    return look
  }

  #read({ details: { scriptId } }: Captured, { type, object }: Scope): string {
    // There is only one of each; the others are a copy for each function.
    // What classic scripts declare is in one scope for all of them: each line typed into the REPL is a script.
    if (type === 'Global' || type === 'Script') return type
    if (type === 'Module') return `${scriptId} ${type}`
    const names = Object.getOwnPropertyNames(object)
    return [scriptId, type, ...names, ...names.map((name) => this.#number(valueIn(object, name)))].join('\0')
  }

  #number(value: unknown): number | string {
    if (Object.is(value, -0)) return '-0'
    let number = this.#numbers.get(value)
    if (number === undefined) {
      number = this.#numbers.size
      this.#numbers.set(value, number)
    }
    return number
  }
}

function valueIn(scope: object, name: string): unknown {
  try {
    return (scope as Record<string, unknown>)[name]
  } catch {
    return undefined // not initialized yet
  }
}

/** What is made once in each instance of a scope: by its place, which one it is. */
type Marks = ReadonlyMap<string, unknown>

/** Functions that are known to be of one instance. */
interface Together {
  readonly members: Member[]
  readonly marks: Map<string, unknown>
}

class Search implements Sharing {
  readonly shared = new Map<Variable, object>()
  unsure: readonly [Variable, Variable] | undefined
  readonly #holders: () => Iterable<ReadonlySet<Function>>

  constructor(holders: () => Iterable<ReadonlySet<Function>>) {
    this.#holders = holders
  }

  /** @param members functions for which the scopes around the one at this depth are the same */
  resolve(members: readonly Member[], depth: number): void {
    for (const alike of groupBy(members, ({ levels }) => levels[depth]?.look))
      for (const instance of this.#instances(alike, depth)) {
        if (instance.length < 2) continue
        this.#share(instance, depth)
        this.resolve(instance, depth + 1)
      }
  }

  #share(members: readonly Member[], depth: number): void {
    const variables = members.flatMap((member) => variablesAt(member, depth))
    for (const users of groupBy(variables, ({ free }) => free.name)) {
      if (!isShared(users)) continue
      const one = {}
      for (const variable of users) this.shared.set(variable, one)
    }
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

  /** What an object holds was made together, unless it holds two of the same place. */
  #joinHeld(partOf: Map<Function, Together>): readonly Together[] {
    if (areAllApart([...partOf.values()])) return [...partOf.values()]
    for (const held of [...this.#holders()].sort((a, b) => a.size - b.size)) {
      const [first, ...others] = new Set([...held].flatMap((fn) => partOf.get(fn) ?? []))
      if (!first || others.length === 0 || contradict([first, ...others])) continue
      for (const { members, marks } of others) {
        first.members.push(...members)
        for (const [place, what] of marks) first.marks.set(place, what)
        for (const { captured } of members) partOf.set(captured.fn, first)
      }
    }
    return [...new Set(partOf.values())]
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
