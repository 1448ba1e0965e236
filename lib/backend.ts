import type { BatchOfRows } from './task/rows'
import type { Batch, Call, Outcome, Task } from './task/task'

/** What a backend tells about a batch it ran. */
export interface BatchReport {
  /** Milliseconds the worker spent running the tasks: no queueing, no sending, no start-up. */
  readonly duration: number
}

/** Is told the outcome of each task once, as it comes. Indexes count within the whole call. */
export interface OnOutcome {
  (index: number, outcome: Outcome, workerId?: number): void
  /**
   * The same for several tasks at once, which follow each other and are all fulfilled: that costs less. An array is copied; a
   * typed array is read later, and to be left as it is.
   */
  readonly fulfilled?: ((first: number, values: ArrayLike<unknown>, workerId?: number) => void) | undefined
}

/**
 * A place where batches run. Everything above this file knows a backend only by this interface, so a backend
 * from outside can do all that ours do.
 */
export interface ParallelBackend {
  readonly name: string

  /** Whether tasks can see memory the caller sees, if only through a `SharedArrayBuffer`. */
  readonly supportsSharedMemory: boolean

  /**
   * Whether tasks get the caller's own objects instead of copies (`false` when left out). The next task is taken from
   * the input only when the one before it is done then: taking it may change what that one sees.
   */
  readonly sharesObjects?: boolean

  /**
   * Whether `endCall` ends what runs of a call, as its signal does (`false` when left out). Then `submit` is given a signal that
   * never aborts: to make one for each call costs more than a small call.
   */
  readonly endsCalls?: boolean

  /**
   * Whether what waits behind a task that turns out long goes to workers that are free (`false` when left out). Then the first
   * batches of a call may be sized by what an earlier one of the same function took.
   */
  readonly movesTasks?: boolean

  /** How many batches run at once for this `nJobs`. */
  effectiveNJobs(nJobs: number): number

  /**
   * Makes ready for batches of `nJobs` workers. Called once, before the first `submit`; that does not wait for a backend
   * which returns no promise.
   */
  open(nJobs: number): Promise<void> | void

  /**
   * Runs a batch, and reports each task's outcome once, in whatever order they come. A task that cannot be sent, or
   * whose worker was lost, is an outcome too (rejected), and the other tasks still run. Rejects only when no worker
   * can be had. Once `signal` aborts, the tasks of this batch that run are killed, no further one starts, no further
   * outcome is reported, and the promise settles without waiting. Resolves to what the batch cost, when the backend
   * can tell.
   */
  // biome-ignore lint/suspicious/noConfusingVoidType: a backend that cannot tell returns nothing
  submit(batch: Batch, onOutcome: OnOutcome, signal: AbortSignal): Promise<BatchReport | void>

  /**
   * As `submit`, for many tasks that call one function with primitives, by columns. For a backend that needs no object for
   * each: the one without it is given their tasks.
   */
  // biome-ignore lint/suspicious/noConfusingVoidType: as above
  submitRows?(batch: BatchOfRows, onOutcome: OnOutcome, signal: AbortSignal): Promise<BatchReport | void>

  /**
   * Runs one task in the calling thread, now. For a backend that shares objects: its tasks are not submitted then, but run one by
   * one, which costs less than batches of one.
   *
   * @returns its outcome; a promise when there is something to be waited for, which rejects only when the task cannot be run
   */
  runHere?(call: Call, index: number, task: Task, signal: AbortSignal): Outcome | Promise<Outcome>

  /** Reports now the outcomes of this call that have come, and wait to be told: one of its tasks has failed. */
  deliver?(call: Call): void

  /** A call will submit no more: what was kept for it can go. */
  endCall?(call: Call): void

  /** Waits for running batches, then ends the workers; with `force`, ends them now. */
  close(options?: { force?: boolean }): Promise<void>
}
