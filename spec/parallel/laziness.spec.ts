import { delayed, Parallel } from '../../lib/index'
import { collectGarbage } from '../support/garbage'
import { manualBackend, settled } from '../support/manual-backend'
import { add, counters } from './counters'
import { endless, gated, identity, range } from './tasks'

describe('a call', () => {
  it('takes twice as many batches as workers by default, from an endless input', async () => {
    const { backend, sent } = manualBackend()
    const log: number[] = []
    Parallel({ nJobs: 3, backend, batchSize: 2 })(endless(log)).catch(() => {})
    await settled()
    expect(log).toHaveLength(12)
    await sent[4]?.complete([8, 9])
    expect(log).toHaveLength(14)
  })

  it.each([
    [1, 1],
    ['nJobs', 3],
    ['1.5*nJobs', 4],
    [(nJobs: number) => nJobs * 4, 12],
  ] as const)('takes what preDispatch: %p says', async (preDispatch, taken) => {
    const { backend } = manualBackend()
    const log: number[] = []
    Parallel({ nJobs: 3, backend, batchSize: 1, preDispatch })(endless(log)).catch(() => {})
    await settled()
    expect(log).toHaveLength(taken)
  })

  it('rejects when preDispatch has no answer', async () => {
    const { backend } = manualBackend()
    const parallel = Parallel({ backend, preDispatch: () => 0 })
    await expect(parallel([identity(1)])).rejects.toThrow(RangeError)
  })

  it('takes the first tasks before it returns', () => {
    const log: number[] = []
    const { backend } = manualBackend()
    Parallel({ backend, nJobs: 2 })(endless(log)).catch(() => {})
    expect(log).toEqual([0])
  })

  it.each([
    ['one by one', { batchSize: 1 }],
    ['in batches', { batchSize: 4, preDispatch: 'all' }],
  ] as const)(
    'of one job in the calling thread takes a task only when the last one is done: %s',
    async (_, options) => {
      const shared = [0]
      const read = delayed(async (row: number[]) => {
        await null
        return row[0]
      })
      const rows = await Parallel({ nJobs: 1, ...options })(function* () {
        for (let n = 0; n < 6; n += 1) {
          shared[0] = n
          yield read(shared)
        }
      })
      expect(rows).toEqual([0, 1, 2, 3, 4, 5])
    },
  )

  it.each([
    ['a task fails', [identity(1), delayed(() => Promise.reject(new Error('no')))()], 'no'],
    ['an element is no task', [identity(1), 5], 'tasks[1] is no task'],
  ])('ends the input, once, when %s', async (_, tasks, message) => {
    const log: string[] = []
    const input = {
      [Symbol.iterator]: () => {
        const elements = [...tasks, ...Array.from({ length: 100 }, () => identity(0))].values()
        return { next: () => elements.next(), return: () => ({ done: true, value: log.push('return') }) }
      },
    }
    await expect(Parallel(1)(input as never)).rejects.toThrow(message)
    expect(log).toEqual(['return'])
  })

  it('ends the input when it is aborted or terminated', async () => {
    for (const end of ['abort', 'terminate']) {
      const log: (number | string)[] = []
      const { backend } = manualBackend()
      const controller = new AbortController()
      const parallel = Parallel({ nJobs: 1, backend, batchSize: 1 })
      const call = parallel(endless(log), { signal: controller.signal })
      await settled()
      if (end === 'abort') controller.abort()
      else await parallel.terminate()
      await expect(call).rejects.toThrow()
      expect(log).toEqual([0, 1, 'ended'])
    }
  })

  it('does not end an input that ended or failed by itself', async () => {
    const log: string[] = []
    const input = (next: () => unknown) => ({
      [Symbol.iterator]: () => ({ next, return: () => log.push('return') }),
    })
    const fail = () => {
      throw new Error('broken')
    }
    await expect(Parallel(1)(input(fail) as never)).rejects.toThrow('broken')
    await Parallel(1)(input(() => ({ done: true })) as never)
    expect(log).toEqual([])
  })

  it('lets its input use the same Parallel', async () => {
    const parallel = Parallel(1)
    const results = await parallel(async function* () {
      for (const n of await parallel([identity(1), identity(2)])) yield identity(n * 10)
    })
    expect(results).toEqual([10, 20])
  })
})

describe('The tasks of a call', () => {
  it.each([1, 4, 'auto'] as const)(
    'are made and run in turns in the calling thread, whatever the batches: batchSize %s',
    async (batchSize) => {
      const log: string[] = []
      const consume = delayed((n: number) => log.push(`consumed ${n}`))
      await Parallel({ nJobs: 1, batchSize })(function* () {
        for (const n of range(6)) {
          log.push(`produced ${n}`)
          yield consume(n)
        }
      })
      expect(log).toEqual(range(6).flatMap((n) => [`produced ${n}`, `consumed ${n}`]))
    },
  )

  it('are made a batch at a time for a worker with a window of one', async () => {
    const { backend, sent } = manualBackend()
    const log: string[] = []
    const call = Parallel({ nJobs: 1, backend, batchSize: 4, preDispatch: 1 })(function* () {
      for (const n of range(6)) {
        log.push(`produced ${n}`)
        yield identity(n)
      }
    })
    await settled()
    for (const at of [0, 1]) {
      log.push(...(sent[at]?.args.map((n) => `consumed ${n}`) ?? []))
      await sent[at]?.complete(sent[at]?.args ?? [])
    }
    expect(await call).toEqual(range(6))
    expect(log).toEqual([
      ...[...range(4).map((n) => `produced ${n}`), ...range(4).map((n) => `consumed ${n}`)],
      ...['produced 4', 'produced 5', 'consumed 4', 'consumed 5'],
    ])
  })

  it.each([1, 7, 'auto'] as const)(
    'are asked for one at a time, by whatever ends meanwhile on threads: batchSize %s',
    async (batchSize) => {
      await using parallel = Parallel({ nJobs: 2, batchSize })
      const asks = { now: 0, most: 0 }
      const input = {
        [Symbol.asyncIterator]: () => ({
          asked: 0,
          async next() {
            asks.now += 1
            asks.most = Math.max(asks.most, asks.now)
            if (this.asked % 3 === 0) await settled()
            asks.now -= 1
            this.asked += 1
            return this.asked > 100 ? { done: true as const, value: undefined } : { value: identity(this.asked - 1) }
          },
        }),
      }
      expect(await parallel(input)).toEqual(range(100))
      expect(asks).toEqual({ now: 0, most: 1 })
    },
  )

  it("are all taken before the first one is done, with preDispatch: 'all', on threads", async () => {
    await using parallel = Parallel({ nJobs: 2, preDispatch: 'all' })
    const gate = counters()
    const results = await parallel(function* () {
      yield* range(1000).map((n) => gated(n, gate))
      add(gate)
    })
    expect(results).toEqual(range(1000))
  })

  it.each(['sequential', 'threads'] as const)(
    'are forgotten when they are done, while the input goes on: %s',
    async (backend) => {
      await using parallel = Parallel({ nJobs: 2, backend, batchSize: 1 })
      const first = delayed((row: number[]) => row[0])
      const rows: WeakRef<number[]>[] = []
      const alive = () => rows.filter((row) => row.deref() !== undefined).length
      // The window, the one that was given last, and what a worker has just ended.
      const few = 4 + 1 + 2
      const results = await parallel(async function* () {
        for (const n of range(200)) {
          const row = [n]
          rows.push(new WeakRef(row))
          yield first(row)
          if (n % 50 === 49) expect(await collectGarbage(() => alive() <= few)).toBe(true)
        }
      })
      expect(results).toEqual(range(200))
    },
  )
})
