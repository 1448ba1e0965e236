import { sharedNow } from '../system/clock'
import type { WorkerClient } from './worker-client'
import type { WorkerRun } from './worker-run'

/** A worker that is ready reads a message within a fraction of this many milliseconds, however busy the machine is. */
const PATIENCE = 5000

/**
 * Looks whether a worker reads what it was sent. One that does not is blocked by what an earlier task has left behind.
 *
 * @param onUnheard - Is called when it has not for five seconds, and again after as long, unless that was the end of it.
 * @returns Looks no more.
 */
export function attend(worker: WorkerClient, run: WorkerRun, onUnheard: () => void): () => void {
  let wasReady = worker.isReady
  const timer = setInterval(() => {
    if (run.isOpened) clearInterval(timer)
    else if (wasReady) onUnheard()
    wasReady = worker.isReady
  }, PATIENCE).unref()
  return () => clearInterval(timer)
}

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
