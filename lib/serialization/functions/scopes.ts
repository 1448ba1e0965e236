import { isEnclosingName } from './enclosing-names'
import type { FunctionDetails, Scope } from './introspect'
import { scriptById } from './script'

/** Where a name leads from inside a function. */
export type Binding =
  | { readonly is: 'variable'; readonly value: unknown; readonly scope: Scope }
  /** A `let`, `const` or `class` whose declaration has not run yet: reading it throws. (Node 20 cannot tell.) */
  | { readonly is: 'uninitialised'; readonly scope: Scope }
  /** A property of the global object. */
  | { readonly is: 'global'; readonly value: unknown; readonly scope: Scope }
  /** The name of an enclosing named function expression, whose value V8 does not show. */
  | { readonly is: 'hidden' }

/** Looks a name up in a function's scopes, inner ones first; `undefined` when nothing has that name. */
export function lookUp(name: string, details: FunctionDetails): Binding | undefined {
  return lookUpShown(name, details) ?? (isHidden(name, details) ? { is: 'hidden' } : undefined)
}

/** The same, among what V8 shows. */
export function lookUpShown(name: string, details: FunctionDetails): Binding | undefined {
  for (const scope of details.scopes) {
    const binding = scope.type === 'Global' ? globalBinding(name, scope) : variable(name, scope)
    if (binding) return binding
  }
  return undefined
}

function isHidden(name: string, { scopes, scriptId, line, column }: FunctionDetails): boolean {
  if (scopes.some(({ type }) => type === `Closure (${name})`)) return true
  // A scope with nothing else in it is left out.
  const script = scriptId === undefined ? undefined : scriptById(scriptId)
  return script !== undefined && isEnclosingName(name, script, line, column)
}

function variable(name: string, scope: Scope): Binding | undefined {
  const isWith = scope.type.startsWith('With')
  try {
    const has = isWith ? Reflect.has(scope.object, name) : Object.hasOwn(scope.object, name)
    return has ? { is: 'variable', value: Reflect.get(scope.object, name), scope } : undefined
  } catch (error) {
    if (isWith) throw error // a getter of the user's
    return { is: 'uninitialised', scope }
  }
}

function globalBinding(name: string, scope: Scope): Binding | undefined {
  const { object } = scope
  return Reflect.has(object, name) ? { is: 'global', value: Reflect.get(object, name), scope } : undefined
}
