import type { OnWorkerEvent } from '../config/options'
import { debug } from '../debug'

/**
 * Tells who listens what becomes of workers: as soon as what happens now has been done with, since a listener may abort, close
 * or call whatever it likes. What it throws is an uncaught error, as for listeners of Node's own events.
 */
export function workerEvents(onWorkerEvent: OnWorkerEvent | undefined): OnWorkerEvent {
  return (event) => {
    const { type, workerId, reason, taskIndex } = event
    debug.workers('worker %d: %s%s', workerId, type, reason === undefined ? '' : `, ${reason}`)
    if (onWorkerEvent === undefined) return
    const told = {
      type,
      workerId,
      ...(reason !== undefined && { reason }),
      ...(taskIndex !== undefined && { taskIndex }),
    }
    queueMicrotask(() => onWorkerEvent(told))
  }
}
