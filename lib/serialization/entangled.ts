import type { Captured } from './functions/capture'
import { sharedVariables } from './functions/shared-variables'
import { isClass } from './functions/source'
import type { UnitEntry } from './unit-entry'

/**
 * Which of the functions that a task is called with, or gives, cannot be sent apart from its values. As units of their
 * own they have copies of what they capture, so two would lose sight of each other: a function and the values, when it
 * captures one of the task's objects; two functions that capture the same object, or a variable that one of them
 * writes.
 *
 * A class always goes apart: it has to be the same one for all tasks.
 */
export function entangled(units: ReadonlySet<UnitEntry>, objects: Iterable<object>): ReadonlySet<UnitEntry> {
  const withClasses = withNeeds(units)
  const all = [...withClasses].filter(({ root }) => !isClass(root))
  const found = new Set<UnitEntry>()
  for (const object of objects) for (const unit of all) if (unit.objects.has(object)) found.add(unit)
  for (const unit of crowded(all)) found.add(unit)
  for (const [n, unit] of all.entries())
    for (const other of all.slice(n + 1))
      if (!(found.has(unit) && found.has(other)) && areTied(unit, other)) found.add(unit).add(other)
  const needy = withNeedy(found, withClasses)
  return new Set(all.filter((unit) => needy.has(unit)))
}

/** Units of which so many use a variable of one name that looking at each pair takes longer than the trip. */
const CROWD = 8

/** Those of a crowd: they go together without being looked at. */
function crowded(units: readonly UnitEntry[]): readonly UnitEntry[] {
  if (units.length <= CROWD) return []
  const users = new Map<string, { units: UnitEntry[]; isWritten: boolean }>()
  for (const unit of units)
    for (const [name, isWritten] of variablesOf(unit)) {
      const of = users.get(name) ?? { units: [], isWritten: false }
      users.set(name, of)
      of.units.push(unit)
      of.isWritten ||= isWritten
    }
  return [...users.values()].flatMap(({ units, isWritten }) => (isWritten && units.length > CROWD ? units : []))
}

function withNeeds(units: Iterable<UnitEntry>): ReadonlySet<UnitEntry> {
  const all = new Set(units)
  // What is added while it is gone through comes up too.
  for (const unit of all) for (const needed of unit.needs) all.add(needed)
  return all
}

/** Those that a new unit needs and would lose sight of: it has to hold their functions itself. */
export function entangledWith(unit: UnitEntry): ReadonlySet<UnitEntry> {
  const needed = withNeeds(unit.needs)
  const found = new Set([...needed].filter((other) => !isClass(other.root) && areTied(unit, other)))
  const needy = withNeedy(found, needed)
  return new Set([...needed].filter((other) => needy.has(other) && !isClass(other.root)))
}

/**
 * A function among the arguments, or one that it needs, that shares a variable with the task's own function: they
 * cannot go together, as the one goes once for all tasks and the other with each.
 */
export function tiedToTask(task: UnitEntry, units: ReadonlySet<UnitEntry>): Tie | undefined {
  const own = withNeeds([task])
  for (const unit of withNeeds(units))
    for (const other of own)
      if (!own.has(unit) && !isClass(unit.root) && !isClass(other.root) && variableTie(other, unit))
        return tieOf(unit, other)
  return undefined
}

/** A function, and the variable that it shares with one of another unit. */
export interface Tie {
  readonly captured: Captured
  readonly variable: string
}

function tieOf(unit: UnitEntry, other: UnitEntry): Tie | undefined {
  const names = variablesOf(other)
  for (const { captured, variables } of unit.functions)
    for (const { free } of variables) {
      const isWritten = variablesOf(unit).get(free.name) || names.get(free.name)
      if (names.has(free.name) && isWritten) return { captured, variable: free.name }
    }
  return undefined
}

const areTied = oncePerPair((unit, other) => unit.objects.meets(other.objects) || variableTie(unit, other))

/** When it is not sure, they go together: that all functions are there may decide it. */
const variableTie = oncePerPair((unit, other) => {
  if (!mayShareVariable(unit, other)) return false
  const { shared, unsure } = sharedVariables([...unit.functions, ...other.functions], () => [
    ...unit.holders,
    ...other.holders,
  ])
  if (unsure) return true
  const groupsOf = ({ functions }: UnitEntry) =>
    functions.flatMap(({ variables }) => variables.flatMap((variable) => shared.get(variable) ?? []))
  const own = new Set(groupsOf(unit))
  return groupsOf(other).some((group) => own.has(group))
})

/** Both are what they were when they were made, so this is found out once. */
function oncePerPair(find: (unit: UnitEntry, other: UnitEntry) => boolean) {
  const answers = new WeakMap<UnitEntry, WeakMap<UnitEntry, boolean>>()
  return (unit: UnitEntry, other: UnitEntry): boolean => {
    const known = answers.get(unit) ?? new WeakMap<UnitEntry, boolean>()
    answers.set(unit, known)
    let answer = known.get(other)
    if (answer === undefined) {
      answer = find(unit, other)
      known.set(other, answer)
    }
    return answer
  }
}

/** By their names alone: a unit can have many functions, and meet another one with every task. */
function mayShareVariable(unit: UnitEntry, other: UnitEntry): boolean {
  const [few, many] = [variablesOf(unit), variablesOf(other)].sort((a, b) => a.size - b.size) as [Names, Names]
  for (const [name, isWritten] of few) {
    const isWrittenThere = many.get(name)
    if (isWrittenThere !== undefined && (isWritten || isWrittenThere)) return true
  }
  return false
}

/** Captured variables by name, and whether they are written. */
type Names = ReadonlyMap<string, boolean>

const names = new WeakMap<UnitEntry, Names>()

function variablesOf(unit: UnitEntry): Names {
  const known = names.get(unit)
  if (known) return known
  const own = new Map<string, boolean>()
  for (const { variables } of unit.functions)
    for (const { free } of variables) own.set(free.name, own.get(free.name) === true || free.written)
  names.set(unit, own)
  return own
}

/** With those that need one of them, directly or by way of others. */
function withNeedy(found: ReadonlySet<UnitEntry>, all: Iterable<UnitEntry>): ReadonlySet<UnitEntry> {
  const needy = new Map<UnitEntry, UnitEntry[]>()
  for (const unit of all)
    for (const needed of unit.needs) {
      const others = needy.get(needed)
      if (others) others.push(unit)
      else needy.set(needed, [unit])
    }
  const reached = new Set<UnitEntry>(found)
  for (const unit of reached) for (const other of needy.get(unit) ?? []) reached.add(other)
  return reached
}
