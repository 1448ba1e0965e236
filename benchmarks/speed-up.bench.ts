/**
 * How close to twice as fast are two workers?
 *
 * Arithmetic that fits a register, so that workers share nothing but the CPUs. Long tasks show what is lost at the
 * ends of a call, short ones what is lost in between. The machine sets the limit: what two raw workers reach.
 */
import { type Ask, type Bench, type Comparison, contestants, timeMap } from './harness'
import { loop } from './peers/loop'
import { parfor } from './peers/parfor'
import { piscina } from './peers/piscina'
import { poolifier } from './peers/poolifier'
import { raw } from './peers/raw'
import { tinypool } from './peers/tinypool'
import { workerpool } from './peers/workerpool'

/** A millisecond on the machine of the table in README.md. Elsewhere the times differ, and the ratios hold. */
const turnsPerMs = 200_000

const byHand = raw(2)
const peers = [parfor, byHand, piscina, tinypool, workerpool, poolifier, loop]

function arithmetic(turns: number) {
  let x = turns
  for (let i = 0; i < turns; i++) x = Math.imul(x ^ (x >>> 15), 0x2c1b3c6d) + i
  return x
}

function comparison(count: number, ms: number, samples: number, asks: Ask[] = []): Comparison {
  // No two neighbours are quite the same, or results in a wrong order would pass.
  const items = Array.from({ length: count }, (_, i) => ms * turnsPerMs + (i % 100))
  return {
    work: `${count.toLocaleString('en')} tasks of about ${ms} ms, two warm workers`,
    unit: 'ms in all',
    against: loop.name,
    contestants: contestants(peers, (peer) =>
      timeMap(peer, { fn: arithmetic, items: () => items, samples, warmUp: () => items.slice(-count / 5) }),
    ),
    asks,
    x: ms,
  }
}

export default {
  question: 'How close to twice as fast are two workers?',
  comparisons: [
    comparison(200, 5, 1, [
      { of: parfor.name, against: byHand.name, atLeast: 0.995 },
      { of: parfor.name, against: loop.name, atLeast: 1.95 },
    ]),
    comparison(300, 1, 1),
    comparison(2000, 0.1, 3, [{ of: parfor.name, against: loop.name, atLeast: 1.85 }]),
    comparison(10_000, 0.01, 3),
  ],
  plot: { kind: 'lines', title: 'Two workers against a loop', axis: 'times as fast', x: 'ms that a task takes' },
} satisfies Bench
