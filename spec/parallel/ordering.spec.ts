import { delayed, Parallel } from '../../lib/index'
import { manualBackend, settled } from '../support/manual-backend'
import { range } from './tasks'

const square = delayed((n: number) => n ** 2)

describe('the results of a call', () => {
  it('are in the order of the tasks, however they complete', async () => {
    const { backend, sent } = manualBackend()
    const results = Parallel({ nJobs: 3, backend, batchSize: 2 })(range(6).map((n) => square(n)))
    await settled()
    await sent[2]?.complete(['e', 'f'])
    await sent[0]?.complete(['a', 'b'])
    await sent[1]?.complete(['c', 'd'])
    expect(await results).toEqual(['a', 'b', 'c', 'd', 'e', 'f'])
  })

  it.each([1, 2, 3, 7, 'auto'] as const)('do not depend on batches of %p', async (batchSize) => {
    const results = Parallel({ nJobs: 1, batchSize })(range(100).map((n) => square(n)))
    expect(await results).toEqual(range(100).map((n) => n ** 2))
  })

  it.each([
    ['an array', [square(2), square(3)]],
    ['a set', new Set([square(2), square(3)])],
    ['an iterator', [square(2), square(3)].values()],
    [
      'a generator function',
      function* () {
        yield square(2)
        yield square(3)
      },
    ],
    [
      'an async generator function',
      async function* () {
        yield square(2)
        await settled()
        yield square(3)
      },
    ],
    ['a stream', new Blob(['2', '3']).stream().pipeThrough(new TransformStream(toTasks()))],
  ])('are those of %s', async (_, tasks) => {
    expect(await Parallel(1)(tasks as Iterable<ReturnType<typeof square>>)).toEqual([4, 9])
  })

  it('are none for no tasks', async () => {
    const nothing = [][Symbol.iterator]()
    expect(await Parallel(1)([])).toEqual([])
    expect(await Parallel(1)(nothing)).toEqual([])
    expect(await Parallel(1)(async function* () {})).toEqual([])
    const { backend, events } = manualBackend()
    expect(await Parallel({ backend })([])).toEqual([])
    expect(events).toEqual([])
  })

  it('are the same when tasks are used again, in one call and in another', async () => {
    const task = square(3)
    const parallel = Parallel(1)
    expect(await parallel([task, task])).toEqual([9, 9])
    expect(await parallel([task])).toEqual([9])
  })

  it('may be promised: by async functions, and by thenables', async () => {
    // biome-ignore lint/suspicious/noThenProperty: that is what a thenable is
    const thenable = { then: (resolve: (value: string) => void) => resolve('then') } as PromiseLike<string>
    const tasks = [delayed(async () => 'async')(), delayed(() => thenable)(), delayed(() => 'at once')()]
    expect(await Parallel(1)(tasks)).toEqual(['async', 'then', 'at once'])
  })

  it('are settled results with onError: settle', async () => {
    const check = delayed((n: number) => {
      if (n % 2) throw new RangeError(`${n} is odd`)
      return n
    })
    const results = await Parallel({ nJobs: 1, onError: 'settle' })([check(1), check(2)])
    expect(results).toEqual([
      { status: 'rejected', reason: expect.objectContaining({ message: '1 is odd' }) },
      { status: 'fulfilled', value: 2 },
    ])
  })

  it('are complete for a hundred thousand tasks of a generator', async () => {
    const results = await Parallel(1)(function* () {
      for (let n = 0; n < 100_000; n += 1) yield square(n)
    })
    expect(results).toHaveLength(100_000)
    expect(results.every((value, n) => value === n ** 2)).toBe(true)
  })
})

function toTasks(): Transformer<Uint8Array, ReturnType<typeof square>> {
  return {
    transform(bytes, controller) {
      for (const byte of bytes) controller.enqueue(square(byte - 48))
    },
  }
}
