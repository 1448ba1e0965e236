import { getEventListeners } from 'node:events'
import { DisposedError, delayed, Parallel, type ParallelOptions, shutdown, TaskTimeoutError, taskInfo } from '../../lib'
import { collectGarbage } from '../support/garbage'
import { manualBackend, settled } from '../support/manual-backend'
import { runProgram } from '../support/program'
import { add, counters, reached } from './counters'
import { generators, inOrder as inOrderOf, outcome, type Results } from './outcomes'
import { endless, gated, identities, identity, range, slow, stuck } from './tasks'
import { threadExits } from './thread-exits'

const given = (value: unknown) => ({ value, done: false })
const done = { value: undefined, done: true }

/** A Parallel whose batches complete as the spec says. */
function manual<const A extends (typeof generators)[number] = 'generator'>(
  options: ParallelOptions<'throw' | 'settle', A> = {},
) {
  const { backend, sent, events } = manualBackend()
  const parallel = Parallel({ nJobs: 2, batchSize: 1, returnAs: 'generator' as A, backend, ...options })
  return { parallel, sent, events }
}

describe('A generator of results', () => {
  it('gives them in the order of the tasks, however they complete', async () => {
    const { parallel, sent } = manual()
    const results = parallel(identities(4))
    await settled()
    for (const n of [2, 0, 3]) await sent[n]?.complete([`of ${n}`])
    expect(await results.next()).toEqual(given('of 0'))
    let isThere = false
    const next = results.next().finally(() => {
      isThere = true
    })
    await settled()
    expect(isThere).toBe(false)
    await sent[1]?.complete(['of 1'])
    expect(await next).toEqual(given('of 1'))
    expect(await outcome(results)).toEqual({ values: ['of 2', 'of 3'] })
  })

  it('gives them as they complete, when it is unordered', async () => {
    const { parallel, sent } = manual({ returnAs: 'generator_unordered' })
    const results = parallel(identities(4))
    await settled()
    for (const n of [2, 0]) await sent[n]?.complete([`of ${n}`])
    expect([await results.next(), await results.next()]).toEqual([given('of 2'), given('of 0')])
    const next = results.next()
    await sent[3]?.complete(['of 3'])
    expect(await next).toEqual(given('of 3'))
    await sent[1]?.complete(['of 1'])
    expect(await outcome(results)).toEqual({ values: ['of 1'] })
  })

  it('is an async generator to all who look', async () => {
    const { parallel } = manual()
    const results = parallel([])
    const AsyncIterator = Object.getPrototypeOf(Object.getPrototypeOf(async function* () {}.prototype))
    expect(Object.prototype.toString.call(results)).toBe('[object AsyncGenerator]')
    expect(results[Symbol.asyncIterator]()).toBe(results)
    expect(Object.prototype.isPrototypeOf.call(AsyncIterator, results)).toBe(true)
    expect([await results.next(), await results.next()]).toEqual([done, done])
  })

  it.each(generators)('begins with the call, before anybody asks: %s', async (returnAs) => {
    const log: unknown[] = []
    const { parallel, sent } = manual({ returnAs })
    parallel(endless(log))
    expect(log).toEqual([0])
    await settled()
    expect([log, sent.map(({ args }) => args)]).toEqual([
      [0, 1, 2, 3],
      [[0], [1], [2], [3]],
    ])
  })

  it.each(generators)(
    'takes from the input no more than the window, until a result is consumed: %s',
    async (returnAs) => {
      const log: unknown[] = []
      const { parallel, sent } = manual({ returnAs })
      const results = parallel(endless(log))
      await settled()
      for (const n of range(4)) await sent[n]?.complete([n])
      expect([log.length, sent.length]).toEqual([4, 4])
      await results.next()
      expect([log.length, sent.length]).toEqual([5, 5])
      await results.next()
      await results.next()
      expect([log.length, sent.length]).toEqual([7, 7])
    },
  )

  it.each(generators)('counts a batch as consumed with its last result: %s', async (returnAs) => {
    const log: unknown[] = []
    const { parallel, sent } = manual({ returnAs, batchSize: 3, preDispatch: 2 })
    const results = parallel(endless(log))
    await settled()
    expect(log).toHaveLength(6)
    await sent[0]?.complete([0, 1, 2])
    for (const _ of [1, 2]) await results.next()
    await settled()
    expect(log).toHaveLength(6)
    await results.next()
    await settled()
    expect(log).toHaveLength(9)
  })

  it('lets nobody who waits wait longer than for the completion', async () => {
    const { parallel, sent } = manual({ batchSize: 3 })
    const results = parallel(endless())
    const asked = [results.next(), results.next()]
    await settled()
    sent[0]?.report({ status: 'fulfilled', value: 'a' })
    sent[0]?.report({ status: 'fulfilled', value: 'b' })
    expect(await Promise.all(asked)).toEqual([given('a'), given('b')])
  })

  it.each(generators)('may be asked for several results at once: %s', async (returnAs) => {
    const { parallel, sent } = manual({ returnAs })
    const results = parallel(identities(3))
    const asked = range(5).map(() => results.next())
    await settled()
    for (const n of range(3)) await sent[n]?.complete([n])
    expect(await Promise.all(asked)).toEqual([given(0), given(1), given(2), done, done])
    expect(await results.next()).toEqual(done)
  })

  it('rejects the first who waits when it fails, and is done for the others', async () => {
    const { parallel, sent } = manual()
    const results = parallel(identities(3))
    const asked = Promise.allSettled(range(4).map(() => results.next()))
    await settled()
    await sent[0]?.complete(['a'])
    const error = new RangeError('no')
    await sent[1]?.fail(error)
    expect(await asked).toEqual([
      { status: 'fulfilled', value: given('a') },
      { status: 'rejected', reason: error },
      { status: 'fulfilled', value: done },
      { status: 'fulfilled', value: done },
    ])
  })

  it.each(generators)(
    'gives settled results with onError: settle, also behind one that failed: %s',
    async (returnAs) => {
      const { parallel, sent } = manual({ returnAs, onError: 'settle' })
      const results = parallel(identities(3))
      await settled()
      const error = new RangeError('no')
      await sent[0]?.complete(['a'])
      await sent[1]?.fail(error)
      await sent[1]?.finish()
      await sent[2]?.complete(['c'])
      expect(await outcome(results)).toEqual({
        values: [
          { status: 'fulfilled', value: 'a' },
          { status: 'rejected', reason: error },
          { status: 'fulfilled', value: 'c' },
        ],
      })
      expect(taskInfo(error)).toMatchObject({ index: 1 })
    },
  )
})

const ends: Record<string, (results: Results) => Promise<unknown>> = {
  break: async (results) => {
    for await (const _ of results) break
  },
  'an error in the loop': async (results) => {
    const error = new Error('in the loop')
    const loop = async () => {
      for await (const _ of results) throw error
    }
    await expect(loop()).rejects.toBe(error)
  },
  'return()': async (results) => {
    await results.next()
    expect(await results.return(undefined)).toEqual(done)
  },
  'throw()': async (results) => {
    await results.next()
    const error = new Error('thrown in')
    await expect(results.throw(error)).rejects.toBe(error)
  },
  'await using': async (results) => {
    await using own = results
    await own.next()
  },
}

describe.each(generators)('A generator that its consumer leaves: %s', (returnAs) => {
  it.each(Object.entries(ends))('by %s kills what runs, ends the input once, and gives no more', async (_, end) => {
    const log: unknown[] = []
    const { parallel, sent } = manual({ returnAs })
    const results = parallel(endless(log))
    await settled()
    await sent[0]?.complete(['a'])
    await sent[1]?.complete(['b'])
    await end(results)
    expect(sent.map(({ signal }) => signal.aborted)).toEqual([true, true, true, true, true])
    expect(log).toEqual([0, 1, 2, 3, 4, 'ended'])
    await sent[2]?.complete(['too late'])
    expect([await results.next(), await results.next()]).toEqual([done, done])
    expect(await results.return(undefined)).toEqual(done)
    expect([log.length, sent.length]).toEqual([6, 5])
  })

  it('ends an asynchronous input, also while that is asked', async () => {
    const { input, ended, give } = slow()
    const { parallel, sent } = manual({ returnAs })
    const results = parallel(input)
    await give(0)
    await sent[0]?.complete(['a'])
    expect(await results.next()).toEqual(given('a'))
    await results.return(undefined)
    expect(ended).toEqual(['ended'])
    await give(1)
    expect([sent.length, ended]).toEqual([1, ['ended']])
  })

  it('resolves what was asked for and has not come', async () => {
    const { parallel } = manual({ returnAs })
    const results = parallel(endless())
    const asked = [results.next(), results.next()]
    await settled()
    await results.return(undefined)
    expect(await Promise.all(asked)).toEqual([done, done])
  })

  it('before it was asked for anything runs nothing more', async () => {
    const log: unknown[] = []
    const { parallel, sent } = manual({ returnAs })
    await parallel(endless(log)).return(undefined)
    await settled()
    expect([log, sent]).toEqual([[0, 'ended'], []])
  })

  it('leaves the Parallel ready for the next call', async () => {
    const { parallel, sent } = manual({ returnAs })
    await parallel(endless()).return(undefined)
    const results = parallel([identity(7)])
    await settled()
    await sent.at(-1)?.complete(['of the next call'])
    expect(await outcome(results)).toEqual({ values: ['of the next call'] })
  })

  it('return() gives what it is given, a promise’s value too', async () => {
    const { parallel } = manual({ returnAs })
    expect(await parallel([]).return('mine' as never)).toEqual({ value: 'mine', done: true })
    expect(await parallel([]).return(Promise.resolve('promised') as never)).toEqual({ value: 'promised', done: true })
    await expect(parallel([]).return(Promise.reject(new Error('broken')) as never)).rejects.toThrow('broken')
  })
})

describe('A generator that is forgotten', () => {
  it.each(generators)('kills what runs, and ends the input: %s', async (returnAs) => {
    const log: unknown[] = []
    const { parallel, sent } = manual({ returnAs })
    const begin = async () => {
      const results = parallel(endless(log))
      await settled()
      await sent[0]?.complete(['a'])
      await results.next()
    }
    await begin()
    await collectGarbage(() => log.includes('ended'))
    expect(log).toEqual([0, 1, 2, 3, 4, 'ended'])
    expect(sent.map(({ signal }) => signal.aborted)).toEqual([true, true, true, true, true])
  })

  it('takes its listeners from the signals', async () => {
    const { signal } = new AbortController()
    const { parallel } = manual({ signal })
    const begin = async () => {
      parallel(endless(), { signal })
      await settled()
    }
    await begin()
    expect(getEventListeners(signal, 'abort')).toHaveLength(1)
    await collectGarbage(() => getEventListeners(signal, 'abort').length === 0)
    expect(getEventListeners(signal, 'abort')).toEqual([])
  })

  it('is not, as long as somebody waits for a result of it', async () => {
    const log: unknown[] = []
    const { parallel, sent } = manual()
    const begin = async () => parallel(endless(log)).next()
    const asked = begin()
    await settled()
    await collectGarbage(() => log.includes('ended'))
    expect(log).toEqual([0, 1, 2, 3])
    await sent[0]?.complete(['a'])
    expect(await asked).toEqual(given('a'))
  })

  it.each(generators)('keeps no result that it has given, while it lasts: %s', async (returnAs) => {
    const { parallel, sent } = manual({ returnAs })
    const results = parallel(endless())
    await settled()
    const take = async () => {
      await sent[0]?.complete([{ large: true }])
      return new WeakRef((await results.next()).value as object)
    }
    const taken = await take()
    await collectGarbage(() => taken.deref() === undefined)
    expect(taken.deref()).toBeUndefined()
    await results.return(undefined)
  })
})

describe('A program that drops a generator', () => {
  const program = (body: string) => ({
    'main.mjs': `import { delayed, Parallel } from 'parfor'
      process.on('unhandledRejection', (error) => console.log('unhandled', error))
      const identity = delayed((n) => n)
      const fail = delayed(() => { throw new RangeError('no') })
      const endless = function* () { for (let n = 0; ; n += 1) yield identity(n) }
      ${body}`,
  })
  const drops = {
    'without a look': 'call(endless)',
    'after a result': 'console.log(await call(endless).next())',
    'after a break': 'for await (const one of call(endless)) { console.log({ value: one, done: false }); break }',
    'whose task fails': 'call([fail(), fail()])',
    'whose input fails': `call(function* () { yield identity(0); throw new RangeError('no') })`,
    'whose task is stuck, after its end': `
      const results = call([delayed(() => new Promise(() => setInterval(() => {}, 1000)))(), identity(1)])
      await new Promise((resolve) => setTimeout(resolve, 50))
      await results.return()`,
  }

  it.each(Object.entries(drops))('%s ends by itself, and nothing is unhandled', async (_, body) => {
    const ended = await runProgram(
      program(`for (const returnAs of ['generator', 'generator_unordered']) {
        const call = Parallel({ nJobs: 2, batchSize: 1, returnAs })
        ${body}
      }`),
    )
    const given = expect.stringMatching(/^{ value: 0, done: false }\n{ value: \d, done: false }\n$/)
    expect(ended).toEqual({ code: 0, signal: null, stdout: body.includes('console.log') ? given : '', stderr: '' })
  })

  it('in the calling thread ends by itself too', async () => {
    const ended = await runProgram(
      program(`Parallel({ nJobs: 1, returnAs: 'generator' })(endless)
        Parallel({ nJobs: 1, returnAs: 'generator' })([fail()])`),
    )
    expect(ended).toEqual({ code: 0, signal: null, stdout: '', stderr: '' })
  })
})

describe('A generator whose task fails', () => {
  it('gives the complete results before that task, in order, throws, and is done', async () => {
    const { parallel, sent } = manual({ preDispatch: 5 })
    const results = parallel(identities(5))
    await settled()
    const error = new RangeError('no')
    await sent[1]?.complete(['b'])
    await sent[0]?.complete(['a'])
    await sent[3]?.fail(error)
    // Of the third nobody knows what it would have been: nothing behind it may be given.
    expect(await outcome(results)).toEqual({ values: ['a', 'b'], error })
    expect(await results.next()).toEqual(done)
    expect(taskInfo(error)).toMatchObject({ index: 3, name: '' })
  })

  it('gives nothing behind it', async () => {
    const { parallel, sent } = manual()
    const results = parallel(identities(4))
    await settled()
    for (const n of [2, 3]) await sent[n]?.complete([n])
    await sent[0]?.fail(new RangeError('no'))
    expect(await outcome(results)).toMatchObject({ values: [], error: { message: 'no' } })
  })

  it('gives all that was complete before, when it is unordered', async () => {
    const { parallel, sent } = manual({ returnAs: 'generator_unordered' })
    const results = parallel(identities(4))
    await settled()
    for (const n of [3, 1]) await sent[n]?.complete([n])
    const error = new RangeError('no')
    await sent[0]?.fail(error)
    await sent[2]?.complete(['too late'])
    expect(await outcome(results)).toEqual({ values: [3, 1], error })
  })

  it.each(generators)('kills what runs and ends the input at once, before anybody asks: %s', async (returnAs) => {
    const log: unknown[] = []
    const { parallel, sent } = manual({ returnAs })
    parallel(endless(log))
    await settled()
    await sent[1]?.fail(new RangeError('no'))
    expect(log).toEqual([0, 1, 2, 3, 'ended'])
    expect(sent.map(({ signal }) => signal.aborted)).toEqual([true, true, true, true])
  })

  it.each(generators)('gives all of a batch that was reported before it: %s', async (returnAs) => {
    await using parallel = Parallel({ nJobs: 1, backend: 'threads', batchSize: 10, returnAs })
    const task = delayed((n: number) => {
      if (n === 6) throw new RangeError('six')
      return n
    })
    const { values, error } = await outcome(parallel(range(10).map((n) => task(n))))
    expect([values, error]).toEqual([range(6), new RangeError('six')])
    expect(taskInfo(error)).toMatchObject({ index: 6, workerId: expect.any(Number) })
  })
})

const failure = new RangeError('no more tasks')
const failing: Record<string, () => Iterable<unknown> | AsyncIterable<unknown>> = {
  'a generator that throws': function* () {
    yield* identities(3)
    throw failure
  },
  'an async generator that throws': async function* () {
    yield* identities(3)
    throw failure
  },
  'one with something that is no task': function* () {
    yield* [...identities(3), 5, identity(4)]
  },
}

describe.each(Object.entries(failing))('A generator over a failing input, %s,', (what, input) => {
  const error = what.endsWith('no task') ? expect.objectContaining({ name: 'TypeError' }) : failure

  it('gives all that came before the failure, also what was running then, and throws it', async () => {
    const { parallel, sent } = manual({ preDispatch: 10 })
    const results = parallel(input as () => Iterable<ReturnType<typeof identity>>)
    await settled()
    expect(sent.map(({ args, signal }) => [args, signal.aborted])).toEqual(range(3).map((n) => [[n], false]))
    const asked = results.next()
    for (const n of [2, 1, 0]) await sent[n]?.complete([n])
    expect(await asked).toEqual(given(0))
    expect(await outcome(results)).toEqual({ values: [1, 2], error })
    expect(await results.next()).toEqual(done)
  })

  it.each([1, 2, 'auto'] as const)('is never a shorter result, on threads: batchSize %s', async (batchSize) => {
    await using parallel = Parallel({ nJobs: 2, batchSize, returnAs: 'generator' })
    const results = parallel(input as () => Iterable<ReturnType<typeof identity>>)
    expect(await outcome(results)).toEqual({ values: range(3), error })
  })

  it('fails at once when it is unordered, with what was complete', async () => {
    const { parallel, sent } = manual({ returnAs: 'generator_unordered', preDispatch: 3 })
    const results = parallel(input as () => Iterable<ReturnType<typeof identity>>)
    await settled()
    // Only when one is finished and consumed, more is taken from the input: its failure.
    await sent[1]?.complete([1])
    expect(await results.next()).toEqual(given(1))
    await settled()
    expect(await outcome(results)).toEqual({ values: [], error })
    expect(sent.every(({ signal }) => signal.aborted)).toBe(true)
  })
})

describe('A generator over a failing input', () => {
  const input = function* () {
    yield* identities(3)
    throw failure
  }

  it('throws the error of a task that fails after the input: in order, that comes first', async () => {
    const { parallel, sent } = manual({ preDispatch: 10 })
    const results = parallel(input)
    await settled()
    await sent[0]?.complete(['a'])
    const error = new Error('of a task')
    await sent[1]?.fail(error)
    expect(await outcome(results)).toEqual({ values: ['a'], error })
  })

  it.each(generators)('throws it with onError: settle too: %s', async (returnAs) => {
    const { parallel, sent } = manual({ returnAs, onError: 'settle', preDispatch: 3 })
    const results = parallel(input)
    const asked = results.next()
    await settled()
    await sent[0]?.complete(['a'])
    expect(await asked).toEqual(given({ status: 'fulfilled', value: 'a' }))
    await settled()
    for (const n of [1, 2]) await sent[n]?.complete([n])
    const { values, error } = await outcome(results)
    expect([values.length, error]).toEqual([returnAs === 'generator' ? 2 : 0, failure])
  })

  it('can be aborted while what came before is running', async () => {
    const controller = new AbortController()
    const { parallel, sent } = manual({ preDispatch: 10 })
    const results = parallel(input, { signal: controller.signal })
    await settled()
    await sent[0]?.complete(['a'])
    controller.abort('enough')
    expect(await outcome(results)).toEqual({ values: [], error: 'enough' })
  })

  it('throws what a function throws that should have made it', async () => {
    const { parallel } = manual()
    const results = parallel(() => {
      throw failure
    })
    expect(await outcome(results)).toEqual({ values: [], error: failure })
  })
})

describe.each(generators)('An error at the call is that of the first result: %s', (returnAs) => {
  const options = { nJobs: 1, backend: 'threads', returnAs } as const
  const tasks = [identity(1)]
  const calls: Record<string, [call: () => Results | Promise<Results>, error: unknown]> = {
    'of a closed Parallel': [
      async () => {
        const parallel = Parallel({ ...options, name: 'letters' })
        await parallel.close()
        return parallel(tasks)
      },
      expect.objectContaining({
        code: 'PARFOR_DISPOSED',
        message: expect.stringContaining("Parallel 'letters' is closed"),
      }),
    ],
    'of a terminated Parallel': [
      async () => {
        const parallel = Parallel(options)
        await parallel.terminate()
        return parallel(tasks)
      },
      expect.any(DisposedError),
    ],
    'with an aborted signal': [() => Parallel(options)(tasks, { signal: AbortSignal.abort('too late') }), 'too late'],
    'on a Parallel whose signal is aborted': [
      () => Parallel({ ...options, signal: AbortSignal.abort('too late') })(tasks),
      'too late',
    ],
    'with a wrong option': [
      () => Parallel(options)(tasks, { signal: 5 } as never),
      expect.objectContaining({ message: expect.stringContaining('signal must be an AbortSignal') }),
    ],
    'with an unknown option': [
      () => Parallel(options)(tasks, { onprogress: () => {} } as never),
      expect.objectContaining({ message: expect.stringContaining("'onProgress'") }),
    ],
    'with no window': [
      () => Parallel({ ...options, preDispatch: () => 0 })(tasks),
      expect.objectContaining({ name: 'RangeError' }),
    ],
    'with nothing to take tasks from': [() => Parallel(options)(5 as never), expect.any(TypeError)],
    'with a task instead of tasks': [() => Parallel(options)(identity(1) as never), expect.any(TypeError)],
  }

  it.each(Object.entries(calls))('%s', async (_, [call, error]) => {
    const results = await call()
    expect(Object.prototype.toString.call(results)).toBe('[object AsyncGenerator]')
    await expect(results.next()).rejects.toEqual(error)
    expect([await results.next(), await results.return(undefined)]).toEqual([done, done])
  })
})

it('A generator that failed, and that nobody asks, leaves nothing unhandled', async () => {
  const unhandled = jest.fn()
  process.on('unhandledRejection', unhandled)
  const { parallel, sent } = manual()
  const results = [
    parallel([identity(0)]),
    parallel(5 as never),
    parallel([identity(0)], { signal: AbortSignal.abort() }),
  ]
  await settled()
  await sent[0]?.fail(new Error('no'))
  await settled()
  process.off('unhandledRejection', unhandled)
  expect(unhandled).not.toHaveBeenCalled()
  for (const each of results) await expect(each.next()).rejects.toBeDefined()
})

describe.each(generators)('close(): %s', (returnAs) => {
  it('lets a generator finish that is pulled', async () => {
    const { parallel, sent, events } = manual({ returnAs })
    const results = parallel(identities(8))
    const asked = results.next()
    await settled()
    const closed = parallel.close()
    await sent[0]?.complete([0])
    expect(await asked).toEqual(given(0))
    const others = outcome(results)
    for (const n of range(7)) await sent[n + 1]?.complete([n + 1])
    expect(await others).toEqual({ values: range(8).slice(1) })
    await closed
    expect(events).toEqual(['open 2', 'close'])
  })

  it.each(['cold', 'warm'])('lets a generator finish that is pulled from then on, by a %s Parallel', async (state) => {
    await using parallel = Parallel({ nJobs: 2, returnAs })
    if (state === 'warm') await outcome(parallel([identity(0)]))
    const results = parallel(identities(30))
    const closed = parallel.close()
    const { values, error } = await outcome(results)
    expect(error).toBeUndefined()
    expect(new Set(values)).toEqual(new Set(range(30)))
    await closed
  })

  it('ends one that nobody pulls, and its input', async () => {
    const log: unknown[] = []
    const { parallel, sent, events } = manual({ returnAs })
    const results = parallel(endless(log))
    await settled()
    const closed = parallel.close()
    for (const n of range(4)) await sent[n]?.complete([n])
    await closed
    expect([log.at(-1), events]).toEqual(['ended', ['open 2', 'close']])
    await expect(results.next()).rejects.toThrow(DisposedError)
    expect(await results.next()).toEqual(done)
  })

  it('leaves what is complete to be taken later', async () => {
    const { parallel, sent } = manual({ returnAs })
    const results = parallel(identities(3))
    await settled()
    for (const n of range(3)) await sent[n]?.complete([n])
    await parallel.close()
    expect(await outcome(results)).toEqual({ values: [0, 1, 2] })
  })

  it('does not end, at the end of a block, what the block still takes', async () => {
    const values: unknown[] = []
    {
      await using parallel = Parallel({ nJobs: 2, returnAs })
      for await (const value of parallel(identities(50))) values.push(value)
    }
    expect(new Set(values)).toEqual(new Set(range(50)))
  })
})

it('close() ends generators whose consumers have gone on to something else', async () => {
  // Both at once, since each is waited for, for half a second.
  const ends = generators.map(async (returnAs) => {
    await using parallel = Parallel({ nJobs: 2, returnAs })
    const log: unknown[] = []
    const results = parallel(endless(log))
    await results.next()
    await parallel.close()
    expect(log.at(-1)).toBe('ended')
    await expect(results.next()).rejects.toThrow(/Nobody was asking/)
  })
  await Promise.all(ends)
})

describe.each(generators)('terminate(): %s', (returnAs) => {
  it('rejects what is asked for, and ends the input', async () => {
    const log: unknown[] = []
    const { parallel, sent, events } = manual({ returnAs })
    const results = parallel(endless(log))
    await settled()
    await sent[0]?.complete(['a'])
    const asked = [results.next(), results.next()]
    await parallel.terminate()
    expect(await asked[0]).toEqual(given('a'))
    await expect(asked[1]).rejects.toThrow(DisposedError)
    expect(await results.next()).toEqual(done)
    expect([log.at(-1), events.at(-1)]).toEqual(['ended', 'close with force'])
  })

  it('drops what nobody has taken', async () => {
    const { parallel, sent } = manual({ returnAs })
    const results = parallel(endless())
    await settled()
    await sent[0]?.complete(['a'])
    await parallel.terminate()
    await expect(results.next()).rejects.toThrow(DisposedError)
  })

  it('ends a stuck task', async () => {
    using threads = threadExits()
    const at = counters(2)
    const parallel = Parallel({ nJobs: 2, returnAs })
    const results = parallel([stuck(at)])
    const asked = expect(results.next()).rejects.toThrow(DisposedError)
    await reached(at)
    await parallel.terminate()
    await asked
    await threads.exited(Atomics.load(at, 1))
  })
})

describe.each(generators)('An abort: %s', (returnAs) => {
  it('drops the results that nobody has taken, also when all tasks are complete', async () => {
    const controller = new AbortController()
    const { parallel, sent } = manual({ returnAs })
    const results = parallel(identities(3), { signal: controller.signal })
    await settled()
    for (const n of range(3)) await sent[n]?.complete([n])
    expect(await results.next()).toEqual(given(0))
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(1)
    controller.abort('enough')
    await expect(results.next()).rejects.toBe('enough')
    expect(await results.next()).toEqual(done)
    expect(getEventListeners(controller.signal, 'abort')).toEqual([])
  })

  it('after the last result was taken changes nothing', async () => {
    const controller = new AbortController()
    const { parallel, sent } = manual({ returnAs })
    const results = parallel([identity(0)], { signal: controller.signal })
    const asked = results.next()
    await settled()
    await sent[0]?.complete(['a'])
    expect(await asked).toEqual(given('a'))
    controller.abort('too late')
    expect(await results.next()).toEqual(done)
  })

  it('does not take the place of the error that came first', async () => {
    const controller = new AbortController()
    const { parallel, sent } = manual({ returnAs })
    const results = parallel(identities(3), { signal: controller.signal })
    await settled()
    await sent[0]?.complete(['a'])
    const error = new RangeError('no')
    await sent[1]?.fail(error)
    controller.abort('too late')
    expect(await outcome(results)).toEqual({ values: ['a'], error })
  })
})

describe.each(generators)('On threads, %s', (returnAs) => {
  // Workers are kept for the next one.
  afterAll(() => shutdown())

  const inOrder = (values: unknown[]) => inOrderOf(values, returnAs)

  it('begins to run tasks at the call, before anybody asks', async () => {
    const parallel = Parallel({ nJobs: 2, batchSize: 1, returnAs })
    const ran = counters()
    const note = delayed((n: number) => {
      add(ran)
      return n
    })
    const results = parallel(range(10).map((n) => note(n)))
    await reached(ran, 0, 4)
    expect(inOrder((await outcome(results)).values)).toEqual(range(10))
  })

  it('gives each of ten thousand tiny tasks once', async () => {
    const parallel = Parallel({ nJobs: 2, returnAs })
    const { values } = await outcome(parallel(identities(10_000)))
    expect(inOrder(values)).toEqual(range(10_000))
  })

  it('gives a result while a task that was sent with it runs', async () => {
    const parallel = Parallel({ nJobs: 1, backend: 'threads', batchSize: 3, returnAs })
    const gate = counters()
    const results = parallel([identity(0), gated(1, gate), identity(2)])
    expect(await results.next()).toEqual(given(0))
    add(gate)
    expect(await outcome(results)).toEqual({ values: [1, 2] })
  })

  it('stops a busy loop when its consumer leaves, and is ready for the next call', async () => {
    using threads = threadExits()
    await using parallel = Parallel({ env: { OWN: 'workers' }, nJobs: 2, batchSize: 1, returnAs })
    const at = counters(2)
    const results = parallel([identity(0), stuck(at)])
    expect(await results.next()).toEqual(given(0))
    await reached(at)
    await results.return(undefined)
    await threads.exited(Atomics.load(at, 1))
    expect(inOrder((await outcome(parallel(identities(20)))).values)).toEqual(range(20))
  })

  it('takes of endless inputs what is asked for', async () => {
    const parallel = Parallel({ nJobs: 2, returnAs })
    const log: unknown[] = []
    const inputs = [
      endless(log),
      async function* () {
        yield* endless(log)()
      },
    ]
    for (const input of inputs) {
      const values: unknown[] = []
      for await (const value of parallel(input)) if (values.push(value) === 200) break
      await settled()
      expect(log.at(-1)).toBe('ended')
      if (returnAs === 'generator') expect(values).toEqual(range(200))
      expect(new Set(values).size).toBe(200)
    }
    expect(log.filter((entry) => entry === 'ended')).toHaveLength(2)
  })

  it.each([1, 10, 'auto'] as const)('gives results as a slow input gives tasks: batchSize %s', async (batchSize) => {
    const parallel = Parallel({ nJobs: 2, batchSize, returnAs })
    const { input, give, end } = slow()
    const results = parallel(input)
    for (const n of range(5)) {
      await give(n)
      expect(await results.next()).toEqual(given(n))
    }
    const last = results.next()
    await end()
    expect(await last).toEqual(done)
  })

  it('may be left early with large results on their way', async () => {
    const parallel = Parallel({ nJobs: 2, returnAs })
    const large = delayed((n: number) => new Uint8Array(15_000_000).fill(n))
    for (const wanted of [0, 1, 3]) {
      const results = parallel(range(30).map((n) => large(n)))
      for (let taken = 0; taken < wanted; taken += 1) expect((await results.next()).value).toHaveLength(15_000_000)
      await results.return(undefined)
    }
    expect(await outcome(parallel([identity(1)]))).toEqual({ values: [1] })
  })

  it('gives large results one after the other, and has no more in memory than the window', async () => {
    const parallel = Parallel({ nJobs: 2, batchSize: 1, returnAs })
    const size = 15_000_000
    const large = delayed((n: number) => new Uint8Array(size).fill(n))
    const firsts: number[] = []
    const { arrayBuffers: before } = process.memoryUsage()
    const inMemory = () => (process.memoryUsage().arrayBuffers - before) / size
    for await (const bytes of parallel(range(16).map((n) => large(n)))) {
      expect([bytes.length, bytes[0] === bytes.at(-1)]).toEqual([size, true])
      firsts.push(bytes[0] as number)
      // Four in the window, this one, and some small change.
      expect(await collectGarbage(() => inMemory() < 5.5)).toBe(true)
    }
    expect(inOrder(firsts)).toEqual(range(16))
  })

  it('of several calls at once gives each its own', async () => {
    const parallel = Parallel({ nJobs: 2, returnAs })
    const calls = range(6).map((call) => outcome(parallel(range(40).map((n) => identity(100 * call + n)))))
    const found = await Promise.all(calls)
    expect(found.map(({ values }) => inOrder(values))).toEqual(
      range(6).map((call) => range(40).map((n) => 100 * call + n)),
    )
  })

  it('ends with a timeout after what was complete', async () => {
    const parallel = Parallel({ nJobs: 1, backend: 'threads', batchSize: 4, timeout: 100, returnAs })
    const { values, error } = await outcome(parallel([identity(0), identity(1), stuck(), identity(3)]))
    expect(values).toEqual([0, 1])
    expect(error).toBeInstanceOf(TaskTimeoutError)
  })
})

describe.each(generators)('In the calling thread, %s', (returnAs) => {
  it('takes one task at the call, and then one for each result that is taken', async () => {
    const parallel = Parallel({ nJobs: 1, returnAs })
    const log: string[] = []
    const task = delayed((n: number) => {
      log.push(`run ${n}`)
      return n
    })
    const results = parallel(function* () {
      for (let n = 0; ; n += 1) {
        log.push(`take ${n}`)
        yield task(n)
      }
    })
    expect(log).toEqual(['take 0'])
    await settled()
    expect(log).toEqual(['take 0', 'run 0'])
    expect(await results.next()).toEqual(given(0))
    await settled()
    expect(log).toEqual(['take 0', 'run 0', 'take 1', 'run 1'])
    expect(await results.next()).toEqual(given(1))
    await settled()
    expect(log).toEqual(['take 0', 'run 0', 'take 1', 'run 1', 'take 2', 'run 2'])
    await results.return(undefined)
  })

  it('gives results before the one that fails, and then its error', async () => {
    const task = delayed(async (n: number) => {
      if (n === 3) throw new RangeError('three')
      return n
    })
    const { values, error } = await outcome(Parallel({ nJobs: 1, returnAs })(range(6).map((n) => task(n))))
    expect([values, error]).toEqual([[0, 1, 2], new RangeError('three')])
  })

  it('does not run a task that nobody waits for after the end', async () => {
    const ran: number[] = []
    const task = delayed((n: number) => ran.push(n))
    const log: unknown[] = []
    for await (const _ of Parallel({ nJobs: 1, returnAs })(endless(log, task))) {
      if (ran.length > 2) break
    }
    const before = [...ran]
    await settled()
    expect([ran, log.at(-1)]).toEqual([before, 'ended'])
  })

  it('gives results as a slow input gives tasks', async () => {
    const { input, give, end } = slow()
    const results = Parallel({ nJobs: 1, returnAs })(input)
    for (const n of range(3)) {
      await give(n)
      expect(await results.next()).toEqual(given(n))
    }
    const last = results.next()
    await end()
    expect(await last).toEqual(done)
  })
})
