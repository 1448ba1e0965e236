import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** A name that no user's file has: a user's bundle may put other workers beside ours. */
const WORKER_FILE = 'parfor.worker.cjs'

/** This library's own files. */
export interface Installed {
  /** The worker program. It is in `dist/`, both for the package and for a source checkout. */
  readonly worker: string
  /** The sources, to which source maps lead. */
  readonly lib: string
}

/**
 * Where this library is installed; `undefined` when a bundler has made a part of another file of us. This file may be
 * `lib/system/installed.ts`, what tsc makes of it, or a part of `dist/index.js`.
 */
export function installed(): Installed | undefined {
  if (typeof __filename !== 'string') return undefined // an ES module
  const parent = dirname(dirname(__filename))
  for (const root of [parent, dirname(parent)]) {
    const worker = join(root, 'dist', WORKER_FILE)
    if (existsSync(worker)) return { worker, lib: join(root, 'lib') }
  }
  return undefined
}
