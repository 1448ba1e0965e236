import type { AnyNode } from 'acorn'

/** The nodes directly below a node, in the order of the tree's fields, which is nearly the text's. */
export function childrenOf(node: AnyNode): AnyNode[] {
  const children: AnyNode[] = []
  for (const field of Object.values(node)) {
    if (Array.isArray(field)) {
      for (const element of field) if (isNode(element)) children.push(element)
    } else if (isNode(field)) children.push(field)
  }
  return children
}

function isNode(value: unknown): value is AnyNode {
  return typeof value === 'object' && value !== null && typeof (value as { type?: unknown }).type === 'string'
}
