import type * as embedded from '../embedded'
import { installed } from '../system/installed'

/** The worker program: a file to load, or its text when a bundler left our files behind. */
export type WorkerEntry = { readonly file: string } | { readonly source: string }

/** Finds the worker program: one file with everything in it, so that it starts fast and under any loader. */
export function workerEntry(): WorkerEntry {
  const files = installed()
  if (files) return { file: files.worker }
  // Not on top: it is as long as all of the rest, and seldom needed.
  const { workerSource } = require('../embedded') as typeof embedded
  if (workerSource !== undefined) return { source: workerSource }
  throw new Error('There is no worker program: run `npm run build`')
}
