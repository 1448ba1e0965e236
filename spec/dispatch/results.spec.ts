import { collectList, streamResults } from '../../lib/dispatch/results'
import type { Outcome } from '../../lib/task/task'

const fulfilled = (value: unknown): Outcome => ({ status: 'fulfilled', value })
const place = { consumed: jest.fn() }
const rejected = (reason: unknown): Outcome => ({ status: 'rejected', reason })

describe('collectList', () => {
  it('puts values into the order of the tasks', async () => {
    const results = collectList(false)
    for (const index of [2, 0, 3, 1]) results.completed(index, fulfilled(`${index}`), undefined, place)
    results.ended()
    expect(await results.list).toEqual(['0', '1', '2', '3'])
  })

  it('is an array of no elements for no tasks', async () => {
    const results = collectList(false)
    results.ended()
    expect(await results.list).toEqual([])
  })

  it('keeps settled results as they are, when asked', async () => {
    const results = collectList(true)
    const outcomes = [fulfilled(1), rejected(new Error('no'))]
    for (const [index, outcome] of outcomes.entries()) results.completed(index, outcome, 2, place)
    results.ended()
    expect(await results.list).toEqual(outcomes)
  })

  it('rejects as the call fails', async () => {
    const results = collectList(false)
    results.completed(0, fulfilled(1), undefined, place)
    results.failed('no')
    await expect(results.list).rejects.toBe('no')
  })

  it('counts each result as consumed', () => {
    const consumed = jest.fn()
    collectList(false).completed(5, fulfilled(1), undefined, { consumed })
    expect(consumed).toHaveBeenCalledTimes(1)
  })

  it('rejects with what the call is stopped with', async () => {
    const results = collectList(false)
    results.stopped('enough')
    await expect(results.list).rejects.toBe('enough')
  })

  it.each([false, true])(
    'takes several values at once, in any order, and counts them as consumed (settled: %p)',
    async (settled) => {
      const consumed = jest.fn()
      const results = collectList(settled)
      results.fulfilled?.(4, ['e', 'f'], { consumed })
      results.completed(3, fulfilled('d'), undefined, place)
      results.fulfilled?.(0, ['a', 'b', 'c'], { consumed })
      results.fulfilled?.(6, ['g'], { consumed })
      results.ended()
      const values = ['a', 'b', 'c', 'd', 'e', 'f', 'g']
      expect(await results.list).toEqual(settled ? values.map(fulfilled) : values)
      expect(consumed.mock.calls).toEqual([[2], [3], [1]])
    },
  )

  it('is in order also when the last come first, some thousand of them', async () => {
    const results = collectList(false)
    const count = 20_000
    for (let index = count - 1; index > 0; index -= 1) results.completed(index, fulfilled(index), undefined, place)
    results.fulfilled?.(0, [0], place)
    results.ended()
    expect(await results.list).toEqual(Array.from({ length: count }, (_, n) => n))
  })

  it('takes numbers as they come, and gives a list of its own', async () => {
    const results = collectList(false)
    results.fulfilled?.(2, Float64Array.of(0.5, -0), place)
    results.fulfilled?.(0, Int32Array.of(1, 2), place)
    results.ended()
    const list = await results.list
    expect(Array.isArray(list)).toBe(true)
    expect(list).toEqual([1, 2, 0.5, -0])
  })

  it('takes no several values at once when each is to be told of', () => {
    expect(collectList(false, () => {}).fulfilled).toBeUndefined()
    const options = { ordered: true, settled: false, onOver: () => {} }
    expect(streamResults({ ...options, onCompletion: () => {} }).fulfilled).toBeUndefined()
    expect(streamResults(options).fulfilled).toBeDefined()
  })

  it('tells of each completion', () => {
    const told: unknown[] = []
    const results = collectList(true, (...completion) => told.push(completion))
    results.completed(0, fulfilled(1), undefined, place)
    results.completed(1, rejected(1), 2, place)
    expect(told).toEqual([
      [false, undefined],
      [true, 2],
    ])
  })
})

describe('streamResults', () => {
  /** A stream, and what is asked of it. */
  function stream({ ordered = true, settled = false } = {}) {
    const told: unknown[] = []
    const onOver = jest.fn()
    const results = streamResults({ ordered, settled, onCompletion: (...one) => told.push(one), onOver })
    const consumed: number[] = []
    const complete = (index: number, outcome = fulfilled(index)) =>
      results.completed(index, outcome, undefined, { consumed: () => void consumed.push(index) })
    return { results, complete, consumed, told, onOver, next: () => results.next({}) }
  }
  const done = { value: undefined, done: true }
  const value = (of: unknown) => ({ value: of, done: false })

  it('gives results in the order of the tasks', async () => {
    const { complete, results, next } = stream()
    for (const index of [1, 2, 0]) complete(index)
    results.ended()
    expect([await next(), await next(), await next(), await next(), await next()]).toEqual([
      value(0),
      value(1),
      value(2),
      done,
      done,
    ])
  })

  it('or as they come', async () => {
    const { complete, results, next } = stream({ ordered: false })
    for (const index of [1, 2, 0]) complete(index)
    results.ended()
    expect([await next(), await next(), await next(), await next()]).toEqual([value(1), value(2), value(0), done])
  })

  it('gives them to those who wait, first come, first served', async () => {
    const { complete, results, next } = stream()
    const all = [next(), next(), next()]
    complete(1)
    complete(0)
    results.ended()
    expect(await Promise.all(all)).toEqual([value(0), value(1), done])
  })

  it('counts a result as consumed when it is given', () => {
    const { complete, consumed, next } = stream()
    complete(0)
    complete(1)
    expect(consumed).toEqual([])
    void next()
    expect(consumed).toEqual([0])
    void next()
    void next()
    complete(2)
    expect(consumed).toEqual([0, 1, 2])
  })

  it('gives settled results, when asked', async () => {
    const { complete, next } = stream({ settled: true })
    const error = new Error('no')
    complete(0, rejected(error))
    complete(1)
    expect([await next(), await next()]).toEqual([value(rejected(error)), value(fulfilled(1))])
  })

  it('gives what came before an error, then the error, then nothing', async () => {
    const { complete, results, next } = stream({ ordered: false })
    complete(3)
    complete(0)
    complete(1, rejected('no'))
    results.failed('no')
    expect([await next(), await next()]).toEqual([value(3), value(0)])
    await expect(next()).rejects.toBe('no')
    expect(await next()).toEqual(done)
  })

  it('in order, only what no gap divides from what was given', async () => {
    const { complete, results, next } = stream()
    for (const index of [0, 1, 3]) complete(index)
    results.failed('no')
    expect([await next(), await next()]).toEqual([value(0), value(1)])
    await expect(next()).rejects.toBe('no')
    expect(await next()).toEqual(done)
  })

  it('tells an error to one who waits, and the others that it is over', async () => {
    const { results, next } = stream()
    const all = Promise.allSettled([next(), next()])
    results.failed('no')
    expect(await all).toEqual([rejected('no'), fulfilled(done)])
  })

  it('gives nothing more when it is stopped', async () => {
    const { complete, results, next } = stream()
    complete(0)
    results.stopped('enough')
    await expect(next()).rejects.toBe('enough')
    expect(await next()).toEqual(done)
  })

  it('may be stopped when all is completed, as long as something is left to give', async () => {
    const left = stream()
    left.complete(0)
    left.results.ended()
    left.results.stopped('enough')
    await expect(left.next()).rejects.toBe('enough')

    const taken = stream()
    taken.complete(0)
    taken.results.ended()
    await taken.next()
    taken.results.stopped('too late')
    expect(await taken.next()).toEqual(done)
  })

  it('keeps the first error', async () => {
    const { results, next } = stream()
    results.failed('first')
    results.stopped('second')
    await expect(next()).rejects.toBe('first')
  })

  it('gives nothing more when it is closed', async () => {
    const { complete, results, next } = stream()
    const waiting = next()
    complete(1)
    results.close()
    expect(await waiting).toEqual(done)
    complete(0)
    expect(await next()).toEqual(done)
  })

  it('is over, once, when nothing can change what it gives', async () => {
    const good = stream()
    good.complete(0)
    good.results.ended()
    expect(good.onOver).not.toHaveBeenCalled()
    await good.next()
    expect(good.onOver).toHaveBeenCalledTimes(1)
    await good.next()
    good.results.close()
    expect(good.onOver).toHaveBeenCalledTimes(1)

    for (const end of ['failed', 'stopped', 'close', 'ended'] as const) {
      const { results, onOver } = stream()
      results[end]('why')
      expect(onOver).toHaveBeenCalledTimes(1)
    }
  })

  it('tells of each completion, whoever asks', () => {
    const { complete, told } = stream()
    complete(1)
    complete(0, rejected('no'))
    expect(told).toEqual([
      [false, undefined],
      [true, undefined],
    ])
  })

  it('knows whether somebody waits, and how often it was asked', () => {
    const { complete, results, next } = stream()
    expect([results.isWaitedFor, results.asked]).toEqual([false, 0])
    void next()
    expect([results.isWaitedFor, results.asked]).toEqual([true, 1])
    complete(0)
    expect([results.isWaitedFor, results.asked]).toEqual([false, 1])
  })
})

describe('streamResults, of several values at once', () => {
  it.each([
    [true, false],
    [false, false],
    [true, true],
  ])(
    'gives them one by one, and each is consumed when it is given (ordered: %p, settled: %p)',
    async (ordered, settled) => {
      const consumed = jest.fn()
      const results = streamResults({ ordered, settled, onOver: () => {} })
      const first = results.next({})
      results.fulfilled?.(2, ['c', 'd'], { consumed })
      expect(consumed).toHaveBeenCalledTimes(ordered ? 0 : 1)
      results.fulfilled?.(0, ['a', 'b'], { consumed })
      expect(consumed).toHaveBeenCalledTimes(1)
      results.ended()
      const given = [await first, ...(await Promise.all([1, 2, 3].map(() => results.next({}))))].map(
        ({ value }) => value,
      )
      const values = ordered ? ['a', 'b', 'c', 'd'] : ['c', 'd', 'a', 'b']
      expect(given).toEqual(settled ? values.map(fulfilled) : values)
      expect(consumed.mock.calls).toEqual([[], [], [], []])
      expect((await results.next({})).done).toBe(true)
    },
  )

  it('takes none when nobody wants any', async () => {
    const consumed = jest.fn()
    const results = streamResults({ ordered: true, settled: false, onOver: () => {} })
    results.close()
    results.fulfilled?.(0, ['a'], { consumed })
    expect((await results.next({})).done).toBe(true)
    expect(consumed).not.toHaveBeenCalled()
  })
})
