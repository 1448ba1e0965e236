import { setMaxListeners } from 'node:events'
import { performance } from 'node:perf_hooks'
import type { ParallelBackend } from '../backend'
import { debug } from '../debug'
import { BackendError, setTaskInfo } from '../errors'
import { neverAborting } from '../system/signals'
import { type Rows, WORTH_A_TABLE } from '../task/rows'
import { isThenable } from '../task/run-task'
import { type Call, nameOf, type Outcome, type Task } from '../task/task'
import type { BatchSize } from './batch-size'
import { Backlog } from './batches'
import { openSource, type Source, type TaskOf } from './source'
import { asError } from './thrown'

/** How the tasks of one call are run. */
export interface Plan {
  readonly backend: Pick<
    ParallelBackend,
    'name' | 'endsCalls' | 'submit' | 'submitRows' | 'runHere' | 'deliver' | 'endCall'
  >
  /** Makes the backend ready; asked before the first batch is sent. `undefined`: it is. */
  readonly open: () => Promise<void> | undefined
  /** How many batches the backend runs at once. */
  readonly workers: number
  /** How many batches may be taken from the input that are not finished and consumed. */
  readonly window: number
  readonly batchSize: BatchSize
  /** The first task that fails ends the call. */
  readonly failFast: boolean
  /** What was taken before the input failed is completed first: for results that are given in order. */
  readonly drains: boolean
  readonly call: Call
  /** What an element of the input is made a task by; without it each is one. */
  readonly taskOf?: TaskOf | undefined
  /** Is told where the call stands when a batch is finished. */
  readonly onBatch?: ((moment: Moment) => void) | undefined
  /**
   * Is called when the call begins, with a way to look how far it has come; what it returns, when the call is over, before
   * anybody hears of that. Who looks now and then costs the tasks nothing.
   */
  readonly watch?: ((look: () => Counted) => (how: 'ended' | 'failed') => void) | undefined
}

/** How many tasks of a call are completed, those that failed included. */
export interface Counted {
  readonly completed: number
  readonly failed: number
  /** How many there are, as far as that is known. */
  readonly total: number | undefined
}

/** Where a call stands when one of its batches is finished, before more is taken from the input. */
export interface Moment {
  /** Tasks that are completed. */
  readonly completed: number
  /** Tasks that are taken from the input. */
  readonly dispatched: number
  /** Batches that those make. */
  readonly batches: number
  /** How many tasks there are, when that was known from the start. */
  readonly total: number | undefined
  /** Whether more may follow: when a batch was finished, there was another one to take its place. */
  readonly isDispatching: boolean
  /** All tasks are completed. */
  readonly isOver: boolean
}

/** The place of a batch in the window: it is given up when all results of the batch are consumed. */
export interface Place {
  /** So many completions more are consumed; one, when left out. */
  consumed(count?: number): void
}

/** Where the completions of a call go. */
export interface Receiver {
  /** A task is completed, in whatever order. What it throws fails the call. */
  completed(index: number, outcome: Outcome, total: number | undefined, place: Place): void
  /** The same for tasks that follow each other and are all fulfilled: for who has nothing to do for each. */
  readonly fulfilled?: ((first: number, values: ArrayLike<unknown>, place: Place) => void) | undefined
  /** All tasks are completed. */
  ended(): void
  /** The call failed: nothing else is told. */
  failed(error: unknown): void
  /** The call was stopped from outside: nothing else is told, and nobody waits for what was. */
  stopped(error: unknown): void
}

/** One call. */
export interface Dispatch {
  /** Begins, at once: tasks are taken from the input before this returns. */
  start(): void
  /** Ends the call with this error, unless it has ended. */
  stop(error: unknown): void
  /** Whether no batch is out: nothing will be completed before something is consumed, or comes from the input. */
  isIdle(): boolean
  /** Whether nothing will be completed before something is consumed. */
  isStalled(): boolean
  /** Whether it has ended, one way or the other. */
  isOver(): boolean
}

/**
 * A backend has the next batch for a worker when that finishes one: more would only fix the size of batches before it is
 * known what their tasks cost.
 */
const sentPerWorker = 2

/**
 * Milliseconds after which an input that is slow, but has to be waited for in this thread, lets others have their turn:
 * results, timers, an abort.
 */
const longestStretch = 10
const worthCounting = 0.5

/** Milliseconds that the first element of an input may take, or its first batch has to be waited for. */
const slowStart = 1

/**
 * Runs the tasks of one call: takes them from the input as the window allows, sends them in batches, and tells each
 * completion as it comes. One object per call, moved on by events: a task costs it no promise.
 */
export function dispatch(tasks: unknown, plan: Plan, receiver: Receiver): Dispatch {
  const { call } = plan
  const backlog = new Backlog()
  const outAtOnce = Math.min(plan.window, plan.workers * sentPerWorker)
  let controller: AbortController | undefined
  let state: 'open' | 'ended' | 'failed' = 'open'
  let backend: 'closed' | 'opening' | 'ready' = 'closed'
  let source: Source | undefined
  let inputFailure: { readonly error: unknown } | undefined
  /** Batches that are sent and not finished. */
  let out = 0
  /** Batches that are sent and not both finished and consumed. */
  let unconsumed = 0
  /** Tasks that are sent: the index of the next one. */
  let sent = 0
  let batches = 0
  let completed = 0
  let failed = 0
  let unwatch: ((how: 'ended' | 'failed') => void) | undefined
  let knownTotal: number | undefined
  let flushIsDue = false
  /** Milliseconds that were spent on the input in this turn of the event loop, where that is worth to be counted. */
  let spent = 0
  let hasToldEnd = false
  /** A batch was finished, and nothing was left to take its place. */
  let hasMissed = false
  /** The first task is there. */
  let hasBegun = false
  let isRunningHere = false
  /** Where tasks are run in this thread: when others last had their turn, and whether it is theirs now. */
  let turned = performance.now()
  let isTurnDue = false
  let isGiving = false
  const placeHere: Place = {
    consumed() {
      unconsumed -= 1
      if (isRunningHere || isGiving || !isOpen() || source === undefined) return
      if (backlog.length === 0) take(source, 1, false)
      // Who has taken a result gets it before the next task runs, and may want no other.
      isGiving = true
      void Promise.resolve()
        .then(() => {})
        .then(() => {
          isGiving = false
          advance()
        })
    },
  }
  /** The first error in time of a task, while what was completed before is told. */
  let firstError: { readonly error: unknown } | undefined

  return {
    start,
    stop: (error) => end('failed', () => receiver.stopped(error), error),
    isIdle: () => out === 0 && backend !== 'opening',
    isStalled: () => out === 0 && unconsumed >= plan.window,
    isOver: () => !isOpen(),
  }

  function start() {
    debug.dispatch('a call begins: %d workers of %s, %d batches ahead', plan.workers, plan.backend.name, plan.window)
    try {
      source = openSource(tasks, () => advance(), plan.taskOf)
      knownTotal = source.total
    } catch (error) {
      return fail(error)
    }
    // Code of the input's own has run, which may have ended the call.
    if (!isOpen()) return source.close()
    unwatch = plan.watch?.(() => ({ completed, failed, total: source?.total }))
    advance()
  }

  /**
   * Does all that can be done now. Called whenever something has happened; `unfilled` lets a batch go as it is.
   */
  function advance(unfilled = false) {
    if (!isOpen() || firstError !== undefined || source === undefined) return
    if (plan.backend.runHere) runTasksHere(source)
    else sendBatches(source, unfilled)
    if (!isOpen() || !source.ended || out > 0 || backlog.length > 0) return
    if (inputFailure) return fail(inputFailure.error)
    // It may be learned only now that nothing follows.
    if (!hasToldEnd) tellMoment()
    end('ended', () => receiver.ended())
  }

  function sendBatches(source: Source, unfilled: boolean) {
    // Through such a window all is taken before anything else, however long that takes.
    const isTimed = plan.window !== Number.POSITIVE_INFINITY
    let isLate = false
    while (out < outAtOnce && unconsumed < plan.window) {
      if (!hasBegun) begin(source, isTimed)
      const size = plan.batchSize.next(left(source))
      isLate = take(source, size - backlog.length, isTimed)
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
    if (isOpen() && (out >= outAtOnce || unconsumed >= plan.window)) {
      const wanted = (plan.window - unconsumed) * plan.batchSize.next(left(source)) - backlog.length
      // An array whose elements were all taken is asked for its end, so that the call is over when they are done.
      isLate = take(source, left(source) === 0 ? Math.max(1, wanted) : wanted, isTimed)
    }
    if (isLate && isOpen()) flushSoon()
  }

  /** The size of the first batch is asked for when it is known what its tasks call. */
  function begin(source: Source, isTimed: boolean) {
    const { batchSize } = plan
    if (batchSize.begins === undefined) {
      hasBegun = true
      return
    }
    const before = source.isAtHand ? 0 : performance.now()
    take(source, 1, isTimed)
    const { first } = backlog
    if (first === undefined) return
    hasBegun = true
    // Of an input that is slow a worker has what is there, however little that is.
    if (source.isAtHand || performance.now() - before < slowStart) batchSize.begins(first.fn)
  }

  /** One task after the other, as far as nothing is to be waited for, and nobody else who waits for a turn. */
  function runTasksHere(source: Source) {
    if (isRunningHere) return
    isRunningHere = true
    while (isOpen() && out === 0 && unconsumed < plan.window && !isTurnDue) {
      if (backlog.length === 0) take(source, 1, false)
      if (!isOpen() || backlog.length === 0 || !ready()) break
      runHere((backlog.cut(1) as Task[])[0] as Task)
      if (performance.now() - turned < longestStretch) continue
      advanceInTurn()
    }
    isRunningHere = false
    // The input may have failed since it was last asked; and where all is taken, it is asked for its end.
    if (isOpen() && unconsumed >= plan.window) take(source, left(source) === 0 ? 1 : 0, false)
  }

  function advanceInTurn() {
    if (isTurnDue) return
    isTurnDue = true
    setImmediate(() => {
      isTurnDue = false
      turned = performance.now()
      advance()
    })
  }

  function runHere(task: Task) {
    const index = sent
    sent += 1
    batches += 1
    unconsumed += 1
    const completed = (outcome: Outcome) => {
      if (!isOpen()) return
      complete(task.fn, index, outcome, undefined, placeHere)
      if (isOpen()) tellMoment()
    }
    try {
      const outcome = plan.backend.runHere?.(call, index, task, signal()) as Outcome | Promise<Outcome>
      if (!isThenable(outcome)) return completed(outcome)
      out = 1
      Promise.resolve(outcome)
        .then((settled) => {
          out = 0
          // What is consumed by being told lets no other task begin before all of this one is told.
          isRunningHere = true
          completed(settled)
          isRunningHere = false
          advance()
        })
        .catch(fail)
    } catch (error) {
      fail(error)
    }
  }

  /**
   * @param isLimited - whether it is to take no longer than others can wait
   * @returns whether there is no more time for it in this turn of the event loop
   */
  function take(source: Source, wanted: number, isLimited: boolean): boolean {
    // To read the clock costs more than an element does.
    const isTimed = isLimited && wanted > 0 && !source.isAtHand
    const begun = isTimed ? performance.now() : 0
    try {
      const sink = wanted >= WORTH_A_TABLE && plan.backend.submitRows ? backlog.asRows() : backlog
      return source.take(wanted, sink, isTimed ? begun + longestStretch - spent : undefined)
    } catch (error) {
      source.close()
      if (plan.drains) inputFailure = { error }
      else fail(error)
      return false
    } finally {
      if (isTimed) spend(performance.now() - begun)
    }
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
      spent = 0
      advance(true)
    })
  }

  /** Several completions may come in one turn, and each asks the input. */
  function spend(time: number) {
    if (time < worthCounting) return
    if (spent === 0)
      setImmediate(() => {
        spent = 0
      })
    spent += time
  }

  function ready(): boolean {
    if (backend !== 'closed') return backend === 'ready'
    let opening: Promise<void> | undefined
    try {
      opening = plan.open()
    } catch (error) {
      fail(error)
      return false
    }
    backend = opening === undefined ? 'ready' : 'opening'
    opening?.then(() => {
      backend = 'ready'
      advance()
    }, fail)
    return opening === undefined
  }

  function send(tasks: readonly Task[] | Rows) {
    const start = sent
    sent += tasks.length
    batches += 1
    const isLast = backlog.length === 0 && (source?.ended === true || (source !== undefined && left(source) === 0))
    // The tasks themselves are the backend's from here on: it may have no more use for them long before they are done.
    const count = tasks.length
    const fnAt = functionsOf(tasks)
    debug.dispatch('batch of tasks %d to %d', start, sent - 1)
    out += 1
    unconsumed += 1
    const reported = new Uint8Array(count)
    let unreported = count
    let unread = count
    let isFinished = false
    const sentAt = performance.now()

    const place: Place = {
      consumed(count = 1) {
        unread -= count
        if (unread > 0 || !isFinished) return
        unconsumed -= 1
        advance()
      },
    }
    const isNew = (index: number) => {
      const position = index - start
      if (reported[position] !== 0) {
        fail(misreported(start, count, `reported task ${index}`))
        return false
      }
      reported[position] = 1
      unreported -= 1
      return true
    }
    const areNew = (first: number, length: number) => {
      if (length === 1) return isNew(first)
      const theirs = reported.subarray(Math.max(0, first - start), Math.max(0, first - start + length))
      if (theirs.length < length || theirs.includes(1)) {
        for (let n = 0; n < length; n += 1) if (!isNew(first + n)) return false
      } else {
        theirs.fill(1)
        unreported -= length
      }
      return true
    }
    const onOutcome = (index: number, outcome: Outcome, workerId?: number) => {
      if (!isOpen() || !isNew(index)) return
      try {
        complete(fnAt(index - start), index, outcome, workerId, place)
      } catch (error) {
        fail(error)
      }
    }
    const fulfilled = (first: number, values: ArrayLike<unknown>) => {
      if (!isOpen() || values.length === 0) return
      if (receiver.fulfilled === undefined) {
        for (let n = 0; n < values.length; n += 1) onOutcome(first + n, { status: 'fulfilled', value: values[n] })
        return
      }
      if (!areNew(first, values.length)) return
      completed += values.length
      try {
        // They are read later, and an array may be used again by who has given it.
        receiver.fulfilled(first, Array.isArray(values) ? values.slice() : values, place)
      } catch (error) {
        fail(error)
      }
    }
    const finish = (duration: number) => {
      if (!isOpen()) return
      if (unreported > 0) return fail(misreported(start, count, `ended with ${unreported} tasks unreported`))
      out -= 1
      isFinished = true
      if (unread === 0) unconsumed -= 1
      plan.batchSize.measured(count, duration)
      tellMoment()
      advance()
      hasMissed ||= unconsumed + batchesLeft() < plan.window
    }
    try {
      const told = Object.assign(onOutcome, { fulfilled })
      const submitted = isRows(tasks)
        ? plan.backend.submitRows?.({ call, start, rows: tasks, isLast }, told, signal())
        : plan.backend.submit({ call, start, tasks, isLast }, told, signal())
      Promise.resolve(submitted).then((report) => finish(report?.duration ?? performance.now() - sentAt), fail)
    } catch (error) {
      fail(error)
    }
  }

  function complete(
    fn: Task['fn'] | undefined,
    index: number,
    outcome: Outcome,
    workerId: number | undefined,
    place: Place,
  ) {
    if (outcome.status === 'fulfilled') {
      completed += 1
      return tell(index, outcome, place)
    }
    const name = fn === undefined ? '' : nameOf({ fn, args: [] })
    const reason = asError(outcome.reason, index, name)
    setTaskInfo(reason, { index, name, workerId })
    if (plan.failFast) {
      // The first error in time ends the call; what was completed before may still be on its way.
      if (firstError !== undefined) return
      firstError = { error: reason }
      try {
        plan.backend.deliver?.(call)
      } catch (error) {
        debug.dispatch('deliver() of backend %s failed: %O', plan.backend.name, error)
      }
      if (!isOpen()) return
    }
    completed += 1
    failed += 1
    tell(index, { status: 'rejected', reason }, place)
    if (plan.failFast) fail(reason)
  }

  function tell(index: number, outcome: Outcome, place: Place) {
    try {
      receiver.completed(index, outcome, source?.total, place)
    } catch (error) {
      // The task's own error came first.
      fail(plan.failFast && outcome.status === 'rejected' ? outcome.reason : error)
    }
  }

  function tellMoment() {
    if (plan.onBatch === undefined || source === undefined) return
    const dispatched = sent + backlog.length
    const isOver = source.ended && completed === dispatched
    // As joblib, which knows of the end of an input only when it has asked for more.
    const isDispatching = !isOver && !(source.ended && (hasMissed || plan.window === Number.POSITIVE_INFINITY))
    hasToldEnd = isOver
    plan.onBatch({
      completed,
      dispatched,
      batches: batches + batchesLeft(),
      total: knownTotal,
      isDispatching,
      isOver,
    })
  }

  /** Batches that are taken and not sent. */
  function batchesLeft() {
    if (backlog.length === 0 || source === undefined) return 0
    return Math.ceil(backlog.length / plan.batchSize.next(left(source)))
  }

  function misreported(start: number, count: number, what: string) {
    return new BackendError(
      `Backend '${plan.backend.name}' ${what}, in a batch of tasks ${start} to ${start + count - 1}. ` +
        'A backend reports each task of a batch once, before submit() resolves',
    )
  }

  function fail(error: unknown) {
    const first = firstError === undefined ? error : firstError.error
    end('failed', () => receiver.failed(first), first)
  }

  function end(how: 'ended' | 'failed', tellReceiver: () => void, error?: unknown) {
    if (!isOpen()) return
    state = how
    debug.dispatch('the call has %s: %d tasks were sent, %d are completed', how, sent, completed)
    unwatch?.(how)
    tellReceiver()
    if (how === 'failed') controller?.abort(error)
    over()
    if (how === 'failed') source?.close()
  }

  /** For whatever is asked to run a task. */
  function signal(): AbortSignal {
    if (plan.backend.endsCalls) return neverAborting()
    if (controller === undefined) {
      controller = new AbortController()
      // A listener for each batch that is out is no leak: Node would warn of more than ten.
      setMaxListeners(Number.POSITIVE_INFINITY, controller.signal)
    }
    return controller.signal
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

/** Which function the task at a place calls, without the tasks where they all call the same. */
function functionsOf(tasks: readonly Task[] | Rows): (position: number) => Task['fn'] | undefined {
  const first = isRows(tasks) ? tasks.fn : tasks[0]?.fn
  if (isRows(tasks)) return () => first
  if (tasks.every(({ fn }) => fn === first)) return () => first
  const fns = tasks.map(({ fn }) => fn)
  return (position) => fns[position]
}

function isRows(tasks: readonly Task[] | Rows): tasks is Rows {
  return 'columns' in tasks
}
