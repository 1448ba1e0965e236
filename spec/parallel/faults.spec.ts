import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { threadId } from 'node:worker_threads'
import {
  delayed,
  Parallel,
  type ParallelOptions,
  type Progress,
  shared,
  shutdown,
  type Task,
  taskInfo,
} from '../../lib'
import { makeFolder, removeFolder, runProgram } from '../support/program'
import { add, counters, reached } from './counters'
import { type Call, inOrder, kinds, outcome } from './outcomes'
import { range } from './tasks'
import { type StartedThreads, threadExits } from './thread-exits'

/*
 * The fault matrix: whatever becomes of one task, the call ends soon, the error is that of this task, every other task has
 * its result, none runs twice, and the next call on the same workers is as if nothing had been.
 */

const sizes = [1, 7, 'auto'] as const
type ReturnAs = (typeof kinds)[number]
type Options = ParallelOptions<'throw' | 'settle', ReturnAs>

/** Tasks of a call, and which of them the fault is in: not the first of its batch, nor the last. */
const COUNT = 20
const VICTIM = 8
/** Milliseconds, of the real clock, from the fault until all is over: a hundred times what it takes. */
const SOON = 2000
const TIMEOUT = 200

/**
 * With both limits: when V8 moves more than a few megabytes of young objects at once to an old generation that is full,
 * Node cannot end the thread in time, and the process dies.
 */
const resourceLimits = { maxOldGenerationSizeMb: 20, maxYoungGenerationSizeMb: 2 }

/** What tasks leave behind of themselves, in memory that they share with the spec. */
interface Book {
  /** How often each has run. */
  readonly runs: Int32Array
  /** Where the one runs that the fault is in. */
  readonly thread: Int32Array
  /** When the fault came, on the clock that all threads share. */
  readonly when: BigInt64Array
}

function newBook(): Book {
  return { runs: counters(COUNT), thread: counters(), when: shared(BigInt64Array, 1) }
}

function strike({ when }: Book): void {
  Atomics.store(when, 0, process.hrtime.bigint())
}

function begin(book: Book, n: number): void {
  strike(book)
  Atomics.store(book.thread, 0, threadId)
  add(book.runs, n)
}

const harmless = delayed(function harmless({ runs }: Book, n: number): number {
  add(runs, n)
  return n
})

/** Does it while the task waits, in a timer: nobody can catch what it throws. */
function meanwhile(book: Book, deed: () => void): Promise<never> {
  setTimeout(() => {
    strike(book)
    deed()
  }, 1)
  return new Promise(() => {})
}

function recurse(n: number): number {
  return 1 + recurse(n + 1)
}

/** An argument that ends the worker where it is made. */
class Deadly {
  constructor(
    readonly book: Book,
    readonly n: number,
  ) {}
  [Symbol.for('parfor.serialize')]() {
    return [this.book, this.n]
  }
  static [Symbol.for('parfor.deserialize')]([book, n]: [Book, number]): never {
    begin(book, n)
    process.exit(6)
  }
}

class Unmakable {
  constructor(readonly book: Book) {}
  [Symbol.for('parfor.serialize')]() {
    return this.book
  }
  static [Symbol.for('parfor.deserialize')](book: Book): never {
    strike(book)
    throw new Error('made nowhere')
  }
}

interface Fault {
  task(book: Book, n: number): Task
  /** What the error is like. */
  readonly error: object
  readonly options?: Options
  /** How often the task itself runs: once, where nothing is said. */
  readonly runs?: number
  /** It fails when it is about to be sent: tasks before it, that are sent with it, are still to run. */
  readonly isNotSent?: boolean
  /** Done from outside while it runs. */
  disturb?(book: Book): unknown
  /** Milliseconds from when the task began to when it is a fault. */
  readonly after?: number
}

function lost(exitCode: number, reason: string, more = {}): object {
  const message = expect.stringMatching(new RegExp(`^Task ${VICTIM} \\(.+\\) lost its worker: ${reason}$`))
  return { code: 'PARFOR_WORKER_LOST', taskIndex: VICTIM, exitCode, reason, message, ...more }
}

const ended = (book: Book) =>
  reached(book.runs, VICTIM).then(() => threads.worker(book.thread[0] as number).terminate())

const faults: Record<string, Fault> = {
  'exits with code 0': {
    task: delayed(function exits(book: Book, n: number) {
      begin(book, n)
      process.exit(0)
    }),
    error: lost(0, 'it exited with code 0'),
  },
  'exits with code 3': {
    task: delayed(function exits(book: Book, n: number) {
      begin(book, n)
      process.exit(3)
    }),
    error: lost(3, 'it exited with code 3'),
  },
  'exits in a timer while it waits': {
    task: delayed(function exitsMeanwhile(book: Book, n: number) {
      begin(book, n)
      return meanwhile(book, () => process.exit(4))
    }),
    error: lost(4, 'it exited with code 4'),
  },
  'throws in a timer while it waits': {
    task: delayed(function throwsMeanwhile(book: Book, n: number) {
      begin(book, n)
      return meanwhile(book, () => {
        throw new RangeError('late')
      })
    }),
    error: lost(1, 'an error that nothing caught ended it, RangeError: late', {
      cause: expect.objectContaining({ message: 'late' }),
    }),
  },
  'leaves a rejection unhandled while it waits': {
    task: delayed(function rejectsMeanwhile(book: Book, n: number) {
      begin(book, n)
      return meanwhile(book, () => void Promise.reject(new TypeError('unheard')))
    }),
    error: lost(1, 'an error that nothing caught ended it, TypeError: unheard'),
  },
  'runs out of memory': {
    options: { resourceLimits },
    task: delayed(function hoards(book: Book, n: number) {
      begin(book, n)
      for (const hoard: number[][] = []; ; strike(book)) hoard.push(new Array(10_000).fill(0.5))
    }),
    error: lost(1, 'it ran out of memory'),
  },
  'is called with what ends its worker': {
    task: (book, n) => delayed(function takes(_: Deadly) {})(new Deadly(book, n)),
    error: lost(6, 'it exited with code 6'),
  },
  'is ended from outside while it blocks': {
    task: delayed(function blocks(book: Book, n: number) {
      begin(book, n)
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
    }),
    disturb: ended,
    error: lost(1, 'it exited with code 1'),
  },
  'is ended from outside while it waits': {
    task: delayed(function waits(book: Book, n: number) {
      begin(book, n)
      return new Promise(() => {})
    }),
    disturb: ended,
    error: lost(1, 'it exited with code 1'),
  },
  'takes too long, and blocks': {
    options: { timeout: TIMEOUT },
    task: delayed(function busy(book: Book, n: number) {
      begin(book, n)
      for (;;);
    }),
    after: TIMEOUT,
    error: { code: 'PARFOR_TIMEOUT', taskIndex: VICTIM, timeout: TIMEOUT, message: expect.stringContaining('(busy)') },
  },
  'takes too long, and waits': {
    options: { timeout: TIMEOUT },
    task: delayed(function pending(book: Book, n: number) {
      begin(book, n)
      return new Promise(() => {})
    }),
    after: TIMEOUT,
    error: {
      code: 'PARFOR_TIMEOUT',
      taskIndex: VICTIM,
      timeout: TIMEOUT,
      message: expect.stringContaining('(pending)'),
    },
  },
  'calls itself without end': {
    task: delayed(function recurses(book: Book, n: number) {
      begin(book, n)
      return recurse(0)
    }),
    error: { name: 'RangeError', message: 'Maximum call stack size exceeded' },
  },
  'comes back into JSON.stringify without end': {
    task: delayed(function stringifies(book: Book, n: number) {
      begin(book, n)
      const endless = { toJSON: (): string => JSON.stringify([endless]) }
      return JSON.stringify(endless)
    }),
    error: { name: 'RangeError', message: 'Maximum call stack size exceeded' },
  },
  'aborts, which no thread may': {
    task: delayed(function aborts(book: Book, n: number) {
      begin(book, n)
      process.abort()
    }),
    error: { code: 'ERR_WORKER_UNSUPPORTED_OPERATION' },
  },
  'throws an error': {
    task: delayed(function throws(book: Book, n: number) {
      begin(book, n)
      throw new RangeError(`task ${n}`)
    }),
    error: { name: 'RangeError', message: `task ${VICTIM}` },
  },
  'rejects with an error': {
    task: delayed(async function rejects(book: Book, n: number) {
      begin(book, n)
      await new Promise((resolve) => setImmediate(resolve))
      throw new RangeError(`task ${n}`)
    }),
    error: { name: 'RangeError', message: `task ${VICTIM}` },
  },
  'throws what is no error': {
    task: delayed(function throwsText(book: Book, n: number) {
      begin(book, n)
      throw `task ${n}`
    }),
    error: { code: 'PARFOR_TASK', cause: `task ${VICTIM}` },
  },
  'returns what cannot be sent': {
    task: delayed(function returns(book: Book, n: number) {
      begin(book, n)
      return { n: [new WeakMap()] }
    }),
    error: { code: 'PARFOR_UNSERIALIZABLE', taskIndex: VICTIM, side: 'result', path: 'result.n[0]' },
  },
  'is called with what cannot be sent': {
    task: (book) => {
      strike(book)
      return delayed(function takes(_: unknown) {})({ n: Promise.resolve() })
    },
    runs: 0,
    isNotSent: true,
    error: { code: 'PARFOR_UNSERIALIZABLE', taskIndex: VICTIM, side: 'task', path: 'args[0].n' },
  },
  'is called with what cannot be made': {
    task: (book) => delayed(function takes(_: Unmakable) {})(new Unmakable(book)),
    runs: 0,
    error: { code: 'PARFOR_UNSERIALIZABLE', taskIndex: VICTIM, side: 'task', path: 'args' },
  },
}

type Run = (tasks: Iterable<Task>) => Call
/** Its types would be those of one combination of options. */
const make = (options: Options) => Parallel({ nJobs: 2, ...options }) as unknown as Run

let threads: StartedThreads
beforeAll(() => {
  threads = threadExits()
})
afterAll(() => threads[Symbol.dispose]())

/** Milliseconds since the fault. */
function since({ when }: Book): number {
  return Number(process.hrtime.bigint() - Atomics.load(when, 0)) / 1e6
}

const valuesOf = (results: readonly unknown[]) =>
  results.map((each) => {
    const { status, value, reason } = each as PromiseFulfilledResult<number> & PromiseRejectedResult
    return status === 'rejected' ? taskInfo(reason)?.index : value
  }) as number[]

/** One call more, which is to be right, and whole. */
async function expectGood(parallel: Run, returnAs: ReturnAs, isSettled: boolean): Promise<void> {
  const book = newBook()
  const { values, ...failed } = await outcome(parallel(range(COUNT).map((n) => harmless(book, n))))
  const right = range(COUNT).map((value) => (isSettled ? { status: 'fulfilled', value } : value))
  expect(failed).toEqual({})
  expect(inOrder(values, returnAs, (each) => (isSettled ? valuesOf([each])[0] : each) as number)).toEqual(right)
  expect([...book.runs]).toEqual(range(COUNT).map(() => 1))
}

describe.each(Object.entries(faults))('A task that %s', (_, fault) => {
  const { options = {}, runs = 1, after = 0, isNotSent = false } = fault
  afterAll(() => shutdown())

  /** A call with the fault in it, and what comes of it; asked for at once, or when the fault has been told. */
  async function struck(more: Options, asked: 'at once' | 'late' = 'at once') {
    let tell = () => {}
    const told = new Promise<void>((resolve) => {
      tell = resolve
    })
    const onProgress = ({ failed }: Progress) => void (failed > 0 && tell())
    const parallel = make({ ...options, ...more, onProgress })
    const book = newBook()
    const tasks = range(COUNT).map((n) => (n === VICTIM ? fault.task(book, n) : harmless(book, n)))
    const call = parallel(tasks)
    const outcomes = asked === 'late' ? told.then(() => outcome(call)) : outcome(call)
    await fault.disturb?.(book)
    const results = await outcomes
    expect(since(book) - after).toBeLessThan(SOON)
    return { ...results, book, parallel, name: tasks[VICTIM]?.fn.name }
  }

  function expectItsError(error: unknown, name: string | undefined): void {
    expect(error).toBeInstanceOf(Error)
    expect(error).toMatchObject(fault.error)
    const workerId = isNotSent ? undefined : expect.any(Number)
    expect(taskInfo(error)).toEqual({ index: VICTIM, name, workerId })
  }

  describe.each(kinds)('with returnAs %s', (returnAs) => {
    it.each(sizes)('fails alone with onError settle: batchSize %s', async (batchSize) => {
      const { values, book, parallel, name, ...failed } = await struck({ returnAs, batchSize, onError: 'settle' })
      expect(failed).toEqual({})
      const results = inOrder(
        values as PromiseSettledResult<number>[],
        returnAs,
        (each) => valuesOf([each])[0] as number,
      )
      const right = range(COUNT).map((value) => ({ status: 'fulfilled', value }))
      expect(results).toEqual(right.with(VICTIM, { status: 'rejected', reason: expect.anything() } as never))
      expectItsError((results[VICTIM] as PromiseRejectedResult).reason, name)
      expect([...book.runs]).toEqual(range(COUNT).map((n) => (n === VICTIM ? runs : 1)))
      await expectGood(parallel, returnAs, true)
    })

    it.each(sizes)('is the error of the call with onError throw: batchSize %s', async (batchSize) => {
      const { values, book, parallel, name, ...failed } = await struck({ returnAs, batchSize })
      expectItsError(failed.error, name)
      // What others have given until then; in order, what no gap divides from the first.
      if (returnAs === 'list') expect(values).toEqual([])
      if (returnAs === 'generator') expect(values).toEqual(range(Math.min(values.length, VICTIM)))
      expect(new Set(values)).toEqual(new Set(range(COUNT).filter((n) => n !== VICTIM && values.includes(n))))
      expect(new Set(values).size).toBe(values.length)
      await expectGood(parallel, returnAs, false)
      expect(book.runs[VICTIM]).toBe(runs)
      expect(Math.max(...book.runs)).toBeLessThanOrEqual(1)
    })
  })

  it.each(sizes)(
    'comes behind all results before it, when these are asked for late: batchSize %s',
    async (batchSize) => {
      // One worker: what is before it is done when it comes.
      const one: Options = { nJobs: 1, backend: 'threads', returnAs: 'generator', batchSize, preDispatch: 'all' }
      const { values, book, name, ...failed } = await struck(one, 'late')
      expectItsError(failed.error, name)
      const before = range(isNotSent ? values.length : VICTIM)
      expect(values).toEqual(before)
      expect([...book.runs].slice(0, before.length)).toEqual(before.map(() => 1))
      expect(book.runs[VICTIM]).toBe(runs)
    },
  )
})

/** Ways for a task to end its worker, when it is run for the first time, or ever again. */
const ends: Record<string, { task: (book: Book, n: number, times: number) => Task; options?: Options }> = {
  exits: {
    task: delayed(function exits(book: Book, n: number, times: number) {
      begin(book, n)
      if ((book.runs[n] as number) <= times) process.exit(3)
      return n
    }),
  },
  'throws in a timer while it waits': {
    task: delayed(function throwsMeanwhile(book: Book, n: number, times: number) {
      begin(book, n)
      if ((book.runs[n] as number) > times) return n
      return meanwhile(book, () => {
        throw new RangeError('late')
      })
    }),
  },
  'runs out of memory': {
    options: { resourceLimits },
    task: delayed(function hoards(book: Book, n: number, times: number) {
      begin(book, n)
      const hoard: number[][] = []
      while ((book.runs[n] as number) <= times) {
        hoard.push(new Array(10_000).fill(0.5))
        strike(book)
      }
      return n
    }),
  },
}

describe.each(Object.entries(ends))('A task that ends its worker because it %s', (_, { task, options }) => {
  afterAll(() => shutdown())

  describe.each(kinds)('with returnAs %s', (returnAs) => {
    it.each(sizes)('is rejected after four runs, with retries 3, and no other is: batchSize %s', async (batchSize) => {
      const parallel = make({ ...options, returnAs, batchSize, retries: 3, onError: 'settle' })
      const book = newBook()
      const tasks = range(COUNT).map((n) =>
        n === VICTIM ? task(book, n, Number.POSITIVE_INFINITY) : harmless(book, n),
      )
      const { values, ...failed } = await outcome(parallel(tasks))
      expect(failed).toEqual({})
      expect(since(book)).toBeLessThan(SOON)
      const results = inOrder(values, returnAs, (each) => valuesOf([each])[0] as number)
      expect(results).toEqual(
        range(COUNT).map((value) =>
          value === VICTIM
            ? { status: 'rejected', reason: expect.objectContaining({ code: 'PARFOR_WORKER_LOST', taskIndex: VICTIM }) }
            : { status: 'fulfilled', value },
        ),
      )
      expect([...book.runs]).toEqual(range(COUNT).map((n) => (n === VICTIM ? 4 : 1)))
      await expectGood(parallel, returnAs, true)
    })

    it.each(sizes)('has its result, with retries 3, when the second run is good: batchSize %s', async (batchSize) => {
      const parallel = make({ ...options, returnAs, batchSize, retries: 3 })
      const book = newBook()
      const { values, ...failed } = await outcome(
        parallel(range(COUNT).map((n) => (n === VICTIM ? task(book, n, 1) : harmless(book, n)))),
      )
      expect(failed).toEqual({})
      expect(since(book)).toBeLessThan(SOON)
      expect(inOrder(values, returnAs)).toEqual(range(COUNT))
      expect([...book.runs]).toEqual(range(COUNT).map((n) => (n === VICTIM ? 2 : 1)))
      await expectGood(parallel, returnAs, false)
    })
  })
})

const grid = kinds.flatMap((returnAs) =>
  (['throw', 'settle'] as const).flatMap((onError) =>
    sizes.map((batchSize) => [returnAs, onError, batchSize] as const),
  ),
)
const named = 'returnAs %s, onError %s, batchSize %s'

describe('What a task throws when it has returned', () => {
  let warn: jest.SpiedFunction<typeof process.emitWarning>
  beforeEach(() => {
    warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => {})
  })
  afterEach(() => warn.mockRestore())
  afterAll(() => shutdown())

  const forgetful = delayed(function forgetful(book: Book, n: number) {
    begin(book, n)
    setImmediate(() => {
      strike(book)
      throw new RangeError('forgotten')
    })
    return n
  })
  const theWarning = [
    // The next call may have begun.
    expect.stringMatching(
      `^Nothing caught an error that task ${VICTIM} \\(forgetful\\)( of another call)? had left behind, RangeError: forgotten$`,
    ),
    { type: 'ParforWarning', code: 'PARFOR_LATE_ERROR', detail: expect.stringContaining('faults.spec.ts') },
  ]

  it.each(grid)(`costs no task its result, and is told by a warning: ${named}`, async (...cell) => {
    const [returnAs, onError, batchSize] = cell
    const parallel = make({ nJobs: 1, backend: 'threads', returnAs, onError, batchSize })
    const book = newBook()
    const tasks = range(COUNT).map((n) => (n === VICTIM ? forgetful(book, n) : harmless(book, n)))
    const { values, ...failed } = await outcome(parallel(tasks))
    expect(failed).toEqual({})
    expect(inOrder(onError === 'settle' ? valuesOf(values) : values, returnAs)).toEqual(range(COUNT))
    expect([...book.runs]).toEqual(range(COUNT).map(() => 1))
    await expectGood(parallel, returnAs, onError === 'settle')
    await threads.exited(book.thread[0] as number)
    expect(since(book)).toBeLessThan(SOON)
    expect(warn.mock.calls).toEqual([theWarning])
  })

  it('is the reason for which a task is lost that waits, and does not end soon', async () => {
    const parallel = make({ nJobs: 1, backend: 'threads', onError: 'settle', batchSize: COUNT })
    const book = newBook()
    const waits = delayed(function waits(book: Book, n: number) {
      add(book.runs, n)
      return new Promise(() => {})
    })
    const tasks = range(COUNT).map((n) => [forgetful, waits, harmless][Math.min(n, 2)]?.(book, n) as Task)
    const { values, ...failed } = await outcome(parallel(tasks))
    expect(failed).toEqual({})
    expect(valuesOf(values)).toEqual(range(COUNT))
    expect(values.map((each) => (each as PromiseSettledResult<number>).status)).toEqual(
      range(COUNT).map((n) => (n === 1 ? 'rejected' : 'fulfilled')),
    )
    expect((values[1] as PromiseRejectedResult).reason).toMatchObject({
      message: 'Task 1 (waits) lost its worker: an error that task 0 (forgetful) had left behind ended it',
      cause: expect.objectContaining({ message: 'forgotten' }),
    })
    expect([...book.runs]).toEqual(range(COUNT).map(() => 1))
    expect(warn).toHaveBeenCalledTimes(1)
  })
})

describe('A worker', () => {
  afterAll(() => shutdown())

  /** The threads that the next call finds. */
  async function idleThreads(parallel: Run): Promise<number[]> {
    const met = counters()
    // Both have to be there, for each to have run.
    const meet = delayed(() => {
      add(met)
      for (let tries = 0; Atomics.load(met, 0) < 2 && tries < 1000; tries += 1)
        Atomics.wait(met, 0, Atomics.load(met, 0), 10)
      return threadId
    })
    const { values } = await outcome(parallel([meet(), meet()]))
    return values.map((each) => (each as { value?: number }).value ?? (each as number))
  }

  it.each(grid)(`may be ended from outside between two calls: ${named}`, async (returnAs, onError, batchSize) => {
    const parallel = make({ returnAs, onError, batchSize })
    for (const id of await idleThreads(parallel)) await threads.worker(id).terminate()
    await expectGood(parallel, returnAs, onError === 'settle')
  })

  it.each(grid)(`may be ending when the next call begins: ${named}`, async (returnAs, onError, batchSize) => {
    const parallel = make({ returnAs, onError, batchSize })
    const [first] = await idleThreads(parallel)
    const ending = threads.worker(first as number).terminate()
    await expectGood(parallel, returnAs, onError === 'settle')
    await ending
  })

  it.each(grid)(`may exit by itself between two calls: ${named}`, async (returnAs, onError, batchSize) => {
    const parallel = make({ returnAs, onError, batchSize })
    const leaving = delayed(() => {
      setImmediate(() => process.exit(9))
      return threadId
    })
    const { values } = await outcome(parallel([leaving()]))
    await threads.exited(onError === 'settle' ? (valuesOf(values)[0] as number) : (values[0] as number))
    await expectGood(parallel, returnAs, onError === 'settle')
  })

  it.each(grid)(`may be ended from outside while the call waits for its input: ${named}`, async (...cell) => {
    const [returnAs, onError, batchSize] = cell
    let isIdle = () => {}
    const areIdle = new Promise<void>((resolve) => {
      isIdle = resolve
    })
    const onProgress = ({ done }: { done: number }) => void (done === VICTIM && isIdle())
    const parallel = make({ returnAs, onError, batchSize, onProgress })
    const book = newBook()
    const idle = await idleThreads(parallel)
    const input = async function* () {
      for (const n of range(COUNT)) {
        if (n === VICTIM) {
          await areIdle
          for (const id of idle) await threads.worker(id).terminate()
        }
        yield harmless(book, n)
      }
    }
    const { values, ...failed } = await outcome(parallel(input() as never))
    expect(failed).toEqual({})
    expect(inOrder(onError === 'settle' ? valuesOf(values) : values, returnAs)).toEqual(range(COUNT))
    expect([...book.runs]).toEqual(range(COUNT).map(() => 1))
    expect(idle).not.toContain((await idleThreads(parallel))[0])
  })
})

describe('Where no worker can start', () => {
  let folder: string
  beforeAll(async () => {
    folder = await makeFolder({})
  })
  afterAll(async () => {
    await shutdown()
    await removeFolder(folder)
  })

  /** No task runs, and that is told soon. */
  async function expectNone(parallel: Run, error: object): Promise<void> {
    const book = newBook()
    strike(book)
    const { values, ...failed } = await outcome(parallel(range(COUNT).map((n) => harmless(book, n))))
    expect(since(book)).toBeLessThan(SOON)
    expect(values).toEqual([])
    expect(failed.error).toMatchObject(error)
    expect(taskInfo(failed.error)).toBe(undefined)
    expect([...book.runs]).toEqual(range(COUNT).map(() => 0))
  }

  it.each(grid)(`since a file that it requires is missing, the call fails: ${named}`, async (...cell) => {
    const [returnAs, onError, batchSize] = cell
    const missing = join(folder, `${cell.join()}.cjs`)
    const parallel = make({ returnAs, onError, batchSize, execArgv: ['--require', missing] })
    await expectNone(parallel, {
      code: 'PARFOR_BACKEND',
      message: expect.stringMatching(/^A worker cannot be started: .*Cannot find module/),
    })
    await writeFile(missing, '')
    await expectGood(parallel, returnAs, onError === 'settle')
  })

  it.each(grid)(`since NODE_OPTIONS has a flag that is none, the call fails: ${named}`, async (...cell) => {
    const [returnAs, onError, batchSize] = cell
    const parallel = make({ returnAs, onError, batchSize, env: { NODE_OPTIONS: '--no-such-flag' } })
    for (const _ of ['first', 'second'])
      await expectNone(parallel, {
        code: 'PARFOR_BACKEND',
        message: expect.stringMatching(/^No worker can be started: .*--no-such-flag/),
        cause: expect.objectContaining({ code: 'ERR_WORKER_INVALID_EXEC_ARGV' }),
      })
  })

  it.each(grid)(`since the initializer throws, the call fails: ${named}`, async (returnAs, onError, batchSize) => {
    const isBroken = counters()
    add(isBroken)
    const initializer = delayed((isBroken: Int32Array) => {
      if (Atomics.load(isBroken, 0) === 1) throw new RangeError('no connection')
    })(isBroken)
    const parallel = make({ returnAs, onError, batchSize, initializer })
    await expectNone(parallel, {
      code: 'PARFOR_INITIALIZER',
      message: 'The initializer failed: no connection',
      cause: { name: 'RangeError', message: 'no connection' },
    })
    add(isBroken)
    await expectGood(parallel, returnAs, onError === 'settle')
  })

  it.each(grid)(`since the initializer exits, the call fails: ${named}`, async (returnAs, onError, batchSize) => {
    const isBroken = counters()
    add(isBroken)
    const initializer = delayed((isBroken: Int32Array) => {
      if (Atomics.load(isBroken, 0) === 1) process.exit(7)
    })(isBroken)
    const parallel = make({ returnAs, onError, batchSize, initializer })
    await expectNone(parallel, {
      code: 'PARFOR_INITIALIZER',
      message: 'The initializer lost its worker: it exited with code 7',
    })
    add(isBroken)
    await expectGood(parallel, returnAs, onError === 'settle')
  })
})

it('A task that ends the process by a signal ends it as a thread of Node does: at once, and with all of it', async () => {
  const abort = `process.kill(process.pid, 'SIGABRT'); for (;;) {}`
  const ways = {
    parfor: `import { delayed, Parallel } from 'parfor'
      await Parallel(2)([delayed(() => { ${abort} })(), delayed(() => { for (;;) {} })()])`,
    node: `import { Worker } from 'node:worker_threads'
      for (const body of [${JSON.stringify(abort)}, 'for (;;) {}']) new Worker(body, { eval: true })`,
  }
  for (const [name, text] of Object.entries(ways)) {
    const ended = await runProgram({ 'main.mjs': text }, undefined, { timeout: 15_000 })
    expect({ name, ...ended }).toEqual({ name, code: null, signal: 'SIGABRT', stdout: '', stderr: '' })
  }
})
