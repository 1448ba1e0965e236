import type { Runtime } from 'node:inspector'
import { type InspectorSession, inspectorSession } from './inspector-session'

export { InspectorUnavailableError } from './inspector-session'

/** One scope of a function, from the inside out. `object` is a copy of its variables with their live values. */
export interface Scope {
  /** V8's label: `Module`, `Script`, `Global`, `Closure (outer)`, `Block`, `Catch`, `With Block`, … */
  readonly type: string
  readonly object: object
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
  const session = inspectorSession()
  try {
    const internals = internalProperties(session, fn)
    const location: Location | undefined = internals.get('[[FunctionLocation]]')?.value
    return {
      scopes: scopesOf(session, internals),
      scriptId: location?.scriptId,
      line: location?.lineNumber ?? -1,
      column: location?.columnNumber ?? -1,
      bound: boundFunction(session, internals),
    }
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

function internalProperties(session: InspectorSession, fn: Function): Internals {
  session.stash.values = [fn]
  const { result } = callOnStash(session, 'function () { return this.values[0] }', [])
  const { internalProperties = [] } = session.post<Runtime.GetPropertiesReturnType>('Runtime.getProperties', {
    objectId: result.objectId,
    ownProperties: true,
  })
  return new Map(internalProperties.map(({ name, value }) => [name, value]))
}

function scopesOf(session: InspectorSession, internals: Internals): Scope[] {
  const remote = internals.get('[[Scopes]]')
  if (!remote) return []
  const [scopes] = valuesOf(session, [remote]) as [{ description: string; object: object }[]]
  return Array.from(scopes, ({ description, object }) => ({ type: description, object }))
}

function boundFunction(session: InspectorSession, internals: Internals): BoundFunction | undefined {
  const target = internals.get('[[TargetFunction]]')
  const boundThis = internals.get('[[BoundThis]]')
  const boundArgs = internals.get('[[BoundArgs]]')
  if (!target || !boundThis || !boundArgs) return undefined
  const [fn, self, args] = valuesOf(session, [target, boundThis, boundArgs]) as [Function, unknown, unknown[]]
  return { target: fn, this: self, args: Array.from(args) }
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
