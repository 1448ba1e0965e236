/**
 * How much memory do tasks take that stream through?
 *
 * The results are added up as they come, and nobody keeps anything. Shown is the most that the process ever had in
 * memory, workers and all that Node.js itself takes.
 */
import { delayed, Parallel } from 'parfor'
import type { Bench } from './harness'
import { parfor } from './peers/parfor'
import { openBatched, rawBatched } from './peers/raw-batched'

const count = 1_000_000
const fn = (i: number) => i

function* numbers() {
  for (let i = 0; i < count; i++) yield i
}

/** The most megabytes that the process had in memory. */
function peak(total: number): number {
  if (total !== (count * (count - 1)) / 2) throw new Error('wrong results')
  return process.resourceUsage().maxRSS / 1024
}

export default {
  question: 'How much memory do tasks take that stream through?',
  comparisons: [
    {
      work: '1,000,000 tasks that do nothing, from a generator, results added up as they come, two workers: the most memory that the process had',
      unit: 'MB',
      against: rawBatched.name,
      contestants: {
        async [parfor.name]() {
          await using parallel = Parallel({ nJobs: 2, returnAs: 'generator' })
          const task = delayed(fn)
          const results = parallel(function* () {
            for (const i of numbers()) yield task(i)
          })
          let total = 0
          for await (const result of results) total += result
          return peak(total)
        },
        async [rawBatched.name]() {
          const { run, close } = await openBatched(fn, 2)
          let total = 0
          await run(numbers(), (results) => {
            for (const result of results) total += result
          })
          await close()
          return peak(total)
        },
      },
      asks: [{ of: parfor.name, over: rawBatched.name, atMost: 30 }],
    },
  ],
} satisfies Bench
