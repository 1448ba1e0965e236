/**
 * What do large arguments and results cost?
 *
 * To copy 64 MB takes longer than to read it, and the copy is made twice: by the sender into the message, by the receiver
 * out of it. Shared memory is not copied, and a transferred buffer changes hands.
 */
import * as library from 'parfor'
import { type Bench, contestants, LeftOut, timeMap, type Work } from './harness'
import { parfor } from './peers/parfor'
import { piscina } from './peers/piscina'
import { raw } from './peers/raw'

const byHand = raw(2)
const peers = [parfor, byHand, piscina]

const length = 64e6 / 8
const reading = (array: Float64Array): Work<Float64Array, number> => ({
  fn: (numbers) => {
    let total = 0
    for (let i = 0; i < numbers.length; i++) total += numbers[i] as number
    return total
  },
  items: () => new Array<Float64Array>(60).fill(array),
  warmUp: () => new Array<Float64Array>(4).fill(array),
  isRight: (sums) => sums.length === 60 && sums.every((sum) => sum === length / 2),
  samples: 1,
})
const plain = () => new Float64Array(length).fill(0.5)

const results: Work<number, Float64Array> = {
  fn: (n) => new Float64Array(1e6).fill(n),
  items: () => Array.from({ length: 100 }, (_, n) => n),
  warmUp: () => [1, 2, 3, 4],
  isRight: (arrays) =>
    arrays.length === 100 && arrays.every((a, n) => a.length === 1e6 && a[0] === n && a.at(-1) === n),
  samples: 1,
}

export default {
  question: 'What do large arguments and results cost?',
  comparisons: [
    {
      work: '60 tasks that add up one array of 64 MB in shared memory, two warm workers',
      unit: 'ms in all',
      against: byHand.name,
      contestants: contestants(peers, (peer) => timeMap(peer, reading(library.shared(plain())))),
      asks: [{ of: parfor.name, against: byHand.name, atMost: 1.05 }],
    },
    {
      work: '60 tasks that add up the same array of 64 MB, a plain argument',
      unit: 'ms in all',
      against: byHand.name,
      contestants: contestants(peers, (peer) => timeMap(peer, reading(plain()))),
      asks: [{ of: parfor.name, against: byHand.name, atMost: 0.6 }],
    },
    {
      work: '100 results of 8 MB, copied',
      unit: 'ms in all',
      against: byHand.name,
      contestants: contestants(peers, (peer) => timeMap(peer, results)),
      asks: [{ of: parfor.name, against: byHand.name, atMost: 1.1 }],
    },
    {
      work: '100 results of 8 MB, transferred',
      unit: 'ms in all',
      against: byHand.name,
      contestants: {
        async [parfor.name]() {
          const { transfer } = library as { transfer?: <T>(value: T) => T }
          if (!transfer) throw new LeftOut('it has no `transfer`')
          return timeMap(parfor, { ...results, fn: (n) => transfer(new Float64Array(1e6).fill(n)) })
        },
        [byHand.name]: () => timeMap(raw(2, { transfer: true }), results),
      },
      asks: [{ of: parfor.name, against: byHand.name, atMost: 1.1 }],
    },
  ],
} satisfies Bench
