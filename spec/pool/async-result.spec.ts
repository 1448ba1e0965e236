import { AsyncResult } from '../../lib/async-result'
import { ParforError, TimeoutError } from '../../lib/errors'
import { settled } from '../support/manual-backend'

/** A result that comes when the spec says so. */
function manual(callbacks?: ConstructorParameters<typeof AsyncResult<number>>[1]) {
  let resolve = (_: number) => {}
  let reject = (_: unknown) => {}
  const promise = new Promise<number>((onResolve, onReject) => {
    resolve = onResolve
    reject = onReject
  })
  return { result: new AsyncResult(promise, callbacks), resolve, reject }
}

describe('An AsyncResult', () => {
  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'queueMicrotask', 'nextTick'] })
  })
  afterEach(() => {
    jest.useRealTimers()
  })

  it('is waited for as long as it takes', async () => {
    const { result, resolve } = manual()
    const got = result.get()
    jest.advanceTimersByTime(1e9)
    expect(result.ready()).toBe(false)
    resolve(5)
    expect(await got).toBe(5)
    expect([result.ready(), result.successful()]).toEqual([true, true])
  })

  it('is waited for no longer than get() is told', async () => {
    const { result, resolve } = manual()
    const outcome = jest.fn()
    void result.get(1000).catch(outcome)
    jest.advanceTimersByTime(999)
    await settled()
    expect(outcome).not.toHaveBeenCalled()
    jest.advanceTimersByTime(1)
    await settled()
    expect(outcome).toHaveBeenCalledWith(expect.any(TimeoutError))
    expect(outcome.mock.calls[0][0]).toMatchObject({ code: 'PARFOR_TIMEOUT', name: 'TimeoutError', timeout: 1000 })
    resolve(5)
    expect(await result.get(0)).toBe(5)
  })

  it('leaves no timer behind when it comes in time', async () => {
    const { result, resolve } = manual()
    const all = Promise.all([result.get(1000), result.wait(2000), result.wait()])
    expect(jest.getTimerCount()).toBe(2)
    resolve(5)
    expect(await all).toEqual([5, undefined, undefined])
    expect(jest.getTimerCount()).toBe(0)
  })

  it('may be waited for without an end', async () => {
    const { result, resolve } = manual()
    const got = result.get(Number.POSITIVE_INFINITY)
    jest.advanceTimersByTime(1e9)
    resolve(5)
    expect(await got).toBe(5)
  })

  it('keeps its error, also one that is undefined', async () => {
    const { result, reject } = manual()
    reject(undefined)
    await result.wait()
    expect([result.ready(), result.successful()]).toEqual([true, false])
    expect(await result.get().catch((error) => [error])).toEqual([undefined])
  })

  it('is not successful before it is ready, nor failed', () => {
    const { result } = manual()
    expect(() => result.successful()).toThrow(ParforError)
  })

  it('is ready for its callback, which comes before all others', async () => {
    const log: unknown[] = []
    const { result, resolve } = manual({ callback: (value) => log.push([value, result.ready()]) })
    void result.wait().then(() => log.push('waited'))
    resolve(5)
    await settled()
    expect(log).toEqual([[5, true], 'waited'])
  })

  it.each([
    ['a', TypeError],
    [-1, RangeError],
    [Number.NaN, RangeError],
  ])('refuses a wrong timeout: %p', async (timeout, kind) => {
    const { result, resolve } = manual()
    await expect(result.get(timeout as never)).rejects.toThrow(kind)
    await expect(result.wait(timeout as never)).rejects.toThrow('timeout must be a number of milliseconds, 0 or more')
    resolve(5)
    await expect(result.get(timeout as never)).rejects.toThrow(kind)
  })
})
