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

function innermostFunction({ source, isModule }: Script, offset: number): AnyNode['type'] | undefined {
  let innermost: AnyNode['type'] | undefined
  try {
    let node: AnyNode | undefined = parse(source, { ...options, sourceType: isModule ? 'module' : 'script' })
    for (; node; node = childAt(node, offset))
      if (node.type === 'FunctionDeclaration' || node.type === 'FunctionExpression') innermost = node.type
  } catch {
    // Generated code that acorn does not take: an expression is what most of that is.
  }
  return innermost
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
