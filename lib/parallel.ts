/// <reference lib="esnext.disposable" preserve="true" />
import type { ParallelBackend } from './backend'
import { close, open } from './backends/opened'
import { resolveBackend } from './backends/resolve'
import { nextNested } from './config/nested'
import type { CallOptions, OnError, ParallelOptions } from './config/options'
import { checkCallOptions, checkOptions, type Settings, settle } from './config/settings'
import { debug } from './debug'
import { autoBatchSize, fixedBatchSize } from './dispatch/batch-size'
import { type Dispatch, dispatch, type Plan } from './dispatch/dispatch'
import { collectList } from './dispatch/results'
import type { TaskSource } from './dispatch/source'
import { BackendError, DisposedError } from './errors'
import { startProgress } from './progress/progress'
import { noteCallers } from './system/program'
import type { Task } from './task/task'

/** What a call gives for a task `T`: its result, or how it was settled with `onError: 'settle'`. */
export type ResultOf<T, E extends OnError = 'throw'> =
  T extends Task<infer R> ? (E extends 'settle' ? PromiseSettledResult<R> : R) : never

/** Results of a call, element by element for a tuple of tasks. */
export type ResultsOf<T extends readonly Task[], E extends OnError = 'throw'> = {
  -readonly [I in keyof T]: ResultOf<T[I], E>
}

/**
 * Runs tasks, and keeps what that needs: made by `Parallel(nJobs)` or `Parallel(options)`. Call it with tasks as
 * often as you like, also while another call runs.
 */
export interface Parallel<E extends OnError = 'throw'> {
  /**
   * Runs tasks in parallel. They are taken from the input one by one, only as far ahead as `preDispatch` allows.
   *
   * @param tasks - An iterable or async iterable of tasks, or a generator function that makes one.
   * @returns One result per task, in the order of the tasks. Rejects with the first error in time of a task, unless
   * `onError` is `'settle'`; with an error of `tasks` itself; with `signal.reason`; with `DisposedError`.
   */
  <const T extends readonly Task[]>(tasks: T, options?: CallOptions): Promise<ResultsOf<T, E>>
  <T extends Task>(tasks: TaskSource<T>, options?: CallOptions): Promise<ResultOf<T, E>[]>

  /** Waits for running calls, then ends the workers. A later call rejects with `DisposedError`. */
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
  <const E extends OnError = 'throw'>(options?: number | ParallelOptions<E>): Parallel<E>
  new <const E extends OnError = 'throw'>(options?: number | ParallelOptions<E>): Parallel<E>
  readonly prototype: Parallel<OnError>
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
 * ```
 */
export const Parallel = function Parallel(
  options?: number | ParallelOptions<OnError>,
  ...rest: unknown[]
): Parallel<OnError> {
  if (rest.length > 0)
    throw new TypeError('Parallel takes one argument; tasks go to what it returns: Parallel(2)(tasks)')
  const checked = checkOptions(options)
  /** Made when first needed, since what a call needs depends on where it is made: inside a task `nJobs` is 1. */
  const backends = new Map<string | ParallelBackend, ParallelBackend>()
  const calls = new Map<Dispatch, Promise<unknown>>()
  let state: 'open' | 'closed' | 'terminated' = 'open'
  let closing: Promise<void> | undefined

  const parallel = async (tasks: unknown, callOptions?: unknown): Promise<unknown[]> => {
    if (state !== 'open') throw disposed()
    const { signal, onProgress = checked.onProgress } = checkCallOptions(callOptions)
    if (signal?.aborted) throw signal.reason
    noteCallers()

    const results = collectList(checked.onError === 'settle', onProgress && startProgress(onProgress))
    const run = dispatch(tasks, plan(settle(checked)), results)
    const onAbort = () => run.stop(signal?.reason)
    signal?.addEventListener('abort', onAbort)
    calls.set(run, results.list)
    try {
      run.start()
      return await results.list
    } finally {
      calls.delete(run)
      signal?.removeEventListener('abort', onAbort)
    }
  }

  function plan(settings: Settings): Plan {
    const { nJobs, batchSize } = settings
    const nested = nextNested()
    const backend = backendFor(settings)
    const workers = backend.effectiveNJobs(nJobs)
    if (!(workers >= 1)) {
      throw new BackendError(`Backend '${backend.name}' has no worker: its effectiveNJobs(${nJobs}) is ${workers}`)
    }
    return {
      backend,
      open: () => open(backend, nJobs),
      workers,
      ...(backend.sharesObjects
        ? { window: 1, batchSize: fixedBatchSize(1) }
        : {
            window: settings.window(workers),
            batchSize: batchSize === 'auto' ? autoBatchSize(workers) : fixedBatchSize(batchSize),
          }),
      failFast: settings.onError === 'throw',
      nested,
    }
  }

  function backendFor(settings: Settings): ParallelBackend {
    const key = typeof settings.backend === 'string' ? `${settings.backend} ${settings.nJobs}` : settings.backend
    let backend = backends.get(key)
    if (backend === undefined) {
      backend = resolveBackend(settings)
      backends.set(key, backend)
    }
    return backend
  }

  function closeBackends(options?: { force: boolean }) {
    return Promise.all([...backends.values()].map((backend) => close(backend, options))).then(() => {})
  }

  function disposed() {
    const name = checked.name === undefined ? 'This Parallel' : `Parallel '${checked.name}'`
    return new DisposedError(`${name} is ${state}: make another to run more tasks`)
  }

  const methods: Pick<Parallel, 'close' | 'terminate' | typeof Symbol.dispose | typeof Symbol.asyncDispose> = {
    close() {
      if (state === 'open') state = 'closed'
      closing ??= Promise.allSettled(calls.values()).then(() => closeBackends())
      return closing
    },

    terminate() {
      state = 'terminated'
      for (const run of calls.keys()) run.stop(disposed())
      return closeBackends({ force: true })
    },

    [Symbol.asyncDispose]: () => methods.close(),

    [Symbol.dispose]() {
      methods.terminate().catch((error) => debug.workers('terminate() of %s failed: %O', checked.name, error))
    },
  }
  return Object.assign(Object.setPrototypeOf(parallel, Parallel.prototype), methods)
} as unknown as ParallelConstructor

// Each is a function, and has what functions have.
Object.setPrototypeOf(Parallel.prototype, Function.prototype)
// A task that captures one is told so, instead of what is inside.
Object.defineProperty(Parallel.prototype, Symbol.for('parfor.parallel'), { value: true })
