import { sharedNow } from '../system/clock'
import type { WorkerClient } from './worker-client'
import type { WorkerRun } from './worker-run'

/** In a fraction of so many milliseconds a worker reads a message, and shows what a task has printed, on a busy machine too. */
const PATIENCE = 5000

/** A worker, and what it runs. */
interface Busy {
  readonly worker: WorkerClient
  readonly run: WorkerRun | undefined
}

/**
 * Looks whether workers get on where that is a matter of moments. One that does not is blocked by what an earlier task has left
 * behind. One timer is for all of them: most of what they run is over before it is due.
 *
 * @param busy - Those that run something now.
 * @param onBlocked - Is called when one has waited for the same for five to ten seconds; again, unless that was the end of it.
 * @returns `begin` when there is something to look after: it ends by itself when there is not, or by `end`.
 */
export function attend<T extends Busy>(busy: () => Iterable<T>, onBlocked: (one: T, run: WorkerRun) => void) {
  const waited = new WeakMap<WorkerRun, string>()
  let timer: NodeJS.Timeout | undefined
  const end = () => {
    clearInterval(timer)
    timer = undefined
  }
  const look = () => {
    const all = [...busy()]
    if (all.length === 0) end()
    for (const one of all) {
      const { worker, run } = one
      if (run === undefined) continue
      const now = worker.isReady ? run.waitsFor : undefined
      const before = waited.get(run)
      if (now === undefined) waited.delete(run)
      else waited.set(run, now)
      if (now !== undefined && now === before) onBlocked(one, run)
    }
  }
  return {
    begin() {
      timer ??= setInterval(look, PATIENCE).unref()
    },
    end,
  }
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
