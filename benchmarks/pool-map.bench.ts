/**
 * What does an item of `Pool.map` cost?
 *
 * Python's Pool cuts the items into eight chunks for two workers, and pickles each chunk at once: an item is nearly
 * nothing but its pickle. parfor has a task for each item, with its own copies, its own error and its own time, whatever it
 * travels with; and it reads the items as workers need them.
 */
import { type Bench, timeMap, type Work } from './harness'
import { parfor } from './peers/parfor'
import { parforPool } from './peers/parfor-pool'
import type { Peer } from './peers/peer'
import { timePython } from './peers/python'
import { rawBatched } from './peers/raw-batched'

const million = 1_000_000
const numbers = Array.from({ length: million }, (_, i) => i)
const words = Array.from({ length: million / 5 }, (_, i) => `item ${i}`)

const ofNumbers: Work = { fn: (n) => n, items: () => numbers, samples: 3 }
const ofWords: Work<string, string> = { fn: (word) => word, items: () => words, samples: 3 }

function contestants<T, R>(work: Work<T, R>, fn: 'noop' | 'word', count: number) {
  const peers = [parforPool, parfor, rawBatched]
  const perItem = (milliseconds: number) => (1000 * milliseconds) / count
  const measured = peers.map((peer: Peer) => [peer.name, async () => perItem(await timeMap(peer, work))])
  return {
    ...Object.fromEntries(measured),
    multiprocessing: async () => perItem(await timePython('multiprocessing', { fn, count, samples: 3 })),
  }
}

export default {
  question: 'What does an item of `Pool.map` cost?',
  comparisons: [
    {
      work: '1,000,000 numbers, each is given back, two warm workers',
      unit: 'µs per item',
      against: parfor.name,
      contestants: contestants(ofNumbers, 'noop', numbers.length),
      asks: [
        { of: parforPool.name, against: parfor.name, atLeast: 1 },
        { of: parforPool.name, against: 'multiprocessing', atLeast: 1 },
      ],
    },
    {
      work: '200,000 short texts, each is given back, two warm workers',
      unit: 'µs per item',
      against: parfor.name,
      contestants: contestants(ofWords, 'word', words.length),
      asks: [{ of: parforPool.name, against: parfor.name, atLeast: 1 }],
    },
  ],
} satisfies Bench
