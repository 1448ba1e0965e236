import { threadId } from 'node:worker_threads'
import {
  cpuCount,
  delayed,
  kwargs,
  Pool,
  type Progress,
  parallelConfig,
  partial,
  TaskTimeoutError,
  transfer,
} from '../../lib'
import { add, counters, reached } from '../parallel/counters'
import { range } from '../parallel/tasks'
import { manualBackend, settled } from '../support/manual-backend'

/*
 * What a Pool has that Python's has not. What they have in common is in conformance.spec.ts.
 */

const pool = new Pool(2)

const square = (n: number) => n * n

describe('A call of a Pool', () => {
  it('waits for async functions', async () => {
    const later = async (n: number) => {
      await null
      return n + 1
    }
    expect(await pool.map(later, [1, 2])).toEqual([2, 3])
    expect(await pool.apply(later, [1])).toBe(2)
  })

  it('gives each item its named arguments', async () => {
    const scale = (n: number, { by = 1 } = {}) => n * by
    expect(await pool.starmap(scale, [[2], [2, kwargs({ by: 5 })]])).toEqual([2, 10])
    expect(await pool.map(partial(scale, kwargs({ by: 3 })), [1, 2])).toEqual([3, 6])
  })

  it('ends with its signal, and leaves the pool alone', async () => {
    const controller = new AbortController()
    const begun = counters()
    const stuck = () => {
      add(begun)
      for (;;);
    }
    const calls = [
      pool.map(stuck, [1], { signal: controller.signal }),
      pool.applyAsync(stuck, [], undefined, { signal: controller.signal }).get(),
      pool.apply(stuck, [], undefined, { signal: controller.signal }),
    ]
    await reached(begun, 0, 2)
    controller.abort(new Error('enough'))
    for (const call of calls) await expect(call).rejects.toThrow('enough')
    expect(await pool.map(square, [2])).toEqual([4])
  })

  it('tells how far it has come, of how many items', async () => {
    const told: Pick<Progress, 'done' | 'total'>[] = []
    const onProgress = ({ done, total }: Progress) => told.push({ done, total: total as number })
    await pool.map(square, range(5), { onProgress })
    expect(told).toEqual(range(5, 1).map((done) => ({ done, total: 5 })))
  })

  it('settles every item, when asked to', async () => {
    const half = (n: number) => {
      if (n % 2) throw new RangeError(`${n} is odd`)
      return n / 2
    }
    const outcomes = await pool.map(half, [2, 3], { onError: 'settle' })
    expect(outcomes).toEqual([
      { status: 'fulfilled', value: 1 },
      { status: 'rejected', reason: new RangeError('3 is odd') },
    ])
    const result = pool.starmapAsync(half, [[5]], { onError: 'settle' })
    expect(await result.get()).toMatchObject([{ status: 'rejected' }])
    expect(result.successful()).toBe(true)
  })

  it('hands over what transfer() marks', async () => {
    const arrays = range(3).map((n) => new Float64Array(1000).fill(n))
    const sum = (array: Float64Array) => array.reduce((a, b) => a + b)
    expect(await pool.map(sum, arrays.map(transfer))).toEqual([0, 1000, 2000])
    expect(arrays.map(({ length }) => length)).toEqual([0, 0, 0])
    const given = new Float64Array(10).fill(1)
    expect(await pool.apply(sum, [transfer(given)])).toBe(10)
    expect(given).toHaveLength(0)
  })

  it('reads an input of many items in parts: none is asked for two at a time', async () => {
    let isAsked = false
    const input: AsyncIterable<number> = {
      async *[Symbol.asyncIterator]() {
        for (const n of range(100)) {
          expect(isAsked).toBe(false)
          isAsked = true
          await null
          isAsked = false
          yield n
        }
      },
    }
    expect(await pool.map(square, input)).toEqual(range(100).map(square))
  })

  it('has the chunks that it asks for', async () => {
    const { backend, sent } = manualBackend()
    const manual = new Pool(2, { backend, preDispatch: 'all' })
    const call = manual.map(square, range(7), { chunkSize: 3 })
    await settled()
    expect(sent.map(({ args }) => args)).toEqual([[0, 1, 2], [3, 4, 5], [6]])
    for (const one of sent) await one.complete(one.args)
    expect(await call).toEqual(range(7))
    await manual.close()
  })
})

describe('The options of a Pool', () => {
  it('are given to all of its calls', async () => {
    await using pool = new Pool(1, { timeout: 250, env: { COLOR: 'blue' } })
    const pause = (n: number) => {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, n)
      return process.env.COLOR
    }
    // Of each item, however many travel together.
    const colors = await pool.map(pause, Array(10).fill(30), { chunkSize: 10 })
    expect(colors).toEqual(Array(10).fill('blue'))
    const late: unknown = await pool.map(pause, [1, 60_000], { chunkSize: 2 }).catch((error) => error)
    expect(late).toBeInstanceOf(TaskTimeoutError)
    expect(late).toMatchObject({ taskIndex: 1 })
  })

  it('are not those of parallelConfig', async () => {
    const controller = new AbortController()
    controller.abort(new Error('not for a Pool'))
    const told: unknown[] = []
    const config = { signal: controller.signal, onProgress: () => told.push(1), env: { COLOR: 'red' } }
    expect(await parallelConfig(config, () => pool.apply(() => process.env.COLOR))).toBe(process.env.COLOR)
    expect(told).toEqual([])
  })

  it('may name another backend, as the calling thread', async () => {
    await using pool = new Pool(1, { backend: 'sequential' })
    expect(await pool.map(() => threadId, [1])).toEqual([threadId])
  })

  it('end all calls with a signal', async () => {
    const pool = new Pool(2, { signal: AbortSignal.abort(new Error('too late')) })
    await expect(pool.map(square, [1])).rejects.toThrow('too late')
    await expect(pool.applyAsync(square, [1]).get()).rejects.toThrow('too late')
  })

  it.each([
    [[{}], 'new Pool(processes?, options?) takes its options second: new Pool(undefined, { … })'],
    [[null], 'processes must be a whole number, 1 or more; got null'],
    [[2, 3], /^The options of Pool are an object of backend, .*; got 3$/],
    [[2, { nJobs: 2 }], "'nJobs' is no option of Pool. Its options are backend, "],
    [[2, { maxTasksperWorker: 2 }], "'maxTasksperWorker' is no option of Pool. Did you mean 'maxTasksPerWorker'?"],
    [[2, { timeout: '1s' }], "timeout must be a number of milliseconds above 0; got '1s'"],
    [[2, { initializer: Math.abs }], 'initializer must be a task, delayed(fn)(...args)'],
    [[2, { backend: null }], "backend must be 'threads', 'sequential' or a ParallelBackend; got null"],
  ])('are refused when they are wrong: %j', (args, message) => {
    expect(() => new Pool(...(args as [number]))).toThrow(TypeError)
    expect(() => new Pool(...(args as [number]))).toThrow(message)
  })
})

describe('A Pool that was terminated', () => {
  it('says so, also when it is closed then', async () => {
    const pool = new Pool(1)
    await Promise.all([pool.terminate(), pool.close()])
    await expect(pool.map(square, [1])).rejects.toThrow('Pool not running: it is terminated')
  })
})

describe('The arguments of a call', () => {
  it.each([
    ['an option', () => pool.map(square, [1], { chunksize: 2 } as never), "'chunksize' is no option of map(). Did you"],
    ['a signal', () => pool.imap(square, [1], new AbortController().signal as never).next(), 'Write { signal }'],
    [
      'a function for items',
      () => pool.map(square, (() => 5) as never),
      'pool.map(fn, iterable): the function given for the iterable returned 5, which is none',
    ],
    ['onError', () => pool.map(square, [1], { onError: 'ignore' as never }), "onError must be 'throw' or 'settle'"],
    ['args', () => pool.apply(square, 5 as never), 'args of apply must be an array: pool.apply(fn, [a, b]); got 5'],
    [
      'a text for args',
      () => pool.apply(square, 'ab' as never),
      'args of apply must be an array: pool.apply(fn, [a, b]',
    ],
    ['kwargs', () => pool.apply(square as never, [1], [2] as never), 'kwargs of apply must be an object'],
    [
      'options of apply',
      () => pool.apply(square, [1], undefined, { callback: square } as never),
      "'callback' is no option of apply(). Its options are signal, onProgress",
    ],
    ['fn', () => pool.apply('abs' as never), "pool.apply takes a function first; got 'abs'"],
    ['fn', () => pool.map(delayed(Math.abs), [1]), 'pool.map takes the function itself, and makes the tasks'],
    ['a callback', async () => pool.applyAsync(square, [1], undefined, { callback: 1 as never }), 'callback must be a'],
    ['a timeout', () => pool.applyAsync(square, [1]).get(-1), 'timeout must be a number of milliseconds, 0 or more'],
  ])('are refused when they are wrong: %s', async (_, call, message) => {
    await expect(call()).rejects.toThrow(message)
  })
})

describe('close()', () => {
  afterAll(() => pool.close())

  it('leaves who takes the results of an imap the time to take them', async () => {
    const pool = new Pool(2)
    const results = pool.imap(square, range(1000))
    // So that it stands still, since nobody takes results: four batches of one.
    await pool.map(square, range(20))
    await settled()
    const closed = pool.close()
    const values: number[] = []
    for await (const value of results) values.push(value)
    expect(values).toEqual(range(1000).map(square))
    await closed
  })

  it('ends an imap that nobody asks for results', async () => {
    const pool = new Pool(cpuCount())
    const results = pool.imap(square, function* () {
      for (let n = 0; ; n += 1) yield n
    })
    await pool.close()
    await expect(results.next()).rejects.toThrow('Nobody was asking this call for its results')
  })
})
