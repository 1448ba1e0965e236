/**
 * How many digits have fifteen large factorials? MATLAB would write the loop as `parfor`.
 *
 *   npx ts-node -T docs/examples/factorials.ts [--size 30000] [--serial]
 *
 * `--size` is the smallest number whose factorial is taken; the largest is twice that. `--serial` runs the same code
 * in this thread, where a debugger stops.
 */
import { parseArgs } from 'node:util'
import { delayed, Parallel } from 'parfor'
import { compare } from './timing'

const { values } = parseArgs({
  options: { size: { type: 'string', default: '30000' }, serial: { type: 'boolean', default: false } },
})
const nJobs = values.serial ? 1 : -1
const smallest = Number(values.size)
const numbers = Array.from({ length: 15 }, (_, i) => Math.round(smallest * (1 + i / 14)))

function factorial(n: number): bigint {
  let product = 1n
  for (let i = 2n; i <= n; i++) product *= i
  return product
}

const digits = (n: number) => factorial(n).toString().length

async function main() {
  const counts = await compare(
    () => numbers.map((n) => digits(n)),
    () => Parallel(nJobs)(numbers.map((n) => delayed(digits)(n))),
  )
  for (const [i, n] of numbers.entries()) console.log(`${n}! has ${counts[i]} digits`)
}

void main()
