import type { ParallelBackend } from '../../lib/backend'
import { onShutdown, registerParallelBackend, shutdown } from '../../lib/backends/registry'
import { addBackend, backendNames, factoryOf } from '../../lib/config/backend-names'
import type { BackendOptions } from '../../lib/config/options'
import { BackendError, delayed, Parallel, parallelConfig } from '../../lib/index'
import { manualBackend } from '../support/manual-backend'

describe('shutdown', () => {
  it('has nothing to do when no backend keeps workers', async () => {
    await expect(shutdown()).resolves.toBeUndefined()
  })

  it('runs the hook of each backend, every time, and waits for all', async () => {
    const log: string[] = []
    onShutdown(async () => {
      await new Promise((resolve) => setImmediate(resolve))
      log.push('a')
    })
    onShutdown(async () => void log.push('b'))
    await shutdown()
    expect(log).toEqual(['b', 'a'])
    await shutdown()
    expect(log).toEqual(['b', 'a', 'b', 'a'])
  })
})

describe('registerParallelBackend', () => {
  afterAll(shutdown)

  /** Registers a backend that answers with its own name, and gives what its factory was asked for. */
  function register(name: string, overrides: Partial<ParallelBackend> = {}, makeDefault?: boolean) {
    const made: BackendOptions[] = []
    const events: string[] = []
    registerParallelBackend(
      name,
      (options) => {
        made.push(options)
        return {
          ...manualBackend().backend,
          name,
          open: (nJobs) => void events.push(`open ${nJobs}`),
          async submit({ start, tasks }, onOutcome) {
            for (const n of tasks.keys()) onOutcome(start + n, { status: 'fulfilled', value: name })
          },
          close: async () => void events.push('close'),
          ...overrides,
        }
      },
      { makeDefault },
    )
    return { made, events }
  }
  const where = [delayed(() => 'here')()]

  it('gives a backend a name, which makes one for each Parallel that runs something on it', async () => {
    const { made, events } = register('first')
    const parallel = Parallel({ backend: 'first', nJobs: 3 })
    expect(made).toEqual([])
    expect(await parallel(where)).toEqual(['first'])
    expect(await parallel(where)).toEqual(['first'])
    expect(made.length).toBe(1)
    await parallel.close()
    expect(events).toEqual(['open 3', 'close'])
    await using other = Parallel({ backend: 'first', nJobs: 1 })
    await other(where)
    expect(made.map(({ nJobs }) => nJobs)).toEqual([3, 1])
  })

  it('tells the backend what the Parallel says of its workers', async () => {
    const { made } = register('second')
    const initializer = delayed(() => {})()
    const onWorkerEvent = () => {}
    const of = { nJobs: 2, env: { A: '1' }, execArgv: ['--trace-gc'], resourceLimits: { stackSizeMb: 2 }, initializer }
    const more = { maxTasksPerWorker: 7, maxWorkerMemory: '1K', onWorkerEvent, idleTimeout: 5 }
    await using parallel = Parallel({ backend: 'second', ...of, ...more, timeout: 1000, name: 'mine' })
    await parallel(where)
    expect(made).toEqual([{ ...of, ...more, maxWorkerMemory: 1024 }])
  })

  it('is another one for each who is told of its workers, around one Parallel', async () => {
    const { made } = register('heard')
    const parallel = Parallel({ backend: 'heard', nJobs: 2 })
    const [one, two] = [() => {}, () => {}]
    for (const onWorkerEvent of [one, two, one]) await parallelConfig({ onWorkerEvent }, () => parallel(where))
    expect(made.map(({ onWorkerEvent }) => onWorkerEvent)).toEqual([one, two])
    expect(made[0]?.onWorkerEvent).not.toBe(made[1]?.onWorkerEvent)
  })

  it('is what parallelConfig may name', async () => {
    register('third')
    expect(await parallelConfig({ backend: 'third', nJobs: 1 }, () => Parallel()(where))).toEqual(['third'])
  })

  it('takes a name again: from then on it is another backend', async () => {
    register('fourth')
    const parallel = Parallel({ backend: 'fourth' })
    await parallel(where)
    const { made } = register('fourth')
    await parallel(where)
    expect(made).toEqual([])
    await Parallel({ backend: 'fourth' })(where)
    expect(made.length).toBe(1)
  })

  it('makes it what runs tasks when nobody says what, until that is taken back', async () => {
    register('usual', {}, true)
    try {
      expect(await Parallel(2)(where)).toEqual(['usual'])
      expect(await Parallel(1)(where)).toEqual(['here'])
      expect(await Parallel({ nJobs: 2, prefer: 'threads' })(where)).toEqual(['here'])
      expect(await Parallel({ nJobs: 2, backend: 'threads' })(where)).toEqual(['here'])
      register('usual')
      expect(await Parallel(2)(where)).toEqual(['usual'])
    } finally {
      register('usual', {}, false)
    }
    expect(await Parallel(2)(where)).toEqual(['here'])
  })

  it('gives way to threads where memory must be shared, unless it was asked for', async () => {
    register('alone', { supportsSharedMemory: false }, true)
    try {
      expect(await Parallel({ nJobs: 2, require: 'sharedmem' })(where)).toEqual(['here'])
    } finally {
      register('alone', { supportsSharedMemory: false }, false)
    }
    const config = { backend: 'alone', nJobs: 2 }
    expect(await parallelConfig(config, () => Parallel({ require: 'sharedmem' })(where))).toEqual(['here'])
    expect(() => Parallel({ backend: 'alone', require: 'sharedmem' })).toThrow(
      new TypeError("backend 'alone' contradicts require: 'sharedmem': its tasks share no memory with the caller"),
    )
    const call = parallelConfig({ require: 'sharedmem' }, () => Parallel({ backend: 'alone' })(where))
    await expect(call).rejects.toThrow("backend 'alone' contradicts require: 'sharedmem'")
  })

  it('has its name among the valid ones', () => {
    register('known')
    expect(() => Parallel({ backend: 'unknown' })).toThrow(TypeError)
    expect(() => Parallel({ backend: 'unknown' })).toThrow(/'threads', 'sequential', .*'known'.* or a ParallelBackend/)
  })

  const broken: [string, () => unknown, string][] = [
    ['gives nothing', () => undefined, "The factory of backend 'broken' returned something which is no object"],
    ['gives what lacks a method', () => ({ effectiveNJobs() {}, open() {} }), 'which has no method submit()'],
    [
      'is async',
      async () => manualBackend().backend,
      'which has no method effectiveNJobs(). What takes time goes into open()',
    ],
  ]
  it.each(broken)('rejects the call when the factory %s', async (_, factory, message) => {
    registerParallelBackend('broken', factory as never)
    const call = Parallel({ backend: 'broken' })(where)
    await expect(call).rejects.toThrow(BackendError)
    await expect(call).rejects.toThrow(message)
  })

  it('rejects the call with what the factory throws as cause', async () => {
    const cause = new Error('no queue')
    registerParallelBackend('broken', () => {
      throw cause
    })
    await expect(Parallel({ backend: 'broken' })(where)).rejects.toMatchObject({
      code: 'PARFOR_BACKEND',
      message: "Backend 'broken' cannot be made: no queue",
      cause,
    })
  })

  it.each<[string, unknown[], string]>([
    ['no name', ['', () => {}], "The name of a backend is a text; got ''"],
    ['a name that is no text', [5, () => {}], 'got 5'],
    ['the name of a built-in one', ['threads', () => {}], "'threads' is the name of a built-in backend"],
    ['no factory', ['mine'], "takes a function that makes a backend; got undefined for 'mine'"],
    ['a name for a factory', ['mine', 'threads'], "got 'threads' for 'mine'"],
    ['options that are none', ['mine', () => {}, true], 'are an object, { makeDefault? }; got true'],
    ['another option', ['mine', () => {}, { make_default: true }], "'make_default' is no option"],
    ['a default that is neither', ['mine', () => {}, { makeDefault: 1 }], 'makeDefault must be true or false; got 1'],
  ])('refuses %s', (_, args, message) => {
    const call = () => registerParallelBackend(...(args as Parameters<typeof registerParallelBackend>))
    expect(call).toThrow(TypeError)
    expect(call).toThrow(message)
    expect(backendNames()).not.toContain('mine')
  })

  it('keeps the name of nobody else', () => {
    const factory = () => manualBackend().backend
    addBackend('other', factory, undefined)
    expect(factoryOf('other')).toBe(factory)
    expect(factoryOf('toString')).toBeUndefined()
  })
})
