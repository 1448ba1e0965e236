import { delayed, Parallel, taskInfo } from '../../lib/index'
import { settled } from '../support/manual-backend'

/** Keeps the thread busy. */
function busy(ms: number): void {
  for (const end = performance.now() + ms; performance.now() < end; );
}

const identity = delayed((n: number) => n)

/** A promise that the spec resolves. */
function gate() {
  let open = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { open, opened }
}

describe('A call in the calling thread', () => {
  it('gets on with an input that is slow', async () => {
    const slowly = function* () {
      for (let n = 0; n < 8; n += 1) {
        busy(1)
        yield identity(n)
      }
    }
    expect(await Parallel(1)(slowly)).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
    const given: number[] = []
    for await (const n of Parallel({ nJobs: 1, returnAs: 'generator' })(slowly)) given.push(n)
    expect(given).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
  })

  it('runs one task after the other, in their order, those that wait among them', async () => {
    const log: string[] = []
    const now = delayed((n: number) => log.push(`${n}`))
    const later = delayed(async (n: number) => {
      log.push(`${n} begins`)
      await settled()
      log.push(`${n} ends`)
    })
    await Parallel(1)([now(0), later(1), now(2), now(3), later(4), later(5)])
    expect(log).toEqual(['0', '1 begins', '1 ends', '2', '3', '4 begins', '4 ends', '5 begins', '5 ends'])
  })

  it.each([
    ['list', 'throw'],
    ['list', 'settle'],
    ['generator', 'throw'],
    ['generator_unordered', 'settle'],
  ] as const)(
    'tells all of a task before the next one begins, also of one that waits: %s, %s',
    async (returnAs, onError) => {
      const log: string[] = []
      const kinds = [(n: number) => void log.push(`run ${n}`), async (n: number) => void log.push(`run ${n}`)]
      const parallel = Parallel({
        nJobs: 1,
        returnAs,
        onError,
        onProgress: ({ done }) => log.push(`done ${done}`),
      })
      const tasks = [1, 2, 3, 4].map((n) => delayed(kinds[n % 2] as (n: number) => unknown)(n))
      const results = parallel(tasks)
      if (Symbol.asyncIterator in results) for await (const _ of results);
      else await results
      expect(log).toEqual([1, 2, 3, 4].flatMap((n) => [`run ${n}`, `done ${n}`]))
    },
  )

  it.each([1, 2, 3])('fails with what onProgress throws, and starts no other task: of task %i of 3', async (at) => {
    const run: number[] = []
    const note = delayed(async (n: number) => run.push(n))
    const onProgress = ({ done }: { done: number }) => {
      if (done === at) throw new RangeError('enough')
    }
    await expect(Parallel({ nJobs: 1, onProgress })([1, 2, 3].map((n) => note(n)))).rejects.toThrow('enough')
    await settled()
    expect(run).toEqual([1, 2, 3].slice(0, at))
  })

  it('names the task that fails, and runs none behind it', async () => {
    const run: number[] = []
    const fail = delayed((n: number) => {
      run.push(n)
      if (n === 2) throw new RangeError('two')
    })
    const error = await Parallel(1)([0, 1, 2, 3].map((n) => fail(n))).catch((reason: unknown) => reason)
    expect(error).toEqual(new RangeError('two'))
    expect(taskInfo(error)).toMatchObject({ index: 2 })
    await settled()
    expect(run).toEqual([0, 1, 2])
  })

  it('ends when a task aborts it: no other begins, and that one has no result', async () => {
    const controller = new AbortController()
    const run: number[] = []
    const abort = delayed((n: number) => {
      run.push(n)
      if (n === 1) controller.abort(new RangeError('by a task'))
    })
    const call = Parallel(1)(
      [0, 1, 2].map((n) => abort(n)),
      { signal: controller.signal },
    )
    await expect(call).rejects.toThrow('by a task')
    await settled()
    expect(run).toEqual([0, 1])
  })

  it('ends at once when it is aborted while a task waits', async () => {
    const controller = new AbortController()
    const { open, opened } = gate()
    const run: number[] = []
    const wait = delayed(async (n: number) => {
      run.push(n)
      await opened
    })
    const call = Parallel(1)(
      [0, 1].map((n) => wait(n)),
      { signal: controller.signal },
    )
    await settled()
    controller.abort(new RangeError('no more'))
    await expect(call).rejects.toThrow('no more')
    open()
    await settled()
    expect(run).toEqual([0])
  })

  it('is waited for by close(), and goes on to its end', async () => {
    const { open, opened } = gate()
    const parallel = Parallel(1)
    const call = parallel([delayed(() => opened)(), identity(2), delayed(async () => 3)()])
    let isClosed = false
    const closing = parallel.close().then(() => {
      isClosed = true
    })
    await settled()
    expect(isClosed).toBe(false)
    open()
    expect(await call).toEqual([undefined, 2, 3])
    await closing
  })

  it('waits no longer for a task than its timeout, and goes on with the next one', async () => {
    const parallel = Parallel({ nJobs: 1, timeout: 20, onError: 'settle' })
    const never = delayed(() => new Promise(() => {}))
    const results = await parallel([never(), identity(1), delayed(() => busy(30))(), identity(3)])
    const timedOut = (index: number) => ({
      status: 'rejected',
      reason: expect.objectContaining({ code: 'PARFOR_TIMEOUT', taskIndex: index }),
    })
    const fulfilled = (value: unknown) => ({ status: 'fulfilled', value })
    expect(results).toEqual([timedOut(0), fulfilled(1), timedOut(2), fulfilled(3)])
  })

  it('lets timers and I/O have their turn every 10 ms or so', async () => {
    let turns = 0
    const count = setInterval(() => (turns += 1), 1)
    await Parallel(1)(Array.from({ length: 80 }, () => delayed(busy)(1)))
    clearInterval(count)
    expect(turns).toBeGreaterThanOrEqual(4)
  })

  it('takes a task of a generator result when the one before was consumed', async () => {
    const run: number[] = []
    const note = delayed((n: number) => {
      run.push(n)
      return n
    })
    const results = Parallel({ nJobs: 1, returnAs: 'generator' })([0, 1, 2, 3].map((n) => note(n)))
    await settled()
    expect(run).toEqual([0])
    expect((await results.next()).value).toBe(0)
    await settled()
    expect(run).toEqual([0, 1])
    await results.return()
    await settled()
    expect(run).toEqual([0, 1])
  })

  it('runs the initializer once, before the first task, also when that waits', async () => {
    const log: string[] = []
    const initializer = delayed(async () => {
      await settled()
      log.push('initialized')
    })()
    const parallel = Parallel({ nJobs: 1, initializer })
    const note = delayed((n: number) => log.push(`${n}`))
    await Promise.all([parallel([note(0), note(1)]), parallel([note(2)])])
    await parallel([note(3)])
    expect(log[0]).toBe('initialized')
    expect(log.slice(1).sort()).toEqual(['0', '1', '2', '3'])
  })

  it('does not wait for itself when a task makes a call of the same Parallel', async () => {
    const parallel = Parallel(1)
    const nested = delayed(async (n: number): Promise<number[]> => parallel([n, n + 1].map((m) => identity(m))))
    expect(await parallel([nested(1), nested(5)])).toEqual([
      [1, 2],
      [5, 6],
    ])
  })

  it('gives what a task returns, and not a copy of it', async () => {
    const object = { a: 1 }
    const [first, second] = await Parallel(1)([delayed(() => object)(), delayed(async () => object)()])
    expect(first).toBe(object)
    expect(second).toBe(object)
  })

  it('takes what is thenable for a promise, and an error in `then` for one of the task', async () => {
    const thenable = Object.defineProperty({}, 'then', { value: (resolve: (value: number) => void) => resolve(7) })
    const broken = Object.defineProperty({}, 'then', {
      get() {
        throw new RangeError('no then')
      },
    })
    const results = await Parallel({ nJobs: 1, onError: 'settle' })([
      delayed(() => thenable)(),
      delayed(() => broken)(),
    ])
    expect(results).toEqual([
      { status: 'fulfilled', value: 7 },
      { status: 'rejected', reason: new RangeError('no then') },
    ])
  })
})
