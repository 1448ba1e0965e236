/**
 * How long until the first result?
 *
 * The whole life of the smallest program, from the start of its process to its end: load the library, start two
 * workers, run a closure on each, print both results. The empty program is Node.js alone. Then the first call alone, as
 * a program tells the time that it took, beside the start of a worker that does nothing.
 */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { type Bench, median } from './harness'

async function life(args: string[], output: string): Promise<number> {
  return warm(() => {
    const start = performance.now()
    const { status, stdout } = spawnSync(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    const time = performance.now() - start
    if (status !== 0 || String(stdout) !== output) throw new Error(`${args}: exit code ${status}, printed ${stdout}`)
    return time
  })
}
const program = (name: string) => join(__dirname, 'startup', name)

/** What a program says that its first result took. */
async function told(name: string): Promise<number> {
  return warm(() => {
    const { status, stdout } = spawnSync(process.execPath, [program(name)], { stdio: ['ignore', 'pipe', 'inherit'] })
    const [result, time] = String(stdout).split(' ')
    if (status !== 0 || result !== '2') throw new Error(`${name}: exit code ${status}, printed ${stdout}`)
    return Number(time)
  })
}

function warm(once: () => number): number {
  once() // what it reads from disk is in memory now
  return median(Array.from({ length: 5 }, once))
}

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
    {
      work: 'the first call of a program, one task of an inline closure',
      unit: 'ms',
      against: 'an empty worker',
      contestants: {
        parfor: () => told('first-call.js'),
        'an empty worker': () => told('first-message.js'),
      },
    },
  ],
} satisfies Bench
