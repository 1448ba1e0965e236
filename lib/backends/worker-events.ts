import type { OnWorkerEvent } from '../config/options'
import { debug } from '../debug'

/** Tells who listens what becomes of workers. A listener that throws breaks nothing here: as for Node's own events, that is uncaught. */
export function workerEvents(onWorkerEvent: OnWorkerEvent | undefined): OnWorkerEvent {
  return (event) => {
    const { type, workerId, reason, taskIndex } = event
    debug.workers('worker %d: %s%s', workerId, type, reason === undefined ? '' : `, ${reason}`)
    if (onWorkerEvent === undefined) return
    try {
      onWorkerEvent({
        type,
        workerId,
        ...(reason !== undefined && { reason }),
        ...(taskIndex !== undefined && { taskIndex }),
      })
    } catch (error) {
      process.nextTick(() => {
        throw error
      })
    }
  }
}
