import { delayed, Parallel } from '../../lib'
import { counters } from './counters'

describe('What a task leaves to be done later', () => {
  it('has its turn between batches, though the next one waits already', async () => {
    const ticks = counters()
    const seen = counters()
    const work = delayed((n: number) => {
      if (n === 0) setInterval(() => Atomics.add(ticks, 0, 1), 1).unref()
      for (const until = performance.now() + 10; performance.now() < until; );
      if (n === 99) Atomics.store(seen, 0, Atomics.load(ticks, 0))
      return n
    })
    await using parallel = Parallel({ nJobs: 1, backend: 'threads', batchSize: 2 })
    await parallel(Array.from({ length: 100 }, (_, n) => work(n)))
    // A second of work: a turn for each 50 milliseconds at least.
    expect(seen[0]).toBeGreaterThan(8)
  })
})
