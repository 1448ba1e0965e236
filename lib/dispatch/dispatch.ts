import { setMaxListeners } from 'node:events'
import { performance } from 'node:perf_hooks'
import type { OnOutcome, ParallelBackend } from '../backend'
import { debug } from '../debug'
import { BackendError, setTaskInfo } from '../errors'
import type { Batch, Call, NestedConfig, Outcome, Task } from '../task/task'
import type { BatchSize } from './batch-size'
import { createBacklog } from './batches'
import { openSource, type Source } from './source'
import { asError } from './thrown'

/** How the tasks of one call are run. */
export interface Plan {
  readonly backend: Pick<ParallelBackend, 'name' | 'submit' | 'endCall'>
  /** Makes the backend ready; asked before the first batch is sent. `undefined`: it is. */
  readonly open: () => Promise<void> | undefined
  /** How many batches the backend runs at once. */
  readonly workers: number
  /** How many batches may be out, taken from the input and not finished. */
  readonly window: number
  readonly batchSize: BatchSize
  /** The first task that fails ends the call. */
  readonly failFast: boolean
  readonly nested: NestedConfig
}

/** Where the completions of a call go. */
export interface Receiver {
  /** A task is completed, in whatever order. What it throws fails the call. */
  completed(index: number, outcome: Outcome, total: number | undefined): void
  /** All tasks are completed. */
  ended(): void
  /** The call failed: nothing else is told. */
  failed(error: unknown): void
}

/** One call. */
export interface Dispatch {
  /** Begins, at once: tasks are taken from the input before this returns. */
  start(): void
  /** Ends the call with this error, unless it has ended. */
  stop(error: unknown): void
}

/**
 * A worker that finishes a batch finds the next one waiting, if the backend sends it ahead: more would only fix the
 * size of batches before it is known what their tasks cost.
 */
const sentPerWorker = 2

/**
 * Runs the tasks of one call: takes them from the input as the window allows, sends them in batches, and tells each
 * completion as it comes. One object per call, moved on by events: a task costs it no promise.
 */
export function dispatch(tasks: unknown, plan: Plan, receiver: Receiver): Dispatch {
  const call: Call = { nested: plan.nested }
  const controller = new AbortController()
  // A listener for each batch that is out is no leak: Node would warn of more than ten.
  setMaxListeners(Number.POSITIVE_INFINITY, controller.signal)

  const backlog = createBacklog()
  const outAtOnce = Math.min(plan.window, plan.workers * sentPerWorker)
  let state: 'open' | 'ended' | 'failed' = 'open'
  let backend: 'closed' | 'opening' | 'ready' = 'closed'
  let source: Source | undefined
  /** Batches that are sent and not finished. */
  let out = 0
  /** Tasks that are sent: the index of the next one. */
  let sent = 0
  let flushIsDue = false

  return { start, stop: fail }

  function start() {
    try {
      source = openSource(tasks, () => advance())
    } catch (error) {
      return fail(error)
    }
    advance()
  }

  /**
   * Does all that can be done now. Called whenever something has happened; `unfilled` lets a batch go as it is.
   */
  function advance(unfilled = false) {
    if (!isOpen() || source === undefined) return
    try {
      while (out < outAtOnce) {
        const size = plan.batchSize.next(left(source))
        source.take(size - backlog.length, backlog)
        if (!isOpen() || backlog.length === 0) break
        // Only an input that must be waited for leaves a batch unfilled before its end.
        if (backlog.length < size && !source.ended) {
          if (out >= plan.workers) break
          if (!unfilled) {
            flushSoon()
            break
          }
        }
        if (!ready()) break
        send(backlog.cut(size))
      }
      // Also when nothing more is wanted: the input may have failed since it was last asked.
      if (isOpen() && out >= outAtOnce) {
        source.take((plan.window - out) * plan.batchSize.next(left(source)) - backlog.length, backlog)
      }
    } catch (error) {
      fail(error)
    }
    if (isOpen() && source.ended && out === 0 && backlog.length === 0) end()
  }

  /**
   * A worker does not wait for an input that is slow. One that only needs some turns of the microtask queue is not,
   * so that a batch goes unfilled when those are over.
   */
  function flushSoon() {
    if (flushIsDue) return
    flushIsDue = true
    setImmediate(() => {
      flushIsDue = false
      advance(true)
    })
  }

  function ready(): boolean {
    if (backend !== 'closed') return backend === 'ready'
    const opening = plan.open()
    backend = opening === undefined ? 'ready' : 'opening'
    opening?.then(() => {
      backend = 'ready'
      advance()
    }, fail)
    return opening === undefined
  }

  function send(tasks: Task[]) {
    const start = sent
    sent += tasks.length
    const isLast = backlog.length === 0 && (source?.ended === true || (source !== undefined && left(source) === 0))
    const batch: Batch = { call, start, tasks, isLast }
    out += 1
    const reported = new Uint8Array(tasks.length)
    let unreported = tasks.length
    const sentAt = performance.now()

    const onOutcome: OnOutcome = (index, outcome, workerId) => {
      if (!isOpen()) return
      const place = index - batch.start
      if (reported[place] !== 0) return fail(misreported(batch, `reported task ${index}`))
      reported[place] = 1
      unreported -= 1
      complete(batch, index, outcome, workerId)
    }
    Promise.resolve(plan.backend.submit(batch, onOutcome, controller.signal)).then((report) => {
      if (!isOpen()) return
      if (unreported > 0) return fail(misreported(batch, `ended with ${unreported} tasks unreported`))
      out -= 1
      plan.batchSize.measured(tasks.length, report?.duration ?? performance.now() - sentAt)
      advance()
    }, fail)
  }

  function complete(batch: Batch, index: number, outcome: Outcome, workerId: number | undefined) {
    if (outcome.status === 'fulfilled') return tell(index, outcome)
    const name = batch.tasks[index - batch.start]?.fn.name ?? ''
    const reason = asError(outcome.reason, index, name)
    setTaskInfo(reason, { index, name, workerId })
    tell(index, { status: 'rejected', reason })
    if (plan.failFast) fail(reason)
  }

  function tell(index: number, outcome: Outcome) {
    try {
      receiver.completed(index, outcome, source?.total)
    } catch (error) {
      // The task's own error came first.
      fail(plan.failFast && outcome.status === 'rejected' ? outcome.reason : error)
    }
  }

  function misreported({ start, tasks }: Batch, what: string) {
    return new BackendError(
      `Backend '${plan.backend.name}' ${what}, in a batch of tasks ${start} to ${start + tasks.length - 1}. ` +
        'A backend reports each task of a batch once, before submit() resolves',
    )
  }

  function end() {
    state = 'ended'
    over()
    receiver.ended()
  }

  function fail(error: unknown) {
    if (!isOpen()) return
    state = 'failed'
    receiver.failed(error)
    controller.abort(error)
    source?.close()
    over()
  }

  function over() {
    if (sent === 0) return
    try {
      plan.backend.endCall?.(call)
    } catch (error) {
      debug.dispatch('endCall() of backend %s failed: %O', plan.backend.name, error)
    }
  }

  /** Tasks that are still to be sent, when that is known. */
  function left(source: Source): number | undefined {
    return source.total === undefined ? undefined : source.total - sent
  }

  /** Asked anew each time: the code of users and backends runs in between. */
  function isOpen() {
    return state === 'open'
  }
}
