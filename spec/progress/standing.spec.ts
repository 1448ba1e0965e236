import { type Counted, startLooking } from '../../lib/progress/standing'

function looking(first: Counted) {
  let [counted, now] = [first, 1000]
  const stand = startLooking(
    () => counted,
    () => now,
  )
  return {
    stand,
    passed(milliseconds: number, next: Partial<Counted> = {}) {
      now += milliseconds
      counted = { ...counted, ...next }
      return stand('running')
    },
  }
}

describe('startLooking', () => {
  it('tells what the pace so far means for the rest', () => {
    const { passed } = looking({ completed: 0, failed: 0, total: 10 })
    expect(passed(50)).toEqual({
      completed: 0,
      failed: 0,
      total: 10,
      state: 'running',
      elapsed: 50,
      remaining: undefined,
    })
    expect(passed(50, { completed: 2, failed: 1 })).toMatchObject({ failed: 1, elapsed: 100, remaining: 400 })
  })

  it('holds to the pace while one task takes long', () => {
    const { passed } = looking({ completed: 0, failed: 0, total: 10 })
    passed(100, { completed: 5 })
    expect(passed(900)).toMatchObject({ elapsed: 1000, remaining: 100 })
    expect(passed(0, { completed: 6 }).remaining).toBeCloseTo((1000 / 6) * 4)
  })

  it('foresees nothing without a total, and has nothing left when the call is over', () => {
    const { passed, stand } = looking({ completed: 0, failed: 0, total: undefined })
    expect(passed(100, { completed: 5 }).remaining).toBeUndefined()
    passed(100, { total: 10 })
    expect(stand('failed')).toMatchObject({ state: 'failed', total: 10, remaining: undefined })
  })

  it('never foresees less than nothing, of an input that gives more than it has said', () => {
    expect(looking({ completed: 12, failed: 0, total: 10 }).passed(100).remaining).toBe(0)
  })
})
