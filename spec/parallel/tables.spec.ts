import { threadId } from 'node:worker_threads'
import { delayed, Parallel, type Progress, partial, taskInfo } from '../../lib'
import { add, block, counters, reached, waitFor } from './counters'
import { identities, range } from './tasks'

/*
 * Tasks that are alike travel in a table, and so do results: nobody is to see that.
 */

const fulfilled = (value: unknown) => ({ status: 'fulfilled', value })
const rejected = (details: object) => ({ status: 'rejected', reason: expect.objectContaining(details) })
/** One message for all tasks. */
const one = { nJobs: 1, backend: 'threads', batchSize: 1000 } as const

const point = delayed((n: number) => ({ n, text: `${n}`, inner: { half: n / 2 } }))
const pointOf = (n: number) => ({ n, text: `${n}`, inner: { half: n / 2 } })

describe('Tasks that are alike', () => {
  it.each([1, 7, 8, 9, 1000, 'auto'] as const)(
    'have their results, in their order: batchSize %s',
    async (batchSize) => {
      await using parallel = Parallel({ nJobs: 2, batchSize })
      expect(await parallel(range(500).map((n) => point(n)))).toEqual(range(500).map(pointOf))
    },
  )

  it('have arguments of their own, whatever the others do to theirs', async () => {
    await using parallel = Parallel(one)
    const count = delayed((object: { n: number }) => (object.n += 1))
    const shared = { n: 0 }
    expect(await parallel(range(20).map(() => count(shared)))).toEqual(range(20).map(() => 1))
    expect(shared.n).toBe(0)
  })

  it('keep what is one object in two arguments of a task, and divide what is in two tasks', async () => {
    await using parallel = Parallel(one)
    const isOne = delayed((a: object, b: object) => a === b)
    const object = { a: 1 }
    expect(await parallel(range(20).map((n) => isOne(object, n === 13 ? object : { a: 1 })))).toEqual(
      range(20).map((n) => n === 13),
    )
  })

  it('may have arguments that are bound, and be called with none, two, or many', async () => {
    await using parallel = Parallel(one)
    const list = delayed((...args: unknown[]) => args.length)
    for (const count of [0, 1, 2, 3, 200])
      expect(await parallel(range(10).map(() => list(...range(count))))).toEqual(range(10).map(() => count))
    const bound = delayed(partial((a: number, b: number, c: number) => `${a} ${b} ${c}`, 1))
    expect(await parallel(range(10).map((n) => bound(n, 3)))).toEqual(range(10).map((n) => `1 ${n} 3`))
  })

  it('are called without a `this`, as at home', async () => {
    await using parallel = Parallel(one)
    const self = delayed(function (this: unknown, _: number) {
      return this === undefined || this === globalThis
    })
    expect(await parallel(range(10).map((n) => self(n)))).toEqual(range(10).map(() => true))
  })

  it('of which one has another shape, is called with what was meant for it', async () => {
    await using parallel = Parallel(one)
    const keys = delayed((object: unknown) => JSON.stringify(object) ?? 'undefined')
    const odd = [{ b: 1, a: 2 }, { a: 1 }, [1], null, undefined, 'x', { a: 1, b: [2] }, { a: { a: 1 }, b: 2 }]
    for (const value of odd) {
      const args = range(20).map((n) => (n === 11 ? value : { a: n, b: -0 }))
      expect(await parallel(args.map((arg) => keys(arg)))).toEqual(
        args.map((arg) => JSON.stringify(arg) ?? 'undefined'),
      )
    }
  })

  it('each fail with their own error when their function cannot be sent', async () => {
    await using parallel = Parallel({ ...one, onError: 'settle' })
    const weak = new WeakMap()
    const look = delayed((n: number) => [weak, n])
    const results = await parallel(range(12).map((n) => look(n)))
    expect(results).toEqual(
      range(12).map((n) => rejected({ code: 'PARFOR_UNSERIALIZABLE', taskIndex: n, path: 'weak' })),
    )
    expect(results.map((result) => taskInfo((result as PromiseRejectedResult).reason)?.index)).toEqual(range(12))
  })

  it('cost no call when one is nested deep', async () => {
    await using parallel = Parallel({ ...one, onError: 'settle' })
    const depth = delayed((list: unknown) => {
      let count = 0
      for (let at = list; at; at = (at as { next: unknown }).next) count += 1
      return count
    })
    let list: unknown = null
    for (let n = 0; n < 500; n += 1) list = { next: list }
    expect(await parallel(range(10).map(() => depth(list)))).toEqual(range(10).map(() => fulfilled(500)))
    for (let n = 0; n < 20_000; n += 1) list = { next: list }
    expect(await parallel(range(10).map((n) => depth(n === 4 ? list : null)))).toEqual(
      range(10).map((n) => (n === 4 ? rejected({ code: 'PARFOR_UNSERIALIZABLE', taskIndex: 4 }) : fulfilled(0))),
    )
  })
})

describe('Results that are alike', () => {
  it.each<[string, (n: number) => unknown]>([
    ['other cells', (n) => [n, `${n}`, null, undefined, n / 2, -0, true][n % 7]],
    ['an object among numbers', (n) => (n === 9 ? { n } : n)],
    ['a number among objects', (n) => (n === 9 ? n : { n })],
    ['objects of two kinds in turn', (n) => (n % 2 ? { n } : { m: n })],
    ['the same keys in another order', (n) => (n === 9 ? { b: n, a: 1 } : { a: 1, b: n })],
    ['an array among objects', (n) => (n === 9 ? [n] : { n })],
    ['a big integer among numbers', (n) => (n === 9 ? BigInt(n) : n)],
    ['a map among objects', (n) => (n === 9 ? new Map([[n, { n }]]) : { n })],
    ['more and more keys', (n) => Object.fromEntries(range(n).map((k) => [`k${k}`, n]))],
    ['no keys', () => ({})],
    ['one object twice in itself', (n) => ((inner) => ({ a: inner, b: n === 9 ? inner : {} }))({})],
  ])('and then are not, are what they were: %s', async (_, make) => {
    await using parallel = Parallel(one)
    const results = await parallel(range(30).map((n) => delayed(make)(n)))
    expect(results).toEqual(range(30).map(make))
    expect(results.map((result) => JSON.stringify(result, asText))).toEqual(
      range(30).map((n) => JSON.stringify(make(n), asText)),
    )
  })

  it('are as they were when their task ended, and no two are one', async () => {
    await using parallel = Parallel(one)
    const kept = { n: 0, inner: { m: 0 } }
    const count = delayed(() => {
      kept.n += 1
      kept.inner.m -= 1
      return kept
    })
    const results = await parallel(range(20).map(() => count()))
    expect(results).toEqual(range(20).map((n) => ({ n: n + 1, inner: { m: -n - 1 } })))
    expect(new Set(results.flatMap((result) => [result, result.inner])).size).toBe(40)
  })

  it('keep the failure in the middle of them, and what comes behind', async () => {
    await using parallel = Parallel({ ...one, onError: 'settle' })
    for (const make of [(n: number) => n, (n: number) => ({ n, text: `${n}` })]) {
      const task = delayed((n: number) => {
        if (n % 10 === 7) throw new RangeError(`task ${n}`)
        if (n % 10 === 8) return () => n
        if (n % 10 === 9) return new WeakMap()
        return make(n)
      })
      const results = await parallel(range(40).map((n) => task(n)))
      expect(results).toEqual(
        range(40).map((n) => {
          if (n % 10 === 7) return rejected({ message: `task ${n}` })
          if (n % 10 === 8) return fulfilled(expect.any(Function))
          return n % 10 === 9
            ? rejected({ code: 'PARFOR_UNSERIALIZABLE', taskIndex: n, side: 'result' })
            : fulfilled(make(n))
        }),
      )
      for (const [n, result] of results.entries())
        if (result.status === 'rejected') expect(taskInfo(result.reason)?.index).toBe(n)
    }
  })

  it('may be those of async tasks, here and there', async () => {
    await using parallel = Parallel(one)
    const task = delayed((n: number) => {
      const result = { n, text: 'x' }
      return n % 3 === 0
        ? new Promise<typeof result>((resolve) => setImmediate(resolve, result))
        : n % 3 === 1
          ? result
          : Promise.resolve(result)
    })
    expect(await parallel(range(60).map((n) => task(n)))).toEqual(range(60).map((n) => ({ n, text: 'x' })))
  })

  it('are more than the outbox has room for', async () => {
    await using parallel = Parallel(one)
    const make = (n: number) => ({ n, text: `${n}`.repeat(3000) })
    expect(await parallel(range(100).map((n) => delayed(make)(n)))).toEqual(range(100).map(make))
  })

  it('are told while a long task runs behind them', async () => {
    const gate = counters()
    await using parallel = Parallel({ nJobs: 1, backend: 'threads', batchSize: 10, returnAs: 'generator' })
    const task = delayed((n: number, text: string, gate: Int32Array) => {
      if (n === 6) waitFor(gate)
      return { n, text, inner: { n } }
    })
    const results = parallel(range(10).map((n) => task(n, `${n} `.repeat(30), gate)))
    for (const n of range(6))
      expect((await results.next()).value).toEqual({ n, text: `${n} `.repeat(30), inner: { n } })
    add(gate)
    for (const n of range(4, 6)) expect((await results.next()).value).toMatchObject({ n })
  })

  it.each<[string, (n: number) => unknown]>([
    ['numbers', (n) => n],
    ['texts', (n) => `text ${n}`],
    ['objects', (n) => ({ n, text: `text ${n}`, inner: { n: -n } })],
  ])('are not lost with a worker, nor run again: %s', async (_, make) => {
    const runs = counters(50)
    await using parallel = Parallel({ nJobs: 1, backend: 'threads', batchSize: 50, onError: 'settle' })
    // Captured: what is called with shared memory is in no table.
    const task = delayed((n: number) => {
      add(runs, n)
      if (n === 20) process.exit(3)
      return make(n)
    })
    const results = await parallel(range(50).map((n) => task(n)))
    expect(results).toEqual(
      range(50).map((n) => (n === 20 ? rejected({ code: 'PARFOR_WORKER_LOST', taskIndex: 20 }) : fulfilled(make(n)))),
    )
    expect([...runs]).toEqual(range(50).map(() => 1))
  })
})

describe('Tasks and results that are alike', () => {
  it('are run again when their worker was lost, and only those', async () => {
    const runs = counters(30)
    await using parallel = Parallel({ nJobs: 1, backend: 'threads', batchSize: 30, retries: 1 })
    const task = delayed((n: number) => {
      add(runs, n)
      if (n % 10 === 5 && runs[n] === 1) process.exit(3)
      return { n }
    })
    expect(await parallel(range(30).map((n) => task(n)))).toEqual(range(30).map((n) => ({ n })))
    expect([...runs]).toEqual(range(30).map((n) => (n % 10 === 5 ? 2 : 1)))
  })

  it('run on as many workers as each may run tasks for', async () => {
    await using parallel = Parallel({ nJobs: 1, backend: 'threads', batchSize: 100, maxTasksPerWorker: 9 })
    const where = delayed((n: number) => ({ n, thread: threadId }))
    const results = await parallel(range(40).map((n) => where(n)))
    expect(results.map(({ n }) => n)).toEqual(range(40))
    const counts = new Map<number, number>()
    for (const { thread } of results) counts.set(thread, (counts.get(thread) ?? 0) + 1)
    expect([...counts.values()]).toEqual([9, 9, 9, 9, 4])
  })

  it('have a timeout each: the worker of one is ended, and the others keep what they gave', async () => {
    await using parallel = Parallel({ ...one, timeout: 300, onError: 'settle' })
    const task = delayed((n: number) => {
      if (n === 12) for (;;);
      return { n }
    })
    expect(await parallel(range(20).map((n) => task(n)))).toEqual(
      range(20).map((n) => (n === 12 ? rejected({ code: 'PARFOR_TIMEOUT', taskIndex: 12 }) : fulfilled({ n }))),
    )
  })

  it('move to another worker from behind a long one, each with what it is called with', async () => {
    const [gate, done] = [counters(), counters()]
    await using parallel = Parallel({ nJobs: 2, batchSize: 40 })
    const task = delayed((n: number, label: { text: string }) => {
      if (n === 3) {
        waitFor(gate)
        return { n, label }
      }
      add(done)
      return { n, label }
    })
    const call = parallel(range(40).map((n) => task(n, { text: `${n}` })))
    await reached(done, 0, 39)
    add(gate)
    expect(await call).toEqual(range(40).map((n) => ({ n, label: { text: `${n}` } })))
  })

  it('are each told to onProgress', async () => {
    const told: Progress[] = []
    await using parallel = Parallel({ ...one, onProgress: (progress) => told.push(progress) })
    await parallel(identities(50))
    expect(told.map(({ done }) => done)).toEqual(range(50, 1))
    expect(told.map(({ total }) => total)).toEqual(range(50).map(() => 50))
  })

  it.each(['generator', 'generator_unordered'] as const)('are given one by one: %s', async (returnAs) => {
    for (const onError of ['throw', 'settle'] as const) {
      await using parallel = Parallel({ nJobs: 2, batchSize: 10, returnAs, onError })
      const given: unknown[] = []
      for await (const result of parallel(range(100).map((n) => point(n)))) given.push(result)
      const all = range(100).map((n) => (onError === 'settle' ? fulfilled(pointOf(n)) : pointOf(n)))
      if (returnAs === 'generator') expect(given).toEqual(all)
      else
        expect(new Set(given.map((result) => JSON.stringify(result)))).toEqual(
          new Set(all.map((result) => JSON.stringify(result))),
        )
    }
  })

  it('are taken no faster than they are consumed', async () => {
    let taken = 0
    await using parallel = Parallel({
      nJobs: 1,
      backend: 'threads',
      batchSize: 10,
      preDispatch: 2,
      returnAs: 'generator',
    })
    const results = parallel(function* () {
      for (; taken < 1000; taken += 1) yield point(taken)
    })
    for (const n of range(10)) expect((await results.next()).value).toEqual(pointOf(n))
    expect(taken).toBeLessThanOrEqual(30)
    await results.return()
  })

  it('end with the first error, and with those before it in an ordered generator', async () => {
    await using parallel = Parallel({ ...one, returnAs: 'generator' })
    const task = delayed((n: number) => {
      if (n === 30) throw new RangeError('thirty')
      block(0.01)
      return { n }
    })
    const given: unknown[] = []
    const take = async () => {
      for await (const result of parallel(range(60).map((n) => task(n)))) given.push(result)
    }
    await expect(take()).rejects.toThrow('thirty')
    expect(given).toEqual(range(30).map((n) => ({ n })))
  })

  it('show what a task prints before its result', async () => {
    const log: string[] = []
    const write = jest.spyOn(process.stdout, 'write').mockImplementation((text) => log.push(String(text)) > 0)
    try {
      await using parallel = Parallel({ ...one, returnAs: 'generator' })
      const task = delayed((n: number) => {
        if (n === 5) process.stdout.write(`printed by ${n}`)
        return { n }
      })
      for await (const { n } of parallel(range(10).map((n) => task(n)))) log.push(`given ${n}`)
    } finally {
      write.mockRestore()
    }
    expect(log.filter((line) => !line.startsWith('given'))).toEqual(['printed by 5'])
    expect(log.filter((line) => line.startsWith('given'))).toHaveLength(10)
  })
})

function asText(_: string, value: unknown): unknown {
  if (typeof value === 'bigint') return `${value}n`
  if (Object.is(value, -0)) return '-0'
  return value instanceof Map ? [...value] : value
}

describe('With a timeout, tasks that are alike', () => {
  it('are timed each by itself: one that takes long makes no other late', async () => {
    await using parallel = Parallel({ ...one, timeout: 2000 })
    const sleep = delayed((n: number) => {
      // Quick ones first: without a timeout, those behind would be timed together with them.
      if (n >= 20) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 700)
      return n
    })
    expect(await parallel(range(25).map((n) => sleep(n)))).toEqual(range(25))
  })
})

describe('Objects of a special kind', () => {
  it('have properties of names that every object inherits', async () => {
    await using parallel = Parallel(one)
    const withText = delayed((n: number) => ({ n, toString: n, valueOf: n, x: 1 }))
    const results = await parallel(range(10).map((n) => withText(n)))
    expect(results.map((result) => Object.entries(result))).toEqual(
      range(10).map((n) => Object.entries({ n, toString: n, valueOf: n, x: 1 })),
    )
  })

  it('keep what is no plain object, whatever prototype it was given', async () => {
    await using parallel = Parallel(one)
    const kind = delayed((value: object) => Object.prototype.toString.call(value))
    const date = () => Object.setPrototypeOf(new Date(5), Object.prototype)
    expect(new Set(await parallel(range(20).map(() => kind(date()))))).toEqual(new Set(['[object Date]']))
  })
})
