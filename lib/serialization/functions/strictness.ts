import { type AnyNode, parse } from 'acorn'
import type { Script } from './script'
import type { Range } from './source'

/** Whether code at this line and column (from 0, as V8 reports them) of a script is strict. */
export function strictAt(script: Script, line: number, column: number): boolean {
  if (script.isModule || startsStrict.test(script.source)) return true
  const ranges = strictRangesOf(script)
  if (ranges.length === 0) return false
  const offset = offsetIn(script, line, column)
  return ranges.some(([start, end]) => start <= offset && offset < end)
}

/** What compilers to CommonJS write; it spares parsing their output. */
const startsStrict = /^(?:#!.*)?(?:\s|;|\/\/.*|\/\*[\s\S]*?\*\/)*(['"])use strict\1/

const rangesOfScripts = new WeakMap<Script, readonly Range[]>()

function strictRangesOf(script: Script): readonly Range[] {
  let ranges = rangesOfScripts.get(script)
  if (!ranges) {
    ranges = strictRanges(script.source)
    rangesOfScripts.set(script, ranges)
  }
  return ranges
}

function strictRanges(source: string): readonly Range[] {
  const ranges: Range[] = []
  try {
    collect(parse(source, options), ranges)
  } catch {
    // A text that acorn does not take is taken for sloppy, as most scripts are.
  }
  return ranges
}

const options = {
  ecmaVersion: 'latest',
  sourceType: 'script',
  allowHashBang: true,
  allowReturnOutsideFunction: true,
  allowAwaitOutsideFunction: true,
  allowImportExportEverywhere: true,
} as const

function collect(node: AnyNode, ranges: Range[]): void {
  if (isStrictNode(node)) {
    ranges.push([node.start, node.end])
    return
  }
  for (const child of Object.values(node)) {
    if (Array.isArray(child)) {
      for (const element of child) if (isNode(element)) collect(element, ranges)
    } else if (isNode(child)) collect(child, ranges)
  }
}

function isStrictNode(node: AnyNode): boolean {
  if (node.type === 'ClassDeclaration' || node.type === 'ClassExpression') return true
  if (node.type === 'Program') return hasDirective(node.body)
  return 'body' in node && isNode(node.body) && node.body.type === 'BlockStatement' && hasDirective(node.body.body)
}

function hasDirective(body: readonly AnyNode[]): boolean {
  return body.some((statement) => statement.type === 'ExpressionStatement' && statement.directive === 'use strict')
}

function isNode(value: unknown): value is AnyNode {
  return typeof value === 'object' && value !== null && typeof (value as { type?: unknown }).type === 'string'
}

/** Where in the script's text a line and column are. */
function offsetIn({ source, startLine, startColumn }: Script, line: number, column: number): number {
  if (line === startLine) return column - startColumn
  let start = 0
  for (let at = startLine; at < line; at++) start = source.indexOf('\n', start) + 1
  return start + column
}
