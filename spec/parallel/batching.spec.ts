import { MessagePort } from 'node:worker_threads'
import { delayed, Parallel } from '../../lib/index'
import { manualBackend, settled } from '../support/manual-backend'
import { counters, waitFor } from './counters'
import { identities, identity, range } from './tasks'

/** Completes batch after batch, the oldest first, each task taking `cost` milliseconds of its worker. */
async function run(sent: ReturnType<typeof manualBackend>['sent'], cost: number | ((n: number) => number)) {
  const sizes: number[] = []
  for (let n = 0; n < sent.length; n += 1) {
    const batch = sent[n]
    if (!batch) break
    const costs = batch.args.map((arg) => (typeof cost === 'number' ? cost : cost(arg as number)))
    sizes.push(costs.length)
    await batch.complete(
      batch.args,
      costs.reduce((a, b) => a + b, 0),
    )
  }
  return sizes
}

describe('batchSize', () => {
  it('is kept to the letter when given, but for the last batch', async () => {
    const { backend, sent } = manualBackend()
    const call = Parallel({ nJobs: 2, backend, batchSize: 4 })(identities(10))
    await settled()
    expect(await run(sent, 1000)).toEqual([4, 4, 2])
    expect(await call).toEqual(range(10))
  })

  it.each(['2*nJobs', 'all'] as const)(
    "'auto' puts quick tasks together, with preDispatch: %p",
    async (preDispatch) => {
      const { backend, sent } = manualBackend()
      const call = Parallel({ nJobs: 2, backend, preDispatch })(identities(10_000))
      await settled()
      const sizes = await run(sent, 0.01)
      expect(Math.max(...sizes)).toBeGreaterThan(250)
      expect(sizes.length).toBeLessThan(150)
      expect(await call).toEqual(range(10_000))
    },
  )

  it("'auto' sends slow tasks one by one", async () => {
    const { backend, sent } = manualBackend()
    const call = Parallel({ nJobs: 4, backend })(identities(16))
    await settled()
    expect(await run(sent, 1000)).toEqual(range(16).map(() => 1))
    await call
  })

  it("'auto' spreads the rest, so that no worker is left alone with it", async () => {
    const { backend, sent } = manualBackend()
    const call = Parallel({ nJobs: 8, backend })(identities(102))
    await settled()
    const sizes = await run(sent, 1)
    // Half of a fair part of 102.
    expect(Math.max(...sizes)).toBeLessThanOrEqual(7)
    expect(sizes.slice(-8)).toEqual(range(8).map(() => 1))
    await call
  })

  it("'auto' falls back to single tasks when quick ones are followed by slow ones", async () => {
    const { backend, sent } = manualBackend()
    const call = Parallel({ nJobs: 2, backend })(function* () {
      for (let n = 0; n < 1000; n += 1) yield identity(n)
    })
    await settled()
    const sizes = await run(sent, (n) => (n < 500 ? 8 : 500))
    expect(Math.max(...sizes)).toBe(10)
    const slow = sizes.slice(-400)
    expect(slow.every((size) => size === 1)).toBe(true)
    await call
  })

  it.each([
    ['begins with what an earlier call has learned, where tasks can move', true, [102, 102, 102, 102]],
    ['is learned anew by each call, where tasks stay in their batch', false, [1, 1, 1, 1]],
  ])("'auto' %s", async (_, movesTasks, sizes) => {
    const { backend, sent } = manualBackend({ movesTasks })
    const parallel = Parallel({ nJobs: 2, backend })
    const first = parallel(identities(1000))
    await settled()
    await run(sent, 1 / 1024)
    await first
    const before = sent.length
    const second = parallel(identities(1000))
    await settled()
    expect(sent.slice(before).map(({ args }) => args.length)).toEqual(sizes)
    second.catch(() => {})
    await parallel.terminate()
  })
})

describe("On threads, batchSize: 'auto'", () => {
  it.each(['2*nJobs', 'all'] as const)(
    'needs far fewer messages than there are tasks, with preDispatch: %p',
    async (preDispatch) => {
      await using parallel = Parallel({ nJobs: 2, preDispatch })
      const post = jest.spyOn(MessagePort.prototype, 'postMessage')
      expect(await parallel(identities(10_000))).toEqual(range(10_000))
      const messages = post.mock.calls.length
      post.mockRestore()
      expect(messages).toBeGreaterThan(1)
      expect(messages).toBeLessThan(2000)
    },
  )
})

describe('On threads, tasks that wait for each other', () => {
  it('run at the same time, also when those of earlier calls were trivial', async () => {
    await using parallel = Parallel(2)
    const begun = counters()
    const task = delayed((count: number) => {
      Atomics.add(begun, 0, 1)
      Atomics.notify(begun, 0)
      waitFor(begun, 0, count)
      return count
    })
    for (let n = 0; n < 20; n += 1) await parallel([task(0), task(0)])
    for (let n = 1; n <= 3; n += 1) {
      const all = 40 + 2 * n
      expect(await parallel([task(all), task(all)])).toEqual([all, all])
    }
  })

  it.each([1, 7, 'auto'] as const)('run four at a time on four workers: batchSize %s', async (batchSize) => {
    await using parallel = Parallel({ nJobs: 4, batchSize })
    const begun = counters()
    const task = delayed((n: number) => {
      const before = Atomics.add(begun, 0, 1)
      Atomics.notify(begun, 0)
      // For the other three of its four, however they were sent.
      waitFor(begun, 0, 4 * (Math.floor(before / 4) + 1))
      return n
    })
    expect(await parallel(range(16).map((n) => task(n)))).toEqual(range(16))
  })
})
