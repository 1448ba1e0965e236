import { inspect } from 'node:util'
import type { ParallelOptions } from './options'
import { checkConfig, laidOver } from './settings'
import { surrounding, withSurrounding } from './surrounding'

/** Options that `parallelConfig` takes: all of `Parallel` but those that decide what kind of results a call gives. */
export type ParallelConfig = Omit<ParallelOptions, 'returnAs' | 'onError'>

/**
 * Runs `body` with other defaults for every `Parallel` that is called in it, also after an `await`, and in functions that
 * it calls. After joblib's `parallel_config`.
 *
 * - What a `Parallel` was given itself wins, wherever it was made: the call counts, and not the place where it was made.
 * - Configs nest: an inner one has what the outer ones say, but for the options that it gives itself.
 * - Other code that runs meanwhile, such as another request of a server, does not see it.
 * - Tasks do not see it: what is true of calls inside tasks is so wherever they run. A task may use `parallelConfig` itself.
 * - A hint never contradicts: `prefer` gives way to `require`, and so does a `backend` of the surroundings that shares no
 *   memory, to threads. A `backend` that the `Parallel` was given itself contradicts a `require` of the surroundings: the
 *   call fails with a `TypeError`.
 *
 * @param options - Those of `Parallel`, but `returnAs` and `onError`. What is `undefined` is not given.
 * @returns what `body` returns. What it throws is thrown.
 * @throws TypeError or RangeError that names the option, its value and the valid ones.
 *
 * @example
 * ```ts
 * import { delayed, Parallel, parallelConfig } from 'parfor'
 *
 * const roots = (numbers: number[]) => Parallel()(numbers.map((n) => delayed(Math.sqrt)(n))) // in some library
 *
 * console.log(await parallelConfig({ nJobs: 2, timeout: 1000 }, () => roots([4, 9]))) //=> [ 2, 3 ]
 * ```
 */
export function parallelConfig<R>(options: ParallelConfig, body: () => R): R {
  if (typeof body !== 'function') {
    const got = inspect(body, { depth: 0 })
    throw new TypeError(`parallelConfig takes options, and a function to run with them; got ${got} for the function`)
  }
  const own = checkConfig(options)
  const around = surrounding()
  return withSurrounding(around === undefined ? own : laidOver(own, around), body)
}
