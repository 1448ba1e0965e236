import type { AnyNode } from 'acorn'
import type { Names } from './name-walker'
import type { ParsedFunction } from './source'
import { childrenOf } from './syntax-tree'

/**
 * Whether it can make a difference that a function is strict. Where it cannot, nobody has to find out: in CommonJS that
 * takes the text of the whole file. Says yes when in doubt.
 */
export function showsStrictness({ source, node }: ParsedFunction, { free, own }: Pick<Names, 'free' | 'own'>): boolean {
  // A sloppy function has properties that a strict one does not have.
  if (source.kind === 'function' && !isAsyncOrGenerator(node)) return true
  if (own?.written || [...free.values()].some(({ written }) => written)) return true // it may not exist
  return childrenOf(node).some(shows)
}

const isAsyncOrGenerator = (node: ParsedFunction['node']) =>
  node.type === 'FunctionExpression' && (node.async || node.generator)

function shows(node: AnyNode): boolean {
  switch (node.type) {
    case 'FunctionExpression':
    case 'FunctionDeclaration':
    case 'ThisExpression':
    case 'WithStatement':
      return true
    case 'Identifier':
      return node.name === 'arguments' || node.name === 'eval'
    case 'UnaryExpression':
      return node.operator === 'delete' || shows(node.argument)
    case 'UpdateExpression':
      return node.argument.type !== 'Identifier'
    case 'AssignmentExpression':
      return hasMember(node.left) || shows(node.left) || shows(node.right)
    case 'ForInStatement':
    case 'ForOfStatement':
      return hasMember(node.left) || childrenOf(node).some(shows)
    case 'ClassExpression':
    case 'ClassDeclaration':
      return false // strict in any case
    default:
      return childrenOf(node).some(shows)
  }
}

/** Whether a property, which may be one that cannot be written, is among what is assigned to. */
function hasMember(node: AnyNode): boolean {
  return node.type === 'MemberExpression' || childrenOf(node).some(hasMember)
}
