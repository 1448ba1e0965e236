import { type FunctionDetails, valueIn } from './introspect'
import type { Script } from './script'

/** A variable of an ES module. */
export interface ModuleVariable {
  readonly script: Script
  readonly name: string
}

/** Variables of ES modules that hold a symbol: of those modules of which a function was looked at. */
const variables = new Map<symbol, ModuleVariable[]>()
const noted = new WeakSet<Script>()

/** Notes which variables of a function's module hold a symbol: nothing else tells who exports one. */
export function noteSymbols(script: Script, { scopes }: FunctionDetails): void {
  if (!script.isModule || noted.has(script)) return
  noted.add(script)
  for (const { type, object } of scopes) if (type === 'Module') noteVariables(script, object)
}

function noteVariables(script: Script, scope: object): void {
  for (const name of Object.keys(scope)) {
    const value = valueIn(scope, name)
    if (typeof value !== 'symbol') continue
    const places = variables.get(value)
    if (places) places.push({ script, name })
    else variables.set(value, [{ script, name }])
  }
}

/** Where a symbol was seen: in the module that makes it, and in those that import it. */
export function variablesWith(symbol: symbol): readonly ModuleVariable[] {
  return variables.get(symbol) ?? []
}
