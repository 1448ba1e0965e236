import { getEventListeners } from 'node:events'
import { delayed, Parallel, type ParallelOptions, shutdown, taskInfo } from '../../lib'
import { manualBackend, settled } from '../support/manual-backend'
import { runProgram } from '../support/program'
import { add, block, counters, reached, waitFor } from './counters'
import { all, type Call, errorOf, inOrder, kinds, type Results } from './outcomes'
import { endless, gated, identities, identity, range, stuck } from './tasks'
import { threadExits } from './thread-exits'

const sizes = [1, 7, 'auto'] as const

const fail = delayed((): number => {
  throw new RangeError('no')
})

const listeners = (signal: AbortSignal) => getEventListeners(signal, 'abort').length

describe.each(kinds)('With returnAs %s, the signal of a Parallel', (returnAs) => {
  it('ends every call with its reason, and each later one before it begins', async () => {
    const { backend, sent } = manualBackend()
    const controller = new AbortController()
    const parallel = Parallel({ nJobs: 2, backend, returnAs, signal: controller.signal })
    const logs: unknown[][] = [[], []]
    const errors = logs.map((log) => errorOf(parallel(endless(log))))
    await settled()
    expect(sent.length).toBeGreaterThan(4)
    const reason = new Error('enough')
    controller.abort(reason)
    expect(await Promise.all(errors)).toEqual([reason, reason])
    expect((await Promise.all(errors)).every((error) => error === reason)).toBe(true)
    expect(sent.every(({ signal }) => signal.aborted)).toBe(true)
    expect(logs.map((log) => log.filter((entry) => entry === 'ended'))).toEqual([['ended'], ['ended']])

    const before = sent.length
    const tasks = jest.fn()
    expect(await errorOf(parallel(tasks))).toBe(reason)
    expect([tasks.mock.calls.length, sent.length]).toEqual([0, before])
  })

  it.each(['of the Parallel', 'of the call'])('holds beside that of a call: the one %s comes first', async (first) => {
    const { backend } = manualBackend()
    const [ofAll, ofOne] = [new AbortController(), new AbortController()]
    const parallel = Parallel({ nJobs: 2, backend, returnAs, signal: ofAll.signal })
    const error = errorOf(parallel(endless([]), { signal: ofOne.signal }))
    const other = errorOf(parallel(endless([])))
    await settled()
    if (first === 'of the Parallel') ofAll.abort('all')
    ofOne.abort('one')
    ofAll.abort('all')
    expect([await error, await other]).toEqual([first === 'of the Parallel' ? 'all' : 'one', 'all'])
  })

  it('lets nothing be taken from the input when it came before the call', async () => {
    const input = { [Symbol.iterator]: jest.fn() }
    const [aborted, open] = [AbortSignal.abort('too late'), new AbortController().signal]
    for (const backend of ['threads', 'sequential'] as const) {
      const common = { nJobs: 2, backend, returnAs }
      expect(await errorOf(Parallel({ ...common, signal: aborted })(input as never))).toBe('too late')
      expect(await errorOf(Parallel(common)(input as never, { signal: aborted }))).toBe('too late')
      expect(await errorOf(Parallel({ ...common, signal: open })(input as never, { signal: aborted }))).toBe('too late')
      expect(await errorOf(Parallel({ ...common, signal: aborted })(input as never, { signal: open }))).toBe('too late')
    }
    expect(input[Symbol.iterator]).not.toHaveBeenCalled()
    expect(listeners(open)).toBe(0)
  })

  it.each([[null], [0], [''], [false]])('rejects with its reason, also when that is %p', async (reason) => {
    const { backend } = manualBackend()
    const controller = new AbortController()
    const error = errorOf(Parallel({ nJobs: 2, backend, returnAs, signal: controller.signal })(endless([])))
    await settled()
    controller.abort(reason)
    expect(await error).toBe(reason)
  })

  it('that comes from a function given for preDispatch lets the call not begin', async () => {
    const controller = new AbortController()
    await using parallel = Parallel({
      nJobs: 2,
      returnAs,
      signal: controller.signal,
      preDispatch() {
        controller.abort(new Error('no more'))
        return 2
      },
    })
    const log: unknown[] = []
    expect(await errorOf(parallel(endless(log)))).toMatchObject({ message: 'no more' })
    expect(log).toEqual([])
  })

  it('after the end of a call changes nothing', async () => {
    const controller = new AbortController()
    await using parallel = Parallel({ nJobs: 2, returnAs, signal: controller.signal })
    const results = all(parallel([identity(1)]))
    expect(await results).toEqual([1])
    controller.abort('too late')
    expect(await results).toEqual([1])
  })
})

/** Ways for a call to end: each returns when it has. */
const endings: Record<string, (run: Run) => Promise<unknown>> = {
  'with its results': async ({ call }) => expect(await all(call([identity(0), identity(1)]))).toHaveLength(2),
  'without tasks': async ({ call }) => expect(await all(call([]))).toEqual([]),
  'with the error of a task': async ({ call }) =>
    expect(await errorOf(call([identity(0), fail()]))).toMatchObject({ message: 'no' }),
  'with the error of its input': async ({ call }) =>
    expect(
      await errorOf(
        call(function* () {
          yield identity(0)
          throw new RangeError('no more')
        }),
      ),
    ).toMatchObject({ message: 'no more' }),
  'with nothing to take tasks from': async ({ call }) =>
    expect(await errorOf(call(5 as never))).toBeInstanceOf(TypeError),
  'with an abort of the call': async ({ call, ofOne }) => {
    const error = errorOf(call([pending()]))
    ofOne.abort('one')
    expect(await error).toBe('one')
  },
  'with an abort of the Parallel': async ({ call, ofAll }) => {
    const error = errorOf(call([pending()]))
    ofAll.abort('all')
    expect(await error).toBe('all')
  },
  'with terminate()': async ({ call, parallel }) => {
    const error = errorOf(call([pending()]))
    await parallel.terminate()
    expect(await error).toMatchObject({ code: 'PARFOR_DISPOSED' })
  },
}

/** Ways for a generator's consumer to end it. */
const leaves: Record<string, (run: Run) => Promise<unknown>> = {
  'when it is left': async ({ call }) => {
    const results = call([identity(0), pending()]) as Results
    await results.next()
    expect(await results.return()).toEqual({ value: undefined, done: true })
  },
  'when it is left before it was asked': ({ call }) => (call([identity(0), identity(1)]) as Results).return(),
  'when it is left after all is done, with results that nobody took': async ({ call }) => {
    const results = call([identity(0), identity(1)]) as Results
    await results.next()
    // The second one has no place in line before it is complete.
    await all(call([identity(0), identity(1)]))
    await results.return()
  },
}

interface Run {
  readonly parallel: Parallel<'throw', (typeof kinds)[number]>
  readonly call: (tasks: Parameters<typeof parallelOfNumbers>[0]) => Call
  readonly ofAll: AbortController
  readonly ofOne: AbortController
}
declare const parallelOfNumbers: (
  tasks: Iterable<ReturnType<typeof identity>> | (() => Iterable<ReturnType<typeof identity>>),
) => Call
const pending = delayed((): Promise<number> => new Promise(() => {}) as never)

describe.each(['threads', 'sequential'] as const)('On %s, a call leaves no listener on a signal', (backend) => {
  // Workers are kept for the next one.
  afterAll(() => shutdown())
  const cases = kinds.flatMap((returnAs) =>
    Object.entries(returnAs === 'list' ? endings : { ...endings, ...leaves }).map(([how, end]) => ({
      returnAs,
      how,
      end,
    })),
  )
  it.each(cases)('that has ended $how: $returnAs', async ({ returnAs, how, end }) => {
    const [ofAll, ofOne] = [new AbortController(), new AbortController()]
    const parallel = Parallel({ nJobs: 2, backend, batchSize: 1, returnAs, signal: ofAll.signal })
    let most = 0
    const call: Run['call'] = (tasks) => {
      const results = parallel(tasks, { signal: ofOne.signal })
      most = Math.max(most, listeners(ofAll.signal) + listeners(ofOne.signal))
      return results
    }
    await end({ parallel, call, ofAll, ofOne })
    // A call whose input fails at once may be over before it returns.
    if (!/without|nothing|error of its input/.test(how)) expect(most).toBeGreaterThanOrEqual(2)
    expect([listeners(ofAll.signal), listeners(ofOne.signal)]).toEqual([0, 0])
  })
})

it('Many calls may share one signal, without a warning', async () => {
  const warn = jest.fn()
  process.on('warning', warn)
  const controller = new AbortController()
  const { backend } = manualBackend()
  const parallel = Parallel({ nJobs: 2, backend, signal: controller.signal })
  const errors = range(40).map(() => errorOf(parallel([identity(0)], { signal: controller.signal })))
  await settled()
  expect(listeners(controller.signal)).toBeGreaterThan(0)
  controller.abort('enough')
  expect(new Set(await Promise.all(errors))).toEqual(new Set(['enough']))
  process.off('warning', warn)
  expect(warn).not.toHaveBeenCalled()
})

describe.each(kinds)('On threads, with returnAs %s, an abort', (returnAs) => {
  // Workers are kept for the next one.
  afterAll(() => shutdown())

  it('ends a busy loop, and its worker', async () => {
    using threads = threadExits()
    await using parallel = Parallel({ env: { OWN: 'workers' }, nJobs: 2, returnAs })
    const [controller, at] = [new AbortController(), counters(2)]
    const error = errorOf(parallel([stuck(at), identity(1)], { signal: controller.signal }))
    await reached(at)
    controller.abort('enough')
    expect(await error).toBe('enough')
    await threads.exited(Atomics.load(at, 1))
    expect(await all(parallel([identity(7)]))).toEqual([7])
  })

  it('may come when a time is over', async () => {
    const parallel = Parallel({ nJobs: 2, returnAs })
    const error = errorOf(parallel([stuck(counters(2))], { signal: AbortSignal.timeout(50) }))
    expect(await error).toMatchObject({ name: 'TimeoutError' })
  })

  it.each(sizes)('does no harm to another call of the same Parallel: batchSize %s', async (batchSize) => {
    const parallel = Parallel({ nJobs: 2, returnAs, batchSize })
    const [controller, at, ran, gate] = [new AbortController(), counters(2), counters(101), counters()]
    const note = delayed((n: number) => {
      add(ran, 100)
      if (n === 50) waitFor(gate)
      add(ran, n)
      return n
    })
    const aborted = errorOf(parallel([...identities(20), stuck(at)], { signal: controller.signal }))
    const kept = all(parallel(range(100).map((n) => note(n))))
    await reached(at)
    await reached(ran, 100, 20)
    controller.abort('enough')
    expect(await aborted).toBe('enough')
    add(gate)
    const results = (await kept) as number[]
    expect(inOrder(results, returnAs)).toEqual(range(100))
    expect([...ran.subarray(0, 100)]).toEqual(range(100).map(() => 1))
  })

  it('lets another call have the workers that it frees', async () => {
    const parallel = Parallel({ nJobs: 2, returnAs })
    const [controller, at] = [new AbortController(), counters(2)]
    const aborted = errorOf(parallel([stuck(at), stuck(at), stuck(at)], { signal: controller.signal }))
    await reached(at, 0, 2)
    const kept = all(parallel([identity(1), identity(2)]))
    await settled()
    controller.abort('enough')
    expect(await aborted).toBe('enough')
    expect(new Set(await kept)).toEqual(new Set([1, 2]))
    expect(Atomics.load(at, 0)).toBe(2)
  })

  it.each(['onProgress', 'the input', 'what is being sent'])('may come from %s', async (place) => {
    const controller = new AbortController()
    const parallel = Parallel({ nJobs: 2, batchSize: 1, returnAs, signal: controller.signal })
    process.once('beingSent' as never, () => controller.abort('enough'))
    class Aborting {
      [Symbol.for('parfor.serialize')]() {
        process.emit('beingSent' as never)
        return 1
      }
      static [Symbol.for('parfor.deserialize')]() {
        return new Aborting()
      }
    }
    const ran = counters()
    const note = delayed((_: unknown) => add(ran))
    const input = function* () {
      yield identity(0)
      if (place === 'the input') controller.abort('enough')
      yield* range(10).map((n) => (place === 'what is being sent' ? note(new Aborting()) : identity(n)))
    }
    const onProgress = () => place === 'onProgress' && controller.abort('enough')
    expect(await errorOf(parallel(input, { onProgress }))).toBe('enough')
    await parallel.close()
    process.removeAllListeners('beingSent' as never)
    expect(Atomics.load(ran, 0)).toBe(0)
    expect(listeners(controller.signal)).toBe(0)
  })
})

describe.each(sizes)('With batchSize %s, no task starts after a call has rejected', (batchSize) => {
  /** Two tasks run, then something ends the call, and what else has started is only what is killed. */
  async function started(
    options: ParallelOptions<'throw', 'list' | 'generator'>,
    first: (at: Int32Array) => number,
    end: (at: Int32Array) => Promise<void> = async () => {},
  ) {
    const [at, gate] = [counters(), counters()]
    const task = delayed((n: number) => {
      add(at)
      if (n === 0) return first(at)
      waitFor(gate)
      return n
    })
    const parallel = Parallel({ nJobs: 2, batchSize, ...options })
    const error = errorOf(parallel(range(40).map((n) => task(n))))
    await end(at)
    const reason = await error
    // New workers have had their turn by then, and all others are gone.
    await all(parallel(identities(8))).catch(() => {})
    await parallel.close()
    return { count: Atomics.load(at, 0), reason }
  }

  it('because a task failed', async () => {
    const throwIt = (at: Int32Array): never => {
      waitFor(at, 0, 2)
      throw new RangeError('no')
    }
    const { count, reason } = await started({}, throwIt)
    expect(reason).toMatchObject({ message: 'no' })
    // Its worker may have gone on before it was told.
    expect([2, 3]).toContain(count)
  })

  it.each(['list', 'generator'] as const)('because it was aborted: %s', async (returnAs) => {
    const controller = new AbortController()
    const wait = (at: Int32Array) => {
      waitFor(at, 0, 1000)
      return 0
    }
    const { count, reason } = await started({ returnAs, signal: controller.signal }, wait, async (at) => {
      await reached(at, 0, 2)
      controller.abort('enough')
    })
    expect([count, reason]).toEqual([2, 'enough'])
  })

  it('because of a timeout', async () => {
    const wait = (at: Int32Array) => {
      waitFor(at, 0, 1000)
      return 0
    }
    const { count, reason } = await started({ timeout: 60 }, wait)
    expect(reason).toMatchObject({ code: 'PARFOR_TIMEOUT' })
    // The other worker may not have been there yet.
    expect([1, 2]).toContain(count)
  })

  it('because onProgress threw', async () => {
    const end = (at: Int32Array) => {
      waitFor(at, 0, 2)
      return 0
    }
    const onProgress = () => {
      throw new Error('no paper')
    }
    const { count, reason } = await started({ onProgress }, end)
    expect(reason).toMatchObject({ message: 'no paper' })
    expect([2, 3]).toContain(count)
  })
})

describe.each(kinds)('An error of onProgress: %s', (returnAs) => {
  // Workers are kept for the next one.
  afterAll(() => shutdown())

  it('is that of the call, kills what runs, and leaves the pool to the next one', async () => {
    using threads = threadExits()
    const at = counters(2)
    await using parallel = Parallel({ env: { OWN: 'workers' }, nJobs: 2, batchSize: 1, returnAs })
    const error = new Error('no paper')
    const onProgress = jest.fn(() => {
      throw error
    })
    expect(await errorOf(parallel([stuck(at), gated(0, at), identity(2)], { onProgress }))).toBe(error)
    expect(onProgress).toHaveBeenCalledTimes(1)
    expect(taskInfo(error)).toBeUndefined()
    await threads.exited(Atomics.load(at, 1))
    expect(new Set(await all(parallel(identities(20))))).toEqual(new Set(range(20)))
  })

  it('does not take the place of that of the task that it is told of', async () => {
    const parallel = Parallel({ nJobs: 2, returnAs })
    const onProgress = () => {
      throw new Error('no paper')
    }
    expect(await errorOf(parallel([fail()], { onProgress }))).toMatchObject({ message: 'no' })
  })

  it('is that of the call with onError: settle, too', async () => {
    const parallel = Parallel({ nJobs: 2, onError: 'settle', returnAs })
    const onProgress = () => {
      throw new Error('no paper')
    }
    expect(await errorOf(parallel([fail(), identity(1)], { onProgress }))).toMatchObject({ message: 'no paper' })
  })

  it('ends the input', async () => {
    const log: unknown[] = []
    const parallel = Parallel({ nJobs: 2, returnAs })
    const onProgress = () => {
      throw new Error('no paper')
    }
    await errorOf(parallel(endless(log), { onProgress }))
    expect(log.filter((entry) => entry === 'ended')).toHaveLength(1)
  })
})

describe.each([true, false])('Calls that begin and end at once, with an initializer: %s,', (hasInitializer) => {
  const initializer = delayed(() => {})()
  const options = { nJobs: 1, backend: 'threads', batchSize: 1, ...(hasInitializer && { initializer }) } as const

  /** A call whose worker has the next batch sent ahead, as its tasks are quick, and then runs one that is not. */
  function begin(parallel: Parallel, last: ReturnType<typeof identity>, signal?: AbortSignal) {
    return parallel([...identities(20), last], { signal })
  }

  it('run when the call before them is aborted in the same turn', async () => {
    await using parallel = Parallel(options)
    const [controller, at] = [new AbortController(), counters(2)]
    const aborted = errorOf(begin(parallel, stuck(at), controller.signal))
    await reached(at)
    const kept = parallel([identity(1), identity(2)])
    controller.abort('enough')
    expect(await aborted).toBe('enough')
    expect(await kept).toEqual([1, 2])
  })

  it('leave the worker to the call that has it, when they are aborted in the same turn', async () => {
    await using parallel = Parallel(options)
    const [at, gate] = [counters(), counters()]
    const first = begin(parallel, gated(20, gate, at))
    await reached(at)
    for (const _ of [1, 2, 3]) {
      const controller = new AbortController()
      const aborted = errorOf(parallel([identity(0)], { signal: controller.signal }))
      controller.abort('enough')
      expect(await aborted).toBe('enough')
      await settled()
    }
    const others = [parallel([identity(1)]), parallel([identity(2)]), parallel([identity(3)])]
    await settled()
    add(gate)
    expect(await first).toEqual(range(21))
    expect(await Promise.all(others)).toEqual([[1], [2], [3]])
    expect(Atomics.load(at, 0)).toBe(1)
  })
})

describe('An abort that comes when a worker has just gone from one call to another, and nobody knows', () => {
  const options = { nJobs: 1, backend: 'threads', batchSize: 1 } as const
  /** Time for that task to begin, if the worker had it before this thread knew. */
  const look = (begun: Int32Array) => block(100, begun)

  it('ends what runs of the aborted one, and keeps the results of the other', async () => {
    await using parallel = Parallel(options)
    const [begun, gate, at, controller] = [counters(), counters(), counters(2), new AbortController()]
    // Quick ones first, so that the worker is given the next batch ahead.
    const kept = parallel([...identities(20), gated(20, gate, begun)])
    await reached(begun)
    const aborted = errorOf(parallel([stuck(at)], { signal: controller.signal }))
    await settled()
    add(gate)
    look(at)
    controller.abort('enough')
    expect(await aborted).toBe('enough')
    expect(await kept).toEqual(range(21))
    expect(await parallel([identity(1)])).toEqual([1])
  })

  it('does not run again what runs of the other', async () => {
    await using parallel = Parallel(options)
    const [begun, gate, at, last] = [counters(), counters(), counters(), counters()]
    const controller = new AbortController()
    const { signal } = controller
    // Its input has not ended, so that the call has not when this batch is done.
    const aborted = errorOf(
      parallel(
        async function* () {
          yield* identities(20)
          yield gated(20, gate, begun)
          await new Promise(() => {})
        },
        { signal },
      ),
    )
    await reached(begun)
    const kept = parallel([gated(20, last, at)])
    await settled()
    add(gate)
    look(at)
    controller.abort('enough')
    expect(await aborted).toBe('enough')
    add(last)
    expect(await kept).toEqual([20])
    expect(Atomics.load(at, 0)).toBe(1)
  })
})

it.each(['threads', 'sequential'])('A program whose calls were aborted ends by itself: %s', async (backend) => {
  const ended = await runProgram({
    'main.mjs': `import { delayed, Parallel } from 'parfor'
      process.on('unhandledRejection', (error) => console.log('unhandled', error))
      const pending = delayed(() => new Promise(() => setInterval(() => {}, 1000).unref()))
      for (const returnAs of ['list', 'generator', 'generator_unordered']) {
        const controller = new AbortController()
        const parallel = Parallel({ nJobs: 2, backend: '${backend}', returnAs, signal: controller.signal })
        const calls = [parallel([pending(), pending()]), parallel([pending()])]
        const ended = calls.map((call) => (call.next?.() ?? call).catch((reason) => console.log(returnAs, reason)))
        setTimeout(() => controller.abort('enough'), 50)
        await Promise.all(ended)
      }`,
  })
  const stdout = kinds.map((returnAs) => `${returnAs} enough\n`.repeat(2)).join('')
  expect(ended).toEqual({ code: 0, signal: null, stdout, stderr: '' })
})
