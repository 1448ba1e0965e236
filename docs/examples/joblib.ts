/**
 * The two programs on joblib's own page (https://joblib.readthedocs.io/en/stable/parallel.html).
 *
 *   npx ts-node -T docs/examples/joblib.ts [--size 10] [--serial]
 *
 * `--size` is how many square roots are taken. `--serial` runs the same code in this thread, where a debugger stops.
 * A square root is far too little work for a worker, so the ratio is below 1: this page shows the words, not the speed.
 */
import { parseArgs } from 'node:util'
import { delayed, Parallel } from 'parfor'
import { compare } from './timing'

const { values } = parseArgs({
  options: { size: { type: 'string', default: '10' }, serial: { type: 'boolean', default: false } },
})
const nJobs = values.serial ? 1 : 2
const range = (n: number) => Array.from({ length: n }, (_, i) => i)

async function main() {
  const roots = await compare(
    () => range(Number(values.size)).map((i) => Math.sqrt(i ** 2)),
    () => Parallel(nJobs)(range(Number(values.size)).map((i) => delayed(Math.sqrt)(i ** 2))),
  )
  console.log(roots)

  // One pool for the whole block: each pass waits for its results, and the next one finds the workers ready.
  await using parallel = Parallel(nJobs)
  let accumulator = 0
  let nIter = 0
  while (accumulator < 1000) {
    const results = await parallel(range(5).map((i) => delayed(Math.sqrt)(accumulator + i ** 2)))
    accumulator += results.reduce((sum, root) => sum + root, 0)
    nIter++
  }
  console.log([accumulator, nIter])
}

void main()
