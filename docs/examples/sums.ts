/**
 * Ten long sums. Options of the function are bound once, with `partial` and `kwargs`; what tasks print on their
 * workers appears on this terminal.
 *
 *   npx ts-node -T docs/examples/sums.ts [--size 20000000] [--serial]
 *
 * `--size` is the largest bound. `--serial` runs the same code in this thread, where a debugger stops.
 */
import { randomInt } from 'node:crypto'
import { parseArgs } from 'node:util'
import { delayed, kwargs, Parallel, partial } from 'parfor'
import { compare } from './timing'

const { values } = parseArgs({
  options: { size: { type: 'string', default: '20000000' }, serial: { type: 'boolean', default: false } },
})
const nJobs = values.serial ? 1 : -1
const size = Number(values.size)
const ends = Array.from({ length: 10 }, () => randomInt(Math.ceil(size / 2), size + 1))

function addNumbers(end: number, { startFrom = 0, printDone = false } = {}): bigint {
  let sum = 0n
  for (let i = startFrom; i <= end; i++) sum += BigInt(i)
  if (printDone) console.log(`done: the sum from ${startFrom} to ${end} is ${sum}`)
  return sum
}

async function main() {
  const add = partial(addNumbers, kwargs({ startFrom: 0, printDone: true }))
  await compare(
    () => ends.map((end) => addNumbers(end)),
    () => Parallel(nJobs)(ends.map((end) => delayed(add)(end))),
  )
}

void main()
