import { threadId } from 'node:worker_threads'
import {
  delayed,
  kwargs,
  Parallel,
  type ParallelOptions,
  type Progress,
  shutdown,
  type Task,
  TaskError,
  taskInfo,
} from '../../lib'
import { settled } from '../support/manual-backend'
import { add, block, counters, reached, waitFor } from './counters'
import { inOrder, kinds, outcome } from './outcomes'
import { identity, range, Unmade } from './tasks'
import { threadExits } from './thread-exits'

/*
 * Nothing but speed may depend on which tasks travel together, or on how their results are given.
 */
const sizes = [1, 7, 1000, 'auto'] as const
const ways = sizes.flatMap((batchSize) => kinds.map((returnAs) => ({ batchSize, returnAs })))

/** A promised or thrown value, and the shape that it has whatever its realm. */
class OddError extends RangeError {
  override readonly name = 'OddError'
  readonly n: number
  constructor(n: number) {
    super(`${n} is odd`)
    this.n = n
  }
}

const numbered = delayed((n: number) => ({ n }))
const inputs: Record<string, () => unknown> = {
  'an array': () => range(20).map((n) => numbered(n)),
  'a set': () => new Set(range(20).map((n) => numbered(n))),
  'an iterator': () =>
    range(20)
      .map((n) => numbered(n))
      .values(),
  'a generator function': () =>
    function* () {
      yield* range(20).map((n) => numbered(n))
    },
  'an async generator function': () =>
    async function* () {
      for (const n of range(20)) {
        if (n % 5 === 0) await settled()
        yield numbered(n)
      }
    },
  'a stream': () =>
    new ReadableStream({
      start(controller) {
        for (const n of range(20)) controller.enqueue(numbered(n))
        controller.close()
      },
    }),
}

describe.each(ways)('With batchSize $batchSize and returnAs $returnAs', ({ batchSize, returnAs }) => {
  // Workers are kept for the next one.
  afterAll(() => shutdown())

  const options = { nJobs: 2, batchSize, returnAs } as const
  /** Results in the order of the tasks, whatever order they were given in: each task tells which it is. */
  const sorted = <R extends { n: number }>(values: R[]) => inOrder(values, returnAs, ({ n }) => n)

  it('each result is that of its task: sync, async, thenable', async () => {
    const tasks = [
      delayed((n: number) => ({ n, how: 'sync' })),
      delayed(async (n: number) => ({ n, how: 'async' })),
      delayed(async (n: number) => {
        await new Promise((resolve) => setImmediate(resolve))
        return { n, how: 'later' }
      }),
      delayed(
        (n: number) =>
          // biome-ignore lint/suspicious/noThenProperty: that is what a thenable is
          ({ then: (resolve: (value: unknown) => void) => resolve({ n, how: 'thenable' }) }) as PromiseLike<{
            n: number
            how: string
          }>,
      ),
    ]
    const parallel = Parallel(options)
    const { values, error } = await outcome(parallel(range(60).map((n) => (tasks[n % 4] as (typeof tasks)[0])(n))))
    expect(error).toBeUndefined()
    expect(sorted(values)).toEqual(range(60).map((n) => ({ n, how: ['sync', 'async', 'later', 'thenable'][n % 4] })))
  })

  it('named arguments arrive as given, and a task may be used again', async () => {
    const show = delayed((n: number, { start = 0, ...rest }: { start?: number; end?: number } = {}) => ({
      n,
      start,
      rest,
    }))
    const task = show(1, kwargs({ start: 5, end: 7 }))
    const tasks = range(15).flatMap((n) => [
      show(3 * n),
      { ...task, args: [3 * n + 1] },
      show(3 * n + 2, kwargs({ end: n })),
    ])
    const expected = range(15).flatMap((n) => [
      { n: 3 * n, start: 0, rest: {} },
      { n: 3 * n + 1, start: 5, rest: { end: 7 } },
      { n: 3 * n + 2, start: 0, rest: { end: n } },
    ])
    const parallel = Parallel(options)
    for (const _ of [1, 2]) expect(sorted((await outcome(parallel(tasks))).values)).toEqual(expected)
    const { values } = await outcome(parallel([task, task, task]))
    expect(values).toEqual(range(3).map(() => ({ n: 1, start: 5, rest: { end: 7 } })))
  })

  it.each(Object.keys(inputs))('the input may be %s', async (name) => {
    const parallel = Parallel(options)
    const { values, error } = await outcome(parallel(inputs[name]?.() as Iterable<Task<{ n: number }>>))
    expect(error).toBeUndefined()
    expect(sorted(values)).toEqual(range(20).map((n) => ({ n })))
  })

  it('the first error, in time, is that of the call, with its task', async () => {
    const parallel = Parallel(options)
    const [gate, begun] = [counters(), counters()]
    const check = delayed(function check(n: number) {
      if (n === 12) throw new OddError(n)
      if (n < 12) return n
      // Nothing that comes later ends before, also when it throws.
      add(begun)
      waitFor(gate)
      throw new OddError(99)
    })
    const { values, error } = await outcome(parallel(range(40).map((n) => check(n))))
    expect(error).toBeInstanceOf(OddError)
    expect(error).toMatchObject({ name: 'OddError', message: '12 is odd', n: 12 })
    expect(taskInfo(error)).toEqual({ index: 12, name: 'check', workerId: expect.any(Number) })
    expect(values.every((n) => n < 12)).toBe(true)
    expect(new Set(values).size).toBe(values.length)
    if (returnAs === 'generator') expect(values).toEqual(range(values.length))
    expect((await outcome(parallel([identity(1)]))).values).toEqual([1])
  })

  it('an error names its task also when it is the first of a batch, or the last', async () => {
    const parallel = Parallel(options)
    const unlucky = delayed((n: number, at: number) => {
      if (n === at) throw new OddError(n)
      return n
    })
    for (const at of [0, 1, 6, 7, 13]) {
      const { error } = await outcome(parallel(range(14).map((n) => unlucky(n, at))))
      expect([taskInfo(error)?.index, (error as Error).message]).toEqual([at, `${at} is odd`])
    }
  })

  it('each task is settled by itself, whatever becomes of the others', async () => {
    const parallel = Parallel({ ...options, onError: 'settle' })
    const ran = counters(40)
    const task = delayed((n: number, _: unknown): unknown => {
      add(ran, n)
      if (n === 3) throw new OddError(3)
      if (n === 8) throw 'no error'
      if (n === 9) return { list: [new WeakMap()] }
      if (n === 20) return process.exit(5)
      if (n === 21) return Promise.reject(new OddError(21))
      return { n }
    })
    const tasks = range(40).map((n) => task(n, n === 15 ? Promise.resolve() : n === 30 ? new Unmade() : undefined))
    const { values, error } = await outcome(parallel(tasks))
    expect(error).toBeUndefined()
    const failed = new Map(
      values.flatMap((each) => (each.status === 'rejected' ? [[taskInfo(each.reason)?.index, each.reason]] : [])),
    )
    expect([...failed.keys()].sort((a = 0, b = 0) => a - b)).toEqual([3, 8, 9, 15, 20, 21, 30])
    expect(failed.get(3)).toBeInstanceOf(OddError)
    expect(failed.get(8)).toBeInstanceOf(TaskError)
    expect(failed.get(8)).toMatchObject({ cause: 'no error' })
    expect(failed.get(9)).toMatchObject({
      code: 'PARFOR_UNSERIALIZABLE',
      side: 'result',
      path: 'result.list[0]',
      taskIndex: 9,
    })
    expect(failed.get(15)).toMatchObject({
      code: 'PARFOR_UNSERIALIZABLE',
      side: 'task',
      path: 'args[1]',
      taskIndex: 15,
    })
    expect(failed.get(20)).toMatchObject({ code: 'PARFOR_WORKER_LOST', taskIndex: 20, exitCode: 5 })
    expect(failed.get(21)).toMatchObject({ message: '21 is odd' })
    expect(failed.get(30)).toMatchObject({ message: expect.stringContaining('cannot be made') })
    const good = values.flatMap((each) => (each.status === 'fulfilled' ? [each.value as { n: number }] : []))
    expect(sorted(good)).toEqual(range(40).flatMap((n) => (failed.has(n) ? [] : [{ n }])))
    if (returnAs !== 'generator_unordered')
      expect(values.map(({ status }) => status === 'rejected')).toEqual(range(40).map((n) => failed.has(n)))
    // What was not to be sent did not run, and all the others did, once.
    expect([...ran]).toEqual(range(40).map((n) => (n === 15 || n === 30 ? 0 : 1)))
  })

  it('progress is told of each task once, and of the total', async () => {
    const told: Progress[] = []
    const parallel = Parallel({ ...options, onError: 'settle', onProgress: (progress) => told.push(progress) })
    const odd = delayed((n: number) => {
      if (n % 3 === 0) throw new OddError(n)
      return n
    })
    await outcome(parallel(range(50).map((n) => odd(n))))
    expect(told.map(({ done }) => done)).toEqual(range(50).map((n) => n + 1))
    expect(new Set(told.map(({ total }) => total))).toEqual(new Set([50]))
    expect(told.at(-1)).toMatchObject({ done: 50, failed: 17, remaining: 0 })
    for (const [n, { failed, elapsed }] of told.entries()) {
      const before = told[n - 1] ?? { failed: 0, elapsed: 0 }
      expect([failed - before.failed === 0 || failed - before.failed === 1, elapsed >= before.elapsed]).toEqual([
        true,
        true,
      ])
    }
  })

  it('a task does not see what another does to its arguments', async () => {
    const parallel = Parallel({ ...options, nJobs: 1, backend: 'threads' })
    const common = { list: [0], map: new Map([['n', 0]]), bytes: new Uint8Array(4), numbers: new Float64Array(5000) }
    const spoil = delayed((n: number, { list, map, bytes, numbers }: typeof common) => {
      const seen = [list.length, map.get('n'), bytes[0], numbers[100]]
      list.push(1)
      map.set('n', 1)
      bytes[0] = 1
      numbers[100] = 1
      return { n, seen }
    })
    const { values } = await outcome(parallel(range(40).map((n) => spoil(n, common))))
    expect(sorted(values)).toEqual(range(40).map((n) => ({ n, seen: [1, 0, 0, 0] })))
    expect(common).toMatchObject({ list: [0], bytes: new Uint8Array(4) })
  })

  // An ordered generator takes no more than its window while one is missing.
  if (returnAs !== 'generator' || batchSize === 1000)
    it('no result holds up another: all but one are there while that one runs', async () => {
      const gate = counters()
      const ran = counters(60)
      const parallel = Parallel({ ...options, onProgress: ({ done }) => done === 59 && add(gate) })
      const task = delayed((n: number) => {
        add(ran, n)
        if (n === 1) waitFor(gate)
        return { n }
      })
      const { values, error } = await outcome(parallel(range(60).map((n) => task(n))))
      expect(error).toBeUndefined()
      expect(sorted(values)).toEqual(range(60).map((n) => ({ n })))
      expect([...ran]).toEqual(range(60).map(() => 1))
    })
})

describe('Tasks of a batch that have not begun', () => {
  it.each([2, 3])('go to workers that are free, once: nJobs %i', async (nJobs) => {
    await using parallel = Parallel({ nJobs, batchSize: 100 })
    const [gate, ran] = [counters(), counters(100)]
    const task = delayed((n: number) => {
      add(ran, n)
      if (n === 0) waitFor(gate)
      return threadId
    })
    const call = parallel(
      range(100).map((n) => task(n)),
      { onProgress: ({ done }) => done === 99 && add(gate) },
    )
    const [first, ...others] = await call
    expect(others).not.toContain(first)
    expect([...ran]).toEqual(range(100).map(() => 1))
  })

  it('are run once each, where quick ones and slow ones take turns', async () => {
    await using parallel = Parallel({ nJobs: 3, batchSize: 200 })
    const ran = counters(1000)
    const task = delayed((n: number) => {
      add(ran, n)
      block(n % 200 === 0 ? 25 : n % 50 === 1 ? 3 : 0)
      return n
    })
    expect(await parallel(range(1000).map((n) => task(n)))).toEqual(range(1000))
    expect([...ran]).toEqual(range(1000).map(() => 1))
  })

  it('are those of their call: errors and results find their places', async () => {
    await using parallel = Parallel({ nJobs: 2, batchSize: 30, onError: 'settle' })
    const gate = counters()
    const task = delayed((n: number) => {
      if (n === 0) waitFor(gate)
      if (n % 4 === 3) throw new OddError(n)
      return n
    })
    const results = await parallel(
      range(30).map((n) => task(n)),
      { onProgress: ({ done }) => done === 29 && add(gate) },
    )
    expect(
      results.map((each) => (each.status === 'rejected' ? -(taskInfo(each.reason)?.index ?? 0) : each.value)),
    ).toEqual(range(30).map((n) => (n % 4 === 3 ? -n : n)))
  })
})

describe('A caller that is busy', () => {
  it('has the results that came meanwhile, while the next task of the batch runs for long', async () => {
    await using parallel = Parallel({ nJobs: 1, backend: 'threads', batchSize: 3, onError: 'settle' })
    const [begun, gate] = [counters(2), counters()]
    // Its result is posted, as it takes long enough for that, and that of the next one is held back.
    const first = delayed(() => {
      add(begun, 0)
      block(5)
      return 'a'
    })
    const long = delayed(() => {
      add(begun, 1)
      waitFor(gate)
      return 'c'
    })
    await parallel([identity(0)])
    const told: number[] = []
    const call = parallel([first(), delayed(() => 'b')(), long()], {
      onProgress: ({ done }) => {
        told.push(done)
        if (done === 2) add(gate)
      },
    })
    await reached(begun, 0)
    // This thread hears of nothing, until the last task has been running for long.
    block(1000, begun, 1)
    block(40)
    expect(await call).toEqual(['a', 'b', 'c'].map((value) => ({ status: 'fulfilled', value })))
    expect(told).toEqual([1, 2, 3])
  })
})

describe('A value that a worker cannot make', () => {
  const unmade = new Unmade()
  const ran = counters()
  const places: Record<string, Task<unknown>> = {
    'an argument': delayed((_: Unmade) => add(ran))(unmade),
    'a named argument': delayed((_: { value: Unmade }) => add(ran))(kwargs({ value: unmade })),
    'a captured variable': delayed(() => (unmade ? add(ran) : 0))(),
  }

  it.each(Object.keys(places))('is a SerializationError of its task, when it is %s', async (place) => {
    for (const batchSize of [1, 7] as const) {
      await using parallel = Parallel({ nJobs: 1, backend: 'threads', batchSize, onError: 'settle' })
      const results = await parallel([identity(0), places[place] as Task<unknown>, identity(2)])
      expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
      expect(results[1]).toMatchObject({
        reason: { code: 'PARFOR_UNSERIALIZABLE', side: 'task', taskIndex: 1, message: expect.stringContaining('made') },
      })
    }
    expect(Atomics.load(ran, 0)).toBe(0)
  })
})

describe.each(['threads', 'sequential'] as const)('A call on %s', (backend) => {
  it.each([1, 2, -1, -2])('has the same results with nJobs %i, whatever it prints', async (nJobs) => {
    const print = jest.spyOn(process.stderr, 'write').mockImplementation(() => true)
    try {
      for (const verbose of [0, 2, 11, 100]) {
        await using parallel = Parallel({ nJobs, backend, verbose })
        expect(await parallel(range(5).map((n) => delayed((n: number) => n ** 2)(n)))).toEqual([0, 1, 4, 9, 16])
      }
      expect(print).toHaveBeenCalled()
    } finally {
      print.mockRestore()
    }
  })

  it.each([1, 2, 3])('gives named arguments as they were given, with nJobs %i', async (nJobs) => {
    const sum = delayed((x: number, { y = 0, z = 0 }: { y?: number; z?: number } = {}) => [x, y, z])
    await using parallel = Parallel({ nJobs, backend })
    const tasks = [sum(1), sum(2, kwargs({ y: 3 })), sum(4, kwargs({ z: 5, y: 6 }))]
    expect(await parallel(tasks)).toEqual([
      [1, 0, 0],
      [2, 3, 0],
      [4, 6, 5],
    ])
  })
})

describe('A call on threads', () => {
  it.each(kinds)('starts no more workers than it has tasks: %s', async (returnAs) => {
    using threads = threadExits()
    const options: ParallelOptions<'throw', typeof returnAs> = { nJobs: 12, returnAs, env: { OWN: 'workers' } }
    await using parallel = Parallel(options)
    const { values } = await outcome(parallel([numbered(0), numbered(1)]))
    expect([...values].sort((a, b) => a.n - b.n)).toEqual([{ n: 0 }, { n: 1 }])
    expect([1, 2]).toContain(threads.count)
  })

  it('needs no worker without tasks', async () => {
    using threads = threadExits()
    await using parallel = Parallel({ nJobs: 2, env: { OWN: 'workers' } })
    expect(await parallel([])).toEqual([])
    const exhausted = [numbered(1)].values()
    exhausted.next()
    expect(await parallel(exhausted)).toEqual([])
    expect(await parallel(async function* () {})).toEqual([])
    expect(threads.count).toBe(0)
  })
})

describe('What a task enters', () => {
  it('of an AsyncLocalStorage is left when its batch is over: the next call sees nothing of it', async () => {
    const parallel = Parallel({ nJobs: 1, backend: 'threads' })
    const enter = delayed((waits: boolean) => {
      const { AsyncLocalStorage } = process.getBuiltinModule?.('node:async_hooks') ?? require('node:async_hooks')
      const realm = globalThis as { storage?: InstanceType<typeof AsyncLocalStorage> }
      realm.storage ??= new AsyncLocalStorage()
      realm.storage.enterWith('secret')
      return waits ? Promise.resolve() : undefined
    })
    const read = delayed(() => (globalThis as { storage?: { getStore(): unknown } }).storage?.getStore() ?? 'nothing')
    for (const waits of [false, true]) {
      await parallel([enter(waits)])
      expect(await parallel([read()])).toEqual(['nothing'])
    }
    await parallel.close()
  })
})
