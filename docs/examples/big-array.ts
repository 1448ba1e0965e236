/**
 * Fills one big array, each task a row of it: all workers write into the same memory, and nothing is sent back. It has
 * how soon each point of the plane leaves the Mandelbrot set's neighbourhood; those that stay are the set.
 *
 *   npx ts-node -T docs/examples/big-array.ts [--size 3000] [--serial]
 *
 * `--size` is the number of rows. `--serial` runs the same code in this thread, where a debugger stops.
 */
import { parseArgs } from 'node:util'
import { delayed, Parallel, shared } from 'parfor'
import { compare } from './timing'

const { values } = parseArgs({
  options: { size: { type: 'string', default: '3000' }, serial: { type: 'boolean', default: false } },
})
const nJobs = values.serial ? 1 : -1
const side = Number(values.size)
const rows = Array.from({ length: side }, (_, row) => row)
const step = 3 / side // of -2.2 to 0.8, and of -1.5 to 1.5
const limit = 500

function fillRow(steps: Uint16Array, row: number) {
  const im = (row + 0.5) * step - 1.5
  for (let column = 0; column < side; column++) {
    const re = (column + 0.5) * step - 2.2
    let n = 0
    for (let x = 0, y = 0; n < limit && x * x + y * y < 4; n++) {
      const next = x * x - y * y + re
      y = 2 * x * y + im
      x = next
    }
    steps[row * side + column] = n
  }
}

async function main() {
  const steps = await compare(
    () => {
      const steps = new Uint16Array(side * side)
      for (const row of rows) fillRow(steps, row)
      return steps
    },
    async () => {
      const steps = shared(Uint16Array, side * side)
      await Parallel(nJobs)(rows.map((row) => delayed(fillRow)(steps, row)))
      return steps
    },
  )
  const inside = steps.reduce((count, n) => count + Number(n === limit), 0)
  console.log(`${steps.length} points, area of the set ${(inside * step ** 2).toFixed(3)}`)
}

void main()
