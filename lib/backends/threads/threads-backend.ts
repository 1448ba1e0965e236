import type { BatchReport, OnOutcome, ParallelBackend } from '../../backend'
import type { Places } from '../../config/budget'
import type { WorkerOptions, WorkerPoolOptions } from '../../config/options'
import type { BatchOfRows } from '../../task/rows'
import type { Batch, Call } from '../../task/task'
import { onShutdown } from '../registry'
import { WorkerPool } from '../worker-pool'
import { endKeptThreads, keptThreads } from './kept-threads'

/** Runs batches on worker threads: a copy of what each task needs goes there, or shared memory. */
export class ThreadsBackend implements ParallelBackend {
  readonly name = 'threads'
  readonly supportsSharedMemory = true
  readonly endsCalls = true
  readonly movesTasks = true
  readonly #pool: WorkerPool

  constructor(worker: WorkerOptions, pool: WorkerPoolOptions, places?: Places) {
    this.#pool = new WorkerPool(keptThreads(worker), { ...pool, initializer: worker.initializer, places })
  }

  effectiveNJobs(nJobs: number): number {
    return nJobs
  }

  open(nJobs: number): void {
    this.#pool.open(nJobs)
  }

  submit(batch: Batch, onOutcome: OnOutcome, signal: AbortSignal): Promise<BatchReport> {
    return this.#pool.submit(batch, onOutcome, signal)
  }

  submitRows(batch: BatchOfRows, onOutcome: OnOutcome, signal: AbortSignal): Promise<BatchReport> {
    return this.#pool.submit(batch, onOutcome, signal)
  }

  deliver(call: Call): void {
    this.#pool.deliver(call)
  }

  endCall(call: Call): void {
    this.#pool.endCall(call)
  }

  close(options?: { force?: boolean }): Promise<void> {
    return this.#pool.close(options)
  }
}

onShutdown(endKeptThreads)
