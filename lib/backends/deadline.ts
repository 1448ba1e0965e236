import { sharedNow } from '../system/clock'
import type { WorkerRun } from './worker-run'

/**
 * Looks after the tasks of a run, which may take `timeout` milliseconds each, by the worker's own account: a timer only
 * says when to look.
 *
 * @param onLate - Is given the position of a task that has taken longer, by the last word of its worker; again soon,
 * unless that was the end of it.
 * @returns Looks no more.
 */
export function guard(run: WorkerRun, timeout: number, onLate: (position: number) => void): () => void {
  let isOver = false
  let timer: NodeJS.Timeout | undefined
  const lookIn = (wait: number) => {
    if (!isOver) timer = setTimeout(look, Math.max(1, Math.ceil(wait))).unref()
  }
  const look = () => {
    const task = run.look(sharedNow())
    if (task !== undefined && task.elapsed >= timeout) onLate(task.position)
    lookIn(timeout - Math.min(task?.elapsed ?? 0, timeout))
  }
  lookIn(timeout)
  return () => {
    isOver = true
    clearTimeout(timer)
  }
}
