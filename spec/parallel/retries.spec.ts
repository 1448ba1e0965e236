import { delayed, Parallel, WorkerLostError } from '../../lib'
import { add, counters } from './counters'
import { all, errorOf, inOrder, kinds } from './outcomes'
import { identity, range, stuck } from './tasks'

/** Takes its worker with it so many times, and then gives its number. */
const dying = delayed((n: number, times: number, runs: Int32Array) => {
  add(runs, n)
  if ((runs[n] as number) <= times) process.exit(5)
  return n
})

describe.each(kinds)('With returnAs %s, a task whose worker died', (returnAs) => {
  it.each([1, 7, 'auto'] as const)(
    'is run again as often as retries says, and no other is: batchSize %s',
    async (batchSize) => {
      await using parallel = Parallel({ nJobs: 2, returnAs, batchSize, retries: 2 })
      const runs = counters(20)
      const results = await all(parallel(range(20).map((n) => dying(n, n === 4 ? 2 : n === 11 ? 1 : 0, runs))))
      expect(inOrder(results, returnAs)).toEqual(range(20))
      expect([...runs]).toEqual(range(20).map((n) => (n === 4 ? 3 : n === 11 ? 2 : 1)))
    },
  )

  it('is the error of the call when it has died once more than that', async () => {
    await using parallel = Parallel({ nJobs: 2, returnAs, retries: 2 })
    const runs = counters(2)
    const error = await errorOf(parallel([dying(0, 0, runs), dying(1, 9, runs)]))
    expect(error).toBeInstanceOf(WorkerLostError)
    expect(error).toMatchObject({ taskIndex: 1, exitCode: 5, message: expect.stringContaining('in each of 3 runs') })
    expect(runs[1]).toBe(3)
    expect(await all(parallel([identity(3)]))).toEqual([3])
  })
})

describe('A task', () => {
  it('is run once when its worker died, if nothing is said', async () => {
    await using parallel = Parallel({ nJobs: 2, onError: 'settle' })
    const runs = counters(2)
    const results = await parallel([dying(0, 9, runs), dying(1, 0, runs)])
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'fulfilled'])
    expect([...runs]).toEqual([1, 1])
  })

  it('that throws is not run again', async () => {
    await using parallel = Parallel({ nJobs: 2, retries: 3 })
    const runs = counters()
    const failing = delayed(() => {
      add(runs)
      throw new RangeError('no')
    })
    await expect(parallel([failing()])).rejects.toThrow('no')
    expect([...runs]).toEqual([1])
  })

  it('that takes too long is not run again', async () => {
    await using parallel = Parallel({ nJobs: 2, retries: 3, timeout: 60 })
    const begun = counters(2)
    await expect(parallel([stuck(begun)])).rejects.toMatchObject({ code: 'PARFOR_TIMEOUT' })
    expect(begun[0]).toBe(1)
  })

  it('that is lost more often than it is run again costs no other its result', async () => {
    await using parallel = Parallel({ nJobs: 2, retries: 1, onError: 'settle', batchSize: 10 })
    const runs = counters(40)
    const results = await parallel(range(40).map((n) => dying(n, n % 10 === 3 ? 9 : 0, runs)))
    expect(results.map(({ status }) => status)).toEqual(range(40).map((n) => (n % 10 === 3 ? 'rejected' : 'fulfilled')))
    expect([...runs]).toEqual(range(40).map((n) => (n % 10 === 3 ? 2 : 1)))
  })
})
