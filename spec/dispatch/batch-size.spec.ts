import { autoBatchSize, fixedBatchSize } from '../../lib/dispatch/batch-size'
import { KnownCosts } from '../../lib/dispatch/known-costs'

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
  it('begins with single tasks, and grows fourfold until a batch takes about 80 ms', () => {
    const sizes = sizesFor(1.6, 12)
    expect(sizes.slice(0, 3)).toEqual([1, 4, 16])
    for (const size of sizes.slice(3)) expect([49, 50]).toContain(size)
  })

  it('leaves slow tasks alone', () => {
    expect(sizesFor(80, 4)).toEqual([1, 1, 1, 1])
    expect(sizesFor(64, 4)).toEqual([1, 1, 1, 1])
  })

  it('does not grow without end for tasks that take no time', () => {
    expect(Math.max(...sizesFor(0, 40))).toBe(1024)
    expect(Math.max(...sizesFor(0.000_001, 40))).toBe(1024)
  })

  it('grows further where results wait for nobody to take them', () => {
    expect(Math.max(...sizesFor(0, 40, autoBatchSize(2, true)))).toBe(4096)
  })

  it('comes down at once when tasks turn out slow', () => {
    const size = autoBatchSize(2)
    sizesFor(0.16, 20, size)
    expect(size.next(undefined)).toBeCloseTo(500, -1)
    size.measured(500, 40_000)
    expect(size.next(undefined)).toBe(1)
  })

  it('gets over a slow start, as of tasks that load a module first', () => {
    const size = autoBatchSize(2)
    size.measured(1, 200)
    expect(sizesFor(0.01, 40, size).at(-1)).toBeGreaterThan(400)
  })

  it('does not take a late report of a small batch for a reason to shrink', () => {
    const size = autoBatchSize(2)
    sizesFor(0.16, 20, size)
    size.measured(1, 0.16)
    expect(size.next(undefined)).toBeCloseTo(500, -1)
  })

  it('grows by what has been measured, not by how often', () => {
    const size = autoBatchSize(2)
    sizesFor(0.01, 3, size)
    for (let n = 0; n < 10; n += 1) size.measured(2, 0.02)
    expect(size.next(undefined)).toBe(64)
  })

  it('forgets what was measured by the work that was done since', () => {
    const size = autoBatchSize(2)
    sizesFor(8, 20, size)
    expect(size.next(undefined)).toBe(10)
    // One slow task among them, of as much as a batch, and then such tasks only.
    const sizes = [0, 0, 0, 0, 0, 0].map(() => {
      size.measured(1, 80)
      return size.next(undefined)
    })
    expect(sizes[0]).toBeGreaterThan(4)
    expect(sizes.at(-1)).toBe(1)
    expect(sizes).toEqual([...sizes].sort((a, b) => b - a))
  })

  it('shares out the rest, down to what takes a millisecond', () => {
    const size = autoBatchSize(2)
    sizesFor(0.16, 20, size)
    expect([8000, 4000, 160, 16, 1, 0].map((left) => size.next(left))).toEqual([500, 500, 40, 6, 1, 1])
  })

  describe('begins with what an earlier call has learned of the same function:', () => {
    const fn = (n: number) => n
    /** Of a call behind one whose tasks took `cost` milliseconds each. */
    function sizeBehind(cost: number, isList = false) {
      const known = new KnownCosts()
      const earlier = autoBatchSize(2, isList, known)
      earlier.begins?.(fn)
      earlier.measured(10, 10 * cost)
      const size = autoBatchSize(2, isList, known)
      size.begins?.(fn)
      return size
    }

    it.each([
      [0.001, 100],
      [0.02, 5],
      [0.07, 1],
      [200, 1],
      [0, 1024],
    ])('of tasks of %p ms, %p, which take a tenth of a millisecond', (cost, tasks) => {
      expect(sizeBehind(cost).next(undefined)).toBe(tasks)
    })

    it('so few trivial ones are one batch', () => {
      expect(sizeBehind(0.001).next(2)).toBe(2)
      expect(sizeBehind(0, true).next(5000)).toBe(4096)
    })

    it('and forgets it with the first batch that is measured', () => {
      const size = sizeBehind(0.001)
      size.measured(100, 2000)
      expect(size.next(undefined)).toBe(4)
      expect(size.next(8)).toBe(2)
    })

    it('half of it at least, whatever is measured: tasks may be long now and then', () => {
      const known = new KnownCosts()
      known.note(fn, 1.6)
      const sizes = [1, 2, 3, 4, 5, 6, 7].map(() => {
        const size = autoBatchSize(2, false, known)
        size.begins?.(fn)
        const first = size.next(undefined)
        size.measured(first, 0.001 * first)
        return first
      })
      expect(sizes).toEqual([1, 1, 1, 1, 1, 2, 4])
    })

    it('nothing of another function', () => {
      const known = new KnownCosts()
      known.note(fn, 0.001)
      const size = autoBatchSize(2, false, known)
      size.begins?.((n: number) => n + 1)
      expect(size.next(undefined)).toBe(1)
    })
  })

  it('learns nothing from a duration that is no number', () => {
    const size = autoBatchSize(2)
    size.measured(1, Number.NaN)
    size.measured(1, -1)
    expect(size.next(undefined)).toBe(1)
  })
})
