import { Socket } from 'node:net'
import { BackendError, delayed, Parallel, type ParallelBackend, TaskError, taskInfo } from '../../lib/index'
import { manualBackend, settled } from '../support/manual-backend'
import { add, counters, waitFor } from './counters'
import { identity } from './tasks'

const raise = delayed(function raise(value: unknown) {
  throw value
})

describe('a call', () => {
  it('rejects with the error of the task itself', async () => {
    class OddError extends RangeError {
      constructor(readonly n: number) {
        super(`${n} is odd`, { cause: 'parity' })
      }
    }
    const error = new OddError(3)
    await expect(Parallel(1)([identity(1), raise(error)])).rejects.toBe(error)
    expect(taskInfo(error)).toEqual({ index: 1, name: 'raise', workerId: undefined })
  })

  it('rejects with an Error of its name, when its class hides something from everybody', async () => {
    class HiddenError extends Error {
      readonly #secret = 1
      override name = 'HiddenError'
      readonly status = 7
      readonly pending = Promise.resolve()
      get secret() {
        return this.#secret
      }
    }
    const fail = delayed(() => {
      throw new HiddenError('hidden', { cause: new TypeError('why') })
    })
    const parallel = Parallel({ nJobs: 1, backend: 'threads' })
    const error = await parallel([fail()]).catch((reason) => reason)
    await parallel.close()
    expect(error).toBeInstanceOf(Error)
    expect(error).toMatchObject({ name: 'HiddenError', message: 'hidden', status: 7, cause: new TypeError('why') })
    expect(error.stack).toContain('errors.spec.ts')
    expect(error).not.toHaveProperty('pending')
  })

  it.each([[undefined], [null], ['no'], [0]])('rejects with a TaskError when a task throws %p', async (thrown) => {
    const error = await Parallel(1)([raise(thrown)]).catch((reason) => reason)
    expect(error).toBeInstanceOf(TaskError)
    expect(error.cause).toBe(thrown)
    expect(taskInfo(error)).toMatchObject({ index: 0, name: 'raise' })
  })

  it('settles such a task with a TaskError too', async () => {
    const [result] = await Parallel({ nJobs: 1, onError: 'settle' })([raise('no')])
    expect(result).toMatchObject({ status: 'rejected', reason: { code: 'PARFOR_TASK', cause: 'no' } })
  })

  it('rejects with the first error in time, at once, and tells nobody of a second', async () => {
    const { backend, sent } = manualBackend()
    const call = Parallel({ nJobs: 2, backend })([identity(0), identity(1), identity(2)])
    const rejected = expect(call).rejects.toThrow('first')
    await settled()
    await sent[1]?.fail(new Error('first'))
    await sent[0]?.fail(new Error('second'))
    await rejected
    expect(sent.every(({ signal }) => signal.aborted)).toBe(true)
  })

  it('starts no task after one failed', async () => {
    const started: number[] = []
    const count = delayed((n: number) => {
      started.push(n)
      if (n === 3) throw new Error('three')
    })
    const tasks = Array.from({ length: 10 }, (_, n) => count(n))
    await expect(Parallel({ nJobs: 1, batchSize: 5 })(tasks)).rejects.toThrow('three')
    await settled()
    expect(started).toEqual([0, 1, 2, 3])
  })

  it('leaves the Parallel as it was: the next call has its own results', async () => {
    const parallel = Parallel(1)
    const fails = [identity(1), raise(new Error('no')), identity(2)]
    await expect(parallel(fails)).rejects.toThrow('no')
    expect(await parallel([identity(7), identity(8)])).toEqual([7, 8])
  })

  it.each(['throw', 'settle'] as const)('rejects with an error of its input, onError: %s', async (onError) => {
    const error = new Error('no more')
    const tasks = async function* () {
      yield identity(1)
      throw error
    }
    await expect(Parallel({ nJobs: 1, onError })(tasks)).rejects.toBe(error)
  })

  it.each([1, 2])('shows the line of the call that was given what is no task, nJobs %p', async (nJobs) => {
    const { stackTraceLimit } = Error
    // As it is in a program; Jest has a larger one.
    Error.stackTraceLimit = 10
    try {
      const { stack } = await Parallel(nJobs)([5] as never).catch((error) => error)
      expect(stack).toContain(__filename)
      expect(Error.stackTraceLimit).toBe(10)
    } finally {
      Error.stackTraceLimit = stackTraceLimit
    }
  })

  it('rejects, and does not throw, whatever it is given', async () => {
    await expect(Parallel(1)(5 as never)).rejects.toThrow(TypeError)
    await expect(Parallel(1)([5] as never)).rejects.toThrow('tasks[0] is no task but a number: 5')
    await expect(Parallel(1)([], { signal: 5 } as never)).rejects.toThrow('signal must be an AbortSignal')
  })

  it.each<[string, Partial<ParallelBackend>, string]>([
    ['does not open', { open: () => Promise.reject(new BackendError('closed on Sundays')) }, 'closed on Sundays'],
    ['has no worker', { submit: () => Promise.reject(new BackendError('all gone')) }, 'all gone'],
    ['has no worker by its own account', { effectiveNJobs: () => 0 }, "Backend 'manual' has no worker"],
    ['counts no workers', { effectiveNJobs: () => Number.NaN }, 'effectiveNJobs(2) is NaN'],
  ])('rejects when the backend %s', async (_, broken, message) => {
    const { backend } = manualBackend(broken)
    const call = Parallel({ nJobs: 2, backend })([identity(1)])
    await expect(call).rejects.toThrow(BackendError)
    await expect(call).rejects.toThrow(message)
  })
})

describe('On threads, a call', () => {
  it.each([
    ['Error', () => new Error('no')],
    ['TypeError', () => new TypeError('no')],
    ['RangeError', () => new RangeError('no')],
    ['SyntaxError', () => new SyntaxError('no')],
    ['ReferenceError', () => new ReferenceError('no')],
    ['EvalError', () => new EvalError('no')],
    ['URIError', () => new URIError('no')],
    ['AggregateError', () => new AggregateError([new TypeError('one')], 'no')],
    ['AbortError', () => new DOMException('no', 'AbortError')],
  ])('rejects with the %s of its task, an instance of the same class, and its stack', async (name, make) => {
    await using parallel = Parallel(2)
    const fail = delayed(() => {
      throw make()
    })
    const error = await parallel([identity(0), fail()]).catch((reason) => reason)
    const here = make()
    expect(error).toBeInstanceOf(here.constructor)
    expect(error).toMatchObject({ name, message: 'no' })
    if (here instanceof AggregateError) expect(error.errors).toEqual(here.errors)
    expect(error.stack).toContain('errors.spec.ts')
    expect(taskInfo(error)).toMatchObject({ index: 1 })
  })

  it('rejects with an error that has a field which cannot be sent, without that field', async () => {
    await using parallel = Parallel(2)
    const fail = delayed(() => {
      const error = new TypeError('no answer')
      throw Object.assign(error, { socket: new Socket(), retry: () => 7, status: 503, nested: { weak: new WeakMap() } })
    })
    const error = await parallel([fail()]).catch((reason) => reason)
    expect(error).toBeInstanceOf(TypeError)
    expect(error).toMatchObject({ message: 'no answer', status: 503 })
    expect(error.stack).toContain('errors.spec.ts')
    expect(error.socket).toBeUndefined()
    expect(await parallel([identity(1)])).toEqual([1])
  })

  it.each([1, 7, 'auto'] as const)(
    'rejects with an error of its input, sync or async: batchSize %s',
    async (batchSize) => {
      await using parallel = Parallel({ nJobs: 2, batchSize })
      const error = new RangeError('no more')
      const inputs = [
        function* () {
          yield* [0, 1, 2].map((n) => identity(n))
          throw error
        },
        async function* () {
          yield* [0, 1, 2].map((n) => identity(n))
          throw error
        },
        { [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(error) }) },
      ]
      for (const input of inputs) {
        await expect(parallel(input)).rejects.toBe(error)
        expect(await parallel([identity(7), identity(8)])).toEqual([7, 8])
      }
    },
  )

  it.each([1, 7, 'auto'] as const)('rejects once when two tasks fail at once: batchSize %s', async (batchSize) => {
    const unhandled = jest.fn()
    process.on('unhandledRejection', unhandled)
    await using parallel = Parallel({ nJobs: 2, batchSize })
    const met = counters()
    const fail = delayed((n: number) => {
      add(met)
      waitFor(met, 0, 2)
      throw new RangeError(`${n} of two`)
    })
    await expect(parallel([fail(1), fail(2)])).rejects.toThrow(/^[12] of two$/)
    expect(await parallel([identity(1)])).toEqual([1])
    await settled()
    process.off('unhandledRejection', unhandled)
    expect(unhandled).not.toHaveBeenCalled()
  })
})
