import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { runProgram } from '../support/program'

/** What `census()` counts in a program. */
interface Census {
  /** Threads: all that were started, those that have not exited, and those whose `Worker` something holds. */
  readonly started: number
  readonly alive: number
  readonly held: number
  /** Of the system. */
  readonly osThreads: number
  readonly descriptors: number
  readonly resources: readonly string[]
  readonly listeners: readonly Readonly<Record<string, number>>[]
  /** Objects in memory. */
  readonly ports: number
  readonly timers: number
  readonly signals: number
  /** Bytes. */
  readonly heap: number
}

const census = readFileSync(join(__dirname, '../support/census.mjs'), 'utf8')
/** For a thousand calls, which take seconds, on a machine that does much else. */
const TIMEOUT = 120_000
const itOnLinux = process.platform === 'linux' ? it : it.skip

/** Runs a program that may collect garbage, and gives the JSON that it prints. Node's warnings would be on stderr. */
async function run<T>(body: string): Promise<T> {
  const main = `
    import { deepStrictEqual } from 'node:assert'
    import { getEventListeners } from 'node:events'
    import { setImmediate } from 'node:timers/promises'
    import { delayed, kwargs, Parallel, shutdown } from 'parfor'
    import { census, left, note } from './census.mjs'

    const root = delayed(Math.sqrt)
    const stuck = delayed((flag) => { Atomics.store(flag, 0, 1); for (;;); })
    const flag = new Int32Array(new SharedArrayBuffer(4))
    const isStuck = async () => { while (Atomics.exchange(flag, 0, 0) === 0) await setImmediate() }
    const rejects = (call, isRight) => call.then(
      (value) => { throw new Error('It was to fail, and gave ' + value) },
      (error) => { if (!isRight(error)) throw error },
    )
    ${body}
  `
  const { stdout, ...ended } = await runProgram(
    { 'main.mjs': main, 'census.mjs': census },
    // The warning is of v8.queryObjects, which the census asks.
    ['--expose-gc', '--disable-warning=ExperimentalWarning', 'main.mjs'],
    { timeout: TIMEOUT - 10_000 },
  )
  expect(ended).toEqual({ code: 0, signal: null, stderr: '' })
  return JSON.parse(stdout)
}

describe.each(['list', 'generator'])('1000 calls of one Parallel that give a %s', (returnAs) => {
  let before: Census
  let middle: Census
  let end: Census
  let after: Census
  let listeners: readonly number[]

  beforeAll(async () => {
    const program = await run<{ censuses: [Census, Census, Census, Census]; listeners: readonly number[] }>(`
      const signals = [new AbortController().signal, new AbortController().signal]
      const before = await census()
      const parallel = Parallel({
        nJobs: 2,
        backend: 'threads',
        returnAs: '${returnAs}',
        timeout: 1000,
        signal: signals[0],
        initializer: delayed(() => { globalThis.mark = '!' })(),
        onProgress: () => {},
      })
      async function call(tasks, signal = signals[1]) {
        const results = parallel(tasks, { signal })
        if (results instanceof Promise) return results
        const list = []
        for await (const result of results) list.push(result)
        return list.sort()
      }

      const marked = delayed((text) => text + mark)
      const fail = delayed((text) => { throw new RangeError(text) })
      /** Whether two of it run at the same time. */
      const meet = delayed((flag) => {
        if (Atomics.add(flag, 0, 1) === 0) return Atomics.wait(flag, 0, 1, 200) !== 'timed-out'
        Atomics.notify(flag, 0)
        return true
      })
      // 2000 characters of its own.
      const textOf = (n) => Buffer.alloc(2000, n + ' ').toString('latin1')
      const texts = (length, n) => Array.from({ length }, (_, i) => textOf(n + i))

      async function gives(n, length) {
        const results = await call(texts(length, n).map((text) => marked(text)))
        deepStrictEqual(results.sort(), texts(length, n).map((text) => text + '!').sort())
      }
      const fails = (n) => rejects(call([marked(textOf(n)), fail(textOf(n))]), ({ message }) => message === textOf(n))
      async function isAborted(n, tasks, started) {
        const controller = new AbortController()
        const reason = new Error(textOf(n))
        const aborted = rejects(call(tasks, controller.signal), (error) => error === reason)
        await started
        controller.abort(reason)
        await aborted
      }
      async function isLeft(n) {
        const endless = function* () { for (;;) yield marked(textOf(n)) }
        for await (const result of parallel(endless, { signal: signals[1] })) {
          deepStrictEqual(result, textOf(n) + '!')
          break
        }
      }

      async function half(from, timers) {
        await rejects(call([stuck(flag, textOf(from))]), ({ code }) => code === 'PARFOR_TIMEOUT')
        await isStuck()
        for (let n = 1; n < 10; n += 1) await isAborted(from + n, [stuck(flag, textOf(from + n))], isStuck())
        // 49 at the same time, ten times.
        for (let n = from + 10; n < from + 500; n += 49) {
          const kinds = [
            () => gives(n, 100),
            ...Array(4).fill(fails),
            ...Array(4).fill((n) => isAborted(n, texts(3, n).map((text) => marked(text)))),
            ...Array(4).fill(${returnAs === 'list' ? '(n) => gives(n, 0)' : 'isLeft'}),
            ...Array(6).fill((n) => gives(n, 10)),
            ...Array(30).fill((n) => gives(n, 1)),
          ]
          await Promise.all(kinds.map((kind, i) => kind(n + i)))
        }
        // What was aborted last may have ended one.
        while (!(await call([meet(flag), meet(flag)])).every(Boolean)) Atomics.store(flag, 0, 0)
        Atomics.store(flag, 0, 0)
        return census({ timers })
      }
      const middle = await half(0)
      const end = await half(500, middle.timers)
      const listeners = signals.map((signal) => getEventListeners(signal, 'abort').length)
      await parallel.close()
      console.log(JSON.stringify({ censuses: [before, middle, end, await census(before)], listeners }))
    `)
    ;[before, middle, end, after] = program.censuses
    listeners = program.listeners
  }, TIMEOUT)

  it('leave no more threads than workers, and none when it is closed', () => {
    expect([middle.alive, end.alive, after.alive]).toEqual([2, 2, 0])
  })

  it('keep no worker in memory that has ended', () => {
    expect([middle.held, end.held, after.held]).toEqual([2, 2, 0])
  })

  itOnLinux('leave no more threads of the system, nor open files', () => {
    const { osThreads, descriptors } = middle
    expect(end).toMatchObject({ osThreads, descriptors })
    expect(after).toMatchObject({ osThreads: before.osThreads, descriptors: before.descriptors })
  })

  it('leave nothing that keeps the process alive', () => {
    const { resources } = before
    expect([middle, end, after]).toEqual(Array(3).fill(expect.objectContaining({ resources })))
  })

  it('leave no listener of the process, of what it prints to, or of a signal', () => {
    const { listeners: ofProcess } = before
    expect([middle, end, after]).toEqual(Array(3).fill(expect.objectContaining({ listeners: ofProcess })))
    expect(listeners).toEqual([0, 0])
  })

  it('leave no more ports, timers and signals in memory', () => {
    const { ports, timers, signals } = middle
    expect(end).toMatchObject({ ports, signals })
    expect(end.timers).toBeLessThanOrEqual(timers)
  })

  it('leave nothing that grows', () => {
    // Half of what the least call is called with: something that kept them all would keep four times as much.
    expect((end.heap - middle.heap) / 500).toBeLessThan(1000)
  })
})

describe('200 times a Parallel and its end', () => {
  let before: Census
  let middle: Census
  let end: Census

  beforeAll(async () => {
    const program = await run<[Census, Census, Census]>(`
      // 20,000 characters of its own.
      const made = (n) => Parallel({ nJobs: 1, backend: 'threads', name: Buffer.alloc(20_000, n + ' ').toString('latin1') })
      const isRight = async (call) => deepStrictEqual(await call, [2])
      const isDisposed = (call) => rejects(call, ({ code }) => code === 'PARFOR_DISPOSED')
      async function used(n) {
        const parallel = made(n)
        await isRight(parallel([root(4)]))
        return parallel
      }
      async function busy(n) {
        const parallel = await used(n)
        const call = isDisposed(parallel([stuck(flag)]))
        await isStuck()
        return { parallel, call }
      }

      const kinds = [
        async (n) => (await used(n)).close(),
        async (n) => (await used(n)).terminate(),
        async (n) => (await used(n))[Symbol.asyncDispose](),
        async (n) => (await used(n))[Symbol.dispose](),
        async (n) => void (await made(n)[Symbol.asyncDispose]()),
        async (n) => {
          const parallel = made(n)
          await Promise.all([isRight(parallel([root(4)])), parallel.close()])
        },
        async (n) => {
          const parallel = made(n)
          const call = isDisposed(parallel([root(4)]))
          await setImmediate() // for the worker to begin to start
          await Promise.all([call, parallel.terminate()])
        },
        async (n) => {
          const { parallel, call } = await busy(n)
          await Promise.all([call, parallel.terminate()])
        },
        async (n) => {
          const { parallel, call } = await busy(n)
          parallel[Symbol.dispose]()
          await call
        },
        async (n) => {
          await used(n)
          await shutdown()
        },
      ]
      const before = await census()
      for (let n = 0; n < 100; n += 1) await kinds[n % kinds.length](n)
      const middle = await census(before)
      for (let n = 100; n < 200; n += 1) await kinds[n % kinds.length](n)
      console.log(JSON.stringify([before, middle, await census({ ...before, timers: middle.timers })]))
    `)
    ;[before, middle, end] = program
  }, TIMEOUT)

  it('leave no thread, and keep no worker in memory', () => {
    expect([middle, end]).toEqual(Array(2).fill(expect.objectContaining({ alive: 0, held: 0 })))
    expect(end.started).toBe(180)
  })

  itOnLinux('leave no thread of the system, nor an open file', () => {
    const { osThreads, descriptors } = before
    expect([middle, end]).toEqual(Array(2).fill(expect.objectContaining({ osThreads, descriptors })))
  })

  it('leave nothing that keeps the process alive, and no listener', () => {
    const { resources, listeners } = before
    expect([middle, end]).toEqual(Array(2).fill(expect.objectContaining({ resources, listeners })))
  })

  it('leave no more ports, timers and signals in memory', () => {
    const { ports, timers, signals } = middle
    expect(end).toMatchObject({ ports, signals })
    expect(end.timers).toBeLessThanOrEqual(timers)
  })

  it('leave nothing that grows', () => {
    // Half of what the name of each takes.
    expect((end.heap - middle.heap) / 100).toBeLessThan(10_000)
  })
})

const ends = {
  'is over': `for await (const result of await parallel(tasks)) note('result', result)`,
  'has failed': `
    try { for await (const _ of await parallel([...tasks, bad])); } catch (error) { note('error', error) }`,
  'was aborted': `
    const controller = new AbortController()
    const call = parallel(tasks, { signal: note('signal', controller.signal) })
    controller.abort(note('reason', new Error('not wanted')))
    try { for await (const _ of await call); } catch (error) { note('error', error) }`,
  'was aborted while its tasks ran': `
    const controller = new AbortController()
    const call = parallel([...tasks, stuck(flag)], { signal: note('signal', controller.signal) })
    await isStuck()
    controller.abort(note('reason', new Error('not wanted')))
    try { for await (const _ of await call); } catch (error) { note('error', error) }`,
  'has timed out': `
    try { for await (const _ of await parallel([...tasks, stuck(flag)])); } catch (error) { note('error', error) }`,
  'was left': `
    for await (const result of await parallel(tasks)) { note('result', result); break }`,
  'was forgotten': `
    const endless = note('input', (function* () { for (;;) yield tasks[0] })())
    const results = note('results', parallel(endless))
    note('result', (await results.next()).value)`,
}

describe.each([
  ['threads', 'list', ['is over', 'has failed', 'was aborted', 'was aborted while its tasks ran', 'has timed out']],
  ['threads', 'generator', Object.keys(ends)],
  ['threads', 'generator_unordered', ['is over', 'was left', 'was forgotten']],
  ['sequential', 'list', ['is over', 'has failed', 'was aborted']],
  ['sequential', 'generator', ['is over', 'has failed', 'was aborted', 'was left', 'was forgotten']],
] as const)('A Parallel that is kept, with %s and a %s, holds nothing of a call', (backend, returnAs, kinds) => {
  it.each(kinds as readonly (keyof typeof ends)[])('that %s', async (end) => {
    const held = await run(`
      const parallel = Parallel({ nJobs: 2, backend: '${backend}', returnAs: '${returnAs}', timeout: 500 })
      async function call() {
        const captured = note('captured', { by: 'the function' })
        const echo = note('function', (argument) => ({ argument, captured }))
        const bad = delayed(note('failing function', () => { throw Object.assign(new Error('no'), { captured }) }))()
        const tasks = note('tasks', [1, 2, 3].map((n) => note('task ' + n, delayed(echo)(note('argument ' + n, { n })))))
        ${ends[end]}
      }
      await call()
      console.log(JSON.stringify(await left()))
      await parallel.close()
    `)
    expect(held).toEqual([])
  })
})

describe('A Parallel', () => {
  it.each([
    ['closed', 'await parallel.close()'],
    ['terminated', 'await parallel.terminate()'],
    ['forgotten', ''],
  ])('that is %s is held by nothing', async (_, ending) => {
    const held = await run(`
      async function use() {
        const initializer = note('initializer', delayed(note('its function', () => {}))())
        const onProgress = note('onProgress', () => {})
        const parallel = note('Parallel', Parallel({ nJobs: 2, backend: 'threads', initializer, onProgress }))
        note('results', await parallel([root(1), root(4)]))
        ${ending}
      }
      await use()
      console.log(JSON.stringify(await left()))
    `)
    expect(held).toEqual([])
  })
})

/** What a task can hold in its worker, and marks there. */
const marked = {
  argument: '(argument) => { mark(argument) }',
  'part of an argument': '({ part }) => { mark(part) }',
  'named argument': '(_, options) => { mark(options) }',
  'captured variable': '() => { mark(captured) }',
  result: '() => mark({ gives: "it" })',
  'result that is no plain data': '() => mark(new Map([[1, { gives: "it" }]]))',
  error: '() => { throw mark(new Error("no")) }',
}

describe('A worker that is kept', () => {
  it.each(Object.entries(marked))('holds no %s of a call that is over, while it is idle', async (_, task) => {
    const collected = await run(`
      const parallel = Parallel({ nJobs: 1, backend: 'threads' })
      const [COLLECTED, TURNS] = [0, 1]
      const seen = new Int32Array(new SharedArrayBuffer(8))
      // Nothing else runs in it meanwhile: what a further task lets go of does not count.
      await parallel([delayed((seen) => {
        const registry = new FinalizationRegistry((index) => Atomics.add(seen, index, 1))
        globalThis.mark = (value) => { registry.register(value, COLLECTED); return value }
        setInterval(() => { gc(); Atomics.add(seen, TURNS, 1) }, 1)
      })(seen)])
      const captured = { by: 'the function' }
      await parallel([delayed(${task})({ part: [1] }, kwargs({ named: 1 }))]).catch((error) => { if (error.message !== 'no') throw error })
      const turns = Atomics.load(seen, TURNS)
      while (Atomics.load(seen, TURNS) < turns + 10 && Atomics.load(seen, COLLECTED) === 0) await setImmediate()
      console.log(JSON.stringify(Atomics.load(seen, COLLECTED)))
      await parallel.close()
    `)
    expect(collected).toBe(1)
  })

  it.each(['argument', 'part of an argument', 'result'] as const)(
    'holds no %s of an earlier task, while the call goes on',
    async (kind) => {
      const isHeld = await run(`
        const parallel = Parallel({ nJobs: 1, backend: 'threads', batchSize: 1 })
        const first = delayed(${marked[kind]})
        const later = delayed(async () => {
          for (let turn = 0; turn < 10 && marked.deref(); turn += 1) { await setImmediate(); gc() }
          return marked.deref() !== undefined
        })
        const before = delayed(() => {
          globalThis.mark = (value) => { globalThis.marked = new WeakRef(value); return value }
        })
        const results = await parallel([before(), first({ part: [1] }, kwargs({ named: 1 })), later()])
        console.log(JSON.stringify(results.at(-1)))
        await parallel.close()
      `)
      expect(isHeld).toBe(false)
    },
  )
})
