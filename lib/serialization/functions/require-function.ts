import type { Captured } from './capture'
import { lookUp } from './scopes'

/**
 * The file that a `require` function resolves from, when a function is one: a module's own, or one that
 * `createRequire` made. Node keeps the module in a variable that the function captures.
 */
export function requireBase({ fn, details, script }: Captured): string | undefined {
  if (typeof (fn as NodeJS.Require).resolve !== 'function' || typeof (fn as NodeJS.Require).cache !== 'object')
    return undefined
  if (script && !script.url.startsWith('node:')) return undefined
  for (const name of ['mod', 'from']) {
    const binding = lookUp(name, details)
    if (binding?.is !== 'variable') continue
    const filename: unknown = (binding.value as { filename?: unknown } | undefined)?.filename
    if (typeof filename === 'string') return filename
  }
  return `${process.cwd()}/`
}
