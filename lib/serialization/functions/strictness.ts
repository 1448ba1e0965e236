import type { AnyNode } from 'acorn'
import { parser } from './parser'
import { offsetIn, type Script } from './script'
import type { Range } from './source'
import { childrenOf } from './syntax-tree'

/** Whether code at this line and column (from 0, as V8 reports them) of a script is strict. */
export function strictAt(script: Script, line: number, column: number): boolean {
  if (script.isModule || startsStrict(script.source)) return true
  const ranges = strictRangesOf(script)
  if (ranges.length === 0) return false
  const offset = offsetIn(script, line, column)
  return ranges.some(([start, end]) => start <= offset && offset < end)
}

/** What compilers to CommonJS write; it spares parsing their output. */
function startsStrict(source: string): boolean {
  // One at a time: a pattern of all of them goes through every way to divide a bundle's many comments.
  skipped.lastIndex = 0
  let at = 0
  while (skipped.test(source)) at = skipped.lastIndex
  return source.startsWith("'use strict'", at) || source.startsWith('"use strict"', at)
}

const skipped = /#!.*|\s+|;|\/\/.*|\/\*[\s\S]*?\*\//y

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
    collect(parser().parse(source, options), ranges)
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
  for (const child of childrenOf(node)) collect(child, ranges)
}

function isStrictNode(node: AnyNode): boolean {
  if (node.type === 'ClassDeclaration' || node.type === 'ClassExpression') return true
  if (node.type === 'Program') return hasDirective(node.body)
  return childrenOf(node).some((child) => child.type === 'BlockStatement' && hasDirective(child.body))
}

function hasDirective(body: readonly AnyNode[]): boolean {
  return body.some((statement) => statement.type === 'ExpressionStatement' && statement.directive === 'use strict')
}
