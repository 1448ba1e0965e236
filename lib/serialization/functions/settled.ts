import { readFileSync } from 'node:fs'
import { isStandardGlobal } from '../intrinsics'
import type { Captured, Closure } from './capture'
import type { Script } from './script'

/** A function that is the same at every moment, as far as a worker can see. */
interface Settled {
  readonly captured: Captured
  readonly closure: Closure
}

const settled = new WeakMap<Function, Settled>()

/** A function that was read before, and captures nothing: to ask the engine again costs more than a trivial call. */
export function settledFunction(fn: Function): Settled | undefined {
  return settled.get(fn)
}

/** Remembers a function, if nothing that it sees can change. */
export function noteSettled(captured: Captured, closure: Closure): void {
  const { fn, details, unseen, given } = captured
  const { analysis, variables, args } = closure
  const isAlone = variables.length === 0 && args === undefined && analysis.own === undefined && !analysis.usesThis
  if (!isAlone || unseen || given || details.bound) return
  if (details.scopes.some(({ type }) => type.startsWith('With'))) return
  if (analysis.free.size > 0 && mayBeShadowed(captured.script)) return
  if (![...analysis.free.keys()].every(isStandardGlobal)) return
  // Without its scopes: they hold the values of all variables around it.
  settled.set(fn, { captured: { ...captured, details: { ...details, scopes: [] } }, closure })
}

const shadowed = new WeakMap<Script, boolean>()

/**
 * Whether a variable may come up later that hides a global from a script's functions: sloppy `eval` declares it around them,
 * and a line that is typed into the REPL, beside them.
 */
function mayBeShadowed(script: Script | undefined): boolean {
  if (script === undefined) return true
  let answer = shadowed.get(script)
  if (answer === undefined) {
    answer = !script.isModule && (script.path === undefined || hasEval(script.path))
    shadowed.set(script, answer)
  }
  return answer
}

/** By the file, though the script may be what a compiler has made of it: to ask the engine for the text takes long. */
function hasEval(path: string): boolean {
  try {
    return readFileSync(path, 'utf8').includes('eval(')
  } catch {
    return true
  }
}
