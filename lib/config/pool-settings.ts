import { inspect } from 'node:util'
import {
  type Check,
  type Checked,
  callChecks,
  checkEach,
  checkFunction,
  checkOptions,
  checks,
  isSignal,
  type Results,
  unknownOption,
  wholeNumber,
} from './settings'

/** What methods of a `Pool` say, or what it says by itself. */
const ofParallelOnly = ['nJobs', 'returnAs', 'batchSize', 'onError', 'prefer', 'require']
const poolOptions = Object.keys(checks).filter((option) => !ofParallelOnly.includes(option))

const mapChecks = { ...callChecks, chunkSize: wholeNumber(1), onError: checks.onError }

const asyncChecks = {
  callback: checkFunction as Check<(result: never) => void>,
  errorCallback: checkFunction as Check<(error: unknown) => void>,
}

/**
 * What `new Pool` was given → options that hold. Its tasks run on workers, also on a single one.
 *
 * @throws TypeError or RangeError that names the option, its value and the valid ones.
 */
export function checkPoolOptions(processes: unknown, given: unknown = {}): Checked {
  if (typeof processes === 'object' && processes !== null)
    throw new TypeError('new Pool(processes?, options?) takes its options second: new Pool(undefined, { … })')
  const nJobs = processes === undefined ? undefined : wholeNumber(1)(processes, 'processes')
  const options = checkObject(given, 'Pool', poolOptions)
  for (const option of Object.keys(options))
    if (!poolOptions.includes(option)) throw new TypeError(unknownOption(option, poolOptions, 'Pool'))
  const { backend = 'threads' } = options as { backend?: unknown }
  return checkOptions({ ...options, backend, nJobs })
}

const checksOf = {
  map: mapChecks,
  mapAsync: { ...mapChecks, ...asyncChecks },
  apply: callChecks,
  applyAsync: { ...callChecks, ...asyncChecks },
}
type ChecksOf = typeof checksOf

/**
 * @param kind - which options there are
 * @param method - as the user knows it
 * @throws TypeError or RangeError that names the option of the call, its value and the valid ones.
 */
export function checkPoolCall<K extends keyof ChecksOf>(
  kind: K,
  method: string,
  given: unknown = {},
): Results<ChecksOf[K]> {
  const checks: ChecksOf[K] = checksOf[kind]
  return checkEach(checkObject(given, `${method}()`, Object.keys(checks)), checks, `${method}()`)
}

function checkObject(given: unknown, of: string, valid: readonly string[]): object {
  if (typeof given === 'object' && given !== null && !Array.isArray(given) && !isSignal(given)) return given
  const isSize = typeof given === 'number' && valid.includes('chunkSize')
  const inObject = isSize ? `{ chunkSize: ${given} }` : isSignal(given) ? '{ signal }' : undefined
  const hint = inObject === undefined ? '' : `. Write ${inObject}`
  throw new TypeError(
    `The options of ${of} are an object of ${valid.join(', ')}; got ${inspect(given, { depth: 0 })}${hint}`,
  )
}
