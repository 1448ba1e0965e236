import type { Captured, Variable } from './capture'
import type { Scope } from './introspect'

/** A function with the variables it captures. */
export interface FunctionWithVariables {
  readonly captured: Captured
  readonly variables: readonly Variable[]
}

/**
 * Finds the variables that several functions share and one of them writes: these must stay one variable at the other
 * end too. The value is the same object for the same variable.
 *
 * V8 shows a copy of each scope and not its identity, so two scopes count as one when script, depth, kind, names and
 * values are the same; and two closures of the same text have different ones, since that is why there are two.
 */
export function sharedVariables(functions: readonly FunctionWithVariables[]): Map<Variable, object> {
  const scopes: KnownScope[] = []
  const groups = new Map<string, { users: Variable[]; isWritten: boolean }>()
  for (const { captured, variables } of functions)
    for (const variable of variables) {
      if (!variable.scope) continue
      const scope = identify(captured, variable.scope, scopes)
      const key = `${scope} ${variable.free.name}`
      const group = groups.get(key) ?? { users: [], isWritten: false }
      groups.set(key, group)
      group.users.push(variable)
      group.isWritten ||= variable.free.written
    }
  const shared = new Map<Variable, object>()
  for (const group of groups.values())
    if (group.isWritten && group.users.length > 1) for (const variable of group.users) shared.set(variable, group)
  return shared
}

interface KnownScope {
  readonly scriptId: string
  readonly depth: number
  readonly type: string
  readonly names: readonly string[]
  readonly values: readonly unknown[]
  /** The function that was made at each place of the text, inside this scope. */
  readonly made: Map<string, Function>
}

function identify({ fn, details }: Captured, scope: Scope, known: KnownScope[]): string {
  const scriptId = details.scriptId ?? ''
  if (scope.type === 'Module' || scope.type === 'Script') return `${scriptId} ${scope.type}`
  const names = Object.getOwnPropertyNames(scope.object)
  const values = names.map((name) => valueIn(scope, name))
  const depth = details.scopes.length - details.scopes.indexOf(scope)
  const place = `${details.line}:${details.column}`
  const isInnermost = details.scopes[0] === scope
  let n = known.findIndex(
    (other) =>
      other.scriptId === scriptId &&
      other.depth === depth &&
      other.type === scope.type &&
      other.names.length === names.length &&
      other.names.every((name, i) => name === names[i] && Object.is(other.values[i], values[i])) &&
      !(isInnermost && depth > OUTER_SCOPES && other.made.has(place) && other.made.get(place) !== fn),
  )
  if (n < 0) n = known.push({ scriptId, depth, type: scope.type, names, values, made: new Map() }) - 1
  known[n]?.made.set(place, fn)
  return String(n)
}

/** A CommonJS module's own scope and the global one: there is only one of each. */
const OUTER_SCOPES = 2

function valueIn(scope: Scope, name: string): unknown {
  try {
    return (scope.object as Record<string, unknown>)[name]
  } catch {
    return undefined
  }
}
