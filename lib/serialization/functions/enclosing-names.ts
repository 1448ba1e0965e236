import type { AnyNode } from 'acorn'
import { offsetIn, type Script } from './script'
import { syntaxOf } from './script-syntax'
import { childrenOf } from './syntax-tree'

/**
 * Whether a place of a script (from 0, as V8 reports it) is inside a function expression of this name. V8 does not show
 * that variable: `(function outer() { return () => outer })()`.
 */
export function isEnclosingName(name: string, script: Script, line: number, column: number): boolean {
  // Spares parsing the script for the usual reason that a name is unknown: a global that is not there.
  if (!new RegExp(`\\bfunction\\b[\\s*]*${name.replaceAll('$', '\\$')}(?![\\w$])`).test(script.source)) return false
  return namesAround(syntaxOf(script), offsetIn(script, line, column)).has(name)
}

/** Whether the `function` at a place of a script is a declaration, whose name is a variable around it. */
export function isDeclaration(script: Script, line: number, column: number): boolean {
  let known = declarations.get(script)
  if (!known) {
    known = new Map()
    declarations.set(script, known)
  }
  const offset = offsetIn(script, line, column)
  let answer = known.get(offset)
  if (answer === undefined) {
    answer = innermostFunction(script, offset) === 'FunctionDeclaration'
    known.set(offset, answer)
  }
  return answer
}

const declarations = new WeakMap<Script, Map<number, boolean>>()

/** `undefined` where there is no syntax tree: an expression is what most generated code is. */
function innermostFunction(script: Script, offset: number): AnyNode['type'] | undefined {
  let innermost: AnyNode['type'] | undefined
  for (let node = syntaxOf(script); node; node = childAt(node, offset))
    if (node.type === 'FunctionDeclaration' || node.type === 'FunctionExpression') innermost = node.type
  return innermost
}

function namesAround(program: AnyNode | undefined, offset: number): ReadonlySet<string> {
  const names = new Set<string>()
  for (let node = program; node; node = childAt(node, offset))
    if (node.type === 'FunctionExpression' && node.id) names.add(node.id.name)
  return names
}

function childAt(node: AnyNode, offset: number): AnyNode | undefined {
  return childrenOf(node).find(({ start, end }) => start <= offset && offset < end)
}
