import { withNested } from '../../lib/config/nested'
import type { ParallelOptions } from '../../lib/config/options'
import { checkCallOptions, checkOptions, settle } from '../../lib/config/settings'
import { cpuCount } from '../../lib/system/cpu-count'
import { delayed } from '../../lib/task/delayed'
import { manualBackend } from '../support/manual-backend'

describe('checkOptions', () => {
  it('fills in what is not given', () => {
    expect(checkOptions({ nJobs: undefined, backend: undefined })).toMatchObject({
      nJobs: undefined,
      backend: undefined,
      batchSize: 'auto',
      returnAs: 'list',
      onError: 'throw',
      timeout: undefined,
      retries: 0,
      signal: undefined,
      verbose: 0,
      progress: false,
      onProgress: undefined,
      worker: { idleTimeout: 300_000 },
    })
    expect(checkOptions().window(3)).toBe(6)
  })

  it('takes a number for nJobs', () => {
    expect(checkOptions(3)).toMatchObject({ nJobs: 3 })
  })

  it('keeps what workers are started with, and only what was given', () => {
    const env = { A: '1', B: undefined }
    const resourceLimits = { maxOldGenerationSizeMb: 64 }
    const { worker } = checkOptions({ env, execArgv: ['--expose-gc'], resourceLimits, idleTimeout: 5, name: 'n' })
    expect(worker).toEqual({ env, execArgv: ['--expose-gc'], resourceLimits, idleTimeout: 5 })
    expect(worker.env).not.toBe(env)
  })

  it('takes an endless idleTimeout for the longest that a timer can count', () => {
    expect(checkOptions({ idleTimeout: Number.POSITIVE_INFINITY }).worker.idleTimeout).toBe(2 ** 31 - 1)
  })

  it.each([
    [1000, 1000],
    ['1000', 1000],
    ['10K', 10 * 2 ** 10],
    ['1.5m', 1.5 * 2 ** 20],
    ['2G', 2 ** 31],
  ])('reads maxWorkerMemory %p as %p bytes', (maxWorkerMemory, bytes) => {
    expect(checkOptions({ maxWorkerMemory }).pool.maxMemory).toBe(bytes)
  })

  it.each([0, 0.5, 1.5, Number.NaN])('refuses nJobs: %p', (nJobs) => {
    for (const options of [{ nJobs }, nJobs]) {
      expect(() => checkOptions(options)).toThrow(RangeError)
      expect(() => checkOptions(options)).toThrow(/^nJobs must be .* got (0|0\.5|1\.5|NaN)$/)
    }
  })

  it.each<[object, new (m: string) => Error, string]>([
    [
      { nJobs: 'x' },
      TypeError,
      "nJobs must be a positive whole number, or a negative one: -1 is every CPU, -2 all but one; got 'x'",
    ],
    [{ backend: 'loky' }, TypeError, "backend must be 'threads', 'sequential' or a ParallelBackend; got 'loky'"],
    [{ backend: 'processes' }, TypeError, "'threads', 'sequential'"],
    [{ backend: { submit() {} } }, TypeError, 'which has no method effectiveNJobs()'],
    [{ prefer: 'speed' }, TypeError, "prefer must be 'threads' or 'processes'; got 'speed'"],
    [{ require: true }, TypeError, "require must be 'sharedmem'; got true"],
    [{ returnAs: 'array' }, TypeError, "returnAs must be 'list' or 'generator' or 'generator_unordered'; got 'array'"],
    [{ retries: -1 }, RangeError, 'retries must be a whole number, 0 or more; got -1'],
    [{ retries: 1.5 }, RangeError, '1.5'],
    [{ retries: Number.POSITIVE_INFINITY }, RangeError, 'Infinity'],
    [{ retries: '1' }, TypeError, "'1'"],
    [{ maxTasksPerWorker: 0 }, RangeError, 'maxTasksPerWorker must be a whole number, 1 or more; got 0'],
    [{ maxTasksPerWorker: 2.5 }, RangeError, '2.5'],
    [{ maxTasksPerWorker: null }, TypeError, 'null'],
    [{ maxWorkerMemory: 0 }, RangeError, "maxWorkerMemory must be a number of bytes above 0, or a text as '512M'"],
    [{ maxWorkerMemory: '5X' }, RangeError, "'5X'"],
    [{ maxWorkerMemory: 'M' }, RangeError, "'M'"],
    [{ maxWorkerMemory: Number.NaN }, RangeError, 'NaN'],
    [{ maxWorkerMemory: {} }, TypeError, '{}'],
    [{ resourceLimits: [] }, TypeError, 'resourceLimits must be an object of maxYoungGenerationSizeMb'],
    [{ timeout: 0 }, RangeError, 'timeout must be a number of milliseconds above 0; got 0'],
    [{ timeout: Number.NaN }, RangeError, 'NaN'],
    [{ timeout: '1s' }, TypeError, "'1s'"],
    [{ signal: {} }, TypeError, 'signal must be an AbortSignal'],
    [{ verbose: -1 }, RangeError, 'verbose must be a number, 0 or more; got -1'],
    [{ verbose: 'all' }, TypeError, "'all'"],
    [{ progress: 1 }, TypeError, 'progress must be true or false; got 1'],
    [{ progress: 'bar' }, TypeError, "progress must be true or false; got 'bar'"],
    [{ batchSize: 0 }, RangeError, "batchSize must be 'auto' or a positive whole number; got 0"],
    [{ batchSize: -1 }, RangeError, 'got -1'],
    [{ batchSize: 1.42 }, RangeError, '1.42'],
    [{ batchSize: Number.NaN }, RangeError, 'NaN'],
    [{ batchSize: '8' }, TypeError, "'8'"],
    [{ preDispatch: 0 }, RangeError, 'preDispatch must be a number ≥ 1'],
    [{ preDispatch: '0.2*nJobs', nJobs: 2 }, RangeError, "'0.2*nJobs' with nJobs = 2"],
    [{ preDispatch: 'most' }, TypeError, "got 'most'"],
    [{ onError: 'ignore' }, TypeError, "onError must be 'throw' or 'settle'; got 'ignore'"],
    [{ onProgress: 5 }, TypeError, 'onProgress must be a function; got 5'],
    [{ name: 5 }, TypeError, 'name must be a string; got 5'],
    [{ idleTimeout: -1 }, RangeError, 'idleTimeout must be a number of milliseconds, 0 or more; got -1'],
    [{ idleTimeout: Number.NaN }, RangeError, 'NaN'],
    [{ idleTimeout: '1s' }, TypeError, "'1s'"],
    [{ env: 'A=1' }, TypeError, 'env must be an object of strings'],
    [{ env: { A: 1 } }, TypeError, 'env.A must be a string; got 1'],
    [{ execArgv: '--expose-gc' }, TypeError, 'execArgv must be an array of strings'],
    [{ execArgv: [1] }, TypeError, 'execArgv'],
    [{ resourceLimits: 64 }, TypeError, 'resourceLimits must be an object'],
    [{ resourceLimits: { maxOldGenerationSizeMB: 64 } }, TypeError, "Did you mean 'maxOldGenerationSizeMb'?"],
    [{ resourceLimits: { stackSizeMb: 0 } }, RangeError, 'resourceLimits.stackSizeMb'],
    [{ resourceLimits: { stackSizeMb: '4' } }, TypeError, 'resourceLimits.stackSizeMb'],
  ])('says what is wrong with %j', (options, kind, message) => {
    expect(() => checkOptions(options)).toThrow(kind)
    expect(() => checkOptions(options)).toThrow(message)
  })

  it.each([
    ['n_jobs', 'nJobs'],
    ['njobs', 'nJobs'],
    ['nJob', 'nJobs'],
    ['batchSzie', 'batchSize'],
    ['batch_size', 'batchSize'],
    ['preDisptch', 'preDispatch'],
    ['nname', 'name'],
    ['mame', 'name'],
  ])('knows no option %s, and names the nearest', (typed, nearest) => {
    expect(() => checkOptions({ [typed]: 2 })).toThrow(TypeError)
    expect(() => checkOptions({ [typed]: 2 })).toThrow(
      `'${typed}' is no option of Parallel. Did you mean '${nearest}'?`,
    )
  })

  it('knows no option that is like none of its own, and names them all', () => {
    expect(() => checkOptions({ mmapMode: 'r' })).toThrow(
      /'mmapMode' is no option of Parallel. Its options are nJobs, /,
    )
    expect(() => checkOptions({ toString: 1 })).toThrow(TypeError)
  })

  it.each(['2', null, [2], true, () => 2])('takes no %p for options', (options) => {
    expect(() => checkOptions(options)).toThrow(TypeError)
  })

  it('refuses wishes that contradict each other', () => {
    const { backend } = manualBackend({ supportsSharedMemory: false })
    expect(() => checkOptions({ require: 'sharedmem', prefer: 'processes' })).toThrow(TypeError)
    expect(() => checkOptions({ require: 'sharedmem', backend })).toThrow("backend 'manual' contradicts")
  })
})

describe('settle', () => {
  const settled = (options: ParallelOptions) => settle(checkOptions(options))

  it('runs one job in the calling thread, unless a backend is named', () => {
    expect(settled({ nJobs: 1 })).toMatchObject({ nJobs: 1, backend: 'sequential' })
    expect(settled({ nJobs: -1000 })).toMatchObject({ nJobs: 1, backend: 'sequential' })
    expect(settled({ nJobs: 1, backend: 'threads' })).toMatchObject({ nJobs: 1, backend: 'threads' })
    expect(settled({ nJobs: 2 })).toMatchObject({ nJobs: 2, backend: 'threads' })
    expect(settled({ nJobs: 2, backend: 'sequential' })).toMatchObject({ nJobs: 2, backend: 'sequential' })
  })

  it('takes every CPU by default, and one job inside a task', () => {
    expect(settled({}).nJobs).toBe(cpuCount())
    expect(withNested({ level: 1 }, () => settled({}))).toMatchObject({ nJobs: 1, backend: 'sequential' })
    expect(withNested({ level: 1 }, () => settled({ nJobs: 4 }))).toMatchObject({ nJobs: 4, backend: 'threads' })
  })

  it('takes threads for every wish: a hint does not bind, and threads can share memory', () => {
    expect(settled({ nJobs: 2, prefer: 'processes' }).backend).toBe('threads')
    expect(settled({ nJobs: 2, require: 'sharedmem' }).backend).toBe('threads')
  })

  it('takes a backend as it is', () => {
    const { backend } = manualBackend()
    expect(settled({ backend }).backend).toBe(backend)
  })
})

describe('checkCallOptions', () => {
  it('takes a signal by what it can do', () => {
    const { signal } = new AbortController()
    expect(checkCallOptions({ signal })).toEqual({ signal })
    expect(checkCallOptions()).toEqual({})
    expect(checkCallOptions({ signal: undefined })).toEqual({})
  })

  it.each([
    [{ signal: {} }, 'signal must be an AbortSignal'],
    [{ signal: null }, 'signal must be an AbortSignal'],
    [{ onProgress: true }, 'onProgress must be a function; got true'],
    [{ singal: 1 }, "'singal' is no option of a call. Did you mean 'signal'?"],
    [5, 'The options of a call are an object'],
    [null, 'The options of a call are an object'],
    [[], 'The options of a call are an object'],
    [new Map(), 'The options of a call are an object'],
    [new AbortController().signal, 'Write { signal }'],
    [{ signal: new AbortController() }, 'Write controller.signal'],
    [delayed(Math.sqrt)(4), 'put them into an array, parallel([a, b])'],
  ])('says what is wrong with %j', (options, message) => {
    expect(() => checkCallOptions(options)).toThrow(TypeError)
    expect(() => checkCallOptions(options)).toThrow(message)
  })
})
