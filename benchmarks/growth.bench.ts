/**
 * Does a task cost more when there are many, or many workers?
 *
 * What is looked up, kept or scanned for each task shows when there are ten million of them, and the fixed cost of a call
 * when there are a thousand. With many workers, the tasks sleep, since the machine has not as many cores.
 */
import { type Bench, timeMap } from './harness'
import { parfor } from './peers/parfor'

function* numbers(count: number) {
  for (let i = 0; i < count; i++) yield i
}

async function ofTasks(count: number): Promise<number> {
  const ms = await timeMap(parfor, {
    fn: (i) => i,
    items: () => numbers(count),
    warmUp: () => numbers(300_000),
    samples: Math.max(1, Math.min(100, 1_000_000 / count)),
  })
  return (1000 * ms) / count
}

const perWorker = 40

async function ofWorkers(workers: number): Promise<number> {
  const ms = await timeMap(parfor, {
    fn: (ms) => {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
      return ms
    },
    items: () => new Array<number>(workers * perWorker).fill(10),
    warmUp: () => new Array<number>(workers * 2).fill(10),
    isRight: (results) => results.length === workers * perWorker && results.every((ms) => ms === 10),
    samples: 1,
    workers,
  })
  return ms / perWorker
}

/** One contestant for each size. */
const each = (what: string, sizes: number[], measure: (size: number) => Promise<number>) =>
  Object.fromEntries(sizes.map((size) => [`${what}: ${size.toLocaleString('en')}`, () => measure(size)]))

export default {
  question: 'Does a task cost more when there are many, or many workers?',
  comparisons: [
    {
      work: 'tasks that do nothing, from a generator, two warm workers',
      unit: 'µs per task',
      against: 'tasks: 1,000,000',
      contestants: each('tasks', [1e3, 1e4, 1e5, 1e6, 1e7], ofTasks),
      asks: [
        { of: 'tasks: 1,000', against: 'tasks: 1,000,000', atMost: 1.1 },
        { of: 'tasks: 10,000', against: 'tasks: 1,000,000', atMost: 1.1 },
        { of: 'tasks: 100,000', against: 'tasks: 1,000,000', atMost: 1.1 },
        { of: 'tasks: 10,000,000', against: 'tasks: 1,000,000', atMost: 1.1 },
        { of: 'tasks: 10,000,000', against: 'tasks: 1,000', atMost: 1.1 },
      ],
    },
    {
      work: `${perWorker} tasks for each worker, that sleep for 10 ms`,
      unit: 'ms per task of a worker',
      against: 'workers: 1',
      contestants: each('workers', [1, 4, 16, 64], ofWorkers),
      asks: [
        { of: 'workers: 4', against: 'workers: 1', atMost: 1.1 },
        { of: 'workers: 16', against: 'workers: 1', atMost: 1.1 },
        { of: 'workers: 64', against: 'workers: 1', atMost: 1.1 },
      ],
    },
  ],
} satisfies Bench
