/**
 * How close to the ideal is a loop of tasks that are not all alike?
 *
 * The tasks sleep, so that four workers can work at once whatever the machine has: what is measured is who has nothing
 * to do. The ideal is the time that the tasks take by their own account, shared out over four workers.
 */
import { delayed, Parallel, type ParallelOptions } from 'parfor'
import type { Bench } from './harness'

const workers = 4

/** Blocks its thread; gives the milliseconds that that took. */
function sleep(ms: number): number {
  const start = performance.now()
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
  return performance.now() - start
}

/** The time of the loop, divided by the ideal. */
async function againstIdeal(durations: readonly number[], options: ParallelOptions, isList: boolean): Promise<number> {
  await using parallel = Parallel({ ...options, nJobs: workers })
  await parallel(Array.from({ length: workers * 20 }, () => delayed(sleep)(5)))
  const task = delayed(sleep)
  const tasks = durations.map((ms) => task(ms))
  const start = performance.now()
  const taken = await parallel(isList ? tasks : tasks.values())
  const time = performance.now() - start
  if (taken.length !== durations.length) throw new Error('wrong results')
  const ideal = taken.reduce((sum, ms) => sum + ms, 0) / workers
  // No order of the tasks does better than this.
  return time / Math.max(ideal, Math.max(...taken))
}

/** The same numbers each time, from 0 to 1. */
function* random(): Generator<number, never> {
  for (let state = 1; ; ) {
    state = (state * 48_271) % 2_147_483_647
    yield state / 2_147_483_647
  }
}

const fastThenSlow = [...new Array<number>(200).fill(1), ...new Array<number>(50).fill(200)]
const alike = new Array<number>(400).fill(5)
const skewed = (() => {
  const numbers = random()
  return Array.from({ length: 2000 }, () => 0.05 * 1000 ** numbers.next().value)
})()

const contestants = (durations: readonly number[], options: ParallelOptions = {}) => ({
  'of an array': () => againstIdeal(durations, options, true),
  'of an iterator': () => againstIdeal(durations, options, false),
  'one by one': () => againstIdeal(durations, { batchSize: 1 }, true),
})

export default {
  question: 'How close to the ideal is a loop of tasks that are not all alike?',
  comparisons: [
    {
      work: '200 tasks of 1 ms, then 50 of 200 ms, four warm workers',
      unit: '× ideal',
      against: 'one by one',
      contestants: contestants(fastThenSlow),
    },
    {
      work: '400 tasks of 5 ms, `batchSize: 10`, four warm workers',
      unit: '× ideal',
      against: 'one by one',
      contestants: contestants(alike, { batchSize: 10 }),
    },
    {
      work: '2,000 tasks of 0.05 to 50 ms, as many of each order of magnitude, four warm workers',
      unit: '× ideal',
      against: 'one by one',
      contestants: contestants(skewed),
    },
  ],
} satisfies Bench
