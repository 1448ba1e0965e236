import { inspect } from 'node:util'
import { cpuCount } from '../system/cpu-count'
import { currentNested } from './nested'
import { surrounding } from './surrounding'

/**
 * How many workers `nJobs` stands for: itself when positive; -1 is every CPU, -2 all but one, and so on, never below 1.
 * After joblib's `effective_n_jobs`. Inside `parallelConfig` it is as a `Parallel` there would have it: its `nJobs` is the
 * default, and its backend, unless that is a name that was registered, may have fewer workers.
 *
 * @param nJobs - Not given, it is what `Parallel` takes by default: every CPU, and 1 inside a task.
 * @throws TypeError when `nJobs` is no number; RangeError when it is 0 or no whole number.
 *
 * @example
 * ```ts
 * import { cpuCount, effectiveNJobs } from 'parfor'
 *
 * console.log(effectiveNJobs(3)) //=> 3
 * console.log(effectiveNJobs(-1) === cpuCount()) //=> true
 * ```
 */
export function effectiveNJobs(nJobs?: number | undefined): number {
  const around = surrounding()
  const workers = workersFor(checkNJobs(nJobs) ?? around?.nJobs)
  const backend = around?.backend
  if (backend === 'sequential') return 1
  return typeof backend === 'object' ? backend.effectiveNJobs(workers) : workers
}

/** How many workers a number that was checked stands for. */
export function workersFor(nJobs: number | undefined): number {
  const asked = nJobs ?? (currentNested() ? 1 : -1)
  return asked > 0 ? asked : Math.max(1, cpuCount() + 1 + asked)
}

/** `nJobs` as given, when it is one. */
export function checkNJobs(nJobs: unknown): number | undefined {
  if (nJobs === undefined) return undefined
  const valid = 'a positive whole number, or a negative one: -1 is every CPU, -2 all but one'
  if (typeof nJobs !== 'number') throw new TypeError(`nJobs must be ${valid}; got ${inspect(nJobs)}`)
  if (!Number.isInteger(nJobs) || nJobs === 0) throw new RangeError(`nJobs must be ${valid}; got ${inspect(nJobs)}`)
  return nJobs
}
