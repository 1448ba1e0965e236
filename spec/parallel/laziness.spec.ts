import { delayed, Parallel } from '../../lib/index'
import { manualBackend, settled } from '../support/manual-backend'

const identity = delayed((n: number) => n)

/** An endless input that logs what it gives, and whether it was ended. */
function endless(log: (number | string)[]) {
  return function* () {
    try {
      for (let n = 0; ; n += 1) {
        log.push(n)
        yield identity(n)
      }
    } finally {
      log.push('ended')
    }
  }
}

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
