import { inspect } from 'node:util'
import type { ParallelBackend } from '../backend'
import type { Task } from '../task/task'
import { backendFor, backendNames, whyNoBackend } from './backend-names'
import { checkNJobs, workersFor } from './effective-n-jobs'
import type {
  CallOptions,
  OnError,
  OnProgress,
  OnWorkerEvent,
  ParallelOptions,
  ResourceLimits,
  ReturnAs,
  WorkerOptions,
  WorkerPoolOptions,
} from './options'
import { checkPreDispatch, type Window } from './pre-dispatch'
import { type Surrounding, surrounding } from './surrounding'

/** Options as checked when a `Parallel` is made; only what depends on the place of a call is still open. */
export interface Checked {
  /** What it was given. */
  readonly given: Given
  readonly nJobs: number | undefined
  readonly backend: string | ParallelBackend | undefined
  /** Whether it was given to this `Parallel`: then it contradicts `require`, where another one gives way. */
  readonly isBackendOwn: boolean
  readonly prefer: 'threads' | 'processes' | undefined
  readonly require: 'sharedmem' | undefined
  readonly batchSize: 'auto' | number
  readonly window: Window
  readonly returnAs: ReturnAs
  readonly onError: OnError
  readonly timeout: number | undefined
  readonly retries: number
  readonly maxNbytes: number | undefined
  readonly signal: AbortSignal | undefined
  readonly verbose: number
  readonly progress: boolean
  readonly onProgress: OnProgress | undefined
  readonly name: string | undefined
  readonly worker: WorkerOptions
  readonly pool: WorkerPoolOptions
}

/** What a call runs with: every value is present and right. */
export interface Settings extends Checked {
  readonly nJobs: number
  readonly backend: string | ParallelBackend
}

/** The longest that a timer of Node.js can count: 24.8 days, in effect never. */
const longestTimeout = 2 ** 31 - 1

export type Check<T> = (value: unknown, option: string) => T

/** Every option, with its check; a check gets no `undefined`. */
export const checks = {
  nJobs: checkNJobs,
  backend: checkBackend,
  prefer: oneOf('threads', 'processes'),
  require: oneOf('sharedmem'),
  returnAs: oneOf('list', 'generator', 'generator_unordered'),
  batchSize: checkBatchSize,
  preDispatch: checkPreDispatch,
  onError: oneOf('throw', 'settle'),
  timeout: checkTaskTimeout,
  retries: wholeNumber(0),
  signal: checkSignal,
  verbose: checkVerbose,
  progress: checkBoolean,
  onProgress: checkFunction as Check<OnProgress>,
  onWorkerEvent: checkFunction as Check<OnWorkerEvent>,
  name: checkString,
  idleTimeout: checkTimeout,
  env: checkEnv,
  maxTasksPerWorker: wholeNumber(1),
  maxWorkerMemory: checkBytes,
  execArgv: checkStrings,
  resourceLimits: checkResourceLimits,
  initializer: checkTask,
  maxNbytes: checkMaxNbytes,
} satisfies Record<string, Check<unknown>>

export const callChecks = {
  signal: checkSignal,
  onProgress: checkFunction as Check<OnProgress>,
} satisfies Record<string, Check<unknown>>

/** Options that were given, each of them checked by itself. */
export type Given = Results<typeof checks>

/**
 * What `Parallel` was given → options that hold.
 *
 * @throws TypeError or RangeError that names the option, its value and the valid ones.
 */
export function checkOptions(options: unknown = {}): Checked {
  if (typeof options === 'number') return checkOptions({ nJobs: options })
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new TypeError(`Parallel takes nJobs, a number, or an object of options; got ${inspect(options)}`)
  }
  const given = checkEach(options, checks, 'Parallel')
  refuseContradictions(given)
  const checked = complete(given, given)
  const { nJobs, window } = checked
  // A number of workers that is given tells now whether the window is right.
  if (nJobs !== undefined && typeof (options as ParallelOptions).preDispatch !== 'function') window(workersFor(nJobs))
  return checked
}

/** What decides the kind of results is said where the call is made. */
const { returnAs: _, onError: __, ...configChecks } = checks

/**
 * What `parallelConfig` was given → options to surround calls with.
 *
 * @throws TypeError or RangeError that names the option, its value and the valid ones.
 */
export function checkConfig(options: unknown): Given {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new TypeError(`parallelConfig takes an object of options; got ${inspect(options, { depth: 0 })}`)
  }
  for (const option of ['returnAs', 'onError'] as const) {
    if ((options as ParallelOptions)[option] === undefined) continue
    throw new TypeError(
      `${option} is no option of parallelConfig, since it decides what kind of results a call gives, and the code that makes ` +
        `the call expects one kind. Give it to that Parallel`,
    )
  }
  const given: Given = checkEach(options, configChecks, 'parallelConfig')
  refuseContradictions(given)
  return given
}

/** Options that are given, over those that surround them. What is only a hint, or not its own, gives way to `require`. */
export function laidOver(own: Given, around: Surrounding): Given {
  const { prefer, backend, ...others }: Given = { ...(around as Given), ...own }
  const isBound = others.require === 'sharedmem'
  const givesWay = isBound && own.backend === undefined && typeof backend === 'object' && !backend.supportsSharedMemory
  return {
    ...others,
    ...(prefer !== undefined && !(isBound && prefer === 'processes') && { prefer }),
    ...(backend !== undefined && !givesWay && { backend }),
  }
}

/** Options where a call is made: what is not given is as the surroundings say. */
export function withSurroundings(checked: Checked): Checked {
  const around = surrounding()
  if (around === undefined) return checked
  const given = laidOver(checked.given, around)
  refuseContradictions(given)
  return complete(given, checked.given)
}

function refuseContradictions({ backend, prefer, require }: Given): void {
  if (require !== 'sharedmem') return
  if (prefer === 'processes')
    throw new TypeError(`prefer: 'processes' contradicts require: 'sharedmem': processes do not share memory`)
  if (typeof backend === 'object' && !backend.supportsSharedMemory) throw sharesNoMemory(backend)
}

/** What becomes of a call whose own backend is not what its `require` asks for. */
export function sharesNoMemory(backend: ParallelBackend): TypeError {
  return new TypeError(
    `backend ${inspect(backend.name)} contradicts require: 'sharedmem': its tasks share no memory with the caller`,
  )
}

/** @param own what of it was given to the `Parallel` itself */
function complete(given: Given, own: Given): Checked {
  const {
    nJobs,
    backend,
    prefer,
    require,
    batchSize = 'auto',
    preDispatch,
    returnAs = 'list',
    onError = 'throw',
  } = given
  const { timeout, retries = 0, maxNbytes, signal, verbose = 0, progress = false, onProgress, name } = given
  return {
    given,
    nJobs,
    backend,
    isBackendOwn: own.backend !== undefined,
    prefer,
    require,
    batchSize,
    window: preDispatch ?? checkPreDispatch('2*nJobs'),
    returnAs,
    onError,
    timeout,
    retries,
    maxNbytes: maxNbytes ?? undefined,
    signal,
    verbose,
    progress,
    onProgress,
    name,
    worker: workerOptions(given),
    pool: {
      maxTasks: given.maxTasksPerWorker,
      maxMemory: given.maxWorkerMemory,
      onWorkerEvent: given.onWorkerEvent,
    },
  }
}

/** Options where the call is made → what it asks for. */
export function settle(checked: Checked): Settings {
  const nJobs = workersFor(checked.nJobs)
  return { ...checked, nJobs, backend: checked.backend ?? backendFor(nJobs, checked.prefer) }
}

/** @throws TypeError that names the option of the call, its value and the valid ones. */
export function checkCallOptions(given: unknown = {}): CallOptions {
  // An object without keys would pass for no options at all: a signal has none.
  const isOptions = typeof given === 'object' && given !== null && (Object.keys(given).length > 0 || isPlain(given))
  if (!isOptions || Array.isArray(given)) {
    const hint = isSignal(given) ? '. Write { signal }' : ''
    const got = inspect(given, { depth: 0 })
    throw new TypeError(`The options of a call are an object, { signal?, onProgress? }; got ${got}${hint}`)
  }
  if (isTask(given))
    throw new TypeError('A call takes its tasks as one iterable: put them into an array, parallel([a, b])')
  return checkEach(given, callChecks, 'a call')
}

export type Results<C extends Record<string, Check<unknown>>> = { [K in keyof C]?: ReturnType<C[K]> }

/** @throws TypeError for an option that there is not, and what the check of an option throws. */
export function checkEach<C extends Record<string, Check<unknown>>>(given: object, checks: C, of: string): Results<C> {
  const found: Results<C> = {}
  for (const [option, value] of Object.entries(given)) {
    const check = Object.hasOwn(checks, option) ? checks[option as keyof C] : undefined
    if (check === undefined) throw new TypeError(unknownOption(option, Object.keys(checks), of))
    if (value !== undefined) found[option as keyof C] = check(value, option) as ReturnType<C[keyof C]>
  }
  return found
}

export function unknownOption(option: string, valid: string[], of: string): string {
  const nearest = valid.find((name) => plain(name) === plain(option)) ?? valid.find((name) => nearly(name, option))
  const hint = nearest === undefined ? '' : ` Did you mean '${nearest}'?`
  return `'${option}' is no option of ${of}.${hint} Its options are ${valid.join(', ')}`

  /** `n_jobs` and `NJobs` are both nJobs. */
  function plain(name: string) {
    return name.replaceAll('_', '').toLowerCase()
  }
}

/** Whether one letter too many, too few, another, or two swapped make the difference. */
function nearly(name: string, typed: string): boolean {
  let same = 0
  while (same < name.length && name[same] === typed[same]) same += 1
  const [rest, typedRest] = [name.slice(same), typed.slice(same)]
  return (
    rest.slice(1) === typedRest.slice(1) ||
    rest.slice(1) === typedRest ||
    rest === typedRest.slice(1) ||
    (rest.slice(2) === typedRest.slice(2) && rest[0] === typedRest[1] && rest[1] === typedRest[0])
  )
}

export function wrong(option: string, valid: string, value: unknown): string {
  return `${option} must be ${valid}; got ${inspect(value, { depth: 0 })}`
}

function oneOf<const T extends string>(...valid: T[]): Check<T> {
  return (value, option) => {
    const found = valid.find((one) => one === value)
    if (found === undefined) throw new TypeError(wrong(option, valid.map((one) => `'${one}'`).join(' or '), value))
    return found
  }
}

export function wholeNumber(least: number): Check<number> {
  const valid = `a whole number, ${least} or more`
  return (value, option) => {
    if (typeof value !== 'number') throw new TypeError(wrong(option, valid, value))
    if (!Number.isInteger(value) || value < least) throw new RangeError(wrong(option, valid, value))
    return value
  }
}

function checkBackend(value: unknown, option: string): string | ParallelBackend {
  const names = backendNames()
  const name = names.find((one) => one === value)
  if (name !== undefined) return name
  const valid = `${names.map((one) => `'${one}'`).join(', ')} or a ParallelBackend`
  if (typeof value !== 'object' || value === null) throw new TypeError(wrong(option, valid, value))
  const why = whyNoBackend(value)
  if (why !== undefined) throw new TypeError(`${wrong(option, valid, value)}, ${why}`)
  return value as ParallelBackend
}

function checkBatchSize(value: unknown, option: string): 'auto' | number {
  const valid = `'auto' or a positive whole number`
  if (value === 'auto') return value
  if (typeof value !== 'number') throw new TypeError(wrong(option, valid, value))
  if (!Number.isInteger(value) || value < 1) throw new RangeError(wrong(option, valid, value))
  return value
}

export function checkFunction(value: unknown, option: string): (...args: never[]) => void {
  if (typeof value !== 'function') throw new TypeError(wrong(option, 'a function', value))
  return value as () => void
}

function checkBoolean(value: unknown, option: string): boolean {
  if (typeof value !== 'boolean') throw new TypeError(wrong(option, 'true or false', value))
  return value
}

function checkString(value: unknown, option: string): string {
  if (typeof value !== 'string') throw new TypeError(wrong(option, 'a string', value))
  return value
}

export function checkTimeout(value: unknown, option: string): number {
  const valid = 'a number of milliseconds, 0 or more'
  if (typeof value !== 'number') throw new TypeError(wrong(option, valid, value))
  if (!(value >= 0)) throw new RangeError(wrong(option, valid, value))
  return Math.min(value, longestTimeout)
}

function checkTaskTimeout(value: unknown, option: string): number {
  const valid = 'a number of milliseconds above 0'
  if (typeof value !== 'number') throw new TypeError(wrong(option, valid, value))
  if (!(value > 0)) throw new RangeError(wrong(option, valid, value))
  return Math.min(value, longestTimeout)
}

function checkVerbose(value: unknown, option: string): number {
  const valid = 'a number, 0 or more'
  if (typeof value === 'boolean') return value ? 1 : 0
  if (typeof value !== 'number') throw new TypeError(wrong(option, valid, value))
  if (!(value >= 0)) throw new RangeError(wrong(option, valid, value))
  return value
}

const units = { '': 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 }

/** joblib's sizes: `1024`, `'10K'`, `'1.5M'`, `'2G'`. */
function checkBytes(value: unknown, option: string): number {
  const valid = "a number of bytes above 0, or a text as '512M', with K, M or G"
  if (typeof value !== 'number' && typeof value !== 'string') throw new TypeError(wrong(option, valid, value))
  const [, digits, unit = ''] = /^(\d+(?:\.\d+)?)([KMG]?)$/i.exec(String(value)) ?? []
  const bytes = Number(digits) * units[unit.toUpperCase() as keyof typeof units]
  if (!(bytes > 0)) throw new RangeError(wrong(option, valid, value))
  return bytes
}

/** `null` is a value: it takes back what surrounds a call. */
function checkMaxNbytes(value: unknown, option: string): number | null {
  return value === null ? null : checkBytes(value, option)
}

function checkEnv(value: unknown, option: string): Record<string, string | undefined> {
  const valid = 'an object of strings'
  if (typeof value !== 'object' || value === null) throw new TypeError(wrong(option, valid, value))
  for (const [name, one] of Object.entries(value)) {
    if (one !== undefined && typeof one !== 'string') throw new TypeError(wrong(`${option}.${name}`, 'a string', one))
  }
  // To a worker, `undefined` would be a word of nine letters.
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined))
}

function checkStrings(value: unknown, option: string): string[] {
  if (!Array.isArray(value) || !value.every((one) => typeof one === 'string')) {
    throw new TypeError(wrong(option, 'an array of strings', value))
  }
  return [...value]
}

function checkResourceLimits(value: unknown, option: string): ResourceLimits {
  const valid = ['maxYoungGenerationSizeMb', 'maxOldGenerationSizeMb', 'codeRangeSizeMb', 'stackSizeMb']
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new TypeError(wrong(option, `an object of ${valid.join(', ')}`, value))
  }
  for (const [name, limit] of Object.entries(value)) {
    if (!valid.includes(name)) throw new TypeError(unknownOption(name, valid, option))
    if (typeof limit !== 'number') throw new TypeError(wrong(`${option}.${name}`, 'a number of megabytes', limit))
    if (!(limit > 0)) throw new RangeError(wrong(`${option}.${name}`, 'a number of megabytes above 0', limit))
  }
  return { ...value }
}

function checkSignal(value: unknown, option: string): AbortSignal {
  const { signal } = Object(value) as { signal?: unknown }
  if (!isSignal(value) && isSignal(signal))
    throw new TypeError(`${wrong(option, 'an AbortSignal', value)}. Write controller.signal`)
  if (!isSignal(value)) throw new TypeError(wrong(option, 'an AbortSignal', value))
  return value
}

/** By what it can do: a signal may come from another realm, or from a polyfill. */
export function isSignal(value: unknown): value is AbortSignal {
  const signal = value as Partial<AbortSignal> | null | undefined
  return typeof signal === 'object' && typeof signal?.addEventListener === 'function' && 'aborted' in signal
}

/** Of any realm. */
function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

function checkTask(value: unknown, option: string): Task {
  if (!isTask(value)) throw new TypeError(wrong(option, 'a task, delayed(fn)(...args)', value))
  return value
}

function isTask(value: unknown): value is Task {
  const { fn, args } = Object(value) as Partial<Task>
  return typeof fn === 'function' && Array.isArray(args)
}

function workerOptions(options: Given): WorkerOptions {
  const { idleTimeout = 300_000, env, execArgv, resourceLimits, initializer } = options
  return {
    idleTimeout,
    ...(env && { env }),
    ...(execArgv && { execArgv }),
    ...(resourceLimits && { resourceLimits }),
    ...(initializer && { initializer }),
  }
}
