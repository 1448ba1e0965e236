/**
 * How long until the first result?
 *
 * The whole life of the smallest program, from the start of its process to its end: load the library, start two
 * workers, run a closure on each, print both results. The empty program is Node.js alone.
 */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { type Bench, median } from './harness'

async function life(args: string[], output: string): Promise<number> {
  const once = () => {
    const start = performance.now()
    const { status, stdout } = spawnSync(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    const time = performance.now() - start
    if (status !== 0 || String(stdout) !== output) throw new Error(`${args}: exit code ${status}, printed ${stdout}`)
    return time
  }
  once() // what it reads from disk is in memory now
  return median(Array.from({ length: 5 }, once))
}
const program = (name: string) => join(__dirname, 'startup', name)

export default {
  question: 'How long until the first result?',
  comparisons: [
    {
      work: 'process start, two tasks of an inline closure, exit',
      unit: 'ms',
      against: 'raw worker_threads',
      contestants: {
        parfor: () => life([program('parfor.js')], '[ 2, 3 ]\n'),
        'raw worker_threads': () => life([program('raw.js')], '[ 2, 3 ]\n'),
        'empty program': () => life(['--eval', '0'], ''),
      },
    },
  ],
} satisfies Bench
