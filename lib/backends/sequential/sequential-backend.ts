import { performance } from 'node:perf_hooks'
import { setImmediate as turnOfTheEventLoop } from 'node:timers/promises'
import type { BatchReport, OnOutcome, ParallelBackend } from '../../backend'
import { withNested } from '../../config/nested'
import { initializerFailed, timedOut } from '../../errors'
import { makeHere } from '../../serialization/functions/given-here'
import { givenParts } from '../../task/given'
import { isThenable, runTask } from '../../task/run-task'
import { type Batch, type Call, nameOf, type Outcome, type Task } from '../../task/task'
import { transfersOf, transfersOfResult } from '../../task/transfer'

/**
 * Milliseconds of tasks after which timers, I/O and aborts get their turn: below what anyone notices, and long enough
 * for the turn, some 0.01 ms, to cost nothing.
 */
const longestStretch = 10

/** The batches of one call, which are run one after the other. */
interface Strand {
  /** The last one, unless it is finished. */
  last: Promise<unknown> | undefined
  /** When the event loop last had its turn. */
  turned: number
  /** Functions with the variables that are given to them: one for all tasks of the call. */
  readonly made: Map<Task['fn'], Task['fn']>
}

/**
 * Runs tasks in the calling thread, one after the other in their order, in the caller's memory: nothing is copied.
 * A batch starts within `submit`, so that tasks that wait for nothing are run as they are taken from the input.
 */
export class SequentialBackend implements ParallelBackend {
  readonly name = 'sequential'
  readonly supportsSharedMemory = true
  readonly sharesObjects = true

  /** By call, because a task may itself call, and wait for, the `Parallel` that it is run by. */
  readonly #strands = new WeakMap<Call, Strand>()
  readonly #unsettled = new Set<Promise<unknown>>()
  readonly #initializer: Task | undefined
  #initialized: Promise<void> | undefined
  #isInitialized = false

  constructor(initializer?: Task) {
    this.#initializer = initializer
  }

  effectiveNJobs(): number {
    return 1
  }

  async open(): Promise<void> {}

  async close({ force = false } = {}): Promise<void> {
    // Nothing can end a task of this thread: with force it is left to itself.
    if (!force) await Promise.allSettled(this.#unsettled)
  }

  runHere(call: Call, index: number, task: Task, signal: AbortSignal): Outcome | Promise<Outcome> {
    const strand = this.#strandOf(call)
    const outcome =
      this.#initializer && !this.#isInitialized
        ? this.#initialize(call, strand, this.#initializer).then(() => run(call, index, task, signal, strand))
        : run(call, index, task, signal, strand)
    if (outcome instanceof Promise) this.#note(untilAborted(outcome, signal))
    return outcome
  }

  // biome-ignore lint/suspicious/noConfusingVoidType: as in ParallelBackend
  submit(batch: Batch, onOutcome: OnOutcome, signal: AbortSignal): Promise<BatchReport | void> {
    const strand = this.#strandOf(batch.call)
    const progress = { isOver: false }
    const runTasks = () => runBatch(batch, onOutcome, signal, strand, progress)
    const start = () =>
      this.#initializer ? this.#initialize(batch.call, strand, this.#initializer).then(runTasks) : runTasks()
    const finished = strand.last === undefined ? start() : strand.last.then(start)
    // Not only quicker: the next batch is to start within its `submit` too.
    if (progress.isOver) return finished

    strand.last = finished
    const forget = () => {
      if (strand.last === finished) strand.last = undefined
    }
    finished.then(forget, forget)
    const settled = untilAborted(finished, signal)
    this.#note(settled)
    return settled
  }

  /** Something that `close` waits for. */
  #note(unsettled: Promise<unknown>): void {
    this.#unsettled.add(unsettled)
    void unsettled.finally(() => this.#unsettled.delete(unsettled)).catch(() => {})
  }

  /** Once; when it has failed, the next call tries again. */
  #initialize(call: Call, strand: Strand, initializer: Task): Promise<void> {
    const begin = async () => withNested(call.nested, runTask, withCaptures(initializer, strand))
    this.#initialized ??= begin().then(
      () => {
        this.#isInitialized = true
      },
      (cause) => {
        this.#initialized = undefined
        throw initializerFailed(cause)
      },
    )
    return this.#initialized
  }

  #strandOf(call: Call): Strand {
    let strand = this.#strands.get(call)
    if (strand === undefined) {
      strand = { last: undefined, turned: performance.now(), made: new Map() }
      this.#strands.set(call, strand)
    }
    return strand
  }
}

/** Waits only for a task that gives a promise: for the others this function runs through, without a break. */
async function runBatch(
  batch: Batch,
  onOutcome: OnOutcome,
  signal: AbortSignal,
  strand: Strand,
  progress: { isOver: boolean },
): Promise<BatchReport> {
  const began = performance.now()
  let index = batch.start

  for (const task of batch.tasks) {
    if (signal.aborted) break
    const running = run(batch.call, index, task, signal, strand)
    const outcome = running instanceof Promise ? await running : running
    if (signal.aborted) break
    onOutcome(index, outcome)
    index += 1
    if (performance.now() - strand.turned > longestStretch) {
      await turnOfTheEventLoop()
      strand.turned = performance.now()
    }
  }
  progress.isOver = true
  return { duration: performance.now() - began }
}

/** Runs a task. Its outcome is a promise only when there is something to be waited for. */
function run(
  { nested, timeout }: Call,
  index: number,
  task: Task,
  signal: AbortSignal,
  strand: Strand,
): Outcome | Promise<Outcome> {
  const limit = timeout === undefined ? undefined : new TimeLimit(timeout, signal)
  const inTime = (outcome: Outcome): Outcome =>
    limit?.isOver ? { status: 'rejected', reason: timedOut(index, nameOf(task), limit.timeout) } : outcome
  try {
    // Nothing is sent: a later task that is given the same is not to give it away.
    transfersOf(task)
    const value = withNested(nested, runTask, withCaptures(task, strand))
    const fulfilled = (result: unknown) => {
      transfersOfResult(result)
      return inTime({ status: 'fulfilled', value: result })
    }
    if (!isThenable(value)) return fulfilled(value)
    return Promise.resolve(limit ? limit.wait(value) : value).then(fulfilled, (reason) =>
      inTime({ status: 'rejected', reason }),
    )
  } catch (reason) {
    return inTime({ status: 'rejected', reason })
  }
}

/** The time that a task may take. Nothing can end a task of this thread: it is waited for no longer, and left to itself. */
class TimeLimit {
  readonly timeout: number
  readonly #started = performance.now()
  readonly #signal: AbortSignal
  #hasRung = false

  constructor(timeout: number, signal: AbortSignal) {
    this.timeout = timeout
    this.#signal = signal
  }

  /** By the clock; or by the timer, which may be early by a part of a millisecond. */
  get isOver(): boolean {
    return this.#hasRung || performance.now() - this.#started >= this.timeout
  }

  /** Waits until the task is done, or its time is over, or its call. */
  wait(value: PromiseLike<unknown>): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const end = () => {
        clearTimeout(timer)
        this.#signal.removeEventListener('abort', end)
        resolve(undefined)
      }
      const timer = setTimeout(() => {
        this.#hasRung = true
        end()
      }, this.timeout)
      this.#signal.addEventListener('abort', end)
      Promise.resolve(value).then(resolve, reject).finally(end)
    })
  }
}

function withCaptures(task: Task, { made }: Strand): Task {
  const parts = givenParts(task.fn)
  if (!parts?.captures) return task
  const fn = made.get(task.fn) ?? (makeHere(parts) as Task['fn'])
  made.set(task.fn, fn)
  return { ...task, fn }
}

/** `finished`, or nothing as soon as `signal` aborts: a task that hangs must not hold up who waits for its batch. */
function untilAborted<T>(finished: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const onAbort = () => resolve(undefined)
    signal.addEventListener('abort', onAbort, { once: true })
    finished.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}
