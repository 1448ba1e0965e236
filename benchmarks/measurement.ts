/**
 * One measurement, as a process: `node measurement.js task-overhead.bench 0 parfor` prints one number, or why there is
 * none. It is plain JavaScript that runs here (run.ts compiles it): a TypeScript loader would be measured too.
 */
import { type Bench, LeftOut } from './harness'

const [file, comparison, contestant] = process.argv.slice(2)
const bench: Bench = require(`./${file}`).default
const measure = bench.comparisons[Number(comparison)]?.contestants[contestant as string]
if (measure === undefined) throw new Error(`${file} has no contestant '${contestant}'`)
void measure()
  .catch((error) => {
    if (error instanceof LeftOut) return error.message
    throw error
  })
  .then((value) => {
    console.log(value)
    process.exit() // some pools leave workers behind
  })
