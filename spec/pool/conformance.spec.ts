import { setImmediate } from 'node:timers/promises'
import { threadId } from 'node:worker_threads'
import {
  type AsyncResult,
  cpuCount,
  DisposedError,
  delayed,
  InitializerError,
  kwargs,
  ParforError,
  Pool,
  partial,
  SerializationError,
  TimeoutError,
  taskInfo,
  WorkerLostError,
} from '../../lib'
import { add, counters, reached, waitFor } from '../parallel/counters'
import { range } from '../parallel/tasks'
import { manualBackend, settled } from '../support/manual-backend'
import { runProgram } from '../support/program'

/*
 * Sixty behaviours of a Pool: what CPython's documentation of multiprocessing.pool says, what CPython 3.11 does where that is
 * silent, and where parfor does something else, what that is.
 */

interface Behaviour {
  /** What Python does, when it is something else. */
  readonly python: 'the same' | string
  readonly does: string
  readonly proof: () => Promise<void>
}

const pool = new Pool(2)

const square = (n: number) => n * n
const numbers = range(50)
const squares = numbers.map(square)

/** Fails for one number, and takes two arguments to be made, as many classes of errors do. */
class Unlucky extends Error {
  readonly n: number
  constructor(n: number, why: string) {
    super(`${n} is ${why}`)
    this.name = 'Unlucky'
    this.n = n
  }
}
const failAt = partial((unlucky: number, n: number) => {
  if (n === unlucky) throw new Unlucky(n, 'unlucky')
  return n
}, 3)
const failAlways = (n: number): number => {
  throw new RangeError(`no ${n}`)
}

/** Waits until a gate is open. */
const gated = (gate: Int32Array, n: number) => {
  waitFor(gate)
  return n
}

async function all<R>(results: AsyncIterable<R>): Promise<R[]> {
  const values: R[] = []
  for await (const value of results) values.push(value)
  return values
}

/** An endless input that tells what it gave, and that it was closed. */
function endless() {
  const log: (number | 'closed')[] = []
  function* items() {
    try {
      for (let n = 0; ; n += 1) {
        log.push(n)
        yield n
      }
    } finally {
      log.push('closed')
    }
  }
  return { log, items }
}

const construction: Behaviour[] = [
  {
    python: 'the same: os.cpu_count(); from 3.13 on, os.process_cpu_count()',
    does: 'Pool() has a worker for every CPU',
    async proof() {
      const { backend, events, sent } = manualBackend()
      const pool = new Pool(undefined, { backend })
      void pool.map(square, [1]).catch(() => {})
      await settled()
      expect([events[0], sent.length]).toEqual([`open ${cpuCount()}`, 1])
      await pool.terminate()
    },
  },
  {
    python: 'the same: ValueError',
    does: 'a number of processes below 1 is refused',
    async proof() {
      for (const processes of [0, -1, 1.5]) expect(() => new Pool(processes)).toThrow(RangeError)
      expect(() => new Pool('2' as never)).toThrow(TypeError)
      expect(() => new Pool(0)).toThrow('processes must be a whole number, 1 or more; got 0')
    },
  },
  {
    python: 'the same',
    does: 'a single worker is a worker too: tasks do not run in the caller, nor see its memory',
    async proof() {
      await using pool = new Pool(1)
      let seen = 0
      const see = () => {
        seen += 1
        return [threadId, seen]
      }
      const [thread, inWorker] = await pool.apply(see)
      expect(thread).not.toBe(threadId)
      expect([inWorker, seen]).toEqual([1, 0])
    },
  },
  {
    python: 'the same',
    does: 'workers live as long as the pool',
    async proof() {
      await using pool = new Pool(1)
      const threads = new Set<number>()
      for (const _ of range(3)) for (const thread of await pool.map(() => threadId, numbers)) threads.add(thread)
      expect(threads.size).toBe(1)
    },
  },
  {
    python: 'the same: initializer and initargs',
    does: 'an initializer runs once in every worker, with its arguments, before the first task',
    async proof() {
      const shelf = () => globalThis as { ready?: string[] }
      const prepare = (...words: string[]) => {
        shelf().ready = [...(shelf().ready ?? []), ...words]
      }
      await using pool = new Pool(2, { initializer: delayed(prepare)('a', 'b') })
      const found = await pool.map(() => shelf().ready, numbers, { chunkSize: 5 })
      expect(found).toEqual(numbers.map(() => ['a', 'b']))
    },
  },
  {
    python: 'the worker is started again, and again, forever',
    does: 'an initializer that fails fails the call, once',
    async proof() {
      const runs = counters()
      const fail = () => {
        add(runs)
        throw new Error('no connection')
      }
      await using pool = new Pool(1, { initializer: delayed(fail)() })
      const error: unknown = await pool.map(square, numbers).catch((error) => error)
      expect(error).toBeInstanceOf(InitializerError)
      expect(error).toMatchObject({ message: 'The initializer failed: no connection' })
      expect(runs[0]).toBe(1)
    },
  },
  {
    python: 'maxtasksperchild counts chunks',
    does: 'maxTasksPerWorker replaces a worker after so many tasks: each item is one, whatever the chunk',
    async proof() {
      await using pool = new Pool(1, { maxTasksPerWorker: 5 })
      const threads = await pool.map(() => threadId, range(10), { chunkSize: 2 })
      expect(new Set(threads.slice(0, 5)).size).toBe(1)
      expect(new Set(threads.slice(5)).size).toBe(1)
      expect(new Set(threads).size).toBe(2)
    },
  },
  {
    python: 'a daemonic process is not allowed to have children',
    does: 'a task may have a pool of its own, which shares the workers of the outermost',
    async proof() {
      // A program, since a worker cannot load the source of the library that specs run.
      const program = `
        import { Pool } from 'parfor'
        const inner = async (n) => {
          const pool = new Pool(2)
          const multiples = await pool.map((m) => m * n, [1, 2, 3])
          await pool.close()
          return multiples
        }
        console.log(await new Pool(2).map(inner, [1, 10]))`
      const { stdout, stderr } = await runProgram({ 'main.mjs': program })
      expect({ stdout, stderr }).toEqual({ stdout: '[ [ 1, 2, 3 ], [ 10, 20, 30 ] ]\n', stderr: '' })
    },
  },
]

const apply: Behaviour[] = [
  {
    python: 'the same, but it blocks',
    does: 'apply(fn, args, kwargs) gives the result of one call; all but fn may be left out',
    async proof() {
      const describe = (what: string, n: number, { unit = '' } = {}) => `${what}: ${n}${unit}`
      expect(await pool.apply(describe, ['height', 3])).toBe('height: 3')
      expect(await pool.apply(describe, ['height', 3], { unit: 'm' })).toBe('height: 3m')
      expect(await pool.apply(describe, ['height', 3, kwargs({ unit: 'm' })])).toBe('height: 3m')
      expect(await pool.apply((...args: unknown[]) => args)).toEqual([])
    },
  },
  {
    python: 'the same',
    does: 'apply runs in one worker only',
    async proof() {
      const runs = counters()
      await pool.apply(() => add(runs))
      await pool.map(square, numbers)
      expect(runs[0]).toBe(1)
    },
  },
  {
    python: 'the same',
    does: 'apply fails with the error of the function',
    async proof() {
      await expect(pool.apply(failAlways, [4])).rejects.toThrow(new RangeError('no 4'))
    },
  },
  {
    python: 'the same',
    does: 'a task has copies of its arguments: the caller sees nothing of what it writes to them',
    async proof() {
      const list = [1]
      expect(await pool.apply((list: number[]) => list.push(2), [list])).toBe(2)
      expect(list).toEqual([1])
    },
  },
  {
    python: 'lambdas and closures cannot be pickled',
    does: 'any function can be sent: a lambda, a closure, a partial, a method',
    async proof() {
      const factor = 3
      const scale = { by: factor, of: (n: number) => n * factor }
      expect(await pool.map((n: number) => n * factor, [1, 2])).toEqual([3, 6])
      expect(await pool.map(partial(Math.max, 2), [1, 5])).toEqual([2, 5])
      expect(await pool.map(scale.of, [1, 2])).toEqual([3, 6])
    },
  },
]

const applyAsync: Behaviour[] = [
  {
    python: 'the same',
    does: 'applyAsync gives an AsyncResult at once',
    async proof() {
      const gate = counters()
      const result = pool.applyAsync(gated, [gate, 7])
      expect(result.ready()).toBe(false)
      add(gate)
      expect(await result.get()).toBe(7)
    },
  },
  {
    python: 'the same',
    does: 'callback gets the result, once, before get() goes on; errorCallback nothing',
    async proof() {
      const told: unknown[] = []
      const result = pool.applyAsync(square, [3], undefined, {
        callback: (value) => told.push(value),
        errorCallback: (error) => told.push(error),
      })
      told.push(`got ${await result.get()}`)
      expect(told).toEqual([9, 'got 9'])
    },
  },
  {
    python: 'the same',
    does: 'errorCallback gets the error of a call that fails, once; callback nothing',
    async proof() {
      const told: unknown[] = []
      const tell = (value: unknown) => told.push(value)
      const result = pool.applyAsync(failAlways, [5], undefined, { callback: tell, errorCallback: tell })
      await result.wait()
      expect(told).toEqual([new RangeError('no 5')])
      expect(told[0]).toBe(await result.get().catch((error) => error))
    },
  },
  {
    python: 'the same',
    does: 'applyAsync runs several calls at the same time, on different workers',
    async proof() {
      const here = counters()
      // Each waits for the other one.
      const meet = () => {
        add(here)
        waitFor(here, 0, 2)
        return threadId
      }
      const threads = await Promise.all([pool.applyAsync(meet).get(), pool.applyAsync(meet).get()])
      expect(new Set(threads).size).toBe(2)
    },
  },
  {
    python: 'it ends the thread that handles results: everybody hangs',
    does: 'a callback that throws is an uncaught error, and no result is lost',
    async proof() {
      const { stdout } = await runProgram({
        'main.mjs': `
          import { Pool } from 'parfor'
          process.on('uncaughtException', (error) => console.log('uncaught', error.message))
          const pool = new Pool(2)
          const callback = () => { throw new Error('of the callback') }
          const result = pool.applyAsync(Math.abs, [-4], undefined, { callback })
          console.log(await result.get(), await pool.apply(Math.abs, [-5]))
          await pool.close()`,
      })
      expect(stdout.trim().split('\n').sort()).toEqual(['4 5', 'uncaught of the callback'])
    },
  },
]

const map: Behaviour[] = [
  {
    python: 'the same',
    does: 'map gives one result per item, in the order of the items',
    async proof() {
      expect(await pool.map(square, numbers)).toEqual(squares)
    },
  },
  {
    python: 'the same',
    does: 'map of nothing is an empty list',
    async proof() {
      expect(await pool.map(square, [])).toEqual([])
      expect(await pool.map(square, new Set<number>(), { chunkSize: 3 })).toEqual([])
    },
  },
  {
    python: 'the same: it supports one iterable argument',
    does: 'map calls the function with the item alone',
    async proof() {
      expect(await pool.map((...args: unknown[]) => args, [[1, 2], 'a'])).toEqual([[[1, 2]], ['a']])
      expect(await pool.map(Number.parseInt, ['10', '10', '10'])).toEqual([10, 10, 10])
    },
  },
  {
    python: 'the same',
    does: 'map takes any iterable',
    async proof() {
      const identity = <T>(value: T) => value
      expect(await pool.map(identity, new Set([1, 2]))).toEqual([1, 2])
      expect(await pool.map(identity, new Map([['a', 1]]))).toEqual([['a', 1]])
      expect(await pool.map(identity, 'ab')).toEqual(['a', 'b'])
      expect(await pool.map(identity, new Uint8Array([7, 8]))).toEqual([7, 8])
      expect(await pool.map(identity, numbers.values())).toEqual(numbers)
    },
  },
  {
    python: 'it is not iterable',
    does: 'map takes an async iterable, and a generator function',
    async proof() {
      async function* later() {
        for (const n of range(5)) {
          await setImmediate()
          yield n
        }
      }
      expect(await pool.map(square, later())).toEqual([0, 1, 4, 9, 16])
      expect(await pool.map(square, later)).toEqual([0, 1, 4, 9, 16])
      expect(await pool.map(square, () => range(3))).toEqual([0, 1, 4])
    },
  },
  {
    python: 'the same: TypeError',
    does: 'map refuses what is not iterable, and what is no function',
    async proof() {
      await expect(pool.map(square, 5 as never)).rejects.toThrow(TypeError)
      await expect(pool.map(square, null as never)).rejects.toThrow('takes an iterable or async iterable; got null')
      await expect(pool.map([1, 2] as never, square as never)).rejects.toThrow('pool.map takes a function first')
    },
  },
  {
    python: 'the same',
    does: 'chunkSize changes no result: 1, 6, 40, 50, 1000',
    async proof() {
      for (const chunkSize of [1, 6, 40, 50, 1000])
        expect(await pool.map(square, numbers, { chunkSize })).toEqual(squares)
    },
  },
  {
    python: 'ValueError for less than 0; [None, None, …] for 0',
    does: 'a chunkSize below 1 is a RangeError, and so is no whole number',
    async proof() {
      for (const chunkSize of [0, -1, 1.5, Number.NaN])
        await expect(pool.map(square, numbers, { chunkSize })).rejects.toThrow(RangeError)
      await expect(pool.map(square, numbers, { chunkSize: '2' as never })).rejects.toThrow(TypeError)
      await expect(pool.map(square, numbers, 2 as never)).rejects.toThrow('Write { chunkSize: 2 }')
    },
  },
  {
    python: 'items of one chunk share what they have in common',
    does: 'each item is a task of its own, with copies of its own, whatever the chunk',
    async proof() {
      const list = [0]
      const grow = (list: number[]) => list.push(1)
      for (const chunkSize of [1, 3, 100])
        expect(
          await pool.map(
            grow,
            range(30).map(() => list),
            { chunkSize },
          ),
        ).toEqual(range(30).map(() => 2))
    },
  },
  {
    python: 'the error is raised when every chunk is done',
    does: 'map fails at once with the first error, while others run',
    async proof() {
      await using pool = new Pool(2)
      const begun = counters()
      const stuckOrFail = (n: number) => {
        if (n === 1) {
          waitFor(begun)
          throw new Unlucky(n, 'quick')
        }
        add(begun)
        for (;;);
      }
      await expect(pool.map(stuckOrFail, [0, 1], { chunkSize: 1 })).rejects.toThrow('1 is quick')
    },
  },
  {
    python: 'an error whose class takes two arguments hangs the pool',
    does: 'the error is that of the function: its class, message and fields; taskInfo tells the item',
    async proof() {
      const error: unknown = await pool.map(failAt, numbers, { chunkSize: 7 }).catch((error) => error)
      expect(error).toBeInstanceOf(Unlucky)
      expect(error).toMatchObject({ message: '3 is unlucky', n: 3 })
      expect(taskInfo(error)).toMatchObject({ index: 3 })
      // The next one gives its own results.
      expect(await pool.map(square, numbers, { chunkSize: 7 })).toEqual(squares)
    },
  },
  {
    python: 'the same',
    does: 'an error of the iterable is that of the map',
    async proof() {
      function* broken() {
        yield 1
        throw new SyntaxError('the file ends here')
      }
      await expect(pool.map(square, broken())).rejects.toThrow(new SyntaxError('the file ends here'))
    },
  },
  {
    python: 'the iterable is turned into a list first',
    does: 'map reads the iterable as workers become free, and closes it when it fails',
    async proof() {
      const { log, items } = endless()
      await expect(pool.map(failAt, items())).rejects.toThrow('3 is unlucky')
      expect(log.at(-1)).toBe('closed')
      expect(log.filter((entry) => entry === 'closed')).toHaveLength(1)
    },
  },
]

const starmap: Behaviour[] = [
  {
    python: 'the same: [(1, 2), (3, 4)] results in [func(1, 2), func(3, 4)]',
    does: 'starmap unpacks each item as arguments, also of what is like itertools.repeat and zip',
    async proof() {
      expect(
        await pool.starmap(Math.hypot, [
          [3, 4],
          [5, 12],
        ]),
      ).toEqual([5, 13])
      expect(await pool.starmap((a: number, b: number) => a - b, [[1, 2]], { chunkSize: 1 })).toEqual([-1])
      function* pairs(): Generator<[number, number]> {
        for (const n of range(20)) yield [n, 2]
      }
      expect(await pool.starmap(Math.pow, pairs())).toEqual(range(20).map(square))
    },
  },
  {
    python: 'the same',
    does: 'items of starmap may be any iterables, of any length',
    async proof() {
      const list = (...args: unknown[]) => args
      expect(await pool.starmap(list, [[], [1], new Set([1, 2]), 'ab', range(3).values()] as never)).toEqual([
        [],
        [1],
        [1, 2],
        ['a', 'b'],
        [0, 1, 2],
      ])
    },
  },
  {
    python: 'the same: TypeError',
    does: 'an item of starmap that is no iterable is a TypeError, which names it',
    async proof() {
      await expect(pool.starmap(Math.hypot, [[3, 4], 5] as never)).rejects.toThrow(
        new TypeError('Item 1 of starmap is no list of arguments but 5. Write [a, b] for fn(a, b)'),
      )
    },
  },
]

const imap: Behaviour[] = [
  {
    python: 'the same',
    does: 'imap gives the results in order, each as soon as it is there',
    async proof() {
      const gate = counters()
      const results = pool.imap((n: number) => (n === 0 ? n : gated(gate, n)), [0, 1, 2])
      expect(await results.next()).toEqual({ value: 0, done: false })
      add(gate)
      expect(await all(results)).toEqual([1, 2])
    },
  },
  {
    python: 'the same',
    does: 'imapUnordered gives them as they come',
    async proof() {
      const gate = counters()
      const results = pool.imapUnordered((n: number) => (n === 0 ? gated(gate, n) : n), [0, 1, 2])
      expect([(await results.next()).value, (await results.next()).value].sort()).toEqual([1, 2])
      add(gate)
      expect(await all(results)).toEqual([0])
    },
  },
  {
    python: 'the same: a chunksize is 1, unless it is given',
    does: 'chunkSize changes no result of imap, and below 1 it is a RangeError, at the first next()',
    async proof() {
      for (const chunkSize of [1, 6, 40, 50]) {
        expect(await all(pool.imap(square, numbers, { chunkSize }))).toEqual(squares)
        const unordered = await all(pool.imapUnordered(square, numbers, { chunkSize }))
        expect(unordered.sort((a, b) => a - b)).toEqual(squares)
      }
      await expect(pool.imap(square, numbers, { chunkSize: 0 }).next()).rejects.toThrow(RangeError)
    },
  },
  {
    python: 'the whole input is read, whoever takes results',
    does: 'imap reads its input only so far ahead of who takes the results: it may have no end',
    async proof() {
      const { log, items } = endless()
      await using results = pool.imap(square, items(), { chunkSize: 1 })
      expect((await results.next()).value).toBe(0)
      // What else there is to come would have come by then: workers tell of one batch after the other.
      do {
        await pool.map(square, range(12))
        await settled()
      } while (log.length < 5)
      // Two batches for each worker, and one more for the result that is taken.
      expect(log).toEqual([0, 1, 2, 3, 4])
    },
  },
  {
    python: 'the same',
    does: 'imap begins with the call, before anybody asks for a result',
    async proof() {
      const ran = counters()
      const results = pool.imap(() => add(ran), [1, 2], { chunkSize: 1 })
      await reached(ran, 0, 2)
      expect(await all(results)).toHaveLength(2)
    },
  },
  {
    python: 'the error is raised in its place, and the iteration may go on',
    does: 'an error ends imap, behind the results before it',
    async proof() {
      const given: number[] = []
      const results = pool.imap(failAt, numbers, { chunkSize: 1 })
      await expect(
        (async () => {
          for await (const n of results) given.push(n)
        })(),
      ).rejects.toThrow('3 is unlucky')
      // Those behind a gap are not given: items 1 and 2 may be on their way when item 3 fails.
      expect(given).toEqual(range(given.length))
      expect(await results.next()).toEqual({ value: undefined, done: true })
    },
  },
  {
    python: 'that is what it does always',
    does: "with onError: 'settle' imap goes on behind an error",
    async proof() {
      const outcomes = await all(pool.imap(failAt, range(6), { onError: 'settle' }))
      expect(outcomes.map(({ status }) => status)).toEqual(range(6).map((n) => (n === 3 ? 'rejected' : 'fulfilled')))
      expect(outcomes[3]).toMatchObject({ reason: { message: '3 is unlucky' } })
      expect(outcomes[5]).toEqual({ status: 'fulfilled', value: 5 })
    },
  },
  {
    python: 'the same',
    does: 'an error of the iterable comes in its place',
    async proof() {
      function* broken() {
        yield 1
        yield 2
        throw new SyntaxError('the file ends here')
      }
      const results = pool.imap(square, broken())
      expect([(await results.next()).value, (await results.next()).value]).toEqual([1, 4])
      await expect(results.next()).rejects.toThrow(new SyntaxError('the file ends here'))
    },
  },
  {
    python: 'what is left is computed all the same',
    does: 'who leaves the loop ends the call, and closes the input',
    async proof() {
      const { log, items } = endless()
      for await (const n of pool.imap(square, items)) if (n > 100) break
      expect(log.at(-1)).toBe('closed')
      expect(await pool.map(square, numbers)).toEqual(squares)
    },
  },
]

const asyncResult: Behaviour[] = [
  {
    python: 'the same',
    does: 'get() gives the result as often as it is asked',
    async proof() {
      const result = pool.mapAsync(square, numbers)
      expect(await result.get()).toEqual(squares)
      expect(await result.get()).toBe(await result.get())
    },
  },
  {
    python: 'the same: multiprocessing.TimeoutError, without a message',
    does: 'get(timeout) gives up after that time with a TimeoutError, and the call goes on',
    async proof() {
      const gate = counters()
      const result = pool.applyAsync(gated, [gate, 1])
      const error: unknown = await result.get(10).catch((error) => error)
      expect(error).toBeInstanceOf(TimeoutError)
      expect(error).toMatchObject({ name: 'TimeoutError', code: 'PARFOR_TIMEOUT', timeout: 10 })
      expect(error).toMatchObject({ message: expect.stringContaining('not ready after 10 ms') })
      await expect(result.get(0)).rejects.toBeInstanceOf(TimeoutError)
      add(gate)
      expect(await result.get(30_000)).toBe(1)
    },
  },
  {
    python: 'the same',
    does: 'get() throws the error of the call, each time',
    async proof() {
      const result = pool.starmapAsync(failAlways, [[6]])
      for (const _ of range(2)) await expect(result.get()).rejects.toThrow(new RangeError('no 6'))
    },
  },
  {
    python: 'the same',
    does: 'wait(timeout) ends with the call, or with the time, and throws nothing',
    async proof() {
      const gate = counters()
      const result = pool.applyAsync(gated, [gate, 1])
      expect(await result.wait(10)).toBeUndefined()
      expect(result.ready()).toBe(false)
      add(gate)
      await result.wait()
      expect(result.ready()).toBe(true)
      const failed = pool.applyAsync(failAlways, [1])
      await failed.wait(30_000)
      expect(failed.ready()).toBe(true)
    },
  },
  {
    python: 'the same: ValueError, since 3.7',
    does: 'successful() throws while the call goes on; then it tells whether it failed',
    async proof() {
      const gate = counters()
      const result = pool.applyAsync(gated, [gate, 1])
      expect(() => result.successful()).toThrow(ParforError)
      expect(() => result.successful()).toThrow('not ready')
      add(gate)
      await result.wait()
      const failed = pool.applyAsync(failAlways, [1])
      await failed.wait()
      expect([result.successful(), failed.successful()]).toEqual([true, false])
    },
  },
  {
    python: 'the same: it is silent',
    does: 'an error that nobody asks for is no unhandled rejection',
    async proof() {
      const program = `
        import { Pool } from 'parfor'
        const pool = new Pool(2)
        const result = pool.applyAsync(JSON.parse, ['['])
        await result.wait()
        await new Promise((resolve) => setTimeout(resolve, 20))
        console.log(result.successful())
        await pool.close()`
      expect(await runProgram({ 'main.mjs': program })).toMatchObject({ code: 0, stdout: 'false\n', stderr: '' })
    },
  },
  {
    python: 'the same',
    does: 'the callback of mapAsync and starmapAsync is called once, with the whole list; errorCallback with the first error',
    async proof() {
      const told: unknown[] = []
      const options = { callback: (values: number[]) => told.push(values), chunkSize: 2 }
      await pool.mapAsync(square, [1, 2, 3, 4, 5], options).wait()
      await pool
        .starmapAsync(
          Math.hypot,
          [
            [3, 4],
            [5, 12],
          ],
          options,
        )
        .wait()
      expect(told).toEqual([
        [1, 4, 9, 16, 25],
        [5, 13],
      ])
      const errors: unknown[] = []
      await pool.mapAsync(failAt, numbers, { errorCallback: (error) => errors.push(error), chunkSize: 4 }).wait()
      expect(errors).toEqual([new Unlucky(3, 'unlucky')])
    },
  },
]

/** Each method, as something that fails when the pool does not run. */
const asked = (pool: Pool): Record<string, () => unknown> => ({
  map: () => pool.map(square, [1]),
  starmap: () => pool.starmap(square, [[1]]),
  imap: () => pool.imap(square, [1]).next(),
  imapUnordered: () => pool.imapUnordered(square, [1]).next(),
  apply: () => pool.apply(square, [1]),
  applyAsync: () => pool.applyAsync(square, [1]),
  mapAsync: () => pool.mapAsync(square, [1]),
  starmapAsync: () => pool.starmapAsync(square, [[1]]),
})

const lifeCycle: Behaviour[] = [
  {
    python: 'the same: ValueError: Pool not running',
    does: 'after close() every method refuses: "Pool not running"; those that give an AsyncResult throw it',
    async proof() {
      const pool = new Pool(2, { name: 'images' })
      await pool.close()
      for (const ask of Object.values(asked(pool))) {
        const error: unknown = await (async () => ask())().catch((error) => error)
        expect(error).toBeInstanceOf(DisposedError)
        expect(error).toMatchObject({ message: expect.stringMatching(/^Pool not running: 'images' is closed/) })
      }
      for (const method of ['applyAsync', 'mapAsync', 'starmapAsync'])
        expect(asked(pool)[method]).toThrow('Pool not running')
    },
  },
  {
    python: 'the same',
    does: 'close() and join() let what was asked for finish',
    async proof() {
      const pool = new Pool(2)
      const gate = counters()
      const results = [pool.mapAsync(partial(gated, gate), range(10)), pool.applyAsync(gated, [gate, 1])] as const
      const taken = all(pool.imap(square, range(10)))
      void pool.close()
      const joined = pool.join()
      add(gate)
      await joined
      expect([results[0].ready(), results[1].ready()]).toEqual([true, true])
      expect([await results[0].get(), await results[1].get(), await taken]).toEqual([
        range(10),
        1,
        squares.slice(0, 10),
      ])
    },
  },
  {
    python: 'the same: ValueError: Pool is still running',
    does: 'join() before close() or terminate() is refused: "Pool is still running"',
    async proof() {
      await expect(pool.join()).rejects.toThrow(/^Pool is still running/)
      await expect(pool.join()).rejects.toBeInstanceOf(ParforError)
    },
  },
  {
    python: 'who waits for a result waits forever',
    does: 'terminate() ends what runs, now; who waits for it gets an error; join() follows',
    async proof() {
      const pool = new Pool(2)
      const begun = counters()
      const stuck = (_: number) => {
        add(begun)
        for (;;);
      }
      const results: AsyncResult<unknown>[] = [pool.mapAsync(stuck, range(10)), pool.applyAsync(stuck, [1])]
      await reached(begun)
      await pool.terminate()
      await pool.join()
      for (const result of results) await expect(result.get()).rejects.toThrow(/^Pool not running: it is terminated/)
    },
  },
  {
    python: 'the same',
    does: 'close(), terminate() and join() may be called again, in any order',
    async proof() {
      const pool = new Pool(1)
      const begun = counters()
      const result = pool.applyAsync(() => {
        add(begun)
        for (;;);
      })
      await reached(begun)
      const closed = pool.close()
      await pool.terminate()
      await closed
      await Promise.all([pool.close(), pool.terminate(), pool.join(), pool.join()])
      await expect(result.get()).rejects.toBeInstanceOf(DisposedError)
    },
  },
  {
    python: 'with terminates: what is not done is dropped',
    does: 'await using closes and joins: what was asked for is finished; using terminates',
    async proof() {
      let finished: AsyncResult<number[]>
      {
        await using pool = new Pool(2)
        finished = pool.mapAsync(square, numbers)
      }
      expect(finished.ready()).toBe(true)
      expect(await finished.get()).toEqual(squares)
      const gate = counters()
      let dropped: AsyncResult<number>
      {
        using pool = new Pool(1)
        dropped = pool.applyAsync(gated, [gate, 1])
      }
      await expect(dropped.get()).rejects.toBeInstanceOf(DisposedError)
    },
  },
  {
    python: 'ResourceWarning, and sometimes it hangs',
    does: 'a pool that nobody closes does not keep the process alive',
    async proof() {
      const program = `
        import { Pool } from 'parfor'
        console.log(await new Pool(2).map(Math.abs, [-1, -2]))`
      expect(await runProgram({ 'main.mjs': program })).toMatchObject({ code: 0, stdout: '[ 1, 2 ]\n', stderr: '' })
    },
  },
]

const faults: Behaviour[] = [
  {
    python: 'the task is lost: map and get() wait forever',
    does: 'a task that ends its worker is a WorkerLostError; the others are run',
    async proof() {
      await using pool = new Pool(2)
      const exit = (n: number) => (n === 3 ? process.exit(7) : n)
      await expect(pool.map(exit, range(10))).rejects.toBeInstanceOf(WorkerLostError)
      const outcomes = await pool.map(exit, range(10), { onError: 'settle' })
      expect(outcomes.map(({ status }) => status)).toEqual(range(10).map((n) => (n === 3 ? 'rejected' : 'fulfilled')))
      expect(outcomes[3]).toMatchObject({ reason: { code: 'PARFOR_WORKER_LOST', exitCode: 7, taskIndex: 3 } })
    },
  },
  {
    python: 'the same: MaybeEncodingError',
    does: 'a result that cannot be sent is the error of its task',
    async proof() {
      const error: unknown = await pool.map((n: number) => ({ n, lock: new WeakMap() }), [1]).catch((error) => error)
      expect(error).toBeInstanceOf(SerializationError)
      expect(error).toMatchObject({ side: 'result', path: 'result.lock', taskIndex: 0 })
    },
  },
  {
    python: 'the same: PicklingError, or TypeError',
    does: 'an item, or a captured variable, that cannot be sent is an error that says where it is',
    async proof() {
      const item: unknown = await pool.map((_: unknown) => 1, [1, { q: new WeakSet() }]).catch((error) => error)
      expect(item).toMatchObject({ code: 'PARFOR_UNSERIALIZABLE', side: 'task', path: 'args[0].q', taskIndex: 1 })
      const captured: unknown = await pool.map(() => pool.close(), [1]).catch((error) => error)
      expect(captured).toMatchObject({ path: 'pool', message: expect.stringContaining('it is a Pool') })
      const result = pool.applyAsync(square, [2])
      await expect(pool.apply(() => result.ready())).rejects.toThrow('it is an AsyncResult')
    },
  },
]

const behaviours = [
  ...construction,
  ...apply,
  ...applyAsync,
  ...map,
  ...starmap,
  ...imap,
  ...asyncResult,
  ...lifeCycle,
  ...faults,
].map((behaviour, n) => ({ n: n + 1, ...behaviour }))

it('There are sixty behaviours', () => {
  expect(behaviours.map(({ n }) => n)).toEqual(range(60, 1))
})

describe('A Pool', () => {
  afterAll(() => pool.close())

  it.each(behaviours)('$n: $does (Python: $python)', ({ proof }) => proof())
})
