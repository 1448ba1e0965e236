import { collectList } from '../../lib/dispatch/results'
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
