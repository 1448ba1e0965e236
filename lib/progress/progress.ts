import { performance } from 'node:perf_hooks'
import type { OnProgress } from '../config/options'

/** Counts one more completed task of a call; `total` as far as it is known. */
export type CountCompleted = (failed: boolean, total: number | undefined) => void

/** Counts the tasks of one call, from now on, and tells `onProgress` of each that is completed. */
export function startProgress(onProgress: OnProgress, now: () => number = () => performance.now()): CountCompleted {
  const start = now()
  let done = 0
  let failed = 0

  return (hasFailed, total) => {
    done += 1
    if (hasFailed) failed += 1
    const elapsed = now() - start
    if (total === undefined) onProgress({ done, failed, elapsed })
    else onProgress({ done, failed, total, elapsed, remaining: (elapsed / done) * (total - done) })
  }
}
