import { performance } from 'node:perf_hooks'
import type { OnProgress, Progress } from '../config/options'
import { isThenable } from '../task/run-task'

/** Counts one more completed task of a call; `total` as far as it is known. */
export type CountCompleted = (failed: boolean, total: number | undefined) => void

/**
 * Counts the tasks of one call, from now on, and tells `onProgress` of each that is completed.
 *
 * @param onRejected - Is given why a promise rejects that `onProgress` gave.
 */
export function startProgress(
  onProgress: OnProgress,
  onRejected: (error: unknown) => void,
  now: () => number = () => performance.now(),
): CountCompleted {
  const tell = (progress: Progress) => {
    const told: unknown = onProgress(progress)
    if (isThenable(told)) told.then(undefined, onRejected)
  }
  const start = now()
  let done = 0
  let failed = 0

  return (hasFailed, total) => {
    done += 1
    if (hasFailed) failed += 1
    const elapsed = now() - start
    if (total === undefined) tell({ done, failed, elapsed })
    else tell({ done, failed, total, elapsed, remaining: (elapsed / done) * (total - done) })
  }
}
