import { threadId } from 'node:worker_threads'
import { delayed, Parallel, type ParallelOptions, shutdown, TaskTimeoutError, taskInfo } from '../../lib'
import { settled } from '../support/manual-backend'
import { runProgram } from '../support/program'
import { add, block, counters, reached } from './counters'
import { all, errorOf, inOrder, kinds } from './outcomes'
import { gated, identities, identity, range, stuck, Unmade } from './tasks'
import { threadExits } from './thread-exits'

const sizes = [1, 7, 1000, 'auto'] as const

const pending = delayed(function pending(): Promise<number> {
  return new Promise(() => {})
})

describe.each(kinds)('With returnAs %s, a timeout', (returnAs) => {
  // Workers are kept for the next one.
  afterAll(() => shutdown())

  it.each(['threads', 'sequential'] as const)('leaves tasks alone that keep to it: %s', async (backend) => {
    const parallel = Parallel({ nJobs: 2, backend, returnAs, timeout: 10_000 })
    const later = delayed(async (n: number) => n)
    const results = await all(parallel(range(60).map((n) => (n % 2 ? later(n) : identity(n)))))
    expect(inOrder(results, returnAs)).toEqual(range(60))
  })

  it.each([
    ['blocks', stuck],
    ['waits for ever', pending],
  ])('is the error of the call when a task %s, and names the task and the limit', async (_, task) => {
    const parallel = Parallel({ nJobs: 2, batchSize: 1, returnAs, timeout: 80 })
    const error = await errorOf(parallel([identity(0), identity(1), task(), identity(3)]))
    expect(error).toBeInstanceOf(TaskTimeoutError)
    expect(error).toMatchObject({
      name: 'TaskTimeoutError',
      code: 'PARFOR_TIMEOUT',
      taskIndex: 2,
      timeout: 80,
      message: expect.stringMatching(new RegExp(`^Task 2 \\(${task().fn.name}\\) .*80 ms`)),
    })
    expect(taskInfo(error)).toEqual({ index: 2, name: task().fn.name, workerId: expect.any(Number) })
    expect(await all(parallel([identity(4)]))).toEqual([4])
  })

  it('ends a busy loop, and its worker', async () => {
    using threads = threadExits()
    await using parallel = Parallel({ env: { OWN: 'workers' }, nJobs: 2, returnAs, timeout: 80 })
    const at = counters(2)
    const busy = delayed((): number => {
      Atomics.store(at, 0, threadId)
      for (;;) Atomics.add(at, 1, 1)
    })
    expect(await errorOf(parallel([busy(), identity(1)]))).toMatchObject({ taskIndex: 0 })
    expect(Atomics.load(at, 0)).toBeGreaterThan(0)
    await threads.exited(Atomics.load(at, 0))
    const turns = Atomics.load(at, 1)
    expect(turns).toBeGreaterThan(0)
    const where = await all(parallel(range(8).map(() => delayed(() => threadId)())))
    expect(where).not.toContain(Atomics.load(at, 0))
    expect(Atomics.load(at, 1)).toBe(turns)
  })

  it.each(sizes)('settles that task only, and the others run once: batchSize %s', async (batchSize) => {
    const parallel = Parallel({ nJobs: 2, batchSize, returnAs, onError: 'settle', timeout: 80 })
    const ran = counters(40)
    const [first, second] = [11, 12]
    const task = delayed((n: number): number => {
      add(ran, n)
      if (n === first) for (;;);
      if (n === second) return new Promise(() => {}) as never
      return n
    })
    const results = await all(parallel(range(40).map((n) => task(n))))
    const failed = results.flatMap((each) => (each.status === 'rejected' ? [each.reason] : []))
    expect(failed.map((reason: TaskTimeoutError) => reason.taskIndex).sort()).toEqual([first, second])
    for (const reason of failed) expect(reason).toBeInstanceOf(TaskTimeoutError)
    const values = results.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))
    expect([...values].sort((a, b) => a - b)).toEqual(range(40).filter((n) => n !== first && n !== second))
    if (returnAs !== 'generator_unordered')
      expect(results.map(({ status }) => status)).toEqual(
        range(40).map((n) => (n === first || n === second ? 'rejected' : 'fulfilled')),
      )
    expect([...ran]).toEqual(range(40).map(() => 1))
  })
})

describe('A timeout', () => {
  it('does not come before its time, from when the task began', async () => {
    await using parallel = Parallel({ nJobs: 2, timeout: 60, onError: 'settle' })
    // A clock that all threads share.
    const began = new BigInt64Array(new SharedArrayBuffer(8))
    const busy = delayed((): number => {
      began[0] = process.hrtime.bigint()
      for (;;);
    })
    await parallel([busy()])
    // A worker announces a task, makes its arguments, and then begins it: a moment that a busy machine makes longer.
    expect(Number(process.hrtime.bigint() - (began[0] as bigint)) / 1e6).toBeGreaterThan(50)
  })

  it.each(sizes)('ends each of several tasks in a row: batchSize %s', async (batchSize) => {
    await using parallel = Parallel({ nJobs: 1, backend: 'threads', batchSize, timeout: 60, onError: 'settle' })
    const results = await parallel([stuck(), identity(1), stuck(), pending(), identity(4)])
    expect(results.map((each) => (each.status === 'rejected' ? each.reason.taskIndex : 'done'))).toEqual([
      0,
      'done',
      2,
      3,
      'done',
    ])
  })

  it('is not that of a call: tasks that keep to it may take longer together', async () => {
    await using parallel = Parallel({ nJobs: 1, backend: 'threads', batchSize: 1000, timeout: 100 })
    const never = counters()
    const pause = delayed(() => Atomics.wait(never, 0, 0, 15))
    const began = performance.now()
    expect(await parallel(range(12).map(() => pause()))).toEqual(range(12).map(() => 'timed-out'))
    expect(performance.now() - began).toBeGreaterThan(150)
  })

  it.each(sizes)('of one call leaves another on the same workers alone: batchSize %s', async (batchSize) => {
    await using parallel = Parallel({ nJobs: 2, batchSize, timeout: 80 })
    const ran = counters(60)
    const note = delayed((n: number) => {
      add(ran, n)
      return n
    })
    const [bad, good] = await Promise.allSettled([
      parallel([...identities(10), stuck(), stuck()]),
      parallel(range(60).map((n) => note(n))),
    ])
    expect(bad).toMatchObject({ status: 'rejected', reason: { code: 'PARFOR_TIMEOUT' } })
    expect(good).toEqual({ status: 'fulfilled', value: range(60) })
    expect([...ran]).toEqual(range(60).map(() => 1))
  })

  it('lets a call go on that waits behind a stuck task of another', async () => {
    await using parallel = Parallel({ nJobs: 1, backend: 'threads', batchSize: 1, timeout: 100 })
    const at = counters(2)
    // Quick ones first, so that the worker may be given the next batch ahead.
    const bad = errorOf(parallel([...identities(10), stuck(at)]))
    await reached(at)
    const good = parallel([identity(7), identity(8)])
    expect(await bad).toMatchObject({ taskIndex: 10 })
    expect(await good).toEqual([7, 8])
  })

  it('that ends an ordered generator comes after the results before it', async () => {
    await using parallel = Parallel({ nJobs: 1, backend: 'threads', batchSize: 10, returnAs: 'generator', timeout: 80 })
    const values: number[] = []
    const loop = async () => {
      for await (const value of parallel([...identities(5), stuck(), identity(6)])) values.push(value)
    }
    await expect(loop()).rejects.toMatchObject({ taskIndex: 5 })
    expect(values).toEqual(range(5))
  })

  it('counts in a batch of which one task cannot be made in a worker', async () => {
    const unmade = new Unmade()
    const use = delayed(() => (unmade ? 0 : 1))
    const options: ParallelOptions<'settle'> = { nJobs: 1, backend: 'threads', batchSize: 4, onError: 'settle' }
    await using parallel = Parallel({ ...options, timeout: 80 })
    const results = await parallel([stuck(), use(), identity(2), identity(3)])
    expect(results).toEqual([
      { status: 'rejected', reason: expect.objectContaining({ code: 'PARFOR_TIMEOUT', taskIndex: 0 }) },
      { status: 'rejected', reason: expect.objectContaining({ code: 'PARFOR_UNSERIALIZABLE', taskIndex: 1 }) },
      { status: 'fulfilled', value: 2 },
      { status: 'fulfilled', value: 3 },
    ])
  })

  it('does not take the place of the error of a task that had failed, and whose output was still to be shown', async () => {
    await using parallel = Parallel({ nJobs: 2, timeout: 100, onError: 'settle', batchSize: 2 })
    const failing = delayed((prints: boolean) => {
      if (prints) console.log('')
      throw new RangeError('its own')
    })
    await parallel([identity(0), identity(1)])
    const call = parallel([failing(true), failing(false)])
    // Nobody shows what is printed while this thread is blocked.
    block(300)
    expect(await call).toEqual([0, 1].map(() => ({ status: 'rejected', reason: expect.any(RangeError) })))
  })

  it('is told to onProgress, as a failure', async () => {
    const told: [done: number, failed: number][] = []
    await using parallel = Parallel({
      nJobs: 1,
      backend: 'threads',
      timeout: 60,
      onError: 'settle',
      onProgress: ({ done, failed }) => told.push([done, failed]),
    })
    await parallel([identity(0), stuck(), identity(2)])
    expect(told).toEqual([
      [1, 0],
      [2, 1],
      [3, 1],
    ])
  })

  it.each([Number.MAX_SAFE_INTEGER, Number.POSITIVE_INFINITY])('of %p milliseconds never ends', async (timeout) => {
    await using parallel = Parallel({ nJobs: 2, timeout })
    const gate = counters()
    const call = parallel([gated(1, gate), identity(2)])
    await settled()
    add(gate)
    expect(await call).toEqual([1, 2])
    expect(await Parallel({ nJobs: 1, timeout })([delayed(async () => 3)()])).toEqual([3])
  })
})

describe('A timeout in the calling thread', () => {
  it('leaves an async task to itself, and goes on with the next', async () => {
    let finish = (_: string) => {}
    const log: string[] = []
    const slow = delayed(async () => {
      log.push(
        await new Promise<string>((resolve) => {
          finish = resolve
        }),
      )
      return 'slow'
    })
    const results = await Parallel({ nJobs: 1, timeout: 20, onError: 'settle' })([slow(), identity(1)])
    expect(results).toEqual([
      { status: 'rejected', reason: expect.objectContaining({ code: 'PARFOR_TIMEOUT', taskIndex: 0, timeout: 20 }) },
      { status: 'fulfilled', value: 1 },
    ])
    expect(taskInfo((results[0] as PromiseRejectedResult).reason)).toMatchObject({ index: 0, workerId: undefined })
    expect(log).toEqual([])
    finish('it was left to itself')
    await settled()
    expect(log).toEqual(['it was left to itself'])
  })

  it.each([1, 2, 2.5])('never takes one that was left for one that is done: %p milliseconds', async (timeout) => {
    // Timers of Node may be early by a part of a millisecond.
    const results = await Parallel({ nJobs: 1, timeout, onError: 'settle' })(range(50).map(() => pending()))
    expect(results.map((each) => (each.status === 'rejected' ? each.reason.taskIndex : each))).toEqual(range(50))
  })

  it('does not care what becomes of that task', async () => {
    const unhandled = jest.fn()
    process.on('unhandledRejection', unhandled)
    let fail = (_: Error) => {}
    const slow = delayed(
      () =>
        new Promise<number>((_, reject) => {
          fail = reject
        }),
    )
    await expect(Parallel({ nJobs: 1, timeout: 20 })([slow()])).rejects.toBeInstanceOf(TaskTimeoutError)
    fail(new Error('after the end'))
    await settled()
    process.off('unhandledRejection', unhandled)
    expect(unhandled).not.toHaveBeenCalled()
  })

  it.each([
    ['returns', () => 0],
    [
      'throws',
      () => {
        throw new Error('own error')
      },
    ],
  ])('fails a task that blocked, and then %s, when it is done', async (_, end) => {
    const busy = delayed(() => {
      block(30)
      return end()
    })
    const results = await Parallel({ nJobs: 1, timeout: 20, onError: 'settle' })([busy(), identity(1)])
    expect(results).toEqual([
      { status: 'rejected', reason: expect.objectContaining({ code: 'PARFOR_TIMEOUT', taskIndex: 0 }) },
      { status: 'fulfilled', value: 1 },
    ])
  })

  it.each(kinds)('rejects the call, and no further task runs: %s', async (returnAs) => {
    const ran: number[] = []
    const note = delayed((n: number) => ran.push(n))
    const parallel = Parallel({ nJobs: 1, timeout: 20, returnAs })
    expect(await errorOf(parallel([note(0), pending(), note(2)]))).toMatchObject({ taskIndex: 1 })
    await settled()
    expect(ran).toEqual([0])
    expect(await all(parallel([identity(4)]))).toEqual([4])
  })
})

it.each(['threads', 'sequential'])('A program with a timeout of a minute ends at once: %s', async (backend) => {
  const ended = await runProgram(
    {
      'main.mjs': `import { delayed, Parallel } from 'parfor'
        import { setImmediate as turn } from 'node:timers/promises'
        const options = { nJobs: 2, backend: '${backend}', timeout: 60_000 }
        const call = Parallel(options)
        const identity = delayed((n) => n)
        const later = delayed(async (n) => n)
        const fail = delayed(() => { throw new Error('no') })
        const pending = delayed(() => new Promise(() => {}))
        const soon = () => new Promise((resolve) => setTimeout(resolve, 30))
        const endings = {
          'its tasks are done': () => call([identity(1), later(2)]),
          'a task has failed': () => call([identity(1), fail()]).catch(({ message }) => message),
          'its call was aborted': async () => {
            const controller = new AbortController()
            const aborted = call([pending()], { signal: controller.signal }).catch((reason) => reason)
            await soon()
            controller.abort('enough')
            return await aborted
          },
          'its generator was left': async () => {
            const results = Parallel({ ...options, returnAs: 'generator' })([pending()])
            await soon()
            return await results.return()
          },
          'its Parallel was terminated': async () => {
            const ended = call([pending()]).catch(({ code }) => code)
            await soon()
            await call.terminate()
            return await ended
          },
        }
        for (const [how, end] of Object.entries(endings)) {
          console.log(how, await end())
          await turn()
          console.log(process.getActiveResourcesInfo().filter((name) => name === 'Timeout'))
        }`,
    },
    undefined,
    // Far from the minute, and from what a busy machine takes.
    { timeout: 15_000 },
  )
  const stdout = [
    ...['its tasks are done [ 1, 2 ]', 'a task has failed no', 'its call was aborted enough'],
    ...['its generator was left { value: undefined, done: true }', 'its Parallel was terminated PARFOR_DISPOSED'],
  ]
    .map((line) => `${line}\n[]\n`)
    .join('')
  expect(ended).toEqual({ code: 0, signal: null, stdout, stderr: '' })
})
