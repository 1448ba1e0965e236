/**
 * How close to the ideal is a loop of tasks that are not all alike?
 *
 * The tasks sleep, so that workers can work at once whatever the machine has: what is measured is who has nothing to
 * do. The ideal is the time that the tasks take by their own account, shared out over the workers.
 */
import { delayed } from 'parfor'
import { type Ask, type Bench, type Comparison, contestants } from './harness'
import { openParfor, parfor } from './peers/parfor'
import type { Pool } from './peers/peer'
import { piscina } from './peers/piscina'
import { raw } from './peers/raw'

/** Blocks its thread; gives the milliseconds that that took. */
function sleep(ms: number): number {
  const start = performance.now()
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
  return performance.now() - start
}

/** The time of the loop, divided by the ideal. */
async function againstIdeal(opened: Pool<number, number>, durations: Iterable<number>, workers: number) {
  await using pool = opened
  await pool.map(new Array<number>(workers * 20).fill(5))
  const start = performance.now()
  const taken = await pool.map(durations)
  const time = performance.now() - start
  const expected = [...durations]
  if (taken.length !== expected.length || taken.some((ms, i) => ms < (expected[i] as number) - 0.01))
    throw new Error('wrong results')
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

const fastThenSlow = [...new Array<number>(200).fill(1), ...new Array<number>(50).fill(100)]
const alike = new Array<number>(400).fill(5)
/** As many of each order of magnitude. */
const skewed = (() => {
  const numbers = random()
  return Array.from({ length: 400 }, () => 0.05 * 1000 ** numbers.next().value)
})()

const oneByOne = 'parfor, one by one'

function ofFour(work: string, durations: number[], batchSize: number | 'auto'): Comparison {
  const time = (size: typeof batchSize, items: Iterable<number>) => async () =>
    againstIdeal(openParfor(delayed(sleep), { nJobs: 4, batchSize: size }), items, 4)
  return {
    work,
    unit: '× ideal',
    against: oneByOne,
    contestants: {
      'parfor, of an array': time(batchSize, durations),
      'parfor, of an iterator': time(batchSize, { [Symbol.iterator]: () => durations.values() }),
      [oneByOne]: time(1, durations),
    },
  }
}

function ofTwo(order: string, durations: number[], ask: number): Comparison {
  const peers = [parfor, piscina, raw(1), raw(2)]
  const asks: Ask[] = [{ of: parfor.name, atMost: ask }]
  return {
    work: `400 tasks of 0.05 to 50 ms, as many of each order of magnitude, ${order}, two warm workers`,
    unit: '× ideal',
    against: piscina.name,
    contestants: contestants(
      peers.map((peer, i) => (i < 2 ? peer : { ...peer, name: `raw, ${i === 2 ? 'one' : 'two'} in flight` })),
      async (peer) => againstIdeal(await peer.open(sleep, 2), durations, 2),
    ),
    asks,
  }
}

export default {
  question: 'How close to the ideal is a loop of tasks that are not all alike?',
  comparisons: [
    ofTwo('in random order', skewed, 1.02),
    ofTwo(
      'ascending',
      skewed.toSorted((a, b) => a - b),
      1.03,
    ),
    ofTwo(
      'descending',
      skewed.toSorted((a, b) => b - a),
      1.02,
    ),
    ofFour('200 tasks of 1 ms, then 50 of 100 ms, four warm workers', fastThenSlow, 'auto'),
    ofFour('400 tasks of 5 ms, `batchSize: 10`, four warm workers', alike, 10),
  ],
} satisfies Bench
