import type { AnyNode } from 'acorn'
import { parser } from './parser'
import type { Script } from './script'

/** The syntax tree of a script; `undefined` for generated code that acorn does not take. */
export function syntaxOf({ source, isModule }: Script): AnyNode | undefined {
  try {
    return parser().parse(source, {
      ecmaVersion: 'latest',
      sourceType: isModule ? 'module' : 'script',
      allowHashBang: true,
      allowReturnOutsideFunction: true,
      allowAwaitOutsideFunction: true,
    })
  } catch {
    return undefined
  }
}
