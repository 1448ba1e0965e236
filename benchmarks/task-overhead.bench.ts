/**
 * What does a task that does nothing cost?
 *
 * It gives back its argument, so all the time goes into making tasks, sending them, and collecting results. Whoever
 * sends each task alone pays for a message each time; how many travel together decides the rest.
 */
import { type Bench, timeMap, type Work } from './harness'
import { parfor } from './peers/parfor'
import { raw } from './peers/raw'
import { rawBatched } from './peers/raw-batched'

/** 16 are as quick as 1000, and 2 take five times as long. */
const oneByOne = raw(16)
const count = 100_000
const work: Work = {
  fn: (i) => i,
  *items() {
    for (let i = 0; i < count; i++) yield i
  },
  samples: 3,
}
const microseconds = (ms: number) => (1000 * ms) / count

export default {
  question: 'What does a task that does nothing cost?',
  comparisons: [
    {
      work: '100,000 tasks from a generator, two warm workers',
      unit: 'µs per task',
      against: oneByOne.name,
      contestants: {
        [parfor.name]: async () => microseconds(await timeMap(parfor, work)),
        [oneByOne.name]: async () => microseconds(await timeMap(oneByOne, work)),
        [rawBatched.name]: async () => microseconds(await timeMap(rawBatched, work)),
      },
    },
  ],
} satisfies Bench
