/**
 * What does `nJobs: 1` cost over a plain loop?
 *
 * It is for debugging, and for what runs inside a task: nothing is sent, and a program should not be written twice to
 * have it.
 */
import { delayed } from 'parfor'
import { type Bench, timeMap, timePool, type Work } from './harness'
import { loop } from './peers/loop'
import { openParfor, parfor } from './peers/parfor'
import { timePython } from './peers/python'

const count = 1_000_000
const fn = (n: number) => n + 1
const list = Array.from({ length: count }, (_, i) => i)
const ofArray: Work = { fn, items: () => list, warmUp: () => list.slice(0, count / 10), samples: 1 }
const ofGenerator: Work = { ...ofArray, items: () => list.values() }

const microseconds = (ms: number) => (1000 * ms) / count
const sequential = async (work: Work) => microseconds(await timePool(openParfor(delayed(fn), { nJobs: 1 }), work))

export default {
  question: 'What does `nJobs: 1` cost over a plain loop?',
  comparisons: [
    {
      work: '1,000,000 tasks that add one',
      unit: 'µs per task',
      against: loop.name,
      contestants: {
        [parfor.name]: () => sequential(ofGenerator),
        'parfor, of an array': () => sequential(ofArray),
        joblib: async () => microseconds(await timePython('joblib', { fn: 'noop', count, workers: 1, samples: 1 })),
        [loop.name]: async () => microseconds(await timeMap(loop, ofArray)),
      },
      asks: [
        { of: parfor.name, over: loop.name, atMost: 1 },
        { of: 'parfor, of an array', over: loop.name, atMost: 1 },
      ],
    },
  ],
} satisfies Bench
