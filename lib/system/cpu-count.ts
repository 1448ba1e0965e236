import { availableParallelism } from 'node:os'
import { cgroupCpuQuota } from './cgroup'

/** What limits the CPUs of a process. */
export interface CpuLimits {
  /** CPUs that the operating system lets the process run on, its affinity included. */
  readonly available: number
  /** CPU time of the control group, in CPUs. */
  readonly quota: number | undefined
  /** `PARFOR_MAX_CPU_COUNT`. */
  readonly asked: string | undefined
}

/**
 * How many CPUs this process may use: the least of what the operating system offers, the process's affinity, the CPU
 * quota of its control group (cgroup v1 and v2, rounded up), and the environment variable `PARFOR_MAX_CPU_COUNT`.
 * At least 1. After joblib's `cpu_count`.
 *
 * @throws RangeError when `PARFOR_MAX_CPU_COUNT` is no whole number.
 *
 * @example
 * ```ts
 * import { cpuCount } from 'parfor'
 *
 * console.log(cpuCount() >= 1) //=> true
 * ```
 */
export function cpuCount(): number {
  quota ??= cgroupCpuQuota() ?? Number.POSITIVE_INFINITY
  return leastCpuCount({ available: availableParallelism(), quota, asked: process.env.PARFOR_MAX_CPU_COUNT })
}

/** Read once: it costs several files, and a barrier loop asks at every call. */
let quota: number | undefined

/** @internal */
export function leastCpuCount({ available, quota, asked }: CpuLimits): number {
  return Math.max(1, Math.min(available, Math.ceil(quota ?? available), askedCount(asked) ?? available))
}

function askedCount(asked: string | undefined): number | undefined {
  if (asked === undefined || asked.trim() === '') return undefined
  if (!/^\s*[-+]?\d+\s*$/.test(asked)) {
    throw new RangeError(`PARFOR_MAX_CPU_COUNT must be a whole number of CPUs; it is '${asked}'`)
  }
  return Number.parseInt(asked, 10)
}
