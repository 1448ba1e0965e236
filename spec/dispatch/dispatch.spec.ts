import { getMaxListeners } from 'node:events'
import { runInThisContext } from 'node:vm'
import type { BatchReport } from '../../lib/backend'
import { autoBatchSize, fixedBatchSize } from '../../lib/dispatch/batch-size'
import { dispatch, type Place, type Plan } from '../../lib/dispatch/dispatch'
import { KnownCosts } from '../../lib/dispatch/known-costs'
import { BackendError, taskInfo } from '../../lib/errors'
import { delayed } from '../../lib/task/delayed'
import type { BatchOfRows } from '../../lib/task/rows'
import type { Outcome } from '../../lib/task/task'
import { manualBackend, settled } from '../support/manual-backend'

const identity = delayed(function identity(n: number) {
  return n
})

function* counting(pulled: number[], upTo = Number.POSITIVE_INFINITY) {
  for (let n = 0; n < upTo; n += 1) {
    pulled.push(n)
    yield identity(n)
  }
}

/** A call on a manual backend, and what becomes of it. Completions are consumed as they come, or when the spec says so. */
function start(
  tasks: unknown,
  { consumes = true, ...plan }: Partial<Plan> & { consumes?: boolean } = {},
  manual = manualBackend(),
  stopper = new AbortController(),
  onStart: (call: { stop(error: unknown): void }) => void = () => {},
) {
  const places: Place[] = []
  const completed: [index: number, Outcome, total: number | undefined][] = []
  const over: unknown[] = []
  const { backend, sent, endedCalls } = manual
  const workers = plan.workers ?? 2
  const call = dispatch(
    tasks,
    {
      backend,
      open: () => undefined,
      workers,
      window: 2 * workers,
      batchSize: fixedBatchSize(1),
      failFast: true,
      drains: false,
      call: { nested: { level: 1 } },
      ...plan,
    },
    {
      completed(index, outcome, total, place) {
        completed.push([index, outcome, total])
        places.push(place)
        if (consumes) place.consumed()
      },
      ended: () => over.push('ended'),
      failed: (error) => over.push(error),
      stopped: (error) => over.push(error),
    },
  )
  stopper.signal.addEventListener('abort', () => call.stop(stopper.signal.reason))
  onStart(call)
  call.start()
  return { sent, endedCalls, completed, places, over, call, values: () => completed.map(([index]) => index) }
}

describe('dispatch', () => {
  describe('takes from the input', () => {
    it.each(['an array', 'an iterator', 'an async iterator'])(
      'one task before it is asked how many go together, of %s',
      async (what) => {
        const pulled: number[] = []
        const asked: unknown[] = []
        async function* slowly() {
          yield* counting(pulled, 5)
        }
        const tasks = { 'an array': [...counting([], 5)], 'an iterator': counting(pulled, 5) }[what] ?? slowly()
        const begins = (fn: unknown) => asked.push(fn, [...pulled])
        const { sent, over } = start(tasks, { batchSize: { ...fixedBatchSize(3), begins } })
        await settled()
        expect(asked).toEqual([identity(0).fn, what === 'an array' ? [] : [0]])
        expect(sent.map(({ args }) => args)).toEqual([
          [0, 1, 2],
          [3, 4],
        ])
        for (const batch of sent) await batch.complete(batch.args)
        expect(over).toEqual(['ended'])
      },
    )

    it('and is not asked when that one was slow: what is there is sent', () => {
      const begins = jest.fn()
      const now = jest.spyOn(performance, 'now')
      function* slowly() {
        const time = performance.now()
        now.mockReturnValue(time + 2)
        yield identity(0)
      }
      const { sent } = start(slowly(), { batchSize: { ...fixedBatchSize(1), begins } })
      now.mockRestore()
      expect([sent.length, begins.mock.calls]).toEqual([1, []])
    })

    it('nothing that it would ask about, when that is empty', () => {
      const begins = jest.fn()
      const { over } = start([], { batchSize: { ...fixedBatchSize(3), begins } })
      expect([over, begins.mock.calls]).toEqual([['ended'], []])
    })

    it('no more batches than the window admits, and one for each that is finished', async () => {
      const pulled: number[] = []
      const { sent } = start(counting(pulled))
      expect(pulled).toEqual([0, 1, 2, 3])
      await sent[2]?.complete(['c'])
      expect(pulled).toEqual([0, 1, 2, 3, 4])
      await sent[0]?.complete(['a'])
      expect(pulled).toEqual([0, 1, 2, 3, 4, 5])
    })

    it('counts batches, not tasks', async () => {
      const pulled: number[] = []
      const { sent } = start(counting(pulled), { window: 3, batchSize: fixedBatchSize(10) })
      expect(pulled).toHaveLength(30)
      expect(sent.map(({ batch }) => batch.tasks.length)).toEqual([10, 10, 10])
      for (let n = 0; n < 9; n += 1) sent[1]?.report({ status: 'fulfilled', value: n })
      expect(pulled).toHaveLength(30)
      await sent[1]?.complete([9])
      expect(pulled).toHaveLength(40)
    })

    it('no more than the window admits beyond what is consumed, too', async () => {
      const pulled: number[] = []
      const { sent, places } = start(counting(pulled), { window: 3, workers: 1, consumes: false })
      expect([pulled.length, sent.length]).toEqual([3, 2])
      for (const n of [0, 1, 2]) await sent[n]?.complete([n])
      expect([pulled.length, sent.length]).toEqual([3, 3])
      places[1]?.consumed()
      expect([pulled.length, sent.length]).toEqual([4, 4])
      places[0]?.consumed()
      places[2]?.consumed()
      expect([pulled.length, sent.length]).toEqual([6, 5])
    })

    it('for a batch when all of it is finished and consumed', async () => {
      const pulled: number[] = []
      const { sent, places } = start(counting(pulled), { window: 1, batchSize: fixedBatchSize(3), consumes: false })
      for (const value of [0, 1]) sent[0]?.report({ status: 'fulfilled', value })
      for (const place of places) place.consumed()
      expect(pulled).toHaveLength(3)
      sent[0]?.report({ status: 'fulfilled', value: 2 })
      places[2]?.consumed()
      expect(pulled).toHaveLength(3)
      await sent[0]?.finish()
      expect(pulled).toHaveLength(6)
    })

    it('in stretches, when it takes long: what is there goes, and others have their turn', async () => {
      const pulled: number[] = []
      const slowly = function* () {
        for (const task of counting(pulled, 6)) {
          for (const end = performance.now() + 12; performance.now() < end; );
          yield task
        }
      }
      const { sent } = start(slowly, { batchSize: fixedBatchSize(100), window: 2 })
      expect([pulled, sent.length]).toEqual([[0, 1], 0])
      await settled()
      expect(sent[0]?.args).toEqual([0, 1, 2])
      await settled()
      await settled()
      expect(sent.map(({ args }) => args.length)).toEqual([3, 1])
    })

    it('for so long in one turn of the event loop, however many batches are finished in it', async () => {
      const pulled: number[] = []
      const slowly = function* () {
        for (const task of counting(pulled)) {
          for (const end = performance.now() + 4; performance.now() < end; );
          yield task
        }
      }
      const { sent } = start(slowly, { workers: 4 })
      await settled()
      await settled()
      await settled()
      const before = pulled.length
      // All at once, as messages of workers come.
      const finished = sent.splice(0)
      for (const one of finished) one.report({ status: 'fulfilled', value: 0 })
      for (const one of finished) void one.finish()
      await Promise.resolve()
      await Promise.resolve()
      await Promise.resolve()
      expect(finished.length).toBeGreaterThan(4)
      expect(pulled.length - before).toBeLessThanOrEqual(4)
    })

    it('nothing while it is asked, also when it lets the call go on itself', async () => {
      const pulled: number[] = []
      const waiting: Place[] = []
      const { sent, places, values } = start(
        function* () {
          for (const task of counting(pulled, 8)) {
            waiting.shift()?.consumed()
            yield task
          }
        },
        { window: 2, workers: 1, consumes: false },
      )
      for (let n = 0; n < 8; n += 1) {
        await sent[n]?.complete([n])
        waiting.push(...places.splice(0))
        if (sent[n + 1] === undefined) waiting.shift()?.consumed()
      }
      expect([pulled, values()]).toEqual([
        [0, 1, 2, 3, 4, 5, 6, 7],
        [0, 1, 2, 3, 4, 5, 6, 7],
      ])
    })

    it('one batch at a time through a window of one', async () => {
      const pulled: number[] = []
      const { sent } = start(counting(pulled, 3), { window: 1 })
      expect(pulled).toEqual([0])
      await sent[0]?.complete(['a'])
      expect(pulled).toEqual([0, 1])
    })

    it('as far ahead as a wide window admits, but cuts batches when they are sent', async () => {
      const pulled: number[] = []
      const { sent } = start(counting(pulled), { window: 10, batchSize: autoBatchSize(2) })
      expect(pulled).toHaveLength(10)
      expect(sent.map(({ args }) => args)).toEqual([[0], [1], [2], [3]])
      await sent[0]?.complete(['a'], 0.5)
      expect(sent[4]?.args).toEqual([4, 5, 6, 7])
      // Ten batches of four, but that three of those out are single.
      expect(pulled).toHaveLength(4 + 4 + 24)
    })

    it("all there is, before anything is completed, through the window of preDispatch: 'all'", async () => {
      const pulled: number[] = []
      const { sent } = start(counting(pulled, 10_000), {
        window: Number.POSITIVE_INFINITY,
        batchSize: autoBatchSize(2),
      })
      expect(pulled).toHaveLength(10_000)
      for (let n = 0; n < sent.length; n += 1) await sent[n]?.complete(sent[n]?.args ?? [], 0)
      expect(sent.length).toBeLessThan(200)
      expect(sent.flatMap(({ args }) => args)).toEqual(pulled)
    })
  })

  describe('waits for an asynchronous input', () => {
    /** An input that gives a task when the spec says so. */
    function slow() {
      const asked: ((n: number | undefined) => void)[] = []
      let lose = (_: Error) => settled()
      const tasks = {
        [Symbol.asyncIterator]: () => ({
          next: () =>
            new Promise((resolve, reject) => {
              lose = (error) => settled(reject(error))
              asked.push((n) =>
                resolve(n === undefined ? { done: true, value: undefined } : { done: false, value: identity(n) }),
              )
            }),
        }),
      }
      const give = (n: number | undefined) => {
        asked.at(-1)?.(n)
        return settled()
      }
      return { tasks, asked, give, lose: (error: Error) => lose(error) }
    }

    it('without keeping a free worker from what is there', async () => {
      const { tasks, give } = slow()
      const { sent } = start(tasks, { batchSize: fixedBatchSize(10) })
      await give(0)
      await give(1)
      expect(sent.map(({ args }) => args)).toEqual([[0], [1]])
    })

    it('but fills a batch while every worker is busy', async () => {
      const { tasks, give } = slow()
      const { sent } = start(tasks, { batchSize: fixedBatchSize(3), workers: 1 })
      for (const n of [0, 1, 2]) await give(n)
      expect(sent.map(({ args }) => args)).toEqual([[0]])
      await give(3)
      expect(sent.map(({ args }) => args)).toEqual([[0], [1, 2, 3]])
    })

    it('and lets what it has go when a worker becomes free', async () => {
      const { tasks, give } = slow()
      const { sent } = start(tasks, { batchSize: fixedBatchSize(3), workers: 1 })
      for (const n of [0, 1, 2]) await give(n)
      await sent[0]?.complete(['a'])
      expect(sent.map(({ args }) => args)).toEqual([[0], [1, 2]])
    })

    it('while completions of earlier batches are told', async () => {
      const { tasks, give } = slow()
      const { sent, values } = start(tasks)
      await give(0)
      await sent[0]?.complete(['a'])
      expect(values()).toEqual([0])
    })

    it('one element at a time, and no further than the window', async () => {
      const { tasks, asked, give } = slow()
      const { sent } = start(tasks, { window: 2 })
      expect(asked).toHaveLength(1)
      await give(0)
      expect(asked).toHaveLength(2)
      await give(1)
      expect(asked).toHaveLength(2)
      await sent[1]?.complete(['b'])
      expect(asked).toHaveLength(3)
    })

    it('fills batches from one that only takes turns of the microtask queue', async () => {
      const { sent } = start(
        async function* () {
          for (let n = 0; n < 20; n += 1) yield identity(n)
        },
        { batchSize: fixedBatchSize(10) },
      )
      await settled()
      expect(sent.map(({ args }) => args.length)).toEqual([10, 10])
    })

    it('and fails with it at once, also while no more is wanted of it', async () => {
      const { tasks, give, lose } = slow()
      const { sent, over } = start(tasks, { batchSize: fixedBatchSize(10), window: 1 })
      await give(0)
      expect(sent.map(({ args }) => args)).toEqual([[0]])
      await lose(new Error('input lost'))
      expect(over).toMatchObject([{ message: 'input lost' }])
    })

    it('ends the call when the input ends after the last completion', async () => {
      const { tasks, give } = slow()
      const { sent, over } = start(tasks)
      await give(0)
      await sent[0]?.complete(['a'])
      expect(over).toEqual([])
      await give(undefined)
      expect(over).toEqual(['ended'])
    })
  })

  describe('tells', () => {
    it('each completion as it comes, and the end once', async () => {
      const { sent, values, over } = start(counting([], 3))
      await sent[2]?.complete(['c'])
      await sent[0]?.complete(['a'])
      expect([values(), over]).toEqual([[2, 0], []])
      await sent[1]?.complete(['b'])
      expect([values(), over]).toEqual([[2, 0, 1], ['ended']])
    })

    it('the completions of a batch in whatever order they come', async () => {
      const { sent, over, values } = start(counting([], 3), { batchSize: fixedBatchSize(3) })
      for (const index of [2, 0, 1]) sent[0]?.onOutcome(index, { status: 'fulfilled', value: index })
      await sent[0]?.finish()
      expect([values(), over]).toEqual([[2, 0, 1], ['ended']])
    })

    it('the total as soon as it is known', async () => {
      const known = start([identity(0), identity(1)], { window: 1 })
      await known.sent[0]?.complete(['a'])
      expect(known.completed).toEqual([[0, { status: 'fulfilled', value: 'a' }, 2]])

      const found = start(counting([], 2), { window: 1 })
      await found.sent[0]?.complete(['a'])
      await found.sent[1]?.complete(['b'])
      expect(found.completed.map(([, , total]) => total)).toEqual([undefined, undefined])
    })

    it('the end of a call without tasks at once, and opens nothing for it', () => {
      const open = jest.fn()
      const { over, endedCalls } = start([], { open })
      expect(over).toEqual(['ended'])
      expect(open).not.toHaveBeenCalled()
      expect(endedCalls).toEqual([])
    })

    it('the backend that a call has ended, however it ends', async () => {
      const good = start(counting([], 1))
      await good.sent[0]?.complete(['a'])
      expect(good.endedCalls).toEqual([good.sent[0]?.batch.call])

      const bad = start(counting([], 1))
      await bad.sent[0]?.fail(new Error('no'))
      expect(bad.endedCalls).toEqual([bad.sent[0]?.batch.call])
    })

    it('nothing of a backend that fails to take the end of a call', async () => {
      const endCall = () => {
        throw new Error('not prepared')
      }
      const { sent, over } = start(counting([], 1), {}, manualBackend({ endCall }))
      await sent[0]?.complete(['a'])
      expect(over).toEqual(['ended'])
    })
  })

  describe('opens the backend', () => {
    it('when the first batch is there, and takes no more until it is open', async () => {
      const pulled: number[] = []
      let opened = () => {}
      const opening = new Promise<void>((resolve) => {
        opened = resolve
      })
      const { sent } = start(counting(pulled), { open: () => opening })
      await settled()
      expect([pulled, sent.length]).toEqual([[0], 0])
      opened()
      await settled()
      expect([pulled, sent.length]).toEqual([[0, 1, 2, 3], 4])
    })

    it('or fails with what keeps it closed', async () => {
      const broken = new Error('no workers today')
      const { over, sent } = start(counting([]), { open: () => Promise.reject(broken) })
      await settled()
      expect([over, sent.length]).toEqual([[broken], 0])
    })
  })

  describe('fails', () => {
    it('with the first error in time, kills what runs, and starts nothing more', async () => {
      const pulled: number[] = []
      const { sent, over, values } = start(counting(pulled))
      const second = new Error('second task, first error')
      await sent[1]?.fail(second)
      expect(over).toEqual([second])
      expect(sent.map(({ signal }) => signal.aborted)).toEqual([true, true, true, true])

      await sent[0]?.fail(new Error('too late'))
      await sent[2]?.complete(['too late'])
      await sent[3]?.lose(new Error('too late'))
      await sent[1]?.finish()
      expect([over, values(), pulled.length, sent.length]).toEqual([[second], [1], 4, 4])
    })

    it('not with the error of a task, when every task is to be settled', async () => {
      const { sent, over, completed } = start(counting([], 2), { failFast: false })
      const error = new Error('no')
      await sent[0]?.fail(error)
      await sent[0]?.finish()
      await sent[1]?.complete(['b'])
      expect(over).toEqual(['ended'])
      expect(completed.map(([, outcome]) => outcome)).toEqual([
        { status: 'rejected', reason: error },
        { status: 'fulfilled', value: 'b' },
      ])
    })

    it.each([true, false])('with an error of the input, fail fast: %p', async (failFast) => {
      const { sent, over } = start(
        function* () {
          yield identity(0)
          throw new RangeError('no more tasks')
        },
        { failFast },
      )
      expect(over).toMatchObject([{ name: 'RangeError', message: 'no more tasks' }])
      expect(sent[0]?.signal.aborted).toBe(true)
    })

    it('with an error of the input after what it gave before, when that is to be completed', async () => {
      const input = function* () {
        for (let n = 0; n < 3; n += 1) yield identity(n)
        throw new RangeError('no more tasks')
      }
      const { sent, over, values } = start(input, { drains: true, workers: 1 })
      expect(over).toEqual([])
      for (let n = 0; n < 3; n += 1) await sent[n]?.complete([n])
      expect(over).toMatchObject([{ message: 'no more tasks' }])
      expect(values()).toEqual([0, 1, 2])
    })

    it.each([
      ['the input fails at once', { [Symbol.iterator]: () => ({ next: () => JSON.parse('[') }) }],
      ['an element is no task', [5]],
    ])('at once, when nothing was given before: %s', (_, tasks) => {
      const { over } = start(tasks, { drains: true })
      expect(over).toHaveLength(1)
    })

    it('with the error of a task before it that fails: that comes first, in order', async () => {
      const input = function* () {
        yield identity(0)
        throw new RangeError('first')
      }
      const { sent, over } = start(input, { drains: true })
      await sent[0]?.fail(new Error('second'))
      expect(over).toMatchObject([{ message: 'second' }])
    })

    it('with an element that is no task after those before it, and ends the input', async () => {
      const log: string[] = []
      const elements = [identity(0), 5, identity(1)].values()
      const input = {
        [Symbol.iterator]: () => ({
          next: () => elements.next(),
          return: () => ({ done: true, value: log.push('return') }),
        }),
      }
      const { sent, over } = start(input, { drains: true })
      expect([log, over]).toEqual([['return'], []])
      await sent[0]?.complete([0])
      expect(over).toMatchObject([{ name: 'TypeError', message: expect.stringContaining('tasks[1]') }])
      expect(sent).toHaveLength(1)
    })

    it.each([true, false])('with an element that is no task, which is not sent, fail fast: %p', (failFast) => {
      const { sent, over } = start([identity(0), 5, identity(1)], { failFast })
      expect(over).toMatchObject([{ name: 'TypeError', message: expect.stringContaining('tasks[1]') }])
      expect(sent.map(({ args }) => args)).toEqual([[0]])
    })

    it('with what it is stopped with, and ends the input', async () => {
      const ended: string[] = []
      const { call, over, sent } = start(function* () {
        try {
          for (let n = 0; ; n += 1) yield identity(n)
        } finally {
          ended.push('input')
        }
      })
      const reason = new Error('enough')
      call.stop(reason)
      call.stop(new Error('again'))
      expect([over, ended]).toEqual([[reason], ['input']])
      expect(sent.map(({ signal }) => signal.reason)).toEqual([reason, reason, reason, reason])
    })

    it('when the input stops it while it is asked', () => {
      const controller = new AbortController()
      const asked: number[] = []
      const { over } = start(
        function* () {
          for (let n = 0; ; n += 1) {
            asked.push(n)
            if (n === 2) controller.abort('stopped')
            yield identity(n)
          }
        },
        {},
        manualBackend(),
        controller,
      )
      expect([over, asked]).toEqual([['stopped'], [0, 1, 2]])
    })

    it('when no worker can be had', async () => {
      const lost = new Error('no worker')
      const { sent, over } = start(counting([]))
      await sent[0]?.lose(lost)
      expect(over).toEqual([lost])
    })

    it('when submit throws at once', () => {
      const submit = () => {
        throw new Error('out of order')
      }
      const { over } = start(counting([]), {}, manualBackend({ submit }))
      expect(over).toMatchObject([{ message: 'out of order' }])
    })

    it('with what its receiver throws, unless a task failed just then', async () => {
      const tell = (failFast: boolean) => {
        const { backend, sent } = manualBackend()
        const over: unknown[] = []
        const completed = () => {
          throw new Error('receiver')
        }
        const plan = { backend, open: () => undefined, workers: 1, window: 2, call: { nested: { level: 1 } } }
        const failed = (error: unknown) => over.push((error as Error).message)
        dispatch(
          [identity(0)],
          { ...plan, batchSize: fixedBatchSize(1), failFast, drains: false },
          { completed, ended: () => over.push('ended'), failed, stopped: failed },
        ).start()
        return { sent, over }
      }
      const good = tell(true)
      await good.sent[0]?.complete(['a'])
      const bad = tell(true)
      await bad.sent[0]?.fail(new Error('task'))
      const settledOnly = tell(false)
      await settledOnly.sent[0]?.fail(new Error('task'))
      expect([good.over, bad.over, settledOnly.over]).toEqual([['receiver'], ['task'], ['receiver']])
    })

    it.each<[string, (sent: ReturnType<typeof manualBackend>['sent'][number]) => unknown]>([
      ['ends a batch early', (batch) => batch.finish()],
      [
        'reports a task twice',
        (batch) => [0, 0].map((index) => batch.onOutcome(index, { status: 'fulfilled', value: 1 })),
      ],
      ['reports more than there is', (batch) => batch.complete(['a', 'b', 'c'])],
      ['reports a task of another batch', (batch) => batch.onOutcome(7, { status: 'fulfilled', value: 1 })],
    ])('when the backend %s', async (_, misbehave) => {
      const { sent, over } = start([identity(0), identity(1)], { batchSize: fixedBatchSize(2) })
      if (sent[0]) await misbehave(sent[0])
      await settled()
      expect(over).toEqual([expect.any(BackendError)])
    })
  })

  describe('sends many tasks that are alike', () => {
    const submitRows = jest.fn((_batch: BatchOfRows) => new Promise<BatchReport>(() => {}))

    it('by columns, to a backend that takes them so', () => {
      submitRows.mockClear()
      const { sent } = start(counting([], 40), { batchSize: fixedBatchSize(10) }, manualBackend({ submitRows }))
      const { fn } = identity(0)
      expect(submitRows.mock.calls.map(([batch]) => batch)).toEqual(
        [0, 10, 20, 30].map((start) => ({
          call: { nested: { level: 1 } },
          start,
          rows: { fn, length: 10, columns: [Array.from({ length: 10 }, (_, n) => start + n)] },
          isLast: false,
        })),
      )
      expect(sent).toEqual([])
    })

    it('also the first of them, which says how many go together', () => {
      submitRows.mockClear()
      const known = new KnownCosts()
      known.note(identity(0).fn, 0.01)
      const batchSize = autoBatchSize(2, false, known)
      start(counting([], 40), { batchSize }, manualBackend({ submitRows }))
      expect(submitRows.mock.calls.map(([{ rows }]) => rows.columns[0])).toEqual(
        [0, 10, 20, 30].map((start) => Array.from({ length: 10 }, (_, n) => start + n)),
      )
    })

    it('as the tasks that they are, when they are few, or not alike', () => {
      submitRows.mockClear()
      const manual = manualBackend({ submitRows })
      const tasks = Array.from({ length: 10 }, (_, n) => (n === 9 ? delayed((n: number) => n)(9) : identity(n)))
      start(tasks, { batchSize: fixedBatchSize(10) }, manual)
      start(tasks.slice(0, 7), { batchSize: fixedBatchSize(10) }, manual)
      expect(submitRows).not.toHaveBeenCalled()
      expect(manual.sent.map(({ batch }) => batch.tasks.length)).toEqual([10, 7])
      expect(manual.sent[0]?.batch.tasks[9]).toBe(tasks[9])
    })

    it('to any other backend as they were given', () => {
      const tasks = Array.from({ length: 10 }, (_, n) => identity(n))
      const { sent } = start(tasks, { batchSize: fixedBatchSize(10) })
      for (const [n, task] of tasks.entries()) expect(sent[0]?.batch.tasks[n]).toBe(task)
    })

    it('and names the function of one that fails', () => {
      const backend = manualBackend({
        submitRows(_, onOutcome) {
          onOutcome(3, { status: 'rejected', reason: new RangeError('no') })
          return new Promise(() => {})
        },
      })
      const { over } = start(counting([], 10), { batchSize: fixedBatchSize(10) }, backend)
      expect(taskInfo(over[0])).toMatchObject({ index: 3, name: 'identity' })
    })
  })

  describe('of several tasks that are fulfilled at once', () => {
    /** A call of batches of four whose receiver takes several results at once. */
    function startInBulk(
      count: number,
      { window = 2, onTold = () => {} }: { window?: number; onTold?: () => void } = {},
    ) {
      const { backend, sent } = manualBackend()
      const told: unknown[] = []
      const places: Place[] = []
      const over: unknown[] = []
      const pulled: number[] = []
      const plan = { backend, open: () => undefined, workers: 1, window, call: { nested: { level: 1 } } }
      const failed = (error: unknown) => over.push(error)
      const call = dispatch(
        counting(pulled, count),
        { ...plan, batchSize: fixedBatchSize(4), failFast: true, drains: false },
        {
          completed: (index, outcome, _, place) => {
            told.push([index, outcome])
            places.push(place)
          },
          fulfilled: (first, values, place) => {
            told.push([first, ...Array.from(values)])
            places.push(place)
            onTold()
          },
          ended: () => over.push('ended'),
          failed,
          stopped: failed,
        },
      )
      call.start()
      const fulfil = (batch: number, first: number, ...values: unknown[]) =>
        sent[batch]?.onOutcome.fulfilled?.(first, values, 7)
      return { call, sent, told, places, over, pulled, fulfil }
    }

    it('tells them at once, beside others that are told one by one', async () => {
      const { sent, told, places, over, fulfil } = startInBulk(4)
      fulfil(0, 1, 'b', 'c')
      sent[0]?.onOutcome(3, { status: 'fulfilled', value: 'd' })
      fulfil(0, 0, 'a')
      for (const [n, place] of places.entries()) place.consumed([2, 1, 1][n])
      await sent[0]?.finish()
      expect(told).toEqual([
        [1, 'b', 'c'],
        [3, { status: 'fulfilled', value: 'd' }],
        [0, 'a'],
      ])
      expect(over).toEqual(['ended'])
    })

    it('keeps what they were: a backend may use its array again', async () => {
      const { backend, sent } = manualBackend()
      const told: ArrayLike<unknown>[] = []
      const plan = { backend, open: () => undefined, workers: 1, window: 2, call: { nested: { level: 1 } } }
      const ignore = () => {}
      dispatch(
        counting([], 4),
        { ...plan, batchSize: fixedBatchSize(2), failFast: true, drains: false },
        {
          ...{ completed: ignore, ended: ignore, failed: ignore, stopped: ignore },
          fulfilled: (_, values) => told.push(values),
        },
      ).start()
      const values = ['a', 'b']
      sent[0]?.onOutcome.fulfilled?.(0, values)
      values.splice(0, 2, 'c', 'd')
      sent[1]?.onOutcome.fulfilled?.(2, values)
      expect(told).toEqual([
        ['a', 'b'],
        ['c', 'd'],
      ])
    })

    it('gives the place in the window up when as many are consumed as were told', async () => {
      const { sent, places, pulled, fulfil } = startInBulk(100, { window: 1 })
      expect(pulled).toHaveLength(4)
      fulfil(0, 0, 'a', 'b', 'c', 'd')
      await sent[0]?.finish()
      places[0]?.consumed()
      places[0]?.consumed(2)
      expect(pulled).toHaveLength(4)
      places[0]?.consumed(1)
      expect(pulled).toHaveLength(8)
    })

    it('gives it up also when they are consumed before the batch is finished', async () => {
      const { sent, places, pulled, fulfil } = startInBulk(100, { window: 1 })
      fulfil(0, 0, 'a', 'b', 'c', 'd')
      places[0]?.consumed(4)
      expect(pulled).toHaveLength(4)
      await sent[0]?.finish()
      expect(pulled).toHaveLength(8)
    })

    it('tells them one by one to who wants each', async () => {
      const { sent, completed, over } = start(counting([], 4), { batchSize: fixedBatchSize(4) })
      sent[0]?.onOutcome.fulfilled?.(0, ['a', 'b', 'c', 'd'])
      await sent[0]?.finish()
      expect(completed).toEqual(['a', 'b', 'c', 'd'].map((value, n) => [n, { status: 'fulfilled', value }, 4]))
      expect(over).toEqual(['ended'])
    })

    it.each<[string, number, (fulfil: (batch: number, first: number, ...values: unknown[]) => void) => void]>([
      ['twice', 1, (fulfil) => [fulfil(0, 0, 'a'), fulfil(0, 0, 'a', 'b')]],
      ['twice, in part', 1, (fulfil) => [fulfil(0, 2, 'c', 'd'), fulfil(0, 1, 'b', 'c')]],
      ['behind the batch', 0, (fulfil) => fulfil(0, 2, 'c', 'd', 'e')],
      ['before the batch', 0, (fulfil) => fulfil(1, 3, 'd', 'e')],
      ['of another batch', 0, (fulfil) => fulfil(0, 4, 'e')],
    ])('fails with a backend that tells of tasks %s, and tells nothing of that', (_, count, tell) => {
      const { over, fulfil, told } = startInBulk(8)
      tell(fulfil)
      expect(over).toEqual([expect.any(BackendError)])
      fulfil(0, 3, 'd')
      expect(told).toHaveLength(count)
    })

    it('fails with a backend that ends a batch without all of them', async () => {
      const { sent, over, fulfil } = startInBulk(4)
      fulfil(0, 0, 'a', 'b', 'c')
      await sent[0]?.finish()
      expect(over).toEqual([expect.any(BackendError)])
    })

    it('fails with what its receiver throws', () => {
      const { over, sent, fulfil } = startInBulk(8, {
        onTold: () => {
          throw new RangeError('receiver')
        },
      })
      fulfil(0, 0, 'a', 'b')
      expect(over).toEqual([new RangeError('receiver')])
      expect(sent[1]?.signal.aborted).toBe(true)
    })

    it('tells nothing of them when the call is over', () => {
      const { call, told, fulfil } = startInBulk(8)
      call.stop('enough')
      fulfil(0, 0, 'a', 'b')
      expect(told).toEqual([])
    })

    it('counts them as completed where it tells how far it is', async () => {
      const moments: unknown[] = []
      const onBatch = ({ completed }: { completed: number }) => moments.push(completed)
      const { backend, sent } = manualBackend()
      const plan = { backend, open: () => undefined, workers: 1, window: 2, call: { nested: { level: 1 } }, onBatch }
      const ignore = () => {}
      dispatch(
        counting([], 4),
        { ...plan, batchSize: fixedBatchSize(4), failFast: true, drains: false },
        { completed: ignore, fulfilled: ignore, ended: ignore, failed: ignore, stopped: ignore },
      ).start()
      sent[0]?.onOutcome.fulfilled?.(0, [1, 2, 3, 4])
      await sent[0]?.finish()
      expect(moments).toEqual([4])
    })
  })

  describe('on a backend that runs tasks in this thread', () => {
    type RunHere = NonNullable<Plan['backend']['runHere']>
    const startHere = (tasks: unknown, runHere: RunHere, plan: Partial<Plan> & { consumes?: boolean } = {}) =>
      start(tasks, { window: 1, workers: 1, ...plan }, manualBackend({ runHere }))
    const fulfilled = (value: unknown): Outcome => ({ status: 'fulfilled', value })

    it('submits nothing, and runs each when the one before is done and consumed', async () => {
      const pulled: number[] = []
      const run: number[] = []
      const { sent, places, completed, over } = startHere(
        counting(pulled, 3),
        (_, index) => fulfilled(run.push(index)),
        { consumes: false },
      )
      expect([sent, pulled, run]).toEqual([[], [0], [0]])
      places[0]?.consumed()
      // Who takes a result has it before the next task runs.
      expect([pulled, run]).toEqual([[0, 1], [0]])
      await settled()
      expect([pulled, run]).toEqual([
        [0, 1],
        [0, 1],
      ])
      places[1]?.consumed()
      await settled()
      places[2]?.consumed()
      await settled()
      expect(completed.map(([index]) => index)).toEqual([0, 1, 2])
      expect(over).toEqual(['ended'])
    })

    it('waits for one that gives a promise, and is not idle meanwhile', async () => {
      let finish = (_: Outcome) => {}
      const run: number[] = []
      const { call, over } = startHere(counting([], 3), (_, index) => {
        run.push(index)
        return index === 1 ? new Promise<Outcome>((resolve) => (finish = resolve)) : fulfilled(index)
      })
      expect([run, call.isIdle()]).toEqual([[0, 1], false])
      finish(fulfilled(1))
      await settled()
      expect([run, over]).toEqual([[0, 1, 2], ['ended']])
    })

    it.each<[string, RunHere]>([
      [
        'throws',
        () => {
          throw new RangeError('cannot run it')
        },
      ],
      ['rejects', () => Promise.reject(new RangeError('cannot run it'))],
    ])('fails when the backend %s', async (_, runHere) => {
      const { over } = startHere(counting([], 3), runHere)
      await settled()
      expect(over).toEqual([new RangeError('cannot run it')])
    })

    it('waits for a promise of any realm', async () => {
      const { completed, over } = startHere(counting([], 2), (_, index) =>
        runInThisContext(`Promise.resolve({ status: 'fulfilled', value: ${index} })`),
      )
      await settled()
      expect(completed.map(([, outcome]) => outcome)).toEqual([fulfilled(0), fulfilled(1)])
      expect(over).toEqual(['ended'])
    })

    it('starts no other behind one that fails, or stops the call', async () => {
      const run: number[] = []
      const failing = startHere(counting([]), (_, index) => {
        run.push(index)
        return index === 2 ? { status: 'rejected', reason: new RangeError('two') } : fulfilled(index)
      })
      expect([run, failing.over]).toEqual([[0, 1, 2], [new RangeError('two')]])

      const stopper = new AbortController()
      const runHere: RunHere = (_, index) => {
        if (index === 2) stopper.abort('stopped')
        return fulfilled(index)
      }
      const stopped = start(counting([]), { window: 1, workers: 1 }, manualBackend({ runHere }), stopper)
      await settled()
      expect([stopped.values(), stopped.over]).toEqual([[0, 1], ['stopped']])
    })

    it('tells nothing of one that ends when the call is over', async () => {
      let finish = (_: Outcome) => {}
      const { call, completed, over } = startHere(
        counting([]),
        () => new Promise<Outcome>((resolve) => (finish = resolve)),
      )
      call.stop('enough')
      finish(fulfilled(0))
      await settled()
      expect([completed, over]).toEqual([[], ['enough']])
    })

    it('tells where it stands behind each, and that it is over once', () => {
      const moments: unknown[] = []
      startHere(counting([], 3), (_, index) => fulfilled(index), {
        onBatch: ({ completed, dispatched, isOver }) => moments.push([completed, dispatched, isOver]),
      })
      expect(moments).toEqual([
        [1, 1, false],
        [2, 2, false],
        [3, 3, false],
        [3, 3, true],
      ])
    })

    it('is given the number of each in its call, the task, and a signal that tells of the end', async () => {
      const given: unknown[] = []
      const signals: AbortSignal[] = []
      const runHere: RunHere = (call, index, task, signal) => {
        given.push([call.nested.level, index, task.args])
        signals.push(signal)
        return fulfilled(0)
      }
      const { call } = startHere(counting([], 2), runHere, { consumes: false })
      expect(given).toEqual([[1, 0, [0]]])
      expect(signals[0]?.aborted).toBe(false)
      call.stop('enough')
      expect(signals[0]?.aborted).toBe(true)
    })

    it('lets others have their turn after 10 ms, with what waits to be run', async () => {
      const run: number[] = []
      startHere(counting([], 4), (_, index) => {
        for (const end = performance.now() + 6; performance.now() < end; );
        return fulfilled(run.push(index))
      })
      expect(run.length).toBeLessThan(4)
      await settled()
      await settled()
      expect(run).toEqual([0, 1, 2, 3])
    })
  })

  describe('of a failed task', () => {
    it('remembers which it was, and who ran it', async () => {
      const { sent } = start(counting([]), { batchSize: fixedBatchSize(2) })
      const error = new Error('no')
      sent[1]?.report({ status: 'fulfilled', value: 2 })
      await sent[1]?.fail(error)
      expect(taskInfo(error)).toEqual({ index: 3, name: 'identity', workerId: 7 })
    })

    it('puts what is no error into one', async () => {
      const { sent, over } = start(counting([]))
      await sent[0]?.fail(undefined)
      expect(over).toMatchObject([
        { name: 'TaskError', message: 'Task 0 (identity) threw undefined, which is not an error' },
      ])
      expect(taskInfo(over[0])).toMatchObject({ index: 0 })
    })
  })

  it('learns the size of batches from what the backend measured, not from how long they were away', async () => {
    const measured: [number, number][] = []
    const batchSize = {
      next: () => 2,
      measured: (size: number, duration: number) => void measured.push([size, duration]),
    }
    const { sent } = start(counting([], 3), { batchSize })
    await sent[0]?.complete(['a', 'b'], 0.25)
    await sent[1]?.complete(['c'], 0.5)
    expect(measured).toEqual([
      [2, 0.25],
      [1, 0.5],
    ])
  })

  it('measures for itself when the backend cannot tell', async () => {
    const measured: number[] = []
    const batchSize = { next: () => 1, measured: (_: number, duration: number) => void measured.push(duration) }
    const manual = manualBackend({
      submit: async (batch, onOutcome) => onOutcome(batch.start, { status: 'fulfilled', value: 1 }),
    })
    start(counting([], 1), { batchSize }, manual)
    await settled()
    expect(measured).toEqual([expect.any(Number)])
    expect(measured[0]).toBeGreaterThanOrEqual(0)
  })

  it('tells where it stands at the end of each batch, before it takes more', async () => {
    const moments: unknown[] = []
    const { sent } = start(
      Array.from({ length: 5 }, (_, n) => identity(n)),
      { workers: 1, onBatch: (moment) => moments.push(moment), batchSize: fixedBatchSize(2) },
    )
    await sent[0]?.complete([0, 1])
    await sent[1]?.complete([2, 3])
    await sent[2]?.complete([4])
    expect(moments).toEqual([
      { completed: 2, dispatched: 4, batches: 2, total: 5, isDispatching: true, isOver: false },
      { completed: 4, dispatched: 5, batches: 3, total: 5, isDispatching: true, isOver: false },
      { completed: 5, dispatched: 5, batches: 3, total: 5, isDispatching: false, isOver: true },
    ])
  })

  it('tells that it is over also when that is learned after the last batch', async () => {
    const moments: { completed: number; isOver: boolean }[] = []
    let end = () => {}
    const { sent } = start(
      async function* () {
        yield identity(0)
        await new Promise<void>((resolve) => {
          end = resolve
        })
      },
      { onBatch: (moment) => moments.push(moment) },
    )
    await settled()
    await sent[0]?.complete([0])
    await settled(end())
    expect(moments.map(({ completed, isOver }) => [completed, isOver])).toEqual([
      [1, false],
      [1, true],
    ])
  })

  it('lets somebody look how far it has come, from its begin to its end', async () => {
    const seen: unknown[] = []
    let look = (): unknown => undefined
    const watch: Plan['watch'] = (how) => {
      look = how
      seen.push(look())
      return (end) => seen.push([end, look(), [...over]])
    }
    const { sent, over } = start(counting([], 3), { watch, failFast: false, workers: 1 })
    await sent[0]?.fail(new Error('no'))
    await sent[0]?.finish()
    seen.push(look())
    for (const n of [1, 2]) await sent[n]?.complete([n])
    expect(seen).toEqual([
      { completed: 0, failed: 0, total: undefined },
      { completed: 1, failed: 1, total: undefined },
      ['ended', { completed: 3, failed: 1, total: 3 }, []], // before anybody hears of it
    ])
    expect(over).toEqual(['ended'])
  })

  it('tells who watches once when it has failed, or was stopped, and nothing of what never began', async () => {
    const ends: string[] = []
    const watch = () => (how: string) => void ends.push(how)
    const [failing, stopped] = [start(counting([]), { watch }), start(counting([]), { watch })]
    await failing.sent[0]?.fail(new Error('no'))
    failing.call.stop(new Error('twice'))
    stopped.call.stop(new Error('enough'))
    start(5, { watch })
    expect(ends).toEqual(['failed', 'failed'])
  })

  it('is stalled when nothing comes before something is consumed', async () => {
    const { sent, places, call } = start(counting([]), { window: 2, workers: 1, consumes: false })
    expect([call.isIdle(), call.isStalled()]).toEqual([false, false])
    for (const n of [0, 1]) await sent[n]?.complete([n])
    expect([call.isIdle(), call.isStalled()]).toEqual([true, true])
    places[0]?.consumed()
    expect([call.isIdle(), call.isStalled()]).toEqual([false, false])
  })

  it('is not idle while its backend is opening', async () => {
    const { call } = start(counting([]), { open: () => new Promise(() => {}) })
    expect([call.isIdle(), call.isStalled()]).toEqual([false, false])
  })

  it('knows whether it is idle, and whether it is over', async () => {
    const { sent, call } = start(counting([], 1))
    expect([call.isIdle(), call.isOver()]).toEqual([false, false])
    await sent[0]?.complete([0])
    expect([call.isIdle(), call.isOver()]).toEqual([true, true])
  })

  it('gives batches a signal that any number of them may listen to', () => {
    const { sent } = start(counting([]))
    expect(getMaxListeners(sent[0]?.signal as AbortSignal)).toBe(Number.POSITIVE_INFINITY)
  })

  it('gives every batch of a call the same call and signal, and every call its own', async () => {
    const [first, second] = [start(counting([])), start(counting([]))]
    const callsOf = ({ sent }: typeof first) => new Set(sent.map(({ batch }) => batch.call))
    expect([callsOf(first).size, callsOf(second).size]).toEqual([1, 1])
    expect(new Set(first.sent.map(({ signal }) => signal)).size).toBe(1)
    expect([...callsOf(first)][0]).not.toBe([...callsOf(second)][0])
    expect([...callsOf(first)][0]).toEqual({ nested: { level: 1 } })
  })

  describe('when a task has failed,', () => {
    it('asks the backend first for what was completed before, and takes its error for the first one', async () => {
      let deliver = () => {}
      const manual = manualBackend({ deliver: () => deliver() })
      const { sent, over, completed, values } = start(
        [0, 1, 2, 3].map((n) => identity(n)),
        { workers: 4 },
        manual,
      )
      const told: string[] = []
      deliver = () => {
        told.push(`failed: ${over.length}`)
        sent[0]?.report({ status: 'fulfilled', value: 'a' })
        sent[1]?.report({ status: 'rejected', reason: new Error('second') })
      }
      const error = new Error('first')
      await sent[2]?.fail(error)
      expect([told, values(), over]).toEqual([['failed: 0'], [0, 2], [error]])
      expect(completed[0]?.[1]).toEqual({ status: 'fulfilled', value: 'a' })
    })

    it('does not ask when every task is settled', async () => {
      const deliver = jest.fn()
      const { sent, over } = start([identity(0)], { failFast: false }, manualBackend({ deliver }))
      await sent[0]?.fail(new Error('no'))
      await sent[0]?.finish()
      expect([deliver.mock.calls, over]).toEqual([[], ['ended']])
    })

    it('takes and sends nothing more, whatever is consumed then', async () => {
      const pulled: number[] = []
      let deliver = () => {}
      const manual = manualBackend({ deliver: () => deliver() })
      const { sent, places, over } = start(counting(pulled), { consumes: false }, manual)
      await sent[0]?.complete(['a'])
      expect(pulled).toEqual([0, 1, 2, 3])
      deliver = () => places[0]?.consumed()
      await sent[1]?.fail(new Error('no'))
      expect([pulled, sent.length, over.length]).toEqual([[0, 1, 2, 3], 4, 1])
    })

    it('fails with its error, also when the backend cannot tell', async () => {
      const manual = manualBackend({
        deliver: () => {
          throw new Error('the backend')
        },
      })
      const { sent, over } = start([identity(0)], {}, manual)
      const error = new Error('its own')
      await sent[0]?.fail(error)
      expect(over).toEqual([error])
    })

    it('may be ended by what it is told then', async () => {
      let deliver = () => {}
      const manual = manualBackend({ deliver: () => deliver() })
      const { sent, over, call } = start([identity(0), identity(1)], {}, manual)
      const reason = new Error('stopped')
      deliver = () => call.stop(reason)
      await sent[0]?.fail(new Error('no'))
      expect(over).toEqual([reason])
    })

    it.each([
      ['a symbol', { value: Symbol('s') }],
      [
        'out of reach',
        {
          get() {
            throw new Error('no name')
          },
        },
      ],
    ])('does without its name when that is %s', async (_, name) => {
      const fn = Object.defineProperty(() => {}, 'name', name)
      const { sent, over } = start([{ fn, args: [] }])
      await sent[0]?.fail(5)
      expect(over).toEqual([expect.objectContaining({ code: 'PARFOR_TASK', cause: 5 })])
      expect(taskInfo(over[0])).toMatchObject({ index: 0, name: '' })
    })
  })

  it.each([
    ['the function that makes it', (make: () => object) => make],
    ['its [Symbol.iterator]', (make: () => object) => ({ [Symbol.iterator]: make })],
  ])('closes an input whose call is ended by %s', async (_, inputOf) => {
    const log: string[] = []
    const input = {
      [Symbol.iterator]: () => input,
      next: () => ({ done: false, value: log.push('next') }),
      return: () => ({ done: true, value: log.push('return') }),
    }
    const reason = new Error('ended')
    const calls: { stop(error: unknown): void }[] = []
    const { over } = start(
      inputOf(() => {
        calls[0]?.stop(reason)
        return input
      }),
      {},
      manualBackend(),
      undefined,
      (call) => calls.push(call),
    )
    expect([over, log]).toEqual([[reason], ['return']])
  })
})
