import { delayed } from '../../lib/task/delayed'
import { kwargs } from '../../lib/task/kwargs'
import { runTask } from '../../lib/task/run-task'

const count = (...args: unknown[]) => args.length

describe('runTask', () => {
  it('gives no last argument when there are no named ones', () => {
    expect(runTask(delayed(count)(1, 2))).toBe(2)
    expect(runTask({ fn: count, args: [1, 2] })).toBe(2)
    expect(runTask({ fn: count, args: [1, 2], kwargs: {} })).toBe(2)
  })

  it('gives each run named arguments of its own, which the function may change', () => {
    const task = delayed((named: { n: number }) => {
      named.n += 1
      return named.n
    })(kwargs({ n: 1 }))
    expect([runTask(task), runTask(task)]).toEqual([2, 2])
  })

  it('passes on what the function throws, and what it promises', async () => {
    const raise = () => {
      throw 'no'
    }
    expect(() => runTask({ fn: raise, args: [] })).toThrow('no')
    await expect(runTask({ fn: async () => 1, args: [] })).resolves.toBe(1)
  })
})
