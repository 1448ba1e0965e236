import type { Runtime } from 'node:inspector'
import { type InspectorSession, inspectorSession } from './inspector-session'

export { InspectorUnavailableError } from './inspector-session'

/** One scope of a function, from the inside out. `object` is a copy of its variables with their live values. */
export interface Scope {
  /** V8's label: `Module`, `Script`, `Global`, `Closure (outer)`, `Block`, `Catch`, `With Block`, … */
  readonly type: string
  readonly object: object
}

/** A variable of a {@link Scope}; `undefined` when it is not initialized yet. */
export function valueIn(scope: object, name: string): unknown {
  try {
    return (scope as Record<string, unknown>)[name]
  } catch {
    return undefined
  }
}

/** What a bound function is made of. */
export interface BoundFunction {
  readonly target: Function
  readonly this: unknown
  readonly args: readonly unknown[]
}

/** What V8 knows about a function and JavaScript cannot see. */
export interface FunctionDetails {
  /** Empty for built-in and bound functions. */
  readonly scopes: readonly Scope[]
  /** `undefined` for built-in and bound functions. */
  readonly scriptId: string | undefined
  /** From 0, as in the script that runs; -1 when there is no script. See `FunctionSource.locationOffset`. */
  readonly line: number
  /** From 0; -1 when there is no script. */
  readonly column: number
  readonly bound: BoundFunction | undefined
}

/**
 * Reads a function's scopes, with the variables' live values, and its location. Synchronous: what it returns is one
 * moment's state.
 *
 * @throws InspectorUnavailableError
 */
export function inspectFunction(fn: Function): FunctionDetails {
  return inspectFunctions([fn])[0] as FunctionDetails
}

/** The same for many functions, at less of a cost for each. */
export function inspectFunctions(fns: readonly Function[]): FunctionDetails[] {
  const session = inspectorSession()
  try {
    const all = objectIdsOf(session, fns).map((objectId) => internalProperties(session, objectId))
    const parts = valuesOf(session, all.flatMap(partsOf))
    return all.map((internals) => detailsOf(internals, parts.splice(0, partsOf(internals).length)))
  } finally {
    session.stash.values = undefined
    session.post('Runtime.releaseObjectGroup', { objectGroup })
  }
}

interface Location {
  readonly scriptId: string
  readonly lineNumber: number
  readonly columnNumber: number
}

type Internals = ReadonlyMap<string, Runtime.RemoteObject | undefined>

/** Object ids made under this name are released together, after each function. */
const objectGroup = 'parfor'

function objectIdsOf(session: InspectorSession, fns: readonly Function[]): (string | undefined)[] {
  session.stash.values = [...fns]
  if (fns.length === 1) return [callOnStash(session, 'function () { return this.values[0] }', []).result.objectId]
  const { objectId } = callOnStash(session, 'function () { return this.values }', []).result
  // The elements come before `length`.
  return propertiesOf(session, objectId)
    .result.slice(0, fns.length)
    .map(({ value }) => value?.objectId)
}

function internalProperties(session: InspectorSession, objectId: string | undefined): Internals {
  const { internalProperties = [] } = propertiesOf(session, objectId)
  return new Map(internalProperties.map(({ name, value }) => [name, value]))
}

function propertiesOf({ post }: InspectorSession, objectId: string | undefined): Runtime.GetPropertiesReturnType {
  return post('Runtime.getProperties', { objectId, ownProperties: true })
}

/** What of a function has to be had by value: its scopes, or what a bound one is made of. */
function partsOf(internals: Internals): Runtime.RemoteObject[] {
  const scopes = internals.get('[[Scopes]]')
  if (scopes) return [scopes]
  const bound = ['[[TargetFunction]]', '[[BoundThis]]', '[[BoundArgs]]'].map((name) => internals.get(name))
  return bound.every((part) => part !== undefined) ? bound : []
}

function detailsOf(internals: Internals, parts: readonly unknown[]): FunctionDetails {
  const location: Location | undefined = internals.get('[[FunctionLocation]]')?.value
  const [target, self, args] = parts
  const isBound = parts.length > 1
  const scopes = isBound ? [] : ((target ?? []) as ArrayLike<{ description: string; object: object }>)
  return {
    scopes: Array.from(scopes, ({ description, object }) => ({ type: description, object })),
    scriptId: location?.scriptId,
    line: location?.lineNumber ?? -1,
    column: location?.columnNumber ?? -1,
    bound: isBound
      ? { target: target as Function, this: self, args: Array.from(args as ArrayLike<unknown>) }
      : undefined,
  }
}

/** The very values behind what the inspector names by ids: it puts them into the stash. */
function valuesOf(session: InspectorSession, remotes: readonly Runtime.RemoteObject[]): unknown[] {
  callOnStash(session, 'function (...values) { this.values = values }', remotes.map(toArgument))
  return session.stash.values ?? []
}

function toArgument({ objectId, unserializableValue, value }: Runtime.RemoteObject): Runtime.CallArgument {
  if (objectId !== undefined) return { objectId }
  return unserializableValue !== undefined ? { unserializableValue } : { value }
}

function callOnStash(
  { post, stashId }: InspectorSession,
  functionDeclaration: string,
  args: readonly Runtime.CallArgument[],
): Runtime.CallFunctionOnReturnType {
  return post('Runtime.callFunctionOn', {
    objectId: stashId,
    functionDeclaration,
    arguments: args,
    objectGroup,
    silent: true,
  })
}
