import { sharedVariables } from './functions/shared-variables'
import { isClass } from './functions/source'
import type { UnitEntry } from './sender'

/**
 * Which of the functions that a task is called with, or gives, cannot be sent apart from its values. As units of their
 * own they have copies of what they capture, so two would lose sight of each other: a function and the values, when it
 * captures one of the task's objects; two functions that capture the same object, or a variable that one of them
 * writes.
 *
 * A class always goes apart: it has to be the same one for all tasks.
 */
export function entangled(units: ReadonlySet<UnitEntry>, objects: Iterable<object>): ReadonlySet<UnitEntry> {
  const all = [...withNeeds(units)].filter(({ root }) => !isClass(root))
  const found = new Set<UnitEntry>()
  for (const object of objects) for (const unit of all) if (unit.objects.has(object)) found.add(unit)
  for (const [n, unit] of all.entries())
    for (const other of all.slice(n + 1)) if (areTied(unit, other)) found.add(unit).add(other)
  for (const unit of all) if (needsOneOf(unit, found)) found.add(unit)
  return found
}

function withNeeds(units: Iterable<UnitEntry>, all = new Set<UnitEntry>()): Set<UnitEntry> {
  for (const unit of units)
    if (!all.has(unit)) {
      all.add(unit)
      withNeeds(unit.needs, all)
    }
  return all
}

const ties = new WeakMap<UnitEntry, WeakMap<UnitEntry, boolean>>()

/** Both are what they were when they were made, so this is found out once. */
function areTied(unit: UnitEntry, other: UnitEntry): boolean {
  const known = ties.get(unit) ?? new WeakMap<UnitEntry, boolean>()
  ties.set(unit, known)
  let answer = known.get(other)
  if (answer === undefined) {
    answer = unit.objects.meets(other.objects) || shareVariable(unit, other)
    known.set(other, answer)
  }
  return answer
}

/** When it is not sure, they go together: that all functions are there may decide it. */
function shareVariable(unit: UnitEntry, other: UnitEntry): boolean {
  const { shared, unsure } = sharedVariables([...unit.functions, ...other.functions], () => [
    ...unit.holders,
    ...other.holders,
  ])
  if (unsure) return true
  const groupsOf = ({ functions }: UnitEntry) =>
    functions.flatMap(({ variables }) => variables.flatMap((variable) => shared.get(variable) ?? []))
  const own = new Set(groupsOf(unit))
  return groupsOf(other).some((group) => own.has(group))
}

function needsOneOf(unit: UnitEntry, found: ReadonlySet<UnitEntry>): boolean {
  return [...unit.needs].some((needed) => found.has(needed) || needsOneOf(needed, found))
}
