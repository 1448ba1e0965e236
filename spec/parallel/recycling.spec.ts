import { threadId } from 'node:worker_threads'
import { delayed, Parallel } from '../../lib'
import { add, counters } from './counters'
import { all, generators, inOrder, kinds } from './outcomes'
import { range } from './tasks'

const MEGABYTES = 1024 * 1024

/** How many tasks each thread has run, by what they gave. */
function perThread(threads: readonly number[]): number[] {
  const counts = new Map<number, number>()
  for (const id of threads) counts.set(id, (counts.get(id) ?? 0) + 1)
  return [...counts.values()]
}

describe.each(kinds)('With returnAs %s, maxTasksPerWorker', (returnAs) => {
  it.each([1, 7, 'auto'] as const)('is how many tasks a worker runs: batchSize %s', async (batchSize) => {
    await using parallel = Parallel({ nJobs: 2, returnAs, batchSize, maxTasksPerWorker: 3 })
    const where = delayed((n: number) => [n, threadId] as const)
    const results = await all(parallel(range(20).map((n) => where(n))))
    expect(inOrder(results, returnAs, ([n]) => n).map(([n]) => n)).toEqual(range(20))
    expect(Math.max(...perThread(results.map(([, thread]) => thread)))).toBeLessThanOrEqual(3)
  })
})

describe('maxTasksPerWorker', () => {
  it('lets a worker run as many before it is replaced, in one call or in several', async () => {
    await using parallel = Parallel({ nJobs: 1, backend: 'threads', maxTasksPerWorker: 4 })
    const where = delayed(() => threadId)
    const threads: number[] = []
    for (let n = 0; n < 6; n += 1) threads.push(...(await parallel([where(), where()])))
    expect(perThread(threads)).toEqual([4, 4, 4])
  })

  it('counts for workers of other Parallels, too, that are taken over', async () => {
    const env = { OWN: 'workers' }
    const where = delayed(() => threadId)
    const [first] = await Parallel({ nJobs: 1, backend: 'threads', env })([where(), where(), where()])
    await using parallel = Parallel({ nJobs: 1, backend: 'threads', env, maxTasksPerWorker: 4 })
    const [own, next] = await parallel([where(), where()])
    expect(own).toBe(first)
    expect(next).not.toBe(first)
  })

  it('lets no more tasks run at once than there are workers, while one starts to replace another', async () => {
    await using parallel = Parallel({ nJobs: 2, maxTasksPerWorker: 1 })
    const running = counters()
    const most = counters()
    const task = delayed(() => {
      const now = Atomics.add(running, 0, 1) + 1
      while (Atomics.load(most, 0) < now) Atomics.store(most, 0, now)
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20)
      Atomics.sub(running, 0, 1)
    })
    await parallel(range(12).map(() => task()))
    expect(most[0]).toBe(2)
  })

  it('lets the initializer run once in every worker', async () => {
    const runs = counters()
    await using parallel = Parallel({
      nJobs: 1,
      backend: 'threads',
      maxTasksPerWorker: 2,
      initializer: delayed(() => add(runs))(),
    })
    const threads = await parallel(range(6).map(() => delayed(() => threadId)()))
    expect(perThread(threads)).toEqual([2, 2, 2])
    expect(runs[0]).toBe(3)
  })
})

describe('maxWorkerMemory', () => {
  it.each([1, 7, 'auto'] as const)(
    'is what a worker may hold when it begins a task: batchSize %s',
    async (batchSize) => {
      // Between what five and six of these take: at the edge it is garbage that decides.
      await using parallel = Parallel({ nJobs: 2, batchSize, maxWorkerMemory: '65M' })
      const hoard = delayed((n: number) => {
        const kept = globalThis as { hoard?: Float64Array[] }
        kept.hoard ??= []
        kept.hoard.push(new Float64Array((10 * 1024 * 1024) / 8))
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 25)
        return { n, threadId, held: kept.hoard.length }
      })
      const results = await parallel(range(24).map((n) => hoard(n)))
      expect(results.map(({ n }) => n)).toEqual(range(24))
      expect(Math.max(...results.map(({ held }) => held))).toBeLessThanOrEqual(7)
      expect(new Set(results.map(({ threadId }) => threadId)).size).toBeGreaterThan(3)
    },
  )

  it('does not mind garbage', async () => {
    await using parallel = Parallel({ nJobs: 1, backend: 'threads', maxWorkerMemory: 60 * MEGABYTES })
    const waste = delayed(() => {
      const size = new Float64Array((10 * 1024 * 1024) / 8).length
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 21)
      return size > 0 && threadId
    })
    const results = await parallel(range(20).map(() => waste()))
    expect(new Set(results).size).toBe(1)
  })

  it('costs no worker its life when several are looked at at once', async () => {
    const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => {})
    for (let round = 0; round < 4; round += 1) {
      await using parallel = Parallel({ nJobs: 8, batchSize: 1, maxWorkerMemory: 1 })
      expect(await parallel(range(32).map((n) => delayed((m: number) => m)(n)))).toEqual(range(32))
    }
    expect(warn).not.toHaveBeenCalled()
    warn.mockRestore()
  })

  it.each(generators)('costs no result of a %s', async (returnAs) => {
    await using parallel = Parallel({ nJobs: 2, returnAs, maxWorkerMemory: 1 })
    const results = await all(parallel(range(8).map((n) => delayed((m: number) => m)(n))))
    expect(inOrder(results, returnAs)).toEqual(range(8))
  })
})
