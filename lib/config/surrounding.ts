import { AsyncLocalStorage } from 'node:async_hooks'
import type { ParallelBackend } from '../backend'
import { currentNested } from './nested'

/** Options that `parallelConfig` gives to the calls in its body, checked: what is of interest everywhere. */
export interface Surrounding {
  readonly nJobs?: number | undefined
  readonly backend?: string | ParallelBackend | undefined
}

interface Stretch {
  readonly options: Surrounding
  /** Of the task that it is in; 0 outside of tasks. */
  readonly level: number
}

/** Made when `parallelConfig` is first used: who never does never asks it. */
let ofThisStretch: AsyncLocalStorage<Stretch> | undefined

/**
 * The options that surround the code that runs now, if any do. Those of the caller do not surround the tasks of a call: not
 * on a worker, and not in the calling thread either.
 */
export function surrounding(): Surrounding | undefined {
  const found = ofThisStretch?.getStore()
  return found !== undefined && found.level === level() ? found.options : undefined
}

/** Calls `body`, and lets all that comes of it, across awaits, have these options around it. */
export function withSurrounding<R>(options: Surrounding, body: () => R): R {
  ofThisStretch ??= new AsyncLocalStorage()
  return ofThisStretch.run({ options, level: level() }, body)
}

const level = (): number => currentNested()?.level ?? 0
