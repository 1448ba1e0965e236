import { DisposedError, Manager } from '../../lib'
import { settled } from '../support/manual-backend'

const manager = new Manager()
afterEach(() => jest.useRealTimers())

describe('A managed queue', () => {
  it('gives items in the order in which they were put', async () => {
    const queue = manager.queue<number>()
    for (let n = 0; n < 5000; n += 1) void queue.put(n)
    const got: number[] = []
    for (let n = 0; n < 5000; n += 1) got.push(await queue.get())
    expect(got).toEqual(got.map((_, n) => n))
    expect([await queue.size(), await queue.empty()]).toEqual([0, true])
  })

  it('gives an item to who has waited for longest', async () => {
    const queue = manager.queue<string>()
    const got = Promise.all([queue.get(), queue.get()])
    await queue.put('a')
    await queue.put('b')
    expect(await got).toEqual(['a', 'b'])
  })

  it('lets no more in than there is room for, in the order of coming', async () => {
    const queue = manager.queue<number>(2)
    const put: number[] = []
    const putting = [1, 2, 3, 4].map((n) => queue.put(n).then(() => put.push(n)))
    await settled()
    expect([put, await queue.size(), await queue.full(), await queue.tryPut(9)]).toEqual([[1, 2], 2, true, false])
    expect(await queue.get()).toBe(1)
    await settled()
    expect(put).toEqual([1, 2, 3])
    expect([await queue.tryGet(), await queue.get(), await queue.get(), await queue.tryGet()]).toEqual([
      2,
      3,
      4,
      undefined,
    ])
    await Promise.all(putting)
    expect([await queue.tryPut(5), await queue.full()]).toEqual([true, false])
  })

  it('waits no longer than a timeout says, and loses nothing by that', async () => {
    jest.useFakeTimers({ doNotFake: ['queueMicrotask', 'nextTick', 'setImmediate'] })
    const queue = manager.queue<number>(1)
    const getting = queue.get(100).catch((error: unknown) => error)
    await settled()
    jest.advanceTimersByTime(99)
    await settled()
    jest.advanceTimersByTime(1)
    expect(await getting).toMatchObject({
      name: 'TimeoutError',
      code: 'PARFOR_TIMEOUT',
      timeout: 100,
      message: 'queue.get took longer than its timeout of 100 ms',
    })
    await queue.put(1)
    const putting = queue.put(2, 50).catch((error: unknown) => error)
    await settled()
    jest.advanceTimersByTime(50)
    expect(await putting).toMatchObject({ name: 'TimeoutError' })
    expect([await queue.get(0), await queue.size()]).toEqual([1, 0])
    expect(jest.getTimerCount()).toBe(0)
  })

  it('ends loops when it is closed, behind the last item', async () => {
    const queue = manager.queue<number>()
    const loop = async () => {
      const got: number[] = []
      for await (const n of queue) got.push(n)
      return got
    }
    const loops = Promise.all([loop(), loop()])
    for (let n = 0; n < 10; n += 1) await queue.put(n)
    await queue.close()
    expect((await loops).flat().sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  })

  it('takes nothing when it is closed, and gives what it has', async () => {
    const queue = manager.queue<number>(1)
    await queue.put(1)
    const late = expect(queue.put(2)).rejects.toThrow(new DisposedError('queue.put: the queue is closed'))
    await queue.close()
    await late
    await expect(queue.tryPut(3)).rejects.toBeInstanceOf(DisposedError)
    expect(await queue.get()).toBe(1)
    await expect(queue.get()).rejects.toThrow(new DisposedError('queue.get: the queue is closed and empty'))
    expect(await queue.tryGet()).toBeUndefined()
    const other = manager.queue<number>()
    const waiting = expect(other.get()).rejects.toBeInstanceOf(DisposedError)
    await other.close()
    await waiting
  })

  it.each([-1, 1.5, Number.NaN, '3'])('refuses %p as its size', (size) => {
    expect(() => manager.queue(size as never)).toThrow(RangeError)
  })

  it('refuses what is no timeout', async () => {
    await expect(manager.queue().get('1' as never)).rejects.toThrow(TypeError)
    await expect(manager.queue().get(-1)).rejects.toThrow(
      new RangeError('queue.get takes a timeout of 0 or more milliseconds; got -1'),
    )
  })
})
