/**
 * What does a small call on a warm pool cost?
 *
 * A loop whose passes depend on each other makes many small calls, and waits for each. The least such a call can
 * take is one message to a worker and one back. When nothing was to do for a while, everybody has to wake up first.
 */
import { type Bench, contestants, timeMap, type Work } from './harness'
import { parfor } from './peers/parfor'
import type { Peer } from './peers/peer'
import { piscina } from './peers/piscina'
import { poolifier } from './peers/poolifier'
import { timePython } from './peers/python'
import { raw } from './peers/raw'
import { threads } from './peers/threads'
import { tinypool } from './peers/tinypool'
import { workerpool } from './peers/workerpool'

const libraries = [parfor, piscina, tinypool, workerpool, poolifier, threads]
const call: Work = { fn: (n) => n + 1, items: () => [1, 2], samples: 500 }
/** V8 has compiled all of it by then. */
const manyBefore: Work = { ...call, warmUp: 5000 }
const one: Work = { ...call, items: () => [1], pause: 50, samples: 30 }

const microseconds = async (peer: Peer, work: Work) => 1000 * (await timeMap(peer, work))

export default {
  question: 'What does a small call on a warm pool cost?',
  comparisons: [
    {
      work: 'two trivial tasks, one call after the other, two warm workers',
      unit: 'µs per call',
      against: 'raw, one round trip',
      contestants: {
        ...contestants(libraries, (peer) => microseconds(peer, call)),
        joblib: async () => 1000 * (await timePython('joblib', { fn: 'noop', count: 2, samples: 50 })),
        'raw, two at once': () => microseconds(raw(2), call),
        'raw, one round trip': () => microseconds(raw(2), { ...call, items: () => [1], workers: 1 }),
      },
      asks: [{ of: parfor.name, against: 'raw, one round trip', atMost: 2 }],
    },
    {
      work: 'the same, when 5,000 calls were before',
      unit: 'µs per call',
      against: 'raw, one round trip',
      contestants: {
        ...contestants(libraries, (peer) => microseconds(peer, manyBefore)),
        'raw, two at once': () => microseconds(raw(2), manyBefore),
        'raw, one round trip': () => microseconds(raw(2), { ...manyBefore, items: () => [1], workers: 1 }),
      },
      asks: [{ of: parfor.name, against: 'raw, one round trip', atMost: 2 }],
    },
    {
      work: 'one trivial task, after 50 ms in which nothing happened, two warm workers',
      unit: 'µs per call',
      against: 'raw worker_threads',
      contestants: contestants([...libraries, raw(2)], (peer) => microseconds(peer, one)),
      asks: [{ of: parfor.name, against: 'raw worker_threads', atMost: 1.3 }],
    },
  ],
  plot: { kind: 'bars', title: 'A call of two tasks that do nothing', of: 0, axis: 'µs', logarithmic: true },
} satisfies Bench
