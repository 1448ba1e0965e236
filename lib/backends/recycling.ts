import type { WorkerClient } from './worker-client'

/** When a worker is replaced by a new one, between two tasks; never, when left out. */
export interface Recycling {
  /** After so many tasks. */
  readonly maxTasks?: number | undefined
  /** Above so many bytes of its memory. */
  readonly maxMemory?: number | undefined
}

/** How many tasks a worker may still run. */
export function roomOf(worker: WorkerClient, { maxTasks = Number.POSITIVE_INFINITY }: Recycling): number {
  return Math.max(0, maxTasks - worker.tasks)
}

/** Why a worker is to be replaced, when it is. */
export function wornOut(worker: WorkerClient, recycling: Recycling): string | undefined {
  const { maxTasks, maxMemory = Number.POSITIVE_INFINITY } = recycling
  if (roomOf(worker, recycling) === 0) return `it has run ${worker.tasks} tasks, and maxTasksPerWorker is ${maxTasks}`
  if (worker.isSpoiled) return 'a task had left an error behind'
  if (worker.memory > maxMemory) return `it holds ${worker.memory} bytes, and maxWorkerMemory is ${maxMemory}`
  return undefined
}
