/**
 * What a share's right to buy is worth, by simulation. Each task has a stream of random numbers of its own, so that the result is
 * the same, to the last digit, whatever `nJobs` is and whichever worker runs a task.
 *
 *   npx ts-node -T docs/examples/monte-carlo.ts [--size 1000000] [--serial]
 *
 * `--size` is how many futures a task draws. `--serial` runs the same code in this thread, where a debugger stops.
 */
import { parseArgs } from 'node:util'
import { delayed, Parallel } from 'parfor'
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64'
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator'
import { compare } from './timing'

const { values } = parseArgs({
  options: { size: { type: 'string', default: '1000000' }, serial: { type: 'boolean', default: false } },
})
const nJobs = values.serial ? 1 : -1
const draws = Number(values.size)
const tasks = 50
const [spot, strike, rate, volatility, years] = [100, 105, 0.03, 0.2, 1]

/** Streams that do not meet: each begins 2 ** 64 numbers behind the one before. */
function* streams(seed: number) {
  const random = xoroshiro128plus(seed)
  for (let i = 0; i < tasks; i++) {
    yield random.clone()
    random.jump()
  }
}

/** The sum of what the right comes to be worth in so many futures. */
function simulate(random: RandomGenerator): number {
  let sum = 0
  for (let i = 0; i < draws; i++) {
    const radius = Math.sqrt(-2 * Math.log(1 - uniformFloat64(random)))
    const normal = radius * Math.cos(2 * Math.PI * uniformFloat64(random)) // Box and Muller
    const price = spot * Math.exp((rate - volatility ** 2 / 2) * years + volatility * Math.sqrt(years) * normal)
    sum += Math.max(price - strike, 0)
  }
  return sum
}

const add = (sums: number[]) => sums.reduce((a, b) => a + b)

async function main() {
  const inParallel = async (nJobs: number) =>
    add(await Parallel(nJobs)(Array.from(streams(2024), (random) => delayed(simulate)(random))))

  const sum = await compare(
    () => add(Array.from(streams(2024), simulate)),
    () => inParallel(nJobs),
  )
  for (const n of values.serial ? [1] : [1, 2, 3]) console.log(`nJobs ${n}: the sum is ${await inParallel(n)}`)
  console.log(`worth ${((Math.exp(-rate * years) * sum) / (tasks * draws)).toFixed(3)}, by Black and Scholes 7.128`)
}

void main()
