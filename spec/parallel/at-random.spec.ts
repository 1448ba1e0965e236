import { delayed, Parallel, type TaskTimeoutError, taskInfo, type WorkerLostError } from '../../lib'
import { choices } from '../support/choices'
import { counters } from './counters'

/*
 * Calls at random, several at once, on worker threads: whatever becomes of them, each task runs once at most, each
 * result belongs to its task, and each error to one that can have it. A round is made of one number, its seed, which a
 * failure names: PARFOR_SEED=123 runs that one alone. PARFOR_SECONDS=60 runs more of them.
 */
const ROUNDS = 12
const SECONDS = Number(process.env.PARFOR_SECONDS ?? 0)
const SEED = process.env.PARFOR_SEED === undefined ? undefined : Number(process.env.PARFOR_SEED)

/** What a task does. */
type Deed = 'gives' | 'waits' | 'blocks' | 'throws' | 'hangs' | 'exits'

const TIMEOUT = 500

/** Counts that it runs, and does its deed. */
const does = delayed((deed: Deed, n: number, ms: number, runs: Int32Array): number | Promise<number> => {
  Atomics.add(runs, n, 1)
  if (deed === 'throws') throw new RangeError(`task ${n}`)
  if (deed === 'exits') process.exit(3)
  if (deed === 'hangs') for (;;);
  if (deed === 'waits') return new Promise((resolve) => setTimeout(resolve, ms, n * n))
  if (deed === 'blocks') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
  return n * n
})

class Trouble extends Error {}

/** A `Parallel` as its seed says. */
function make(seed: number) {
  const { chance, from } = choices(seed)
  const options = {
    returnAs: from('list', 'generator', 'generator_unordered'),
    onError: from('throw', 'settle'),
    batchSize: from<number | 'auto'>(1, 7, 'auto', 'auto'),
    nJobs: from(2, 2, 4),
    ...(chance(0.3) && { timeout: TIMEOUT }),
  }
  return { options, parallel: Parallel(options as { nJobs: number }) }
}

/** A call of it as its seed says. Resolves to what is wrong with what came of it. */
async function call(seed: number, { options, parallel }: ReturnType<typeof make>): Promise<string[]> {
  const { chance, from, upTo } = choices(seed)
  const { returnAs, onError, timeout } = options
  const count = from(upTo(5), upTo(60), upTo(600))
  const longest = from(0, 1, 1, 30)
  const deadly = chance(0.4) ? from<Deed>('throws', 'exits', timeout ? 'hangs' : 'throws') : undefined
  const victims = new Set(deadly ? Array.from({ length: 1 + upTo(2) }, () => upTo(count)) : [])
  const runs = counters(count + 1)
  const deeds = Array.from({ length: count }, (_, n): Deed => {
    const harmless = from<Deed>('gives', 'gives', 'waits', 'blocks')
    return victims.has(n) ? (deadly as Deed) : harmless
  })
  const times = deeds.map(() => (chance(0.05) ? longest : upTo(2) * (longest > 0 ? 0.2 : 0)))
  const faultAt = chance(0.1) && count > 0 ? upTo(count - 1) : undefined
  const leavesAt = returnAs !== 'list' && chance(0.2) ? upTo(count) : undefined
  const abortIn = chance(0.15) ? upTo(40) : undefined
  const input = from('array', 'generator', 'async')

  const wrong: string[] = []
  const controller = new AbortController()
  const abort = abortIn === undefined ? undefined : setTimeout(() => controller.abort(new Trouble('aborted')), abortIn)

  const task = (n: number) => {
    if (n === faultAt) throw new Trouble('input')
    return does(deeds[n] as Deed, n, times[n] as number, runs)
  }
  const tasks = () => {
    if (input === 'array' && faultAt === undefined) return deeds.map((_, n) => task(n))
    if (input === 'async')
      return (async function* () {
        for (const n of deeds.keys()) yield task(n)
      })()
    return (function* () {
      for (const n of deeds.keys()) yield task(n)
    })()
  }

  /** Whether task `n` may end so, with this error. */
  const canFail = (n: number | undefined, error: unknown): boolean => {
    const code = (error as { code?: string }).code
    const index = taskInfo(error)?.index
    if (n !== undefined && index !== n) return false
    switch (deeds[index ?? -1]) {
      case 'throws':
        return (error as Error).message === `task ${index}` && error instanceof RangeError
      case 'hangs':
        return code === 'PARFOR_TIMEOUT' && (error as TaskTimeoutError).taskIndex === index
      case 'exits':
        return code === 'PARFOR_WORKER_LOST' && (error as WorkerLostError).exitCode === 3
      default:
        return false
    }
  }
  const seen = new Set<number>()
  /** The n-th result of a list, or of an ordered generator; some result of an unordered one. */
  const check = (result: unknown, n: number | undefined) => {
    const settled = onError === 'settle' ? (result as PromiseSettledResult<number>) : undefined
    if (settled?.status === 'rejected') {
      const index = taskInfo(settled.reason)?.index ?? -1
      if (!canFail(n, settled.reason)) wrong.push(`result ${n} is ${settled.reason}`)
      seen.add(index)
      return
    }
    const value = settled === undefined ? (result as number) : settled.value
    const index = Math.round(Math.sqrt(value))
    if (value !== index ** 2 || (n !== undefined && index !== n)) wrong.push(`result ${n} is ${value}`)
    if (!['gives', 'waits', 'blocks'].includes(deeds[index] ?? ''))
      wrong.push(`task ${index} cannot have given ${value}`)
    if (seen.has(index)) wrong.push(`the result of task ${index} came twice`)
    seen.add(index)
  }

  const run = parallel as unknown as (
    tasks: unknown,
    options: unknown,
  ) => Promise<unknown[]> & AsyncGenerator<unknown, void>

  let end = 'all'
  try {
    const results = run(tasks(), { signal: controller.signal })
    if (returnAs === 'list') for (const [n, result] of (await results).entries()) check(result, n)
    else {
      let n = 0
      for await (const result of results) {
        check(result, returnAs === 'generator' ? n : undefined)
        n += 1
        if (n === leavesAt) {
          end = 'left'
          break
        }
      }
    }
  } catch (error) {
    end = 'failed'
    const isInputs = error instanceof Trouble && error.message === 'input' && faultAt !== undefined
    const isAborted = error instanceof Trouble && error.message === 'aborted' && abortIn !== undefined
    const isTasks = onError === 'throw' && canFail(undefined, error)
    if (!isInputs && !isAborted && !isTasks) wrong.push(`the call failed with ${(error as Error)?.stack ?? error}`)
  }
  clearTimeout(abort)
  if (end === 'all') {
    if (faultAt !== undefined) wrong.push('the input failed, and the call did not')
    if (seen.size !== count) wrong.push(`${seen.size} results instead of ${count}`)
    for (const n of deeds.keys()) if (runs[n] !== 1) wrong.push(`task ${n} ran ${runs[n]} times`)
  } else {
    for (const n of seen) if (runs[n] !== 1) wrong.push(`task ${n}, which has a result, ran ${runs[n]} times`)
    for (const n of deeds.keys()) if ((runs[n] as number) > 1) wrong.push(`task ${n} ran ${runs[n]} times`)
  }
  return wrong.map((what) => `seed ${seed} (${Object.values(options)}, ${count} tasks, ${input}): ${what}`)
}

/** Some calls at once, of one `Parallel` or of two. */
async function round(seed: number): Promise<string[]> {
  const { from } = choices(seed)
  const parallels = [make(2 * seed), make(2 * seed + 1)]
  const strands = Array.from({ length: from(1, 2, 3) }, async (_, strand) => {
    const wrong: string[] = []
    for (let n = 0; n < 4; n += 1) {
      const id = 1000 * seed + 10 * strand + n
      wrong.push(...(await call(id, parallels[choices(id).upTo(1)] as ReturnType<typeof make>)))
    }
    return wrong
  })
  const wrong = (await Promise.all(strands)).flat()
  for (const { parallel } of parallels) await parallel.close()
  return wrong
}

it.each(SEED === undefined ? Array.from({ length: ROUNDS }, (_, n) => [n + 1]) : [[SEED]])(
  'Calls at random give each task its result, once (seed %i)',
  async (seed) => {
    expect(await round(seed)).toEqual([])
  },
  60_000,
)

if (SECONDS > 0)
  it(
    `They do so for ${SECONDS} seconds`,
    async () => {
      const end = Date.now() + 1000 * SECONDS
      for (let seed = 1000; Date.now() < end; seed += 1) expect(await round(seed)).toEqual([])
    },
    1000 * SECONDS + 120_000,
  )
