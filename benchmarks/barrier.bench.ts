/**
 * What does a call of two trivial tasks on a warm pool cost?
 *
 * A loop whose passes depend on each other makes many small calls, and waits for each. The least such a call can
 * take is one message to a worker and one back.
 */
import { type Bench, timeMap, type Work } from './harness'
import { parfor } from './peers/parfor'
import { raw } from './peers/raw'

const call: Work = { fn: (n) => n + 1, items: () => [1, 2], samples: 2000 }
const roundTrip: Work = { ...call, items: () => [1], workers: 1 }

export default {
  question: 'What does a call of two trivial tasks on a warm pool cost?',
  comparisons: [
    {
      work: 'one call after the other, two warm workers',
      unit: 'µs per call',
      against: 'raw, one round trip',
      contestants: {
        parfor: async () => 1000 * (await timeMap(parfor, call)),
        'raw, two at once': async () => 1000 * (await timeMap(raw(2), call)),
        'raw, one round trip': async () => 1000 * (await timeMap(raw(2), roundTrip)),
      },
    },
  ],
} satisfies Bench
