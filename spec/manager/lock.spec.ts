import { Manager, ParforError, TimeoutError } from '../../lib'
import { settled } from '../support/manual-backend'

const manager = new Manager()
afterEach(() => jest.useRealTimers())

describe('A managed lock', () => {
  it('is held by one at a time, in the order of coming', async () => {
    const lock = manager.lock()
    const events: string[] = []
    const hold = async (name: string) => {
      const guard = await lock.acquire()
      events.push(`${name} in`)
      await settled()
      events.push(`${name} out`)
      await guard.release()
    }
    await Promise.all(['a', 'b', 'c'].map(hold))
    expect(events).toEqual(['a in', 'a out', 'b in', 'b out', 'c in', 'c out'])
    expect(await lock.locked()).toBe(false)
  })

  it('is freed at the end of a block, and once', async () => {
    const lock = manager.lock()
    {
      await using guard = await lock.acquire()
      expect(await lock.locked()).toBe(true)
      await guard.release()
      await lock.acquire()
    }
    expect(await lock.locked()).toBe(true) // the second one
    await lock.release()
    expect(await lock.locked()).toBe(false)
  })

  it('is held while a function runs, whatever comes of it', async () => {
    const lock = manager.lock()
    expect(await lock.withLock(() => lock.locked())).toBe(true)
    await expect(
      lock.withLock(async () => {
        throw new RangeError('no')
      }),
    ).rejects.toThrow(new RangeError('no'))
    expect(await lock.locked()).toBe(false)
    await expect(lock.withLock(5 as never)).rejects.toThrow('lock.withLock takes a function; got 5')
  })

  it('can be tried', async () => {
    const lock = manager.lock()
    const guard = await lock.tryAcquire()
    expect(await lock.tryAcquire()).toBeUndefined()
    await guard?.release()
    expect(await lock.tryAcquire()).toBeDefined()
  })

  it('is not waited for longer than a timeout says', async () => {
    jest.useFakeTimers({ doNotFake: ['queueMicrotask', 'nextTick', 'setImmediate'] })
    const lock = manager.lock()
    const guard = await lock.acquire()
    const waiting = lock.acquire(100).catch((error: unknown) => error)
    await settled()
    jest.advanceTimersByTime(100)
    expect(await waiting).toBeInstanceOf(TimeoutError)
    await guard.release()
    expect(await lock.locked()).toBe(false)
  })

  it('cannot be freed by who does not hold it', async () => {
    const lock = manager.lock()
    await expect(lock.release()).rejects.toThrow(new ParforError('lock.release: nobody holds this lock'))
  })
})
