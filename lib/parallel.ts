/// <reference lib="esnext.disposable" preserve="true" />
import type { CallOptions, OnError, ParallelOptions, ReturnAs } from './config/options'
import { checkCallOptions, checkOptions } from './config/settings'
import { debug } from './debug'
import type { TaskSource } from './dispatch/source'
import { createRunner } from './runner'
import type { Task } from './task/task'

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
  const { name, returnAs } = checked
  const runner = createRunner(checked, {
    kind: 'Parallel',
    label: (nJobs = -1) => `Parallel(n_jobs=${nJobs})`,
    hasSurroundings: true,
    isOver(state) {
      const self = name === undefined ? 'This Parallel' : `Parallel '${name}'`
      return `${self} is ${state}: make another to run more tasks`
    },
  })
  const parallel = (tasks: unknown, options?: unknown) => runner.run(tasks, returnAs, () => checkCallOptions(options))

  const methods: Pick<Parallel, 'close' | 'terminate' | typeof Symbol.dispose | typeof Symbol.asyncDispose> = {
    close: () => runner.close(),
    terminate: () => runner.terminate(),
    [Symbol.asyncDispose]: () => methods.close(),

    [Symbol.dispose]() {
      methods.terminate().catch((error) => debug.workers('terminate() of %s failed: %O', name, error))
    },
  }
  return Object.assign(Object.setPrototypeOf(parallel, Parallel.prototype), methods)
} as unknown as ParallelConstructor

// Each is a function, and has what functions have.
Object.setPrototypeOf(Parallel.prototype, Function.prototype)
// A task that captures one is told so, instead of what is inside.
Object.defineProperty(Parallel.prototype, Symbol.for('parfor.parallel'), { value: true })
