import { AsyncLocalStorage } from 'node:async_hooks'
import type { ParallelBackend } from '../../lib/backend'
import { withNested } from '../../lib/config/nested'
import type { ParallelConfig } from '../../lib/config/parallel-config'
import { delayed, effectiveNJobs, Parallel, type ParallelOptions, parallelConfig, shutdown } from '../../lib/index'
import { manualBackend, settled } from '../support/manual-backend'
import { runProgram } from '../support/program'

const one = [delayed(Math.sqrt)(4)]

/** A backend that runs tasks as soon as it has them, and tells how many workers it was opened with, and what its calls are. */
function recording(overrides: Partial<ParallelBackend> = {}) {
  const opened: number[] = []
  const timeouts: (number | undefined)[] = []
  const backend: ParallelBackend = {
    name: 'recording',
    supportsSharedMemory: true,
    effectiveNJobs: (nJobs) => nJobs,
    open: (nJobs) => void opened.push(nJobs),
    async submit({ call, start, tasks }, onOutcome) {
      timeouts.push(call.timeout)
      for (const [n, { fn, args }] of tasks.entries())
        onOutcome(start + n, { status: 'fulfilled', value: await fn(...(args as never[])) })
    },
    close: async () => {},
    ...overrides,
  }
  return { backend, opened, timeouts }
}

describe('parallelConfig', () => {
  afterAll(shutdown)

  it('gives defaults to the calls in its body, and to no later ones', async () => {
    const { backend, opened } = recording()
    const [inside] = await parallelConfig({ backend, nJobs: 3 }, () => Parallel()(one))
    expect(inside).toBe(2)
    expect(opened).toEqual([3])
    await Parallel(1)(one)
    expect(opened).toEqual([3])
  })

  it('returns what its body returns, and throws what it throws', async () => {
    const error = new Error('mine')
    expect(parallelConfig({ nJobs: 2 }, () => 5)).toBe(5)
    expect(await parallelConfig({ nJobs: 2 }, async () => 6)).toBe(6)
    const fail = () => {
      throw error
    }
    expect(() => parallelConfig({ nJobs: 2 }, fail)).toThrow(error)
    await expect(parallelConfig({ nJobs: 2 }, async () => fail())).rejects.toBe(error)
    expect(parallelConfig({ nJobs: 4 }, () => effectiveNJobs())).toBe(4)
    expect(effectiveNJobs()).toBe(effectiveNJobs(-1))
  })

  it('holds after an await, and for calls of a Parallel that was made outside', async () => {
    const { backend, opened } = recording()
    const parallel = Parallel({ backend })
    await parallelConfig({ nJobs: 3 }, async () => {
      await settled()
      await parallel(one)
    })
    expect(opened).toEqual([3])
  })

  it('holds where the call is made: a Parallel that was made inside has it no more', async () => {
    const { backend, timeouts } = recording()
    const parallel = parallelConfig({ timeout: 50 }, () => Parallel({ backend }))
    await parallel(one)
    await parallelConfig({ timeout: 60 }, () => parallel(one))
    expect(timeouts).toEqual([undefined, 60])
  })

  it('is seen by its own stretch of code, and by no other one that runs meanwhile', async () => {
    const flow = (nJobs: number) =>
      parallelConfig({ nJobs }, async () => {
        const seen: number[] = []
        for (let turn = 0; turn < 3; turn += 1) {
          await settled()
          seen.push(effectiveNJobs())
        }
        return seen
      })
    expect(await Promise.all([flow(5), flow(6)])).toEqual([
      [5, 5, 5],
      [6, 6, 6],
    ])
  })

  it('yields to what a Parallel was given itself', async () => {
    const { backend, opened, timeouts } = recording()
    const config = { backend, nJobs: 3, timeout: 50 }
    await parallelConfig(config, () => Parallel({ nJobs: 2, timeout: undefined })(one))
    await parallelConfig(config, () => Parallel({ backend: 'sequential' })(one))
    expect(opened).toEqual([2])
    expect(timeouts).toEqual([50])
  })

  it('nests: an inner one changes what it gives, and the rest is as outside', async () => {
    const { backend, opened, timeouts } = recording()
    await parallelConfig({ backend, nJobs: 3, timeout: 50 }, async () => {
      await parallelConfig({ nJobs: 4, timeout: undefined }, () => Parallel()(one))
      expect(effectiveNJobs()).toBe(3)
    })
    expect(opened).toEqual([4])
    expect(timeouts).toEqual([50])
  })

  it('is the default of effectiveNJobs, which asks its backend as joblib does', () => {
    expect(parallelConfig({ nJobs: 7 }, () => [effectiveNJobs(), effectiveNJobs(2)])).toEqual([7, 2])
    expect(parallelConfig({ nJobs: 7, backend: 'sequential' }, () => effectiveNJobs())).toBe(1)
    const { backend } = recording({ effectiveNJobs: (nJobs) => Math.min(nJobs, 4) })
    expect(parallelConfig({ nJobs: 7, backend }, () => [effectiveNJobs(), effectiveNJobs(2)])).toEqual([4, 2])
  })

  it.each<[string, ParallelConfig]>([
    ['a signal', { signal: AbortSignal.abort('enough') }],
    ['one inside of another', { nJobs: 2, signal: AbortSignal.abort('enough') }],
  ])('gives %s', async (_, config) => {
    await expect(parallelConfig({ nJobs: 1 }, () => parallelConfig(config, () => Parallel()(one)))).rejects.toBe(
      'enough',
    )
  })

  it('gives onProgress, which runs in the context of the call', async () => {
    const store = new AsyncLocalStorage<string>()
    const seen: unknown[] = []
    const onProgress = () => seen.push([store.getStore(), effectiveNJobs()])
    const { backend, sent } = manualBackend()
    const call = store.run('call', () => parallelConfig({ backend, nJobs: 2, onProgress }, () => Parallel()(one)))
    await settled()
    await store.run('worker', () => sent[0]?.complete([2]))
    await call
    expect(seen).toEqual([['call', 2]])
  })

  it('holds for the input of a call, whatever asks for it', async () => {
    const seen: number[] = []
    const input = function* () {
      for (let n = 0; n < 40; n += 1) {
        seen.push(effectiveNJobs())
        yield delayed((m: number) => m)(n)
      }
    }
    await Parallel(2)(input)
    await parallelConfig({ nJobs: 2 }, () => Parallel({ batchSize: 1 })(input))
    expect(seen.slice(0, 40)).toEqual(Array(40).fill(effectiveNJobs(-1)))
    expect(seen.slice(40)).toEqual(Array(40).fill(2))
  })
})

describe('Options of workers that surround a call', () => {
  afterAll(shutdown)

  const read = [delayed(() => [process.env.GREETING, (globalThis as { mark?: string }).mark])()]
  const initializer = delayed((text: string) => void Object.assign(globalThis, { mark: text }))('ready')

  it('are those of the workers that it has', async () => {
    await using parallel = Parallel({ nJobs: 2, backend: 'threads' })
    const greet = (text: string) => parallelConfig({ env: { GREETING: text }, initializer }, () => parallel(read))
    expect(await parallel(read)).toEqual([[undefined, undefined]])
    expect(await greet('hello')).toEqual([['hello', 'ready']])
    expect(await greet('bye')).toEqual([['bye', 'ready']])
    expect(await parallel(read)).toEqual([[undefined, undefined]])
  })
})

describe('Tasks of a call in the body of parallelConfig', () => {
  it.each(['threads', 'sequential'])('do not see it, on %s; they may have one of their own', async (backend) => {
    const { stdout } = await runProgram({
      'main.mjs': `import { delayed, effectiveNJobs, Parallel, parallelConfig } from 'parfor'
        const see = delayed(async () => {
          const own = await parallelConfig({ nJobs: 3 }, async () => {
            await null
            return [effectiveNJobs(), await Parallel(1)([delayed(effectiveNJobs)()])]
          })
          return [effectiveNJobs(), own]
        })
        console.log(JSON.stringify(await parallelConfig({ nJobs: 2, backend: '${backend}' }, () => Parallel()([see()]))))`,
    })
    expect(JSON.parse(stdout)).toEqual([[1, [3, [1]]]])
  })

  it('do not see it after they have come back either, in the calling thread', () => {
    const seen = parallelConfig({ nJobs: 5 }, () => [
      withNested({ level: 1 }, () => effectiveNJobs()),
      effectiveNJobs(),
    ])
    expect(seen).toEqual([1, 5])
  })
})

describe('Options that contradict each other', () => {
  afterAll(shutdown)

  const alone = () => recording({ name: 'alone', supportsSharedMemory: false })
  const run = (config: ParallelConfig, options: ParallelOptions) =>
    parallelConfig(config, () => Parallel(options)([delayed(() => 'ran')()]))

  it.each<[string, ParallelConfig, ParallelOptions]>([
    ['a hint around it', { prefer: 'processes' }, { require: 'sharedmem' }],
    ['a hint of its own', { require: 'sharedmem' }, { prefer: 'processes' }],
  ])('are none, when one of them is %s', async (_, config, options) => {
    expect(await run({ nJobs: 1, ...config }, options)).toEqual(['ran'])
  })

  it('are none, when one is a backend around it: threads run the tasks then', async () => {
    const { backend, opened } = alone()
    expect(await run({ nJobs: 2, backend }, { require: 'sharedmem' })).toEqual(['ran'])
    expect(await parallelConfig({ backend }, () => run({ require: 'sharedmem' }, { nJobs: 2 }))).toEqual(['ran'])
    expect(opened).toEqual([])
  })

  it('are refused at the call, when the backend was given to the Parallel', async () => {
    const { backend } = alone()
    const call = run({ require: 'sharedmem' }, { backend })
    await expect(call).rejects.toThrow(TypeError)
    await expect(call).rejects.toThrow("backend 'alone' contradicts require: 'sharedmem'")
  })

  it('are refused at once within one config', () => {
    const body = jest.fn()
    const { backend } = alone()
    expect(() => parallelConfig({ prefer: 'processes', require: 'sharedmem' }, body)).toThrow(TypeError)
    expect(() => parallelConfig({ backend, require: 'sharedmem' }, body)).toThrow(TypeError)
    expect(body).not.toHaveBeenCalled()
  })
})

describe('parallelConfig refuses', () => {
  afterAll(shutdown)

  it.each<[unknown, unknown, new (m: string) => Error, string]>([
    [2, () => {}, TypeError, 'parallelConfig takes an object of options; got 2'],
    [undefined, () => {}, TypeError, 'got undefined'],
    [{ nJobs: 2 }, undefined, TypeError, 'takes options, and a function to run with them; got undefined'],
    [{ nJobs: 2 }, Promise.resolve(), TypeError, 'got Promise'],
    [{ nJobs: 0 }, () => {}, RangeError, 'nJobs must be'],
    [{ backend: 'loky' }, () => {}, TypeError, "backend must be 'threads', 'sequential'"],
    [{ n_jobs: 2 }, () => {}, TypeError, "'n_jobs' is no option of parallelConfig. Did you mean 'nJobs'?"],
    [
      { job: 2 },
      () => {},
      TypeError,
      'Its options are nJobs, backend, prefer, require, batchSize, preDispatch, timeout',
    ],
    [{ returnAs: 'generator' }, () => {}, TypeError, 'returnAs is no option of parallelConfig, since'],
    [{ onError: 'settle' }, () => {}, TypeError, 'onError is no option of parallelConfig, since'],
  ])('%p', (options, body, type, message) => {
    expect(() => parallelConfig(options as never, body as never)).toThrow(type)
    expect(() => parallelConfig(options as never, body as never)).toThrow(message)
  })

  it('a window that is too small for the workers, at the call', async () => {
    const call = parallelConfig({ nJobs: 1, backend: 'threads' }, () => Parallel({ preDispatch: '0.5*nJobs' })(one))
    await expect(call).rejects.toThrow(RangeError)
  })
})
