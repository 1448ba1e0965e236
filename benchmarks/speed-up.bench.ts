/**
 * How close to twice as fast are two workers?
 *
 * Arithmetic that fits a register, so that workers share nothing but the CPUs. Long tasks show what is lost at the
 * ends of a call, short ones what is lost in between. The machine sets the limit: what two raw workers reach.
 */
import { type Bench, type Comparison, timeMap, type Work } from './harness'
import { loop } from './peers/loop'
import { parfor } from './peers/parfor'
import { raw } from './peers/raw'

/** A millisecond on the machine of the table in README.md. Elsewhere the times differ, and the ratios hold. */
const turnsPerMs = 200_000

const byHand = raw(2)

function arithmetic(turns: number) {
  let x = turns
  for (let i = 0; i < turns; i++) x = Math.imul(x ^ (x >>> 15), 0x2c1b3c6d) + i
  return x
}

function comparison(count: number, ms: number, samples: number): Comparison {
  // No two neighbours are quite the same, or results in a wrong order would pass.
  const items = Array.from({ length: count }, (_, i) => ms * turnsPerMs + (i % 100))
  const work: Work = { fn: arithmetic, items: () => items, samples }
  return {
    work: `${count.toLocaleString('en')} tasks of about ${ms} ms, two warm workers`,
    unit: 'ms in all',
    against: loop.name,
    contestants: {
      [parfor.name]: () => timeMap(parfor, work),
      [byHand.name]: () => timeMap(byHand, work),
      [loop.name]: () => timeMap(loop, work),
    },
  }
}

export default {
  question: 'How close to twice as fast are two workers?',
  comparisons: [comparison(200, 5, 1), comparison(2000, 0.1, 5)],
} satisfies Bench
