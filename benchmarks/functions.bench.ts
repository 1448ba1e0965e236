/**
 * What does it cost to send a function?
 *
 * Nothing for each task, when it is the same one: it goes to a worker once, with all that it captures. A closure that is
 * made for each task is read, written and compiled for each.
 */
import { isDeepStrictEqual } from 'node:util'
import { delayed, Parallel } from 'parfor'
import { type Bench, median } from './harness'

type Tasks = Iterable<ReturnType<ReturnType<typeof delayed<[number], number>>>>

/** Milliseconds for a call on two warm workers; each task gives its number plus one. */
async function time(count: number, tasks: () => Tasks, samples: number): Promise<number> {
  const expected = Array.from({ length: count }, (_, i) => i + 1)
  await using parallel = Parallel({ nJobs: 2, backend: 'threads' })
  const times: number[] = []
  for (let sample = -1; sample < samples; sample++) {
    const start = performance.now()
    const results = await parallel(tasks())
    const took = performance.now() - start
    if (!isDeepStrictEqual(results, expected)) throw new Error('wrong results')
    if (sample >= 0) times.push(took)
  }
  return median(times)
}

function* each(count: number, task: (i: number) => (i: number) => number): Tasks {
  for (let i = 0; i < count; i++) yield delayed(task(i))(i)
}

function* same(count: number, fn: (i: number) => number): Tasks {
  const task = delayed(fn)
  for (let i = 0; i < count; i++) yield task(i)
}

const many = 300_000
const some = 5000
const microseconds = (count: number, tasks: () => Tasks) => async () => (1000 * (await time(count, tasks, 3))) / count

function captures(): (i: number) => number {
  const one = 1
  const names = ['a', 'b']
  const scale = (i: number) => i * one
  return (i) => scale(i) + (names.length > 1 ? one : 0)
}

const large = new Float64Array(50e6 / 8).fill(1)

export default {
  question: 'What does it cost to send a function?',
  comparisons: [
    {
      work: '300,000 tasks of one function',
      unit: 'µs per task',
      against: 'captures nothing',
      contestants: {
        'captures nothing': microseconds(many, () => same(many, (i) => i + 1)),
        'captures three variables': microseconds(many, () => same(many, captures())),
      },
      asks: [{ of: 'captures three variables', against: 'captures nothing', atMost: 1.05 }],
    },
    {
      work: '5,000 tasks',
      unit: 'µs per task',
      against: 'a new closure for each, which captures a variable',
      contestants: {
        'a new closure for each, which captures a variable': microseconds(some, () => each(some, (i) => () => i + 1)),
        'a new closure for each, which captures nothing': microseconds(some, () => each(some, () => (i) => i + 1)),
        'one function for all': microseconds(some, () => same(some, (i) => i + 1)),
      },
    },
    {
      work: 'a function that captures an array of 50 MB, two workers',
      unit: 'ms in all',
      against: '2 tasks',
      contestants: {
        '2 tasks': () => time(2, () => same(2, (i) => i + (large[i] ?? 0)), 5),
        '1,000 tasks': () => time(1000, () => same(1000, (i) => i + (large[i] ?? 0)), 5),
      },
    },
  ],
} satisfies Bench
