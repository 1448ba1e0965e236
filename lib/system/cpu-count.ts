import { availableParallelism } from 'node:os'
import { inspect } from 'node:util'
import { cgroupCpuQuota } from './cgroup'
import { physicalCores } from './physical-cores'

/** What limits the CPUs of a process. */
export interface CpuLimits {
  /** CPUs that the operating system lets the process run on, its affinity included. */
  readonly available: number
  /** Cores among them, when these are what counts. */
  readonly cores?: number | undefined
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
 * With `onlyPhysicalCores` a core that shows itself as two CPUs (hyper-threads) counts once. That is known on Linux, and on
 * Macs with a processor of Apple's; elsewhere, and where `/sys` cannot be read, a warning says so once (code `PARFOR_CPU_COUNT`), and all
 * CPUs count.
 *
 * @throws RangeError when `PARFOR_MAX_CPU_COUNT` is no whole number. TypeError for another option.
 *
 * @example
 * ```ts
 * import { cpuCount } from 'parfor'
 *
 * console.log(cpuCount() >= 1) //=> true
 * console.log(cpuCount({ onlyPhysicalCores: true }) <= cpuCount()) //=> true
 * ```
 */
export function cpuCount(options?: { readonly onlyPhysicalCores?: boolean | undefined }): number {
  const available = availableParallelism()
  quota ??= cgroupCpuQuota() ?? Number.POSITIVE_INFINITY
  const cores = options !== undefined && onlyPhysical(options) ? coresOrWarn(available) : undefined
  return leastCpuCount({ available, cores, quota, asked: process.env.PARFOR_MAX_CPU_COUNT })
}

/** Read once: it costs several files, and a barrier loop asks at every call. */
let quota: number | undefined

/** @internal */
export function leastCpuCount({ available, cores = available, quota, asked }: CpuLimits): number {
  return Math.max(1, Math.min(available, cores, Math.ceil(quota ?? available), askedCount(asked) ?? available))
}

let hasWarned = false

/** @internal The cores of this process; `undefined`, and a warning the first time, when that is not known. */
export function coresOrWarn(available: number, find = physicalCores): number | undefined {
  const cores = find(available)
  if (cores === undefined && !hasWarned) {
    hasWarned = true
    process.emitWarning(
      'The number of physical cores cannot be found here: cpuCount({ onlyPhysicalCores: true }) counts all CPUs. Set ' +
        'PARFOR_MAX_CPU_COUNT to say how many there are.',
      { type: 'ParforWarning', code: 'PARFOR_CPU_COUNT' },
    )
  }
  return cores
}

function onlyPhysical(options: unknown): boolean {
  if (typeof options !== 'object' || options === null || Array.isArray(options))
    throw new TypeError(
      `The options of cpuCount are an object, { onlyPhysicalCores? }; got ${inspect(options, { depth: 0 })}`,
    )
  const { onlyPhysicalCores = false, ...others }: { onlyPhysicalCores?: unknown } = options
  const [other] = Object.keys(others)
  if (other !== undefined) throw new TypeError(`'${other}' is no option of cpuCount. Its option is onlyPhysicalCores`)
  if (typeof onlyPhysicalCores !== 'boolean')
    throw new TypeError(`onlyPhysicalCores must be true or false; got ${inspect(onlyPhysicalCores, { depth: 0 })}`)
  return onlyPhysicalCores
}

function askedCount(asked: string | undefined): number | undefined {
  if (asked === undefined || asked.trim() === '') return undefined
  if (!/^\s*[-+]?\d+\s*$/.test(asked)) {
    throw new RangeError(`PARFOR_MAX_CPU_COUNT must be a whole number of CPUs; it is '${asked}'`)
  }
  return Number.parseInt(asked, 10)
}
