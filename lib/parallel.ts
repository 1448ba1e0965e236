/// <reference lib="esnext.disposable" preserve="true" />
import { AsyncResource } from 'node:async_hooks'
import type { ParallelBackend } from './backend'
import { close, open } from './backends/opened'
import { resolveBackend } from './backends/resolve'
import { workerEvents } from './backends/worker-events'
import { isRegistered } from './config/backend-names'
import type { Share } from './config/budget'
import { isOnWorker, nextNested, tellLimited } from './config/nested'
import type { CallOptions, OnError, ParallelOptions, ReturnAs } from './config/options'
import { checkCallOptions, checkOptions, type Settings, settle, withSurroundings } from './config/settings'
import { withinBudget } from './config/within-budget'
import { debug } from './debug'
import { autoBatchSize, fixedBatchSize } from './dispatch/batch-size'
import { failedStream, type RunningCall, startCall } from './dispatch/calls'
import type { Counted, Plan } from './dispatch/dispatch'
import type { TaskSource } from './dispatch/source'
import { BackendError, DisposedError } from './errors'
import { labelled, usingBackend } from './progress/line'
import { startProgress } from './progress/progress'
import { showProgress } from './progress/show'
import { printLine, startVerbosity } from './progress/verbosity'
import { noteCallers } from './system/program'
import type { NestedConfig, Task } from './task/task'

/** What a task `T` comes to: its result, or how it was settled with `onError: 'settle'`. */
export type ResultOf<T, E extends OnError = 'throw'> =
  T extends Task<infer R> ? (E extends 'settle' ? PromiseSettledResult<R> : R) : never

/** Results of a call, element by element for a tuple of tasks. */
export type ResultsOf<T extends readonly Task[], E extends OnError = 'throw'> = {
  -readonly [I in keyof T]: ResultOf<T[I], E>
}

/** What a call gives, by `returnAs`: a promise of the results `L`, or an async generator of each `R`. */
export type Returned<A extends ReturnAs, R, L = R[]> = A extends 'list'
  ? Promise<L>
  : AsyncGenerator<R, void, undefined>

/**
 * Runs tasks, and keeps what that needs: made by `Parallel(nJobs)` or `Parallel(options)`. Call it with tasks as
 * often as you like, also while another call runs.
 */
export interface Parallel<E extends OnError = 'throw', A extends ReturnAs = 'list'> {
  /**
   * Runs tasks in parallel. They are taken from the input one by one, only as far ahead as `preDispatch` allows.
   *
   * @param tasks - An iterable or async iterable of tasks, or a generator function that makes one.
   * @returns One result per task, as `returnAs` says: a promise of the list, in the order of the tasks, or an async
   * generator. Rejects with the first error in time of a task, unless `onError` is `'settle'`; with an error of `tasks`
   * itself; with `signal.reason`; with `DisposedError`.
   */
  <const T extends readonly Task[]>(
    tasks: T,
    options?: CallOptions,
  ): Returned<A, ResultOf<T[number], E>, ResultsOf<T, E>>
  <T extends Task>(tasks: TaskSource<T>, options?: CallOptions): Returned<A, ResultOf<T, E>>

  /**
   * Waits for running calls, then ends the workers. A later call rejects with `DisposedError`, and so does a generator
   * that cannot go on because nobody asks it for results.
   */
  close(): Promise<void>
  /** Ends the workers now. Running calls, and later ones, reject with `DisposedError`. */
  terminate(): Promise<void>
  /** `terminate()`, at the end of a block with `using`. */
  [Symbol.dispose](): void
  /** `close()`, at the end of a block with `await using`. */
  [Symbol.asyncDispose](): Promise<void>
}

/** `Parallel` itself: called or constructed, it is the same. */
export interface ParallelConstructor {
  <const E extends OnError = 'throw', const A extends ReturnAs = 'list'>(
    options?: number | ParallelOptions<E, A>,
  ): Parallel<E, A>
  new <const E extends OnError = 'throw', const A extends ReturnAs = 'list'>(
    options?: number | ParallelOptions<E, A>,
  ): Parallel<E, A>
  readonly prototype: Parallel<OnError, ReturnAs>
}

/**
 * Runs a loop on every core, as joblib's `Parallel`: `Parallel(nJobs)(tasks)` is a promise of the tasks' results.
 *
 * Without `close()`, or `await using`, workers are kept for later calls of any `Parallel`; they stop when idle, and
 * never keep the process alive.
 *
 * @param options - `nJobs`, or an object of options.
 * @throws TypeError or RangeError that names the option, its value and the valid ones.
 *
 * @example
 * ```ts
 * import { delayed, Parallel } from 'parfor'
 *
 * const numbers = [1, 4, 9]
 * console.log(await Parallel(2)(numbers.map((n) => delayed(Math.sqrt)(n)))) //=> [ 1, 2, 3 ]
 *
 * await using parallel = Parallel({ nJobs: 2, onError: 'settle' }) // one pool for the whole block
 * const [fulfilled, rejected] = await parallel([delayed(JSON.parse)('[1]'), delayed(JSON.parse)('[')])
 * console.log(fulfilled.status, rejected.status) //=> fulfilled rejected
 *
 * const roots = Parallel({ nJobs: 2, returnAs: 'generator' })(numbers.map((n) => delayed(Math.sqrt)(n)))
 * let sum = 0
 * for await (const root of roots) sum += root // each as soon as it is there
 * console.log(sum) //=> 6
 * ```
 */
export const Parallel = function Parallel(
  options?: number | ParallelOptions<OnError, ReturnAs>,
  ...rest: unknown[]
): Parallel<OnError, ReturnAs> {
  if (rest.length > 0)
    throw new TypeError('Parallel takes one argument; tasks go to what it returns: Parallel(2)(tasks)')
  const checked = checkOptions(options)
  /** Made when first needed, since what a call needs depends on where it is made: inside a task `nJobs` is 1. */
  const backends = new Map<string | ParallelBackend | Share, ParallelBackend>()
  const calls = new Set<RunningCall>()
  let state: 'open' | 'closed' | 'terminated' = 'open'
  let closing: Promise<void> | undefined
  // Only a registered backend itself can tell whether it is what is asked for.
  if (checked.require !== undefined && isRegistered(checked.backend)) backendFor(settle(checked), undefined)

  const parallel = (tasks: unknown, callOptions?: unknown) => {
    let share: Share | undefined
    try {
      const asked = withSurroundings(checked)
      const { signal, onProgress = asked.onProgress } = checkCallOptions(callOptions)
      const signals = [asked.signal, signal].filter((one) => one !== undefined)
      refuseIfOver(signals)
      const nested = nextNested()
      const granted = withinBudget(settle(asked), asked.backend !== undefined)
      share = granted.share
      if (granted.limited) {
        workerEvents(asked.pool.onWorkerEvent)(granted.limited)
        tellLimited(granted.limited.reason)
      }
      const planned = plan(granted.settings, nested, share)
      // Again: a function that was given for `preDispatch` has run.
      refuseIfOver(signals)
      noteCallers()
      const shape = {
        returnAs: checked.returnAs,
        settled: checked.onError === 'settle',
        // What a worker tells comes in the context of whoever started it.
        onCompletion: onProgress && startProgress(AsyncResource.bind(onProgress), (error) => running?.stop(error)),
        signals,
      }
      let running: RunningCall | undefined
      return startCall(tasks, planned, shape, (call) => {
        running = call
        calls.add(call)
        void call.over.then(() => {
          calls.delete(call)
          if (share) void giveBack(share)
        })
      })
    } catch (error) {
      if (share) void giveBack(share)
      return checked.returnAs === 'list' ? Promise.reject(error) : failedStream(error)
    }
  }

  function refuseIfOver(signals: readonly AbortSignal[]) {
    if (state !== 'open') throw disposed()
    for (const signal of signals) if (signal.aborted) throw signal.reason
  }

  function plan(settings: Settings, nested: NestedConfig, share: Share | undefined): Plan {
    const { nJobs, batchSize, verbose, progress, name, timeout, retries, maxNbytes } = settings
    const backend = backendFor(settings, share)
    const workers = backend.effectiveNJobs(nJobs)
    if (!(workers >= 1)) {
      throw new BackendError(`Backend '${backend.name}' has no worker: its effectiveNJobs(${nJobs}) is ${workers}`)
    }
    const plan = {
      backend,
      open: () => open(backend, nJobs, parallel),
      workers,
      ...(backend.sharesObjects
        ? { window: 1, batchSize: fixedBatchSize(1) }
        : {
            window: settings.window(workers),
            batchSize: batchSize === 'auto' ? autoBatchSize(workers) : fixedBatchSize(batchSize),
          }),
      failFast: settings.onError === 'throw',
      drains: settings.returnAs === 'generator',
      call: { nested, timeout, retries, ...(backend.supportsSharedMemory && { maxNbytes }) },
      // The terminal is the outermost caller's.
      watch: progress && !isOnWorker() ? (look: () => Counted) => showProgress(name, look) : undefined,
    }
    return verbose > 0 ? { ...plan, onBatch: tellInLines(settings, plan) } : plan
  }

  /** joblib's lines, under the name that it would show. */
  function tellInLines(
    { verbose, name, given }: Settings,
    { backend, workers, window }: Plan & { backend: ParallelBackend },
  ) {
    const label = name ?? `Parallel(n_jobs=${given.nJobs ?? -1})`
    if (!backend.sharesObjects) printLine(labelled(label, usingBackend(backend.name, workers)))
    return startVerbosity({ verbose, label, preDispatched: Number.isFinite(window) ? window : 0 })
  }

  /** One for all calls that want the same; but a call inside a task, whose workers end with it, has one of its own. */
  function backendFor(settings: Settings, share: Share | undefined): ParallelBackend {
    const { backend: asked } = settings
    const key = typeof asked !== 'string' ? asked : (share ?? kindOf(settings))
    let backend = backends.get(key)
    if (backend === undefined) {
      backend = resolveBackend(settings, share)
      backends.set(key, backend)
    }
    return backend
  }

  /** What makes a difference to a backend: its workers too, where the surroundings of a call have something to say of them. */
  function kindOf({ backend, nJobs, given, worker, pool, require }: Settings): string {
    const kind = `${backend} ${nJobs}`
    if (given === checked.given) return kind
    const { initializer, ...started } = worker
    const { onWorkerEvent, ...recycling } = pool
    return JSON.stringify([kind, require, started, recycling, identityOf(initializer), identityOf(onWorkerEvent)])
  }

  /** At once: the next call may want them. */
  async function giveBack(share: Share) {
    share.release()
    const backend = backends.get(share)
    try {
      if (backend) await close(backend, parallel)
    } catch (error) {
      debug.workers('the backend of a call inside a task cannot be closed: %O', error)
    } finally {
      backends.delete(share)
    }
  }

  function closeBackends(options?: { force: boolean }) {
    return Promise.all([...backends.values()].map((backend) => close(backend, parallel, options))).then(() => {})
  }

  function disposed() {
    const name = checked.name === undefined ? 'This Parallel' : `Parallel '${checked.name}'`
    return new DisposedError(`${name} is ${state}: make another to run more tasks`)
  }

  function notAsked() {
    return new DisposedError(
      `Nobody was asking this call for its results: take them before close(). ${disposed().message}`,
    )
  }

  const methods: Pick<Parallel, 'close' | 'terminate' | typeof Symbol.dispose | typeof Symbol.asyncDispose> = {
    close() {
      if (state === 'open') state = 'closed'
      closing ??= Promise.all(
        [...calls].map((call) => {
          call.letGo(notAsked())
          return call.over
        }),
      ).then(() => closeBackends())
      return closing
    },

    terminate() {
      state = 'terminated'
      for (const call of calls) call.stop(disposed())
      return closeBackends({ force: true })
    },

    [Symbol.asyncDispose]: () => methods.close(),

    [Symbol.dispose]() {
      methods.terminate().catch((error) => debug.workers('terminate() of %s failed: %O', checked.name, error))
    },
  }
  return Object.assign(Object.setPrototypeOf(parallel, Parallel.prototype), methods)
} as unknown as ParallelConstructor

const identities = new WeakMap<object, number>()
let lastIdentity = 0

/** The same number for the same object. */
function identityOf(object: object | undefined): number | undefined {
  if (object === undefined) return undefined
  const identity = identities.get(object) ?? ++lastIdentity
  identities.set(object, identity)
  return identity
}

// Each is a function, and has what functions have.
Object.setPrototypeOf(Parallel.prototype, Function.prototype)
// A task that captures one is told so, instead of what is inside.
Object.defineProperty(Parallel.prototype, Symbol.for('parfor.parallel'), { value: true })
