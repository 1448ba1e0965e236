import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { threadId, type Worker } from 'node:worker_threads'
import {
  delayed,
  Parallel,
  type ParallelOptions,
  type Progress,
  shared,
  type Task,
  type TaskTimeoutError,
  taskInfo,
  type WorkerLostError,
} from 'parfor'
import { type Choices, choices } from '../support/choices'
import { block, counters } from './counters'

/*
 * Calls at random, several at once, of several `Parallel`s, with all that can befall them. Whatever becomes of them, each
 * ends, each task runs once at most (or once more for each of its `retries`), each result belongs to its task, each error
 * to one that can have it, and what is not to fail does not. A round is made of one number, its seed.
 */

/** Milliseconds, of the real clock, in which all that is awaited is over: a hundred times what it takes. */
const BOUND = 40_000
const TIMEOUT = 500

/**
 * With both limits: when V8 moves more than a few megabytes of young objects at once to an old generation that is full,
 * Node cannot end the thread in time, and the process dies.
 */
const resourceLimits = { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 4 }

/** What tasks do that have a result. */
const HARMLESS = ['gives', 'gives', 'gives', 'waits', 'blocks', 'makes an object', 'closes over', 'makes much'] as const
/** What others do. */
const DEADLY = ['exits', 'exits later', 'throws later', 'is called with death'] as const
const FAILING = ['throws', 'throws text', 'rejects', 'returns a weak map', 'is called with a promise'] as const
const LATE = ['hangs', 'pends'] as const
type Deed =
  | (typeof HARMLESS)[number]
  | (typeof DEADLY)[number]
  | (typeof FAILING)[number]
  | (typeof LATE)[number]
  | 'runs out of memory'
  | 'exits at first'
  | 'forgets an error'
  | 'is parallel itself'

/** What the tasks of a call leave behind, in memory that they share with the caller. */
export interface Scene {
  /** How often each task has run, on which thread last, and from when to when. */
  readonly runs: Int32Array
  readonly threads: Int32Array
  readonly began: Float64Array
  readonly ended: Float64Array
  /** How many tasks of the `Parallel` run now, and the most that ever did. */
  readonly busy: Int32Array
  /** Counts tasks that found their worker not initialized. */
  readonly unready: Int32Array
  readonly hasInitializer: boolean
}

interface Part {
  readonly deed: Deed
  readonly n: number
  readonly ms: number
  /** How often it exits before it does not. */
  readonly exits: number
}

const clock = (): number => Number(process.hrtime.bigint()) / 1e6

export function enter({ runs, threads, began, busy, unready, hasInitializer }: Scene, n: number): void {
  Atomics.add(runs, n, 1)
  threads[n] = threadId
  began[n] = clock()
  const now = Atomics.add(busy, 0, 1) + 1
  for (let most = Atomics.load(busy, 1); most < now; most = Atomics.load(busy, 1))
    Atomics.compareExchange(busy, 1, most, now)
  if (hasInitializer && !(globalThis as { isInitialized?: boolean }).isInitialized) Atomics.add(unready, 0, 1)
}

export function leave({ ended, busy }: Scene, n: number): void {
  Atomics.sub(busy, 0, 1)
  ended[n] = clock()
}

function later(deed: () => void): Promise<never> {
  setTimeout(deed, 2)
  return new Promise(() => {})
}

/** An argument that ends the worker where it is made. */
class Death {
  constructor(
    readonly scene: Scene,
    readonly n: number,
  ) {}
  [Symbol.for('parfor.serialize')]() {
    return [this.scene, this.n]
  }
  static [Symbol.for('parfor.deserialize')]([scene, n]: [Scene, number]): never {
    enter(scene, n)
    process.exit(6)
  }
}

/** Says that it runs, and does its deed. */
const act = function does(scene: Scene, { deed, n, ms, exits }: Part, _?: unknown): unknown {
  enter(scene, n)
  if (deed === 'exits' || (scene.runs[n] as number) <= exits) process.exit(3)
  if (deed === 'exits later') return later(() => process.exit(4))
  if (deed === 'throws later')
    return later(() => {
      throw new RangeError('late')
    })
  if (deed === 'hangs') for (;;);
  if (deed === 'pends') return new Promise(() => {})
  if (deed === 'runs out of memory') for (const hoard: number[][] = []; ; ) hoard.push(new Array(10_000).fill(0.5))
  if (deed === 'waits')
    return new Promise((resolve) =>
      setTimeout(() => {
        leave(scene, n)
        resolve(n * n)
      }, ms),
    )
  if (deed === 'blocks') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
  leave(scene, n)
  if (deed === 'throws') throw new RangeError(`task ${n}`)
  if (deed === 'throws text') throw `task ${n}`
  if (deed === 'rejects') return Promise.reject(new RangeError(`task ${n}`))
  if (deed === 'returns a weak map') return { n, map: new WeakMap() }
  if (deed === 'makes an object') return { n, text: `${n}`.repeat(50), when: new Date(n), inner: [new Set([n])] }
  if (deed === 'makes much') {
    const kept = globalThis as { kept?: Float64Array[] }
    kept.kept ??= []
    if (kept.kept.length < 4) kept.kept.push(new Float64Array(2 ** 17))
    return new Float64Array(2 ** 15).fill(n)
  }
  if (deed === 'forgets an error')
    setImmediate(() => {
      throw new RangeError('forgotten')
    })
  return n * n
}
const does = delayed(act)

/** The number of the task that a result is of; undefined when it is no task's. */
function taskOf(result: unknown, salt: number): number | undefined {
  if (typeof result === 'number') return Number.isInteger(Math.sqrt(result)) ? Math.sqrt(result) : undefined
  if (result instanceof Float64Array)
    return result.length === 2 ** 15 && result[0] === result.at(-1) ? result[0] : undefined
  const made = result as { n: number; salt?: number; text?: string; when?: Date; inner?: [Set<number>] }
  if (made.salt !== undefined) return made.salt === salt + made.n ? made.n : undefined
  const isRight = made.text === `${made.n}`.repeat(50) && made.when?.getTime() === made.n && made.inner?.[0].has(made.n)
  return isRight ? made.n : undefined
}

/** Ways to end a `Parallel`. */
const WAYS = ['close', 'terminate', Symbol.dispose, Symbol.asyncDispose] as const
type Way = (typeof WAYS)[number]

class Trouble extends Error {}

type Call = (
  tasks: unknown,
  options: unknown,
) => Promise<unknown[]> & AsyncGenerator<unknown, void> & { [Symbol.asyncIterator]?: unknown }

/** A `Parallel` as its seed says. */
interface Made {
  readonly options: ParallelOptions<'throw' | 'settle', 'list' | 'generator' | 'generator_unordered'>
  readonly parallel: Call & Pick<Parallel, 'close' | 'terminate' | typeof Symbol.dispose | typeof Symbol.asyncDispose>
  readonly busy: Int32Array
  readonly unready: Int32Array
  /** How many tasks each thread has run. */
  readonly perThread: Map<number, number>
  readonly isInitializerBroken: boolean
  /** Whether workers die of what their tasks have left behind. */
  readonly forgets: boolean
  /** Whether its workers get the next batch while they run one: its tasks are alike, and nothing limits them. */
  readonly isPlain: boolean
  /** Whether all its tasks were left to end by themselves. */
  isPeaceful: boolean
  isEnded: boolean
}

const initialize = delayed((isBroken: boolean) => {
  if (isBroken) throw new RangeError('not to be initialized')
  const worker = globalThis as { isInitialized?: boolean }
  worker.isInitialized = true
})

function make(seed: number): Made {
  const { chance, from, upTo } = choices(seed)
  const isInitializerBroken = chance(0.03)
  const initializer = isInitializerBroken || chance(0.2) ? initialize(isInitializerBroken) : undefined
  const forgets = chance(0.08)
  const isPlain = !forgets && chance(0.3)
  const options: Made['options'] = {
    returnAs: from('list', 'generator', 'generator_unordered'),
    onError: from('throw', 'settle'),
    batchSize: from<number | 'auto'>(1, 7, 'auto', 'auto'),
    nJobs: from(1, 2, 2, 3, 4),
    backend: 'threads',
    ...(!isPlain && chance(0.3) && { timeout: TIMEOUT }),
    ...(chance(0.3) && { retries: 1 + upTo(2) }),
    ...(!isPlain && chance(0.2) && { maxTasksPerWorker: 1 + from(upTo(4), upTo(60)) }),
    ...(!isPlain && chance(0.15) && { maxWorkerMemory: from<string | number>(1, '10M', '100M') }),
    ...(chance(0.2) && { resourceLimits }),
    ...(chance(0.2) && { preDispatch: from<1 | 'all' | '3*nJobs'>(1, 'all', '3*nJobs') }),
    ...(chance(0.15) && { idleTimeout: 1 + upTo(40) }),
    ...(initializer && { initializer }),
    // Workers of its own: they do not die under the hands of others.
    ...(forgets && { env: { CHAOS: String(seed) } }),
  }
  return {
    options,
    parallel: Parallel(options) as never,
    busy: counters(2),
    unready: counters(),
    perThread: new Map(),
    isInitializerBroken,
    forgets,
    isPlain,
    isPeaceful: true,
    isEnded: false,
  }
}

/** What goes on in a round beside its calls. */
interface Surroundings {
  /** Whether workers are ended from outside. */
  isHarassed: boolean
  /** What can be said when all of it is over. */
  readonly afterwards: (() => string | undefined)[]
  readonly nests: Nests | undefined
}

/** A task that is parallel itself. Specs have none: workers do not load the library's source. */
export type Nests = (scene: Scene, n: number) => Task

/** Resolves to the same, or rejects when that takes too long: then it hangs. */
async function bounded<T>(what: string, promise: PromiseLike<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Trouble(`${what} hangs: it has not ended in ${BOUND} ms`)), BOUND)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** Which deeds can be called for, with such options. */
function deedsThatFail({ options: { timeout, resourceLimits, retries }, forgets }: Made): Deed[] {
  return [
    ...FAILING,
    ...DEADLY,
    ...(timeout === undefined ? [] : LATE),
    ...(resourceLimits === undefined ? [] : (['runs out of memory', 'runs out of memory'] as const)),
    ...(retries === undefined ? [] : (['exits at first', 'exits at first', 'exits at first'] as const)),
    ...(forgets ? (['forgets an error', 'forgets an error', 'forgets an error', 'forgets an error'] as const) : []),
  ]
}

/** A call as its seed says. Resolves to what is wrong with what came of it. */
async function call(seed: number, made: Made, around: Surroundings): Promise<string[]> {
  const { options, parallel, perThread } = made
  const { returnAs, onError, retries = 0, batchSize, nJobs = 1, preDispatch } = options
  const random = choices(seed)
  const { chance, from, upTo } = random
  const isEndless = returnAs !== 'list' && chance(0.1)
  // A new worker costs as much as hundreds of tasks.
  const most = (options.maxTasksPerWorker ?? 100) < 10 || options.maxWorkerMemory === 1 ? 40 : 400
  const count = isEndless ? 10 * most : from(upTo(5), upTo(most / 6), upTo(most))
  const longest = from(0, 1, 1, 30)
  const victims = new Set(chance(0.5) ? Array.from({ length: 1 + upTo(2) }, () => upTo(count - 1)) : [])
  const deadly = from(...deedsThatFail(made))
  const parts = Array.from({ length: count }, (_, n): Part => {
    const deed: Deed = victims.has(n) ? (chance(0.6) ? deadly : from(...deedsThatFail(made))) : harmless(random, around)
    const ms = chance(0.05) ? longest : upTo(2) * (longest > 0 ? 0.2 : 0)
    return { deed, n, ms, exits: deed === 'exits at first' ? 1 + upTo(2) : 0 }
  })
  const faultAt = chance(0.1) && count > 0 ? upTo(count - 1) : undefined
  const leavesAt = isEndless ? upTo(most) : returnAs !== 'list' && chance(0.2) ? upTo(count) : undefined
  const abortIn = chance(0.15) ? upTo(40) : undefined
  const input = isEndless ? from('generator', 'async') : from('array', 'generator', 'async', 'slow')
  const consumes = from('at once', 'at once', 'slowly', 'busily')
  const progressFailsAt = chance(0.02) ? upTo(count) : undefined
  const salt = seed % 1000
  const isAlike = made.isPlain || chance(0.1)

  const scene: Scene = {
    runs: counters(count + 1),
    threads: counters(count + 1),
    began: shared(Float64Array, count + 1),
    ended: shared(Float64Array, count + 1),
    busy: made.busy,
    unready: made.unready,
    hasInitializer: options.initializer !== undefined,
  }
  const wrong: string[] = []
  const about = JSON.stringify({ ...options, initializer: options.initializer && 'initialize' })
  const note = (what: string) => `seed ${seed} (${about}, ${count} tasks, ${input}, ${consumes}): ${what}`

  let written = 0
  /** Its workers write to what it captures, and each has its own. */
  const closes = delayed(function closes(scene: Scene, n: number) {
    enter(scene, n)
    written += 1
    leave(scene, n)
    return { n, salt: salt + n, written }
  })
  /** Tasks that are alike: they travel as a table, and behind those that run. */
  const alike = delayed(function does(n: number, deed: Deed, ms: number, exits: number) {
    return act(scene, { n, deed, ms, exits })
  })
  const task = (n: number): Task => {
    if (n === faultAt) throw new Trouble('input')
    const part = parts[n] as Part
    if (isAlike && !part.deed.startsWith('is ')) return alike(n, part.deed, part.ms, part.exits)
    if (part.deed === 'closes over') return closes(scene, n)
    if (part.deed === 'is parallel itself' && around.nests) return around.nests(scene, n)
    if (part.deed === 'is called with death') return does(scene, part, new Death(scene, n))
    if (part.deed === 'is called with a promise') return does(scene, part, [Promise.resolve()])
    return n % 50 === 9 ? does(scene, part, new Float64Array(2 ** 16).fill(n)) : does(scene, part)
  }

  /** The most tasks that may have been taken beyond what was consumed. */
  const admitted =
    batchSize === 'auto' || preDispatch === 'all'
      ? Number.POSITIVE_INFINITY
      : (batchSize as number) * (preDispatch === 1 ? 1 : (preDispatch === '3*nJobs' ? 3 : 2) * nJobs)
  let pulled = 0
  let consumed = 0
  let inputEnds = 0
  const pull = (n: number): Task => {
    pulled += 1
    // One that is being given was consumed, and has not been counted here.
    if (returnAs !== 'list' && pulled > consumed + 1 + admitted)
      wrong.push(`${pulled} tasks were taken when ${consumed} results were consumed, and ${admitted} may be ahead`)
    return task(n)
  }
  const numbers = function* () {
    for (let n = 0; n < count; n += 1) yield n
  }
  const tasks = () => {
    if (input === 'array' && faultAt === undefined) return parts.map(({ n }) => task(n))
    if (input === 'array' || input === 'generator')
      return (function* () {
        try {
          for (const n of numbers()) yield pull(n)
        } finally {
          inputEnds += 1
        }
      })()
    return (async function* () {
      try {
        for (const n of numbers()) {
          if (input === 'slow' && n % 16 === 3) await sleep(1)
          yield pull(n)
        }
      } finally {
        inputEnds += 1
      }
    })()
  }

  /** Whether the n-th task may end so, with this error; any, when it is not known which. */
  const canFail = (n: number | undefined, error: unknown): boolean => {
    const { code, exitCode, reason, cause, message } = error as WorkerLostError
    const index = taskInfo(error)?.index ?? -1
    const part = parts[index]
    if (part === undefined || (n !== undefined && index !== n)) return false
    const isLost = code === 'PARFOR_WORKER_LOST' && (error as WorkerLostError).taskIndex === index
    if (around.isHarassed && isLost && reason === 'it exited with code 1') return true
    if (made.forgets && isLost && reason.endsWith('(does) had left behind ended it')) return true
    if (code === ('PARFOR_TIMEOUT' as never) && (error as unknown as TaskTimeoutError).taskIndex === index)
      return wasLate(index)
    switch (part.deed) {
      case 'throws':
      case 'rejects':
        return message === `task ${index}` && error instanceof RangeError
      case 'throws text':
        return code === ('PARFOR_TASK' as never) && cause === `task ${index}`
      case 'returns a weak map':
        return code === ('PARFOR_UNSERIALIZABLE' as never) && (error as { side?: string }).side === 'result'
      case 'is called with a promise':
        return code === ('PARFOR_UNSERIALIZABLE' as never) && (error as { side?: string }).side === 'task'
      case 'exits':
        return isLost && exitCode === 3
      case 'exits at first':
        return isLost && exitCode === 3 && part.exits > retries
      case 'exits later':
        return isLost && exitCode === 4
      case 'is called with death':
        return isLost && exitCode === 6
      case 'throws later':
        return isLost && exitCode === 1 && reason.endsWith('RangeError: late')
      case 'runs out of memory':
        return isLost && reason === 'it ran out of memory'
      default:
        return false
    }
  }
  /** Whether a task has taken longer than it may: on a busy machine others do than those that are to. */
  const wasLate = (n: number): boolean => {
    const began = scene.began[n] as number
    const ended = scene.ended[n] as number
    return began > 0 && (ended < began ? clock() : ended) - began > 0.9 * TIMEOUT
  }
  const seen = new Set<number>()
  const failed = new Set<number>()
  /** The n-th result of a list, or of an ordered generator; some result of an unordered one. */
  const check = (result: unknown, n: number | undefined) => {
    const settled = onError === 'settle' ? (result as PromiseSettledResult<unknown>) : undefined
    let index: number | undefined
    if (settled?.status === 'rejected') {
      index = taskInfo(settled.reason)?.index
      if (!canFail(n, settled.reason)) wrong.push(`result ${n} is ${settled.reason}`)
      failed.add(index ?? -1)
    } else {
      const value = settled === undefined ? result : settled.value
      index = taskOf(value, salt)
      if (index === undefined || (n !== undefined && index !== n))
        wrong.push(`result ${n} is ${JSON.stringify(value)?.slice(0, 100)}`)
      else if (!canGive(parts[index])) wrong.push(`task ${index}, which ${parts[index]?.deed}, has given a result`)
    }
    if (index !== undefined && seen.has(index)) wrong.push(`the result of task ${index} came twice`)
    seen.add(index ?? -1)
  }
  const canGive = (part: Part | undefined) =>
    part !== undefined &&
    ((HARMLESS as readonly Deed[]).includes(part.deed) ||
      part.deed === 'forgets an error' ||
      part.deed === 'is parallel itself' ||
      (part.deed === 'exits at first' && part.exits <= retries))

  let told = 0
  const onProgress = ({ done, failed }: Progress) => {
    told += 1
    if (done !== told || failed > done)
      wrong.push(`progress tells of ${done} done and ${failed} failed, for the ${told}th time`)
    if (done === progressFailsAt) throw new Trouble('progress')
  }
  const controller = new AbortController()
  const abort = abortIn === undefined ? undefined : setTimeout(() => controller.abort(new Trouble('aborted')), abortIn)

  let end = 'all'
  try {
    const results = parallel(tasks(), {
      signal: controller.signal,
      ...((progressFailsAt !== undefined || chance(0.3)) && { onProgress }),
    })
    if (returnAs === 'list') for (const [n, result] of (await bounded('the call', results)).entries()) check(result, n)
    else {
      for (;;) {
        if (consumed === leavesAt) {
          await bounded('the return of its generator', results.return())
          end = 'left'
        }
        const next = await bounded('its generator', results.next())
        if (next.done) break
        if (end === 'left') wrong.push('a generator gave a result that it had been left')
        check(next.value, returnAs === 'generator' ? consumed : undefined)
        consumed += 1
        if (consumes === 'slowly' && consumed % 16 === 0) await sleep(2)
        if (consumes === 'busily' && consumed % 32 === 0) block(3)
      }
    }
  } catch (error) {
    end = 'failed'
    if (!canBeItsError(error)) wrong.push(`the call failed with ${(error as Error)?.stack ?? error}`)
  }
  clearTimeout(abort)

  function canBeItsError(error: unknown): boolean {
    const { code, message } = error as { code?: string; message?: string }
    if (error instanceof Trouble)
      return (
        (message === 'input' && faultAt !== undefined) ||
        (message === 'aborted' && abortIn !== undefined) ||
        (message === 'progress' && progressFailsAt !== undefined)
      )
    if (code === 'PARFOR_DISPOSED') return made.isEnded
    if (code === 'PARFOR_INITIALIZER') return made.isInitializerBroken || (around.isHarassed && scene.hasInitializer)
    // One that is ended while it starts, cannot be told from one that cannot start.
    if (code === 'PARFOR_BACKEND') return around.isHarassed && /it exited with code [01]$/.test(message ?? '')
    return onError === 'throw' && canFail(undefined, error)
  }

  const isDisturbed = around.isHarassed || made.forgets
  const isPeaceful = end === 'all' && victims.size === 0 && failed.size === 0 && !isDisturbed
  if (!isPeaceful) made.isPeaceful = false
  if (end === 'all') {
    if (faultAt !== undefined) wrong.push('the input failed, and the call did not')
    if (made.isInitializerBroken && count > 0) wrong.push('the initializer failed, and the call did not')
    if (seen.size !== count) wrong.push(`${seen.size} results instead of ${count}`)
  }
  for (const { n, deed, exits } of parts) {
    const runs = scene.runs[n] as number
    const dies = (DEADLY as readonly Deed[]).includes(deed) || deed === 'runs out of memory'
    const most = 1 + (dies ? retries : Math.min(exits, retries))
    const right = deed === 'is called with a promise' ? 0 : most
    if (runs > (isDisturbed ? 1 + retries : most)) wrong.push(`task ${n}, which ${deed}, ran ${runs} times`)
    else if (end === 'all' && !isDisturbed && runs !== right && !(failed.has(n) && wasLate(n)))
      wrong.push(`task ${n}, which ${deed}, ran ${runs} times, and not ${right}`)
    else if (seen.has(n) && !failed.has(n) && runs === 0) wrong.push(`task ${n} has a result, and never ran`)
    if (runs > 0) perThread.set(scene.threads[n] as number, (perThread.get(scene.threads[n] as number) ?? 0) + 1)
  }
  around.afterwards.push(() => {
    if (inputEnds > 1 || (inputEnds === 0 && pulled > 0)) return note(`its input was ended ${inputEnds} times`)
    return undefined
  })
  return wrong.map(note)
}

function harmless({ from, chance }: Choices, { nests }: Surroundings): Deed {
  if (nests && chance(0.01)) return 'is parallel itself'
  return chance(0.02) ? 'makes much' : (from(...HARMLESS.slice(0, -1)) ?? 'gives')
}

/** What is wrong with a `Parallel` when it has been used. */
function wrongAfter(seed: number, { options, perThread, busy, unready, isPeaceful }: Made): string[] {
  const { nJobs = 1, maxTasksPerWorker = Number.POSITIVE_INFINITY } = options
  const wrong: string[] = []
  if (isPeaceful && (busy[1] as number) > nJobs) wrong.push(`${busy[1]} tasks ran at once, and nJobs is ${nJobs}`)
  if ((unready[0] as number) > 0) wrong.push(`${unready[0]} tasks ran in a worker that was not initialized`)
  for (const [id, tasks] of perThread)
    if (tasks > maxTasksPerWorker) wrong.push(`thread ${id} ran ${tasks} tasks of ${maxTasksPerWorker}`)
  return wrong.map((what) => `seed ${seed} (${JSON.stringify({ ...options, initializer: undefined })}): ${what}`)
}

/** The worker threads of this process, and what can be done to them. */
export interface Chaos extends Disposable {
  /** How many there are. */
  readonly threads: number
  /** Some calls at once, of one `Parallel` or of several. Resolves to what is wrong. */
  round(seed: number): Promise<string[]>
}

export function chaos(nests?: Nests): Chaos {
  const alive = new Set<Worker>()
  const onThread = (message: unknown) => {
    const { worker } = message as { worker: Worker }
    alive.add(worker)
    worker.once('exit', () => alive.delete(worker))
  }
  subscribe('worker_threads', onThread)

  /** Ends some worker, now and then. */
  async function harass({ from, upTo }: Choices, times: number): Promise<void> {
    for (let n = 0; n < times; n += 1) {
      await sleep(upTo(60))
      if (alive.size > 0) await from(...alive).terminate()
    }
  }

  async function round(seed: number): Promise<string[]> {
    const random = choices(seed)
    const { chance, from, upTo } = random
    const parallels = Array.from({ length: 1 + upTo(2) }, (_, n) => make(4 * seed + n))
    const around: Surroundings = { isHarassed: chance(0.2), afterwards: [], nests }
    const calls = from(1, 2, 4)
    const strands = Array.from({ length: from(1, 2, 3) }, async (_, strand) => {
      const wrong: string[] = []
      for (let n = 0; n < calls; n += 1) {
        const id = 1000 * seed + 10 * strand + n
        wrong.push(...(await call(id, from(...parallels), around)))
      }
      return wrong
    })
    const beside: Promise<unknown>[] = []
    if (around.isHarassed) beside.push(harass(random, 1 + upTo(3)))
    if (chance(0.1)) {
      const made = from(...parallels)
      const how = from<Way>(...WAYS)
      beside.push(
        sleep(upTo(80)).then(() => {
          made.isEnded = true
          return made.parallel[how]()
        }),
      )
    }
    if (chance(0.1)) beside.push(sleep(upTo(30)).then(() => block(upTo(60))))
    const wrong: string[] = []
    try {
      wrong.push(...(await Promise.all(strands)).flat())
      await bounded('what is done beside its calls', Promise.all(beside))
      for (const { parallel, isEnded } of parallels) {
        // Workers are kept without it, and taken by the next one.
        const how = from<Way | undefined>('close', undefined, ...WAYS)
        if (how !== undefined && !isEnded) await bounded(`its ${String(how)}`, Promise.resolve(parallel[how]()))
      }
    } catch (error) {
      wrong.push(`seed ${seed}: ${(error as Error).stack}`)
    }
    // An input that waits is ended when it does no more.
    await sleep(2)
    for (const check of around.afterwards) wrong.push(...[check()].filter((what) => what !== undefined))
    for (const made of parallels) wrong.push(...wrongAfter(seed, made))
    return wrong
  }

  return {
    get threads() {
      return alive.size
    },
    round,
    [Symbol.dispose]: () => void unsubscribe('worker_threads', onThread),
  }
}
