import { threadId } from 'node:worker_threads'
import { delayed, InitializerError, Parallel, type ParallelOptions, shared, shutdown } from '../../lib'

/** What the initializer leaves behind, in the thread where it runs. */
const shelf = globalThis as { runs?: number; ready?: string }
afterEach(() => {
  delete shelf.runs
  delete shelf.ready
})

const count = delayed(() => {
  const shelf = globalThis as { runs?: number }
  shelf.runs = (shelf.runs ?? 0) + 1
})
const look = delayed((_: number) => [threadId, (globalThis as { runs?: number }).runs])
const numbers = Array.from({ length: 12 }, (_, n) => n)

describe.each(['threads', 'sequential'] as const)('An initializer, with %s', (backend) => {
  const options: ParallelOptions = { nJobs: 2, backend, batchSize: 1 }

  it('runs once in every worker, before its first task', async () => {
    await using parallel = Parallel({ ...options, initializer: count() })
    for (const _ of [1, 2]) for (const [, runs] of await parallel(numbers.map((n) => look(n)))) expect(runs).toBe(1)
  })

  it('is waited for, with what it captures and is given', async () => {
    const prefix = 'a'
    const prepare = delayed(async (given: string) => {
      await new Promise((resolve) => setTimeout(resolve, 20))
      const shelf = globalThis as { ready?: string }
      shelf.ready = prefix + given
    })
    await using parallel = Parallel({ ...options, initializer: prepare('b') })
    const ready = delayed(() => (globalThis as { ready?: string }).ready)
    expect(await parallel([ready(), ready(), ready()])).toEqual(['ab', 'ab', 'ab'])
  })

  it.each(['throw', 'settle'] as const)(
    'that fails rejects the call with its own error, and no task runs: onError %s',
    async (onError) => {
      const fail = delayed(() => {
        throw new RangeError('no connection')
      })
      await using parallel = Parallel({ ...options, onError, initializer: fail() })
      for (const _ of [1, 2]) {
        const error: unknown = await parallel(numbers.map((n) => look(n))).catch((error: unknown) => error)
        expect(error).toBeInstanceOf(InitializerError)
        expect(error).toMatchObject({
          code: 'PARFOR_INITIALIZER',
          message: 'The initializer failed: no connection',
          cause: expect.objectContaining({ name: 'RangeError', message: 'no connection' }),
        })
      }
    },
  )

  it('can fail once and be right in the next call', async () => {
    let isBroken = true
    const prepare = delayed(() => {
      if (isBroken) throw new Error('not yet')
    })
    await using parallel = Parallel({ ...options, initializer: prepare() })
    await expect(parallel([look(0)])).rejects.toBeInstanceOf(InitializerError)
    isBroken = false
    expect(await parallel([look(0)])).toHaveLength(1)
  })

  it('may return what cannot be sent', async () => {
    await using parallel = Parallel({ ...options, initializer: delayed(() => new WeakMap())() })
    expect(await parallel([look(0)])).toHaveLength(1)
  })

  it('does not run for a call without tasks', async () => {
    const fail = delayed(() => {
      throw new Error('it ran')
    })
    await using parallel = Parallel({ ...options, initializer: fail() })
    expect(await parallel([])).toEqual([])
  })
})

describe('An initializer of worker threads', () => {
  it('runs again in a worker that takes the place of a lost one', async () => {
    await using parallel = Parallel({ nJobs: 1, backend: 'threads', onError: 'settle', initializer: count() })
    const [lost, found] = await parallel([delayed(() => process.exit(3))(), look(0)])
    expect(lost?.status).toBe('rejected')
    expect(found).toMatchObject({ value: [expect.any(Number), 1] })
  })

  it('that ends its worker rejects the call', async () => {
    await using parallel = Parallel({ nJobs: 2, initializer: delayed(() => process.exit(3))() })
    await expect(parallel(numbers.map((n) => look(n)))).rejects.toMatchObject({
      code: 'PARFOR_INITIALIZER',
      message: 'The initializer lost its worker: it exited with code 3',
    })
  })

  it('that cannot be sent says why', async () => {
    const socket = Promise.resolve(1)
    await using parallel = Parallel({ nJobs: 2, initializer: delayed(() => socket)() })
    await expect(parallel([look(0)])).rejects.toMatchObject({
      code: 'PARFOR_INITIALIZER',
      cause: { code: 'PARFOR_UNSERIALIZABLE', path: 'socket', taskIndex: undefined },
    })
  })

  it('is that of its own workers only, which later calls find again', async () => {
    const initializer = count()
    const [[mine]] = await Parallel({ nJobs: 1, backend: 'threads', initializer })([look(0)])
    const [[other]] = await Parallel({ nJobs: 1, backend: 'threads' })([look(0)])
    const [again] = await Parallel({ nJobs: 1, backend: 'threads', initializer })([look(0)])
    expect(other).not.toBe(mine)
    expect(again).toEqual([mine, 1])
    await shutdown()
  })

  it('is followed by no task when the call is aborted while it is sent', async () => {
    const controller = new AbortController()
    process.once('beingSent' as never, () => controller.abort(new Error('enough')))
    class Aborting {
      [Symbol.for('parfor.serialize')]() {
        process.emit('beingSent' as never)
        return 1
      }
      static [Symbol.for('parfor.deserialize')]() {
        return new Aborting()
      }
    }
    const ran = shared(Int32Array, 1)
    const parallel = Parallel({
      nJobs: 1,
      backend: 'threads',
      initializer: delayed((_: Aborting) => 1)(new Aborting()),
    })
    const call = parallel([delayed(() => ran.fill(1).length)()], { signal: controller.signal })
    await expect(call).rejects.toThrow('enough')
    await parallel.close()
    expect(ran[0]).toBe(0)
  })

  it('ends with the call that is aborted', async () => {
    await using parallel = Parallel({ nJobs: 2, initializer: delayed(() => new Promise(() => {}))() })
    const controller = new AbortController()
    const call = parallel([look(0)], { signal: controller.signal })
    setTimeout(() => controller.abort(new Error('enough')), 50)
    await expect(call).rejects.toThrow('enough')
  })
})

it.each([[delayed(Math.abs)], [() => {}], [null], [{ fn: 1, args: [] }]])(
  'is refused at construction when it is no task: %p',
  (initializer) => {
    expect(() => Parallel({ nJobs: 2, initializer: initializer as never })).toThrow(TypeError)
    expect(() => Parallel({ nJobs: 2, initializer: initializer as never })).toThrow(/initializer/)
  },
)
