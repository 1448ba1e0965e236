import { threadId } from 'node:worker_threads'
import { delayed, Parallel, shared, type TaskInfo, taskInfo, WorkerLostError } from '../../lib'
import { runProgram } from '../support/program'
import { add, counters, reached } from './counters'
import { identity } from './tasks'
import { threadExits } from './thread-exits'

/** What is left of the clock when only intervals wait for the spec. */
const real = [
  'Date',
  'hrtime',
  'nextTick',
  'performance',
  'queueMicrotask',
  'setImmediate',
  'clearImmediate',
  'setTimeout',
  'clearTimeout',
] as const

const exit = delayed((code: number): number => process.exit(code))
const later = (throwing: () => void) => {
  setTimeout(throwing, 0)
  return new Promise<never>(() => {})
}

/**
 * With both limits: when V8 moves more than a few megabytes of young objects at once to an old generation that is full,
 * Node cannot end the thread in time, and the process dies.
 */
const resourceLimits = { maxOldGenerationSizeMb: 40, maxYoungGenerationSizeMb: 4 }

/** Ways for a task to take its worker with it, and how the worker's end reads. */
const faults = {
  'exits with code 3': [exit(3), 'it exited with code 3'],
  'exits with code 0': [exit(0), 'it exited with code 0'],
  'throws where nobody can catch': [
    delayed(() =>
      later(() => {
        throw new RangeError('late')
      }),
    )(),
    'an error that nothing caught ended it, RangeError: late',
  ],
  'throws what is no error where nobody can catch': [
    delayed(() =>
      later(() => {
        throw 'late'
      }),
    )(),
    'late was thrown and nothing caught it',
  ],
  'leaves a rejection unhandled': [
    delayed(() => later(() => void Promise.reject(new Error('unheard'))))(),
    'an error that nothing caught ended it, Error: unheard',
  ],
  'runs out of memory': [
    delayed(() => {
      const hoard: number[][] = []
      for (;;) hoard.push(new Array(10_000).fill(0.5))
    })(),
    'it ran out of memory',
  ],
} as const

describe.each(Object.entries(faults))('A task that %s', (_, [task, reason]) => {
  it('rejects the call with a WorkerLostError that names it, and the next call is right', async () => {
    await using parallel = Parallel({ nJobs: 2, resourceLimits })
    const error: unknown = await parallel([identity(0), task]).catch((error: unknown) => error)
    expect(error).toBeInstanceOf(WorkerLostError)
    expect(error).toMatchObject({
      code: 'PARFOR_WORKER_LOST',
      taskIndex: 1,
      reason,
      message: expect.stringContaining(reason),
    })
    expect(taskInfo(error)).toMatchObject({ index: 1, workerId: expect.any(Number) } satisfies Partial<TaskInfo>)
    expect(await parallel([1, 2, 3].map((n) => identity(n)))).toEqual([1, 2, 3])
  })
})

describe('A lost worker', () => {
  it('is that of a task that is named by its function, or by the place of one without a name', async () => {
    await using parallel = Parallel({ nJobs: 1, backend: 'threads', onError: 'settle' })
    const named = delayed(function score() {
      process.exit(3)
    })
    const results = await parallel([named(), delayed(() => process.exit(4))()])
    expect(results.map((result) => String((result as PromiseRejectedResult).reason))).toEqual([
      'WorkerLostError: Task 0 (score) lost its worker: it exited with code 3',
      expect.stringMatching(
        /^WorkerLostError: Task 1 \(spec\/parallel\/lost-workers\.spec\.ts:\d+:\d+\) lost its worker: it exited with code 4$/,
      ),
    ])
  })

  it.each([1, 7, 'auto'] as const)(
    'costs the tasks that ran on it, and no other, for batchSize %s',
    async (batchSize) => {
      await using parallel = Parallel({ nJobs: 2, batchSize, onError: 'settle' })
      const deadly = new Set([3, 11, 12])
      const results = await parallel(Array.from({ length: 20 }, (_, n) => (deadly.has(n) ? exit(n) : identity(n))))
      expect(results).toEqual(
        Array.from({ length: 20 }, (_, n) =>
          deadly.has(n)
            ? {
                status: 'rejected',
                reason: expect.objectContaining({ code: 'PARFOR_WORKER_LOST', taskIndex: n, exitCode: n }),
              }
            : { status: 'fulfilled', value: n },
        ),
      )
    },
  )

  it.each(['exits with code 3', 'runs out of memory'] as const)(
    'that %s loses no outcome of the tasks before, and runs none of them again',
    async (fault) => {
      await using parallel = Parallel({
        nJobs: 1,
        backend: 'threads',
        batchSize: 12,
        onError: 'settle',
        resourceLimits,
      })
      const runs = shared(Int32Array, 12)
      const count = delayed((n: number) => {
        Atomics.add(runs, n, 1)
        return n % 2 === 0 ? { n } : n
      })
      const [deadly] = faults[fault]
      const results = await parallel(Array.from({ length: 12 }, (_, n) => (n === 5 ? deadly : count(n))))
      expect(results.map(({ status }) => status)).toEqual(
        Array.from({ length: 12 }, (_, n) => (n === 5 ? 'rejected' : 'fulfilled')),
      )
      expect([...runs]).toEqual(Array.from({ length: 12 }, (_, n) => (n === 5 ? 0 : 1)))
    },
  )

  it('leaves other calls on the same Parallel alone', async () => {
    await using parallel = Parallel(2)
    const [lost, kept] = await Promise.allSettled([
      parallel([exit(5)]),
      parallel(Array.from({ length: 50 }, (_, n) => identity(n))),
    ])
    expect(lost).toMatchObject({ status: 'rejected', reason: { exitCode: 5 } })
    expect(kept).toEqual({ status: 'fulfilled', value: Array.from({ length: 50 }, (_, n) => n) })
  })

  it('while idle is not missed', async () => {
    using threads = threadExits()
    await using parallel = Parallel(2)
    const exitSoon = delayed(() => {
      setImmediate(() => process.exit(9))
      return threadId
    })
    const [first] = await parallel([exitSoon()])
    // No thread of an earlier Parallel was left to run it.
    await threads.exited(first)
    const seen = await parallel(Array.from({ length: 4 }, () => delayed(() => threadId)()))
    expect(seen).not.toContain(first)
  })

  it('while idle, by an error that nothing caught, is told by a warning', async () => {
    using threads = threadExits()
    await using parallel = Parallel(2)
    const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => {})
    const forgetful = delayed(() => {
      setImmediate(() => {
        throw new RangeError('forgotten')
      })
      return threadId
    })
    const [first] = await parallel([forgetful()])
    await threads.exited(first)
    expect(warn.mock.calls).toEqual([
      [
        'Nothing caught an error that task 0 had left behind, RangeError: forgotten',
        { type: 'ParforWarning', code: 'PARFOR_LATE_ERROR', detail: expect.stringContaining('lost-workers.spec.ts') },
      ],
    ])
    warn.mockRestore()
    expect(await parallel([identity(1)])).toEqual([1])
  })

  describe('to an error that an earlier task has left behind', () => {
    let warn: jest.SpiedFunction<typeof process.emitWarning>
    beforeEach(() => {
      warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => {})
    })
    afterEach(() => warn.mockRestore())

    /** Throws when it is long over, and the next task runs. */
    const leave = delayed(function leave(how: 'in a timer' | 'in a promise', isNext: Int32Array) {
      const timer = setInterval(() => {
        if (Atomics.load(isNext, 0) === 0) return
        clearInterval(timer)
        if (how === 'in a timer') throw new RangeError('forgotten')
        void Promise.resolve().then(() => {
          throw new RangeError('forgotten')
        })
      }, 1)
      return threadId
    })
    const wait = delayed(async (ms: number, isNext: Int32Array) => {
      add(isNext)
      await new Promise((resolve) => setTimeout(resolve, ms))
      return threadId
    })
    const warning = [
      'Nothing caught an error that task 0 (leave) had left behind, RangeError: forgotten',
      expect.objectContaining({ code: 'PARFOR_LATE_ERROR', detail: expect.stringContaining('lost-workers.spec.ts') }),
    ]

    it.each([
      ['in a timer', 1],
      ['in a timer', 3],
      ['in a promise', 1],
      ['in a promise', 3],
    ] as const)('%s, does not cost the next one its result: batchSize %i', async (how, batchSize) => {
      await using parallel = Parallel({ nJobs: 1, backend: 'threads', batchSize, onError: 'settle' })
      const isNext = counters()
      const results = await parallel([leave(how, isNext), wait(50, isNext), wait(0, isNext)])
      const [left, waited, next] = results.map((result) => (result as { value?: number }).value)
      expect(left).toEqual(expect.any(Number))
      expect(waited).toBe(left)
      // What else may be left there: the worker is replaced.
      expect(next).not.toBe(left)
      expect(warn.mock.calls).toEqual([warning])
    })

    it('names that one, when the next one takes too long to be waited for', async () => {
      await using parallel = Parallel({ nJobs: 1, backend: 'threads', batchSize: 1, onError: 'settle' })
      const isNext = counters()
      const [, lost, next] = await parallel([leave('in a timer', isNext), wait(2 ** 30, isNext), wait(0, isNext)])
      expect(lost).toMatchObject({
        reason: {
          code: 'PARFOR_WORKER_LOST',
          taskIndex: 1,
          reason: 'an error that task 0 (leave) had left behind ended it',
          cause: expect.objectContaining({ name: 'RangeError', message: 'forgotten' }),
        },
      })
      expect(next?.status).toBe('fulfilled')
      expect(warn.mock.calls).toEqual([warning])
    })

    it('may be that of the initializer', async () => {
      const isNext = counters()
      const initializer = leave('in a timer', isNext)
      await using parallel = Parallel({ nJobs: 1, backend: 'threads', initializer })
      expect(await parallel([wait(50, isNext)])).toEqual([expect.any(Number)])
      const message = 'Nothing caught an error that the initializer (leave) had left behind, RangeError: forgotten'
      expect(warn.mock.calls).toEqual([[message, expect.anything()]])
    })

    it('is not to blame for how the next one ends its worker', async () => {
      await using parallel = Parallel({ nJobs: 1, backend: 'threads', batchSize: 1, onError: 'settle' })
      const isNext = counters()
      const exitLater = delayed((isNext: Int32Array) => {
        add(isNext)
        return new Promise(() => process.once('uncaughtExceptionMonitor', () => setTimeout(() => process.exit(9), 20)))
      })
      const [, lost] = await parallel([leave('in a timer', isNext), exitLater(isNext)])
      expect(lost).toMatchObject({ reason: { exitCode: 9, reason: 'it exited with code 9' } })
      expect(warn.mock.calls).toEqual([warning])
    })
  })

  it('is none when a task looks after such errors itself', async () => {
    const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => {})
    await using parallel = Parallel({ nJobs: 1, backend: 'threads' })
    const handled = delayed(
      () =>
        new Promise<string>((resolve) => {
          process.once('uncaughtException', (error) => resolve(error.message))
          setTimeout(() => {
            throw new RangeError('foreseen')
          })
        }),
    )
    expect(await parallel([handled(), handled()])).toEqual(['foreseen', 'foreseen'])
    expect(warn).not.toHaveBeenCalled()
    warn.mockRestore()
  })

  it('that dies on the arguments of a task costs that task, not the call for ever', async () => {
    await using parallel = Parallel({ nJobs: 2, onError: 'settle' })
    class Deadly {
      [Symbol.for('parfor.serialize')]() {
        return 1
      }
      static [Symbol.for('parfor.deserialize')](): never {
        return process.exit(4)
      }
    }
    const results = await parallel([delayed((_: Deadly) => 1)(new Deadly()), identity(2)])
    expect(results).toEqual([
      { status: 'rejected', reason: expect.objectContaining({ code: 'PARFOR_WORKER_LOST', taskIndex: 0 }) },
      { status: 'fulfilled', value: 2 },
    ])
  })
})

describe('Workers that cannot start', () => {
  /** What a call of six tasks comes to, with four workers of which the n-th thread starts or not. */
  const call = (starts: string, options = '') =>
    runProgram({
      'main.mjs': `import { delayed, Parallel } from 'parfor'
        const wait = delayed((n) => new Promise((resolve) => setTimeout(resolve, 100, n)))
        const events = []
        const parallel = Parallel({ nJobs: 4, batchSize: 1, execArgv: ['--require', './start.cjs'], ${options}
          onWorkerEvent: ({ type }) => events.push(type) })
        const results = await parallel([0, 1, 2, 3, 4, 5].map((n) => wait(n))).catch(({ code }) => code)
        console.log(JSON.stringify([results, events.filter((type) => type === 'lost').length]))`,
      'start.cjs': `const { isMainThread, threadId } = require('node:worker_threads')
        if (!isMainThread && !(${starts})) throw new Error('not this one')`,
    })

  it.each([
    ['the first one', 'threadId > 1', ''],
    ['the first one, with an initializer', 'threadId > 1', 'initializer: delayed(() => 1)(),'],
    ['all but the first', 'threadId === 1', ''],
    ['all but the first, with an initializer', 'threadId === 1', 'initializer: delayed(() => 1)(),'],
  ])('leave the work to others: %s', async (_, starts, options) => {
    const { stdout } = await call(starts, options)
    const [results, lost] = JSON.parse(stdout)
    expect(results).toEqual([0, 1, 2, 3, 4, 5])
    expect(lost).toBeGreaterThan(0)
    // No flood of starts while others work.
    expect(lost).toBeLessThan(10)
  })

  it.each(['', 'initializer: delayed(() => 1)(),'])('fail the call when there is no other: %s', async (options) => {
    const { stdout } = await call('false', options)
    const [code, lost] = JSON.parse(stdout)
    expect(code).toBe('PARFOR_BACKEND')
    expect(lost).toBeLessThan(10)
  })
})

it('A worker that cannot start fails the call with a BackendError', async () => {
  await using parallel = Parallel({ nJobs: 2, execArgv: ['--require', './no-such-file.cjs'] })
  await expect(parallel([identity(1)])).rejects.toMatchObject({ code: 'PARFOR_BACKEND' })
})

describe('A worker that is lost', () => {
  it('to what a task has left behind costs no other task its result, however often', async () => {
    await using parallel = Parallel({ nJobs: 2, onError: 'settle' })
    const leaving = delayed((n: number) => {
      if (n >= 400) {
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5)
        setImmediate(() => process.exit(1))
      }
      return n
    })
    const results = await parallel(Array.from({ length: 440 }, (_, n) => leaving(n)))
    const rejected = results.filter(({ status }) => status === 'rejected')
    // Those that ran when it came were running.
    expect(
      rejected
        .map((result) => taskInfo((result as PromiseRejectedResult).reason)?.index)
        .filter((n) => (n as number) < 400),
    ).toEqual([])
  })

  it.each([1, 6])('while it reads what a task is called with costs that task only: batchSize %s', async (batchSize) => {
    const limits = { maxOldGenerationSizeMb: 20, maxYoungGenerationSizeMb: 2 }
    await using parallel = Parallel({ nJobs: 2, batchSize, onError: 'settle', resourceLimits: limits })
    const huge = Array.from({ length: 400_000 }, (_, n) => ({ n }))
    const take = delayed((_: unknown) => 1)
    const results = await parallel([0, 1, 2, 3, huge, 5].map((arg) => take(arg)))
    expect(results.map(({ status }) => status)).toEqual(
      [0, 1, 2, 3, 4, 5].map((n) => (n === 4 ? 'rejected' : 'fulfilled')),
    )
    expect(results[4]).toMatchObject({ reason: { code: 'PARFOR_WORKER_LOST', taskIndex: 4 } })
  })

  it('because a task has printed, and left a loop behind, costs no other its result, nor that one', async () => {
    jest.useFakeTimers({ doNotFake: [...real] })
    const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => {})
    await using parallel = Parallel({ nJobs: 1, backend: 'threads', batchSize: 2, onError: 'settle', timeout: 20_000 })
    const isBlocked = counters()
    const leaving = delayed((n: number) => {
      console.log('')
      if (n === 1)
        setImmediate(() => {
          add(isBlocked)
          for (;;);
        })
      return n
    })
    const call = parallel([leaving(0), leaving(1), leaving(2)])
    await reached(isBlocked)
    jest.advanceTimersByTime(10_000)
    expect(await call).toEqual([0, 1, 2].map((value) => ({ status: 'fulfilled', value })))
    expect(warn).toHaveBeenCalledWith(expect.any(String), expect.objectContaining({ code: 'PARFOR_BLOCKED' }))
    warn.mockRestore()
    jest.useRealTimers()
  })

  it('because a task has left a loop behind is seen to when its call is over, too: close() comes to its end', async () => {
    jest.useFakeTimers({ doNotFake: [...real] })
    const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => {})
    const parallel = Parallel({ nJobs: 2, backend: 'threads', batchSize: 1 })
    const isBlocked = counters()
    const leaving = delayed(() => {
      console.log('')
      process.nextTick(() => {
        add(isBlocked)
        for (;;);
      })
    })
    const failing = delayed(async () => {
      await reached(isBlocked)
      throw new RangeError('no')
    })
    await expect(parallel([leaving(), failing()])).rejects.toThrow('no')
    // Who takes another worker lets that Parallel rest.
    await using other = Parallel({ nJobs: 1, backend: 'threads' })
    expect(await other([identity(1)])).toEqual([1])
    const closing = parallel.close()
    jest.advanceTimersByTime(10_000)
    await closing
    expect(warn).toHaveBeenCalledWith(expect.any(String), expect.objectContaining({ code: 'PARFOR_BLOCKED' }))
    warn.mockRestore()
    jest.useRealTimers()
  })
})
