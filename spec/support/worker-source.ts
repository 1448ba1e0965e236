import type { WorkerSource } from '../../lib/backends/crew'
import { WorkerClient } from '../../lib/backends/worker-client'
import { type InProcessWorker, inProcessWorker } from './in-process-worker'

/**
 * Workers in this thread, and those of them that are kept between calls.
 *
 * @param most how many can be had at all
 */
export function workerSource(most: number) {
  const workers: InProcessWorker[] = []
  const kept: WorkerClient[] = []
  const source: WorkerSource = {
    take() {
      const free = kept.pop()
      if (free) return free
      if (workers.length === most) throw new Error('too many threads')
      const worker = inProcessWorker(workers.length)
      workers.push(worker)
      return new WorkerClient(worker)
    },
    get kept() {
      return kept.length
    },
    linger: (rest) => rest(),
    keep: (worker) => void kept.push(worker),
    endKept: async () => void (await Promise.all(kept.splice(0).map(({ handle }) => handle.terminate()))),
  }
  return { source, workers, kept }
}
