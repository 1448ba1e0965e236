import { autoBatchSize, fixedBatchSize } from '../../lib/dispatch/batch-size'

/** What the size comes to when tasks take `cost` milliseconds each. */
function sizesFor(cost: number, batches: number, size = autoBatchSize(2)) {
  return Array.from({ length: batches }, () => {
    const next = size.next(undefined)
    size.measured(next, next * cost)
    return next
  })
}

describe('fixedBatchSize', () => {
  it('is what was asked for, whatever is measured or left', () => {
    const size = fixedBatchSize(10)
    size.measured(10, 60_000)
    expect([size.next(undefined), size.next(3)]).toEqual([10, 10])
  })
})

describe('autoBatchSize', () => {
  it('begins with single tasks, and doubles until a batch takes about 40 ms', () => {
    expect(sizesFor(0.8, 9)).toEqual([1, 2, 4, 8, 16, 32, 50, 50, 50])
  })

  it('leaves slow tasks alone', () => {
    expect(sizesFor(80, 4)).toEqual([1, 1, 1, 1])
    expect(sizesFor(32, 4)).toEqual([1, 1, 1, 1])
  })

  it('does not grow without end for tasks that take no time', () => {
    expect(Math.max(...sizesFor(0, 40))).toBe(1024)
    expect(Math.max(...sizesFor(0.000_001, 40))).toBe(1024)
  })

  it('comes down at once when tasks turn out slow', () => {
    const size = autoBatchSize(2)
    sizesFor(0.08, 20, size)
    expect(size.next(undefined)).toBe(500)
    size.measured(500, 20_000)
    expect(size.next(undefined)).toBe(1)
  })

  it('gets over a slow start, as of tasks that load a module first', () => {
    const size = autoBatchSize(2)
    size.measured(1, 200)
    expect(sizesFor(0.01, 40, size).at(-1)).toBeGreaterThan(400)
  })

  it('does not take a late report of a small batch for a reason to shrink', () => {
    const size = autoBatchSize(2)
    sizesFor(0.08, 20, size)
    size.measured(1, 0.08)
    expect(size.next(undefined)).toBe(500)
  })

  it('grows by what has been measured, not by how often', () => {
    const size = autoBatchSize(2)
    sizesFor(0.01, 3, size)
    for (let n = 0; n < 10; n += 1) size.measured(2, 0.02)
    expect(size.next(undefined)).toBe(8)
  })

  it('believes that tasks are slow at once, and that they are quick by and by', () => {
    const size = autoBatchSize(2)
    size.measured(1, 80)
    const sizes = [0, 0, 0].map(() => {
      size.measured(1, 0)
      return size.next(undefined)
    })
    expect(sizes).toEqual([1, 2, 2])
    size.measured(2, 160)
    expect(size.next(undefined)).toBe(1)
  })

  it('shares out the rest, down to single tasks', () => {
    const size = autoBatchSize(2)
    sizesFor(0.08, 20, size)
    expect([8000, 4000, 160, 16, 1, 0].map((left) => size.next(left))).toEqual([500, 250, 10, 1, 1, 1])
  })

  it('learns nothing from a duration that is no number', () => {
    const size = autoBatchSize(2)
    size.measured(1, Number.NaN)
    size.measured(1, -1)
    expect(size.next(undefined)).toBe(1)
  })
})
