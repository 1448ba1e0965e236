import type { Progress } from '../../lib/config/options'
import { startProgress } from '../../lib/progress/progress'

describe('startProgress', () => {
  it('counts, and tells what the pace so far means for the rest', () => {
    const told: Progress[] = []
    let now = 1000
    const count = startProgress(
      (progress) => told.push(progress),
      () => {},
      () => now,
    )
    now += 50
    count(false, undefined)
    now += 50
    count(true, 10)
    now += 50
    count(false, 3)
    expect(told).toEqual([
      { done: 1, failed: 0, elapsed: 50 },
      { done: 2, failed: 1, total: 10, elapsed: 100, remaining: 400 },
      { done: 3, failed: 1, total: 3, elapsed: 150, remaining: 0 },
    ])
  })

  it('hears of a listener that fails later', async () => {
    const errors: unknown[] = []
    const error = new Error('later')
    const count = startProgress(
      // biome-ignore lint/nursery/noMisusedPromises: what is shown here
      ({ done }) => (done === 2 ? Promise.reject(error) : undefined),
      (reason) => errors.push(reason),
    )
    count(false, undefined)
    count(false, undefined)
    await new Promise((resolve) => setImmediate(resolve))
    expect(errors).toEqual([error])
  })
})
