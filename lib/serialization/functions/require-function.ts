import { dirname, sep } from 'node:path'
import type { Captured } from './capture'
import { lookUp } from './scopes'

/**
 * The file, or folder, that a `require` function resolves from, when a function is one: a module's own, one that
 * `createRequire` made, or one of Jest's or Vitest's. Most keep the module in a variable that the function captures.
 */
export function requireBase({ fn, details, script }: Captured): string | undefined {
  const { resolve, cache, extensions } = fn as NodeJS.Require
  if (typeof resolve !== 'function' || typeof cache !== 'object' || typeof extensions !== 'object') return undefined
  for (const name of ['mod', 'from']) {
    const binding = lookUp(name, details)
    if (binding?.is !== 'variable') continue
    const filename: unknown = (binding.value as { filename?: unknown } | undefined)?.filename
    if (typeof filename === 'string') return filename
  }
  if (script === undefined || script.url.startsWith('node:')) return process.cwd() + sep
  // The first place to look for a package is beside the file.
  const [nearest] = resolve.paths?.('parfor') ?? []
  return nearest === undefined ? undefined : dirname(nearest) + sep
}
