import { type AnyNode, parse } from 'acorn'
import { offsetIn, type Script } from './script'
import { childrenOf } from './syntax-tree'

/**
 * Whether a place of a script (from 0, as V8 reports it) is inside a function expression of this name. V8 does not show
 * that variable: `(function outer() { return () => outer })()`.
 */
export function isEnclosingName(name: string, script: Script, line: number, column: number): boolean {
  // Spares parsing the script for the usual reason that a name is unknown: a global that is not there.
  if (!new RegExp(`\\bfunction\\b[\\s*]*${name.replaceAll('$', '\\$')}(?![\\w$])`).test(script.source)) return false
  const offset = offsetIn(script, line, column)
  try {
    return namesAround(
      parse(script.source, { ...options, sourceType: script.isModule ? 'module' : 'script' }),
      offset,
    ).has(name)
  } catch {
    return false
  }
}

const options = {
  ecmaVersion: 'latest',
  allowHashBang: true,
  allowReturnOutsideFunction: true,
  allowAwaitOutsideFunction: true,
} as const

function namesAround(program: AnyNode, offset: number): ReadonlySet<string> {
  const names = new Set<string>()
  let node: AnyNode | undefined = program
  while (node) {
    if (node.type === 'FunctionExpression' && node.id) names.add(node.id.name)
    node = childAt(node, offset)
  }
  return names
}

function childAt(node: AnyNode, offset: number): AnyNode | undefined {
  return childrenOf(node).find(({ start, end }) => start <= offset && offset < end)
}
