import { existsSync } from 'node:fs'
import { basename, dirname, extname, join } from 'node:path'
import { workerSource } from '../embedded'

/** A name that no user's file has: a user's bundle may put other workers beside ours. */
const WORKER_FILE = 'parfor.worker.cjs'

/** The worker program: a file to load, or its text when a bundler left our files behind. */
export type WorkerEntry = { readonly file: string } | { readonly source: string }

/**
 * Finds the worker program: one file with everything in it, so that it starts fast and under any loader.
 * It is in `dist/`, both for the package and for a source checkout (ts-node, tsx and Jest run `lib/*.ts`).
 */
export function workerEntry(): WorkerEntry {
  const file = besideUs()
  if (file !== undefined && existsSync(file)) return { file }
  if (workerSource !== undefined) return { source: workerSource }
  throw new Error(`There is no worker program at ${file ?? WORKER_FILE}: run \`npm run build\``)
}

function besideUs(): string | undefined {
  // Absent when a bundler made an ES module of us; some other file's when it made one file of everything.
  if (typeof __filename !== 'string') return undefined
  const extension = extname(__filename)
  if (basename(__filename, extension) !== 'worker-entry') return undefined
  const root = join(dirname(__filename), '..')
  return extension === '.ts' ? join(root, '..', 'dist', WORKER_FILE) : join(root, WORKER_FILE)
}
