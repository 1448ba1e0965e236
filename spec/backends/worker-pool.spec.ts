import { runInThisContext } from 'node:vm'
import { WorkerPool } from '../../lib/backends/worker-pool'
import { WorkerRun } from '../../lib/backends/worker-run'
import { takeShare } from '../../lib/config/budget'
import type { OnWorkerEvent } from '../../lib/config/options'
import { Message } from '../../lib/serialization/message'
import * as clock from '../../lib/system/clock'
import { delayed } from '../../lib/task/delayed'
import type { Call, Outcome, Place, Task } from '../../lib/task/task'
import { transfer } from '../../lib/task/transfer'
import { type RunBatch, turnOf, Words } from '../../lib/worker/protocol'
import type { InProcessWorker } from '../support/in-process-worker'
import { firstArguments } from '../support/silent-worker'
import { workerSource } from '../support/worker-source'

/** Tasks in this thread that end when the spec says so. */
const gates = new Map<number, (value: string) => void>()
const wait = delayed(
  (n: number) =>
    new Promise<string>((resolve) => {
      const { gates } = globalThis as unknown as { gates: Map<number, (value: string) => void> }
      gates.set(n, resolve)
    }),
)
/** How many bytes each has, then. */
const sizeWhenOpen = (n: number, ...data: { byteLength: number }[]) =>
  new Promise<string>((resolve) => {
    const { gates } = globalThis as unknown as { gates: Map<number, () => void> }
    gates.set(n, () => resolve(data.map(({ byteLength }) => byteLength).join()))
  })
const sized = delayed(sizeWhenOpen) as (n: number, ...data: object[]) => Task
class Mine extends Uint8Array {}
const length = (array: Uint8Array) => array.length
/** A function that was sent belongs to Node's realm, not to that of Jest. */
const realm = runInThisContext('globalThis') as object
beforeAll(() => Object.assign(realm, { gates, pass }))
afterAll(() => ['gates', 'pass'].map((name) => Reflect.deleteProperty(realm, name)))
beforeEach(() => gates.clear())

/** The clock of both sides stands still, unless the spec says otherwise. */
let time = 0
function pass(ms: number) {
  time += ms
}
beforeEach(() => {
  time = 1000
  jest.spyOn(clock, 'sharedNow').mockImplementation(() => time)
})
afterEach(() => jest.restoreAllMocks())

/** @param most how many workers can be had at all */
function poolOf(size: number, most = size + 5, initializer?: Task) {
  const { source, workers, kept } = workerSource(most)
  const pool = new WorkerPool(source, { initializer })
  pool.open(size)
  return { pool, workers, kept }
}

const call: Call = { nested: { level: 1 } }

function submit(
  pool: WorkerPool,
  start: number,
  tasks: Task[],
  controller = new AbortController(),
  isLast = true,
  of = call,
) {
  const outcomes: [index: number, Outcome][] = []
  const done = pool.submit(
    { call: of, start, tasks, isLast },
    (index, outcome) => void outcomes.push([index, outcome]),
    controller.signal,
  )
  return { outcomes, done, controller }
}

const settled = () => new Promise((resolve) => setImmediate(resolve))
const value = (n: number, result: string) => [n, { status: 'fulfilled', value: result }]
const lost = (n: number) => [
  n,
  { status: 'rejected', reason: expect.objectContaining({ code: 'PARFOR_WORKER_LOST', taskIndex: n }) },
]

async function open(n: number, result: string) {
  gates.get(n)?.(result)
  await settled()
}

/** Makes a worker's running task, and its batch, as old as that. */
function age(worker: InProcessWorker | undefined, ms: number, batchMs = ms) {
  const { words } = worker as InProcessWorker
  const own = turnOf(Atomics.load(words, Words.heldOf))
  Atomics.store(words, Words.started + own, clock.toStamp(time - ms))
  Atomics.store(words, Words.begun + own, clock.toStamp(time - batchMs))
}

/** The first arguments of the tasks that are in what a worker was sent. */
const argsSent = ({ requests }: InProcessWorker) =>
  requests.map((request) => (request.kind === 'run' ? firstArguments(request.batch) : []))

describe('WorkerPool', () => {
  it('starts as many workers as there are batches, and no more than its size', async () => {
    const { pool, workers } = poolOf(2)
    submit(pool, 0, [wait(0)])
    expect(workers).toHaveLength(1)
    submit(pool, 1, [wait(1)])
    submit(pool, 2, [wait(2)])
    expect(workers).toHaveLength(2)
    await pool.close({ force: true })
  })

  it('starts one worker ahead while more batches may come', async () => {
    const { pool, workers, kept } = poolOf(3)
    const { controller } = submit(pool, 0, [wait(0)], undefined, false)
    expect(workers.map(({ requests }) => requests.length)).toEqual([1, 0])
    submit(pool, 1, [wait(1)], controller, false)
    expect(workers.map(({ requests }) => requests.length)).toEqual([1, 1, 0])
    submit(pool, 2, [wait(2)], controller, false)
    expect(workers.map(({ requests }) => requests.length)).toEqual([1, 1, 1])
    await pool.close({ force: true })
    expect(workers.every(({ isEnded }) => isEnded)).toBe(true)
    expect(kept).toEqual([])
  })

  it('runs one batch on each worker, and the next when that is done', async () => {
    const { pool, workers } = poolOf(2)
    const jobs = [0, 1, 2].map((n) => submit(pool, n, [wait(n)]))
    for (const worker of workers) worker.start()
    await settled()
    expect([...gates.keys()]).toEqual([0, 1])
    await open(1, 'b')
    expect([...gates.keys()]).toEqual([0, 1, 2])
    await open(2, 'c')
    await open(0, 'a')
    await Promise.all(jobs.map(({ done }) => done))
    expect(jobs.map(({ outcomes }) => outcomes)).toEqual([[value(0, 'a')], [value(1, 'b')], [value(2, 'c')]])
    await pool.close()
  })

  it('lets a batch wait for whatever is free first: a worker that starts, or one that ends its batch', async () => {
    const { pool, workers } = poolOf(2)
    const first = submit(pool, 0, [wait(0)])
    workers[0]?.start()
    await settled()
    const second = submit(pool, 1, [wait(1)])
    expect(workers).toHaveLength(2)
    await open(0, 'a')
    await first.done
    expect(workers.map(({ requests }) => requests.length)).toEqual([2, 0])
    await open(1, 'b')
    await second.done
    await pool.close({ force: true })
  })

  it('counts what tasks take, and not what it takes to send what they are called with, or give', async () => {
    class Parcel {
      [Symbol.for('parfor.serialize')]() {
        const { pass } = globalThis as unknown as { pass: (ms: number) => void }
        pass(100)
        return 1
      }
      static [Symbol.for('parfor.deserialize')]() {
        const { pass } = globalThis as unknown as { pass: (ms: number) => void }
        pass(1000)
        return new Parcel()
      }
    }
    const take = delayed((parcel: Parcel, ms: number) => {
      const { pass } = globalThis as unknown as { pass: (ms: number) => void }
      pass(ms)
      return parcel
    })
    Object.assign(globalThis, { pass })
    const { pool, workers } = poolOf(1)
    const { done, outcomes } = submit(pool, 0, [take(new Parcel(), 3), take(new Parcel(), 4)])
    workers[0]?.start()
    expect(await done).toEqual({ duration: 7 })
    expect(outcomes.map(([, { status }]) => status)).toEqual(['fulfilled', 'fulfilled'])
    expect(time).toBeGreaterThan(1000 + 2 * 1100)
    Reflect.deleteProperty(globalThis, 'pass')
    await pool.close()
  })

  it.each([
    ['each as it comes, when that takes some milliseconds', undefined, [25, 50, 75, 100, 125, 150]],
    ['several together when nobody hears of each', true, [125, 125, 125, 125, 125, 150]],
  ])('tells outcomes, %s', async (_, isPatient, expected) => {
    const { pool, workers } = poolOf(1)
    const task = delayed(() => (globalThis as unknown as { pass: (ms: number) => void }).pass(25))
    const told: number[] = []
    const batch = {
      call: { nested: { level: 1 }, isPatient },
      start: 0,
      tasks: Array.from({ length: 6 }, () => task()),
    }
    const done = pool.submit(batch, () => void told.push(time - 1000), new AbortController().signal)
    workers[0]?.start()
    await done
    expect(told).toEqual(expected)
    await pool.close()
  })

  it('keeps the process alive while a worker runs a batch, and only then', async () => {
    const { pool, workers } = poolOf(1)
    const { done } = submit(pool, 0, [wait(0)])
    workers[0]?.start()
    await settled()
    expect(workers[0]?.isRef).toBe(true)
    await open(0, 'a')
    await done
    expect(workers[0]?.isRef).toBe(false)
    await pool.close()
  })

  it('gives its workers away when its last call has ended', async () => {
    const { pool, workers, kept } = poolOf(1)
    const { done } = submit(pool, 0, [wait(0)])
    workers[0]?.start()
    await settled()
    await open(0, 'a')
    await done
    expect(kept).toHaveLength(0)
    pool.endCall(call)
    expect(kept).toHaveLength(1)
    await pool.close()
    expect(workers[0]?.isEnded).toBe(true)
  })

  it('rejects the task that ran on a lost worker, and runs the others elsewhere', async () => {
    const { pool, workers } = poolOf(1)
    const { done, outcomes } = submit(pool, 5, [wait(5), wait(6), wait(7)])
    workers[0]?.start()
    await settled()
    await open(5, 'a')
    workers[0]?.die({ exitCode: 3 })
    await settled()
    workers[1]?.start()
    await settled()
    await open(7, 'c')
    await done
    expect(outcomes).toEqual([value(5, 'a'), lost(6), value(7, 'c')])
    await pool.close()
  })

  it.each([
    ['twice while it reads the batch', 3, true],
    ['six times before that', 7, false],
  ])(
    'runs a batch again when a worker dies before a task, and blames it when that happens %s, and to it alone',
    async (_, times, hasRead) => {
      const { pool, workers } = poolOf(1, 10)
      const { done, outcomes } = submit(pool, 0, [wait(0), wait(1)])
      for (let n = 0; n < times; n += 1) {
        expect(outcomes).toEqual([])
        workers[n]?.start()
        await settled()
        const opened = Atomics.load((workers[n] as InProcessWorker).words, Words.opened)
        workers[n]?.words.fill(0)
        if (hasRead) Atomics.store((workers[n] as InProcessWorker).words, Words.opened, opened)
        workers[n]?.die()
        await settled()
      }
      expect(outcomes).toEqual([lost(0)])
      workers[times]?.start()
      await settled()
      await open(1, 'b')
      await done
      expect(outcomes).toEqual([lost(0), value(1, 'b')])
      await pool.close()
    },
  )

  it('takes nothing that an earlier batch held back for an outcome of the one that is lost', async () => {
    const { pool, workers } = poolOf(1)
    const now = delayed((n: number) => n)
    const fail = delayed(() => {
      throw new Error('no')
    })
    const first = submit(pool, 0, [now(0), fail(), now(2), wait(3)])
    workers[0]?.start()
    await settled()
    await open(3, 'd')
    await first.done
    const { done, outcomes } = submit(pool, 4, [wait(4)])
    await settled()
    workers[0]?.die()
    await done
    expect(outcomes).toEqual([lost(4)])
    await pool.close()
  })

  it('rejects a batch when a worker ends before it has started', async () => {
    const { pool, workers } = poolOf(1)
    const { done, outcomes } = submit(pool, 0, [wait(0)])
    workers[0]?.die({ reason: 'no memory' })
    await expect(done).rejects.toMatchObject({ code: 'PARFOR_BACKEND', message: expect.stringContaining('no memory') })
    expect(outcomes).toEqual([])
    await pool.close()
  })

  it('makes do with the workers there are when no more can be started', async () => {
    const { pool, workers } = poolOf(2, 1)
    const jobs = [0, 1].map((n) => submit(pool, n, [wait(n)], undefined, n === 1))
    workers[0]?.start()
    await settled()
    await open(0, 'a')
    await open(1, 'b')
    await Promise.all(jobs.map(({ done }) => done))
    expect(jobs.map(({ outcomes }) => outcomes)).toEqual([[value(0, 'a')], [value(1, 'b')]])
    await pool.close()
  })

  it('rejects its batches when no worker at all can be started', async () => {
    const { pool } = poolOf(2, 0)
    const jobs = [0, 1].map((n) => submit(pool, n, [wait(n)]))
    for (const { done } of jobs)
      await expect(done).rejects.toMatchObject({
        code: 'PARFOR_BACKEND',
        message: 'No worker can be started: too many threads',
      })
    await pool.close()
  })

  it('ends the workers of an aborted signal only, and drops its waiting batches', async () => {
    const { pool, workers } = poolOf(2)
    const controller = new AbortController()
    const dropped = [0, 1].map((n) => submit(pool, n, [wait(n)], controller))
    const kept = submit(pool, 2, [wait(2)])
    for (const worker of workers) worker.start()
    await settled()
    controller.abort()
    await Promise.all(dropped.map(({ done }) => done))
    expect(workers.map(({ isEnded }) => isEnded)).toEqual([true, true, false])
    workers[2]?.start()
    await settled()
    await open(2, 'c')
    await kept.done
    expect([...dropped, kept].map(({ outcomes }) => outcomes)).toEqual([[], [], [value(2, 'c')]])
    await pool.close()
  })

  it('ends what runs of a call that is over, and drops what waits of it: of no other', async () => {
    const { pool, workers } = poolOf(2)
    const other: Call = { nested: { level: 1 } }
    const calls = [
      submit(pool, 0, [wait(0)]),
      submit(pool, 1, [wait(1)], undefined, true, other),
      submit(pool, 2, [wait(2)]),
    ]
    for (const worker of workers) worker.start()
    await settled()
    pool.endCall(call)
    await Promise.all([calls[0]?.done, calls[2]?.done])
    expect(workers.map(({ isEnded }) => isEnded)).toEqual([true, false])
    await open(1, 'b')
    await calls[1]?.done
    expect(calls.map(({ outcomes }) => outcomes)).toEqual([[], [value(1, 'b')], []])
    pool.endCall(other)
    await pool.close()
  })

  it('reports nothing that was on the way when the signal aborts', async () => {
    const { pool, workers } = poolOf(1)
    const { done, controller, outcomes } = submit(pool, 0, [wait(0), wait(1)])
    const [worker] = workers as [InProcessWorker]
    worker.start()
    await settled()
    worker.isSlow = true
    await open(0, 'a')
    controller.abort()
    await done
    expect([outcomes, worker.isEnded]).toEqual([[], true])
    await pool.close()
  })

  it('can be closed when a worker was lost with the last outcome of an aborted batch', async () => {
    const { pool, workers } = poolOf(1)
    const controller = new AbortController()
    const batch = { call, start: 0, tasks: [wait(0)], isLast: true }
    const onOutcome = () => {
      controller.abort()
      closing = pool.close()
      workers[0]?.die()
    }
    let closing: Promise<void> | undefined
    const done = pool.submit(batch, onOutcome, controller.signal)
    workers[0]?.start()
    await settled()
    await open(0, 'a')
    await Promise.all([done, closing])
    expect(closing).toBeDefined()
  })

  it('waits for its batches when it is closed, and not with force', async () => {
    const { pool, workers } = poolOf(1)
    const { done, outcomes } = submit(pool, 0, [wait(0)])
    workers[0]?.start()
    await settled()
    let isClosed = false
    const closing = pool.close().then(() => {
      isClosed = true
    })
    await settled()
    expect(isClosed).toBe(false)
    await open(0, 'a')
    await Promise.all([closing, done])
    expect(outcomes).toEqual([value(0, 'a')])
    expect(workers[0]?.isEnded).toBe(true)
  })

  it('lets calls take turns', async () => {
    const { pool, workers } = poolOf(1)
    const other: Call = { nested: { level: 1 } }
    for (const n of [0, 1, 2]) submit(pool, n, [wait(n)])
    submit(pool, 10, [wait(10)], undefined, true, other)
    workers[0]?.start()
    await settled()
    for (const n of [0, 10, 1]) {
      expect([...gates.keys()].at(-1)).toBe(n)
      await open(n, '')
    }
    await pool.close({ force: true })
  })

  it('starts no worker for calls that are over at the same moment', async () => {
    const { pool, workers } = poolOf(1)
    const calls = [0, 1, 2, 3].map((n) => submit(pool, n, [wait(n)], undefined, true, { nested: { level: 1 } }))
    workers[0]?.start()
    await settled()
    for (const { controller } of calls.slice(0, 3)) controller.abort()
    await Promise.all(calls.slice(0, 3).map(({ done }) => done))
    expect(workers.map(({ isEnded }) => isEnded)).toEqual([true, false])
    workers[1]?.start()
    await settled()
    expect([...gates.keys()]).toEqual([0, 3])
    await open(3, 'd')
    await calls[3]?.done
    expect(calls.map(({ outcomes }) => outcomes)).toEqual([[], [], [], [value(3, 'd')]])
    await pool.close()
  })

  describe('sends a batch behind the one that runs,', () => {
    beforeEach(() => jest.useFakeTimers({ doNotFake: ['setImmediate', 'queueMicrotask', 'nextTick'] }))
    afterEach(() => jest.useRealTimers())

    /** Each worker runs one, and has the next one: 0 and 2, 1 and 3. */
    async function twoEach(onWorkerEvent?: OnWorkerEvent) {
      const { source, workers } = workerSource(7)
      const pool = new WorkerPool(source, { onWorkerEvent })
      pool.open(2)
      const controller = new AbortController()
      const jobs = [0, 1].map((n) => submit(pool, n, [wait(n)], controller))
      for (const worker of workers) worker.start()
      await settled()
      jobs.push(...[2, 3].map((n) => submit(pool, n, [wait(n)], controller)))
      expect(workers.map(argsSent)).toEqual([
        [[0], [2]],
        [[1], [3]],
      ])
      expect([...gates.keys()]).toEqual([0, 1])
      return { pool, workers: workers as [InProcessWorker, InProcessWorker], jobs, controller }
    }
    const told = (jobs: readonly { outcomes: [number, Outcome][] }[]) => jobs.map(({ outcomes }) => outcomes)
    const isSettled = async (done: Promise<unknown>) => (await Promise.race([done, settled()])) !== undefined

    it('which goes on when that has ended, though nobody has heard of it', async () => {
      const { pool, workers, jobs } = await twoEach()
      workers[0].isSlow = true
      await open(0, 'a')
      expect([...gates.keys()]).toEqual([0, 1, 2])
      expect(told(jobs)).toEqual([[], [], [], []])
      workers[0].isSlow = false
      workers[0].deliver()
      await open(1, 'b')
      await open(2, 'c')
      await open(3, 'd')
      await Promise.all(jobs.map(({ done }) => done))
      expect(told(jobs)).toEqual(['a', 'b', 'c', 'd'].map((letter, n) => [value(n, letter)]))
      expect(workers.map(argsSent)).toEqual([
        [[0], [2]],
        [[1], [3]],
      ])
      await pool.close()
    })

    it('though several messages of the worker come at once', async () => {
      const { pool, workers, jobs } = await twoEach()
      workers[0].isSlow = true
      await open(0, 'a')
      await open(2, 'c')
      workers[0].isSlow = false
      workers[0].deliver()
      await settled()
      expect(told(jobs)).toEqual([[value(0, 'a')], [], [value(2, 'c')], []])
      await open(1, 'b')
      // The other worker was free: it has taken what was behind this one.
      await open(3, 'd')
      await Promise.all(jobs.map(({ done }) => done))
      expect(gates.size).toBe(4)
      await pool.close()
    })

    it('unless another one is free before that: each task runs once', async () => {
      const { pool, workers, jobs } = await twoEach()
      await open(0, 'a')
      await open(2, 'c')
      expect(workers.map(argsSent)).toEqual([
        [[0], [2], [3]],
        [[1], [3]],
      ])
      expect([...gates.keys()]).toEqual([0, 1, 2, 3])
      await open(1, 'b')
      expect(await isSettled((jobs[3] as { done: Promise<unknown> }).done)).toBe(false)
      await open(3, 'd')
      await Promise.all(jobs.map(({ done }) => done))
      expect(told(jobs)).toEqual(['a', 'b', 'c', 'd'].map((letter, n) => [value(n, letter)]))
      await pool.close()
    })

    it('and takes it back when that takes long', async () => {
      const { pool, workers, jobs } = await twoEach()
      age(workers[0], 60)
      jest.advanceTimersByTime(20)
      await open(1, 'b')
      jest.advanceTimersByTime(20)
      // Before this worker is free: it waits for none that is.
      expect(argsSent(workers[1])).toEqual([[1], [3], [2]])
      await open(3, 'd')
      await open(2, 'c')
      expect(told(jobs)).toEqual([[], [value(1, 'b')], [value(2, 'c')], [value(3, 'd')]])
      await open(0, 'a')
      await Promise.all(jobs.map(({ done }) => done))
      expect(gates.size).toBe(4)
      await pool.close()
    })

    it('and runs it elsewhere when the worker dies, however often', async () => {
      const { pool, workers } = poolOf(1, 20)
      const jobs = [submit(pool, 0, [wait(0)])]
      for (let n = 0; n < 8; n += 1) {
        workers[n]?.start()
        await settled()
        jobs.push(submit(pool, n + 1, [wait(n + 1)]))
        expect(argsSent(workers[n] as InProcessWorker)).toEqual([[n], [n + 1]])
        workers[n]?.die()
        await jobs[n]?.done
      }
      workers[8]?.start()
      await settled()
      await open(8, 'z')
      await jobs[8]?.done
      expect(told(jobs)).toEqual([...jobs.slice(0, 8).map((_, n) => [lost(n)]), [value(8, 'z')]])
      await pool.close()
    })

    it('and loses it when the worker dies of it', async () => {
      const events: unknown[] = []
      const { pool, workers, jobs } = await twoEach((event) => {
        if (event.type === 'lost') events.push(event)
      })
      workers[0].isSlow = true
      await open(0, 'a')
      workers[0].deliver()
      workers[0].die()
      await settled()
      expect(told(jobs)).toEqual([[value(0, 'a')], [], [lost(2)], []])
      expect(events).toEqual([expect.objectContaining({ workerId: 0, taskIndex: 2 })])
      await open(1, 'b')
      await open(3, 'd')
      await Promise.all(jobs.map(({ done }) => done))
      await pool.close()
    })

    it('and ends the worker that has gone on with it, when the call is over', async () => {
      const { pool, workers, jobs, controller } = await twoEach()
      for (const worker of workers) worker.isSlow = true
      await open(0, 'a')
      expect([...gates.keys()]).toEqual([0, 1, 2])
      controller.abort()
      await Promise.all(jobs.map(({ done }) => done))
      expect(workers.map(({ isEnded }) => isEnded)).toEqual([true, true])
      expect(told(jobs).flat()).toEqual([])
      const next = submit(pool, 7, [wait(7)])
      workers[2 as 0]?.start()
      await settled()
      await open(7, 'x')
      await next.done
      expect(next.outcomes).toEqual([value(7, 'x')])
      await pool.close()
    })

    it('and lets the worker be that has not, when what it ran is done', async () => {
      const { pool, workers, jobs, controller } = await twoEach()
      for (const { outcomes } of jobs.slice(0, 1))
        Object.defineProperty(outcomes, 'push', {
          value: () => {
            controller.abort()
            return 0
          },
        })
      await open(0, 'a')
      await Promise.all(jobs.map(({ done }) => done))
      // It had been told of the next one before it could be told of the end.
      expect(told(jobs).flat()).toEqual([])
      expect(workers[1].isEnded).toBe(true)
      await pool.close({ force: true })
    })

    it('and runs it elsewhere when a task has left an error behind', async () => {
      const { pool, workers, jobs } = await twoEach()
      jest.spyOn(process, 'emitWarning').mockImplementation(() => {})
      workers[0].spoil()
      await open(0, 'a')
      expect([...gates.keys()]).toEqual([0, 1])
      expect(workers[0].isEnded).toBe(true)
      workers[2 as 0]?.start()
      await settled()
      for (const [n, letter] of [
        [1, 'b'],
        [2, 'c'],
        [3, 'd'],
      ] as const)
        await open(n, letter)
      await Promise.all(jobs.map(({ done }) => done))
      expect(told(jobs)).toEqual(['a', 'b', 'c', 'd'].map((letter, n) => [value(n, letter)]))
      await pool.close()
    })

    it('unless another call begins: that one has its turn first', async () => {
      const { pool, jobs } = await twoEach()
      const other = submit(pool, 8, [wait(8)], undefined, true, { nested: { level: 1 } })
      await open(0, 'a')
      expect([...gates.keys()]).toEqual([0, 1, 8])
      await open(1, 'b')
      expect([...gates.keys()]).toEqual([0, 1, 8, 2])
      for (const n of [8, 2, 3]) await open(n, '')
      await Promise.all([...jobs, other].map(({ done }) => done))
      expect(gates.size).toBe(5)
      await pool.close()
    })

    it('and runs nothing of a call that is over while it is encoded', async () => {
      const { pool, workers } = poolOf(1)
      const controller = new AbortController()
      const first = submit(pool, 0, [wait(0)], controller)
      workers[0]?.start()
      await settled()
      const captured = { [Symbol.for('parfor.serialize')]: () => controller.abort() }
      const second = submit(pool, 1, [delayed(() => captured)()], controller)
      await Promise.all([first.done, second.done])
      workers[1]?.start()
      await settled()
      expect(workers.flatMap(argsSent)).toEqual([[0]])
      expect([...first.outcomes, ...second.outcomes]).toEqual([])
      await pool.close()
    })

    it('and runs nothing when it is closed now while that is encoded', async () => {
      const { pool, workers } = poolOf(1)
      const jobs = [submit(pool, 0, [wait(0)])]
      workers[0]?.start()
      await settled()
      let closed: Promise<void> | undefined
      const close = jest.fn(() => {
        closed = pool.close({ force: true })
      })
      const captured = { [Symbol.for('parfor.serialize')]: close }
      jobs.push(submit(pool, 1, [delayed(() => captured)()]))
      await Promise.all([closed, ...jobs.map(({ done }) => done)])
      expect(close).toHaveBeenCalledTimes(1)
      expect(workers.map(argsSent)).toEqual([[[0]]])
      const next = submit(pool, 2, [wait(2)])
      workers[1]?.start()
      await settled()
      expect(workers.map(argsSent)).toEqual([[[0]], [[2]]])
      await open(2, 'c')
      await next.done
      expect([...jobs, next].map(({ outcomes }) => outcomes)).toEqual([[], [], [value(2, 'c')]])
      await pool.close()
    })

    it('and runs it elsewhere when the worker is ended because it gets on no more', async () => {
      jest.spyOn(process, 'emitWarning').mockImplementation(() => {})
      const { pool, workers, jobs } = await twoEach()
      // Its task has ended, and what that has printed is never shown.
      Atomics.store(workers[0].words, Words.over + turnOf(1), 1)
      jest.advanceTimersByTime(10_000)
      await settled()
      expect(workers[0].isEnded).toBe(true)
      for (const n of [1, 3, 2]) await open(n, 'x')
      workers[2 as 0]?.start()
      await settled()
      for (const n of [3, 2]) await open(n, 'x')
      await Promise.all(jobs.map(({ done }) => done))
      expect(told(jobs)).toEqual([[lost(0)], [value(1, 'x')], [value(2, 'x')], [value(3, 'x')]])
      await pool.close()
    })

    it('and ends a worker that does not come by it, though its call is over: others wait for that worker', async () => {
      jest.spyOn(process, 'emitWarning').mockImplementation(() => {})
      const { pool, workers } = poolOf(1)
      const first = submit(pool, 0, [wait(0)])
      const [worker] = workers as [InProcessWorker]
      worker.start()
      await settled()
      worker.post = () => {} // what it is sent waits, from now on
      const behind = submit(pool, 1, [wait(1)])
      await open(0, 'a')
      behind.controller.abort()
      await Promise.all([first.done, behind.done])
      const next = submit(pool, 2, [wait(2)])
      expect([worker.isEnded, workers.length]).toEqual([false, 1])
      jest.advanceTimersByTime(10_000)
      await settled()
      expect([worker.isEnded, workers.length]).toEqual([true, 2])
      workers[1]?.start()
      await settled()
      await open(2, 'c')
      await next.done
      expect([...behind.outcomes, ...next.outcomes]).toEqual([value(2, 'c')])
      await pool.close()
    })

    it('and waits for it when it is closed', async () => {
      const { pool, jobs } = await twoEach()
      const closed = pool.close()
      for (const n of [0, 1, 2, 3]) await open(n, '')
      await closed
      expect(told(jobs).map(({ length }) => length)).toEqual([1, 1, 1, 1])
    })

    it('and drops it when it is closed now', async () => {
      const { pool, workers, jobs } = await twoEach()
      await pool.close({ force: true })
      await Promise.all(jobs.map(({ done }) => done))
      expect(workers.map(({ isEnded }) => isEnded)).toEqual([true, true])
      expect(told(jobs).flat()).toEqual([])
      expect(jest.getTimerCount()).toBe(0)
    })

    it('and what cannot be sent there keeps its place in the queue, and its call its turn', async () => {
      const { pool, workers } = poolOf(1)
      const other: Call = { nested: { level: 1 } }
      const jobs = [submit(pool, 0, [wait(0)])]
      workers[0]?.start()
      await settled()
      jobs.push(submit(pool, 1, [wait(1), delayed(Math.abs)(1)]), submit(pool, 2, [wait(2)]))
      for (const n of [3, 4]) jobs.push(submit(pool, n, [wait(n)], undefined, true, other))
      for (const n of [0, 3, 1, 4, 2]) {
        expect([...gates.keys()].at(-1)).toBe(n)
        await open(n, '')
        await settled()
      }
      await Promise.all(jobs.map(({ done }) => done))
      await pool.close()
    })

    it.each<[what: string, tasks: Task[], of: Call, options: object]>([
      ['whose function the worker does not have', [delayed((n: number) => n + 1)(5)], call, {}],
      ['of a function that its worker has not', [wait(5), delayed(length)(new Uint8Array(6))], call, {}],
      ['whose arguments are no numbers or binary data', [sized(5, new Map())], call, {}],
      ['whose arrays are of a class of the user', [sized(5, new Mine(6))], call, {}],
      ['that has much to be read', [sized(5, new Uint8Array(2 ** 20 + 1))], call, {}],
      ['that gives memory away', [sized(5, transfer(new Uint8Array(10)))], call, {}],
      ['of tasks with a timeout', [wait(5)], { nested: { level: 1 }, timeout: 1000 }, {}],
      ['of another call', [wait(5)], { nested: { level: 1 } }, {}],
      ['when workers are replaced by the count of their tasks', [wait(5)], call, { maxTasks: 100 }],
      ['when workers are replaced by their memory', [wait(5)], call, { maxMemory: 2 ** 40 }],
    ])('but none %s', async (_, tasks, of, options) => {
      const { source, workers } = workerSource(3)
      const pool = new WorkerPool(source, options)
      pool.open(1)
      const isData = tasks[0]?.fn === sized(0).fn
      const first = submit(
        pool,
        0,
        [isData ? sized(0) : wait(0)],
        undefined,
        true,
        of.timeout === undefined ? call : of,
      )
      workers[0]?.start()
      await settled()
      const second = submit(pool, 1, tasks, undefined, true, of)
      expect(workers[0]?.requests).toHaveLength(1)
      await open(0, 'a')
      await settled()
      await open(5, 'b')
      await settled()
      await Promise.all([first.done, second.done])
      expect(second.outcomes.map(([index]) => index)).toEqual(tasks.map((_, n) => 1 + n))
      await pool.close()
    })
  })

  it('sends tasks with binary data behind the one that runs', async () => {
    const { source, workers } = workerSource(1)
    const pool = new WorkerPool(source)
    pool.open(1)
    const first = submit(pool, 0, [sized(0, new Uint8Array(1))])
    workers[0]?.start()
    await settled()
    const arrays = [new Uint8Array(2), new Float64Array(new SharedArrayBuffer(24)), new ArrayBuffer(4)] as Uint8Array[]
    const second = submit(pool, 1, [sized(1, ...arrays)])
    const third = submit(pool, 2, [sized(2, new Uint8Array(5))])
    expect(workers[0]?.requests).toHaveLength(2)
    for (const n of [0, 1, 2]) await open(n, 'open')
    await Promise.all([first, second, third].map(({ done }) => done))
    expect([first, second, third].map(({ outcomes }) => outcomes)).toEqual([
      [value(0, '1')],
      [value(1, '2,24,4')],
      [value(2, '5')],
    ])
    await pool.close()
  })

  it('reads no argument of what cannot go behind: each task is encoded once', async () => {
    const { source, workers } = workerSource(1)
    const pool = new WorkerPool(source)
    pool.open(1)
    const encoded = jest.spyOn(Message.prototype, 'parcel')
    const jobs = [0, 1].map((n) => submit(pool, n, [sized(n, new Mine(n))]))
    workers[0]?.start()
    await settled()
    expect(encoded).toHaveBeenCalledTimes(1)
    for (const n of [0, 1]) await open(n, '')
    await Promise.all(jobs.map(({ done }) => done))
    expect(encoded).toHaveBeenCalledTimes(2)
    await pool.close()
  })

  it('sends nothing behind a task with much data: it is most often much again, and would be encoded in vain', async () => {
    const { source, workers } = workerSource(1)
    const pool = new WorkerPool(source)
    pool.open(1)
    const first = submit(pool, 0, [sized(0, new Uint8Array(2 ** 20 + 1))])
    workers[0]?.start()
    await settled()
    const second = submit(pool, 1, [wait(1)])
    const runs = () => workers[0]?.requests.filter(({ kind }) => kind === 'run').length
    expect(runs()).toBe(1)
    await open(0, 'a')
    expect(runs()).toBe(2)
    await open(1, 'b')
    await Promise.all([first.done, second.done])
    await pool.close()
  })

  describe('looks after', () => {
    beforeEach(() => jest.useFakeTimers({ doNotFake: ['setImmediate', 'queueMicrotask', 'nextTick'] }))
    afterEach(() => jest.useRealTimers())

    it('takes the places that calls inside its tasks have given back, though nobody tells of it', async () => {
      const { pool, workers } = poolOf(3)
      submit(pool, 0, [wait(0)])
      workers[0]?.start()
      await settled()
      const [request] = workers[0]?.requests ?? []
      const share = takeShare((request as { batch: RunBatch }).batch.place as Place, 2)
      expect(share.size).toBe(2)
      submit(pool, 1, [wait(1)])
      submit(pool, 2, [wait(2)])
      jest.advanceTimersByTime(5)
      expect(workers).toHaveLength(1)
      share.release()
      jest.advanceTimersByTime(5)
      expect(workers).toHaveLength(2)
      await pool.close({ force: true })
      expect(jest.getTimerCount()).toBe(0)
    })

    it('a batch whose task takes long: those behind it go elsewhere, ever more at a time', async () => {
      const { pool, workers } = poolOf(2)
      const { done, outcomes } = submit(
        pool,
        0,
        [0, 1, 2, 3, 4].map((n) => wait(n)),
      )
      const other = submit(pool, 9, [wait(9)])
      for (const worker of workers) worker.start()
      await settled()
      jest.advanceTimersByTime(5)
      expect(workers.map(argsSent)).toEqual([[[0, 1, 2, 3, 4]], [[9]]])
      age(workers[0], 50)
      jest.advanceTimersByTime(20)
      await open(9, '')
      await other.done
      for (const n of [1, 2, 3, 4]) await open(n, `${n}`)
      expect(workers.map(argsSent)[1]).toEqual([[9], [1], [2, 3], [4]])
      await open(0, '0')
      await done
      expect(outcomes.map(([index]) => index)).toEqual([1, 2, 3, 4, 0])
      expect(gates.size).toBe(6)
      await pool.close()
    })

    it('a worker that has nothing to do while another one has much: it gets a half', async () => {
      const { pool, workers } = poolOf(2)
      const first = submit(pool, 9, [wait(9)])
      const { done, outcomes } = submit(
        pool,
        0,
        [0, 1, 2, 3, 4, 5, 6].map((n) => wait(n)),
      )
      for (const worker of workers) worker.start()
      await settled()
      await open(9, '')
      await first.done
      age(workers[1], 4)
      jest.advanceTimersByTime(5)
      expect(workers.map(argsSent)).toEqual([[[9], [4, 5, 6]], [[0, 1, 2, 3, 4, 5, 6]]])
      await settled()
      for (const n of [4, 5, 6, 0, 1, 2, 3]) await open(n, `${n}`)
      await done
      expect(outcomes.map(([index]) => index)).toEqual([4, 5, 6, 0, 1, 2, 3])
      await pool.close()
    })

    it('nothing, when no task waits and all that was done is told', async () => {
      const { pool, workers } = poolOf(2)
      const { done, outcomes } = submit(pool, 0, [wait(0), wait(1)])
      workers[0]?.start()
      await settled()
      await open(0, '')
      age(workers[0], 20)
      jest.advanceTimersByTime(20)
      expect(outcomes).toHaveLength(1)
      const look = jest.spyOn(WorkerRun.prototype, 'look')
      jest.advanceTimersByTime(4000)
      expect(look).not.toHaveBeenCalled()
      await open(1, '')
      await done
      await pool.close()
    })

    it('all that have nothing to do, those that rest between calls too: each gets as much as the others', async () => {
      const { source, workers } = workerSource(3)
      source.linger = () => {}
      const pool = new WorkerPool(source)
      pool.open(3)
      const before: Call = { nested: { level: 1 } }
      const jobs = [7, 8, 9].map((n) => submit(pool, n, [wait(n)], undefined, true, before))
      for (const worker of workers) worker.start()
      await settled()
      for (const n of [7, 8, 9]) await open(n, '')
      await Promise.all(jobs.map(({ done }) => done))
      pool.endCall(before)
      const { done, outcomes } = submit(
        pool,
        0,
        [0, 1, 2, 3, 4, 5, 6].map((n) => wait(n)),
      )
      const [busy, ...resting] = [...workers].sort((one, other) => other.requests.length - one.requests.length)
      await settled()
      jest.advanceTimersByTime(2)
      expect(resting.map((worker) => argsSent(worker).length)).toEqual([1, 1])
      age(busy, 1)
      jest.advanceTimersByTime(2)
      await settled()
      expect([busy, ...resting].map((worker) => argsSent(worker as InProcessWorker).at(-1)).sort()).toEqual([
        [0, 1, 2, 3, 4, 5, 6],
        [3, 4],
        [5, 6],
      ])
      for (const n of [3, 5, 4, 6, 0, 1, 2]) await open(n, `${n}`)
      await done
      expect(outcomes).toHaveLength(7)
      await pool.close({ force: true })
    })

    it('the work of one worker that is worth to start another', async () => {
      const { pool, workers } = poolOf(3)
      submit(
        pool,
        0,
        [0, 1, 2].map((n) => wait(n)),
      )
      workers[0]?.start()
      await settled()
      jest.advanceTimersByTime(5)
      expect(workers).toHaveLength(1)
      age(workers[0], 10, 20)
      jest.advanceTimersByTime(5)
      expect(workers).toHaveLength(1)
      age(workers[0], 10, 60)
      jest.advanceTimersByTime(5)
      expect(workers).toHaveLength(2)
      await pool.close({ force: true })
    })

    it('a long task behind an initializer, too', async () => {
      const { pool, workers } = poolOf(2, 5, delayed(() => {})())
      const { done, outcomes } = submit(pool, 0, [wait(0), wait(1)])
      workers[0]?.start()
      await settled()
      await settled()
      age(workers[0], 60)
      jest.advanceTimersByTime(5)
      workers[1]?.start()
      for (let turn = 0; turn < 3; turn += 1) await settled()
      expect(gates.has(1)).toBe(true)
      await open(1, 'b')
      await open(0, 'a')
      await done
      expect(outcomes).toEqual([value(1, 'b'), value(0, 'a')])
      await pool.close()
    })

    it('nothing, while each worker has one task', async () => {
      const { pool, workers } = poolOf(2)
      for (const n of [0, 1]) submit(pool, n, [wait(n)])
      for (const worker of workers) worker.start()
      await settled()
      // One only, for whether they read what they were sent.
      expect(jest.getTimerCount()).toBe(1)
      await pool.close({ force: true })
      expect(jest.getTimerCount()).toBe(0)
    })

    it('a worker that does not read what it is sent: it is ended, and its tasks run elsewhere, once', async () => {
      const warnings = jest.spyOn(process, 'emitWarning').mockImplementation(() => {})
      const { pool, workers } = poolOf(1)
      const { done, outcomes } = submit(pool, 0, [wait(0), wait(1)])
      const [first] = workers as [InProcessWorker]
      jest.advanceTimersByTime(20_000)
      expect(first.isEnded).toBe(false) // it has not started yet
      first.post = () => {} // what it was sent waits, from now on
      first.start()
      await settled()
      await open(0, 'a')
      await open(1, 'b')
      await done
      const next = submit(pool, 2, [wait(2), wait(3)])
      jest.advanceTimersByTime(9999)
      expect([first.isEnded, workers.length]).toEqual([false, 1])
      jest.advanceTimersByTime(1)
      expect([first.isEnded, workers.length]).toEqual([true, 2])
      expect(warnings).toHaveBeenCalledWith(
        expect.stringContaining('blocked'),
        expect.objectContaining({ code: 'PARFOR_BLOCKED' }),
      )
      workers[1]?.start()
      await settled()
      await open(2, 'c')
      await open(3, 'd')
      await next.done
      expect([outcomes, next.outcomes]).toEqual([
        [value(0, 'a'), value(1, 'b')],
        [value(2, 'c'), value(3, 'd')],
      ])
      await pool.close()
    })

    it('a worker that begins at the last moment is left alone, with the task that it began', async () => {
      const { pool, workers } = poolOf(1)
      const { done, outcomes } = submit(pool, 0, [wait(0)])
      workers[0]?.start()
      await settled()
      await open(0, 'a')
      await done
      const [worker] = workers as [InProcessWorker]
      const { post } = worker
      let begin = () => {}
      worker.post = (request) => {
        begin = () => post(request)
      }
      const next = submit(pool, 1, [wait(1)])
      const { store } = Atomics
      const spy: jest.SpyInstance<number, [Int32Array, number, number]> = jest.spyOn(Atomics, 'store') as never
      spy.mockImplementation((words, at, written) => {
        if (words !== worker.words || at !== Words.limit + turnOf(2)) return store(words, at, written)
        spy.mockRestore()
        Atomics.store(words, Words.opened, 2)
        return store(words, at, written)
      })
      jest.advanceTimersByTime(10_000)
      expect(worker.isEnded).toBe(false)
      worker.post = post
      begin()
      await settled()
      await open(1, 'b')
      await next.done
      expect([...outcomes, ...next.outcomes]).toEqual([value(0, 'a'), value(1, 'b')])
      await pool.close()
    })

    describe('the time that a task may take:', () => {
      const limited: Call = { nested: { level: 1 }, timeout: 100 }
      const timedOut = (n: number) => [
        n,
        { status: 'rejected', reason: expect.objectContaining({ code: 'PARFOR_TIMEOUT', taskIndex: n, timeout: 100 }) },
      ]

      it('one that runs for longer fails, its worker is ended, and the others run elsewhere', async () => {
        const { pool, workers } = poolOf(1)
        const { done, outcomes } = submit(
          pool,
          5,
          [5, 6, 7].map((n) => wait(n)),
          undefined,
          true,
          limited,
        )
        workers[0]?.start()
        await settled()
        await open(5, 'a')
        age(workers[0], 100)
        jest.advanceTimersByTime(100)
        expect(outcomes).toEqual([value(5, 'a'), timedOut(6)])
        expect(workers[0]?.isEnded).toBe(true)
        workers[1]?.start()
        await settled()
        await open(7, 'c')
        // What the late one took counts, or the next batches would grow.
        expect((await done).duration).toBeGreaterThanOrEqual(100)
        expect(outcomes).toEqual([value(5, 'a'), timedOut(6), value(7, 'c')])
        await pool.close()
      })

      it('it begins when the task does, not when it is sent', async () => {
        const { pool, workers } = poolOf(1)
        const { outcomes } = submit(pool, 0, [wait(0)], undefined, true, limited)
        jest.advanceTimersByTime(1000)
        workers[0]?.start()
        await settled()
        age(workers[0], 60)
        jest.advanceTimersByTime(100)
        expect(outcomes).toEqual([])
        age(workers[0], 100)
        jest.advanceTimersByTime(39)
        expect(outcomes).toEqual([])
        jest.advanceTimersByTime(3)
        expect(outcomes).toEqual([timedOut(0)])
        await pool.close({ force: true })
      })

      it('a task whose outcome was on the way has not run for too long', async () => {
        const { pool, workers } = poolOf(1)
        const { done, outcomes } = submit(pool, 0, [wait(0), wait(1)], undefined, true, limited)
        const [worker] = workers as [InProcessWorker]
        worker.start()
        await settled()
        worker.isSlow = true
        await open(0, 'a')
        await open(1, 'b')
        // As if it had not yet come to announce the end of the last one.
        Atomics.store(worker.words, Words.running, 2)
        age(worker, 200)
        jest.advanceTimersByTime(100)
        await done
        expect([outcomes, worker.isEnded]).toEqual([[value(0, 'a'), value(1, 'b')], false])
        await pool.close()
      })

      it('nor one whose outcome comes while its worker is being ended: that is not told twice', async () => {
        const { pool, workers } = poolOf(1)
        const { done, outcomes } = submit(pool, 0, [wait(0)], undefined, true, limited)
        const [worker] = workers as [InProcessWorker]
        worker.start()
        await settled()
        worker.isSlow = true
        await open(0, 'a')
        Atomics.store(worker.words, Words.running, 1)
        age(worker, 200)
        const { deliver } = worker
        let asked = 0
        worker.deliver = () => {
          asked += 1
          if (asked > 2) deliver()
        }
        jest.advanceTimersByTime(100)
        await done
        expect([outcomes, asked, worker.isEnded]).toEqual([[value(0, 'a')], 3, true])
        await pool.close()
      })

      it('nothing behind it begins any more: it runs once, elsewhere', async () => {
        const { pool, workers } = poolOf(1)
        const { done, outcomes } = submit(pool, 0, [wait(0), wait(1)], undefined, true, limited)
        const [worker] = workers as [InProcessWorker]
        worker.start()
        await settled()
        age(worker, 200)
        const limits: number[] = []
        const { deliver } = worker
        worker.deliver = () => {
          limits.push(Atomics.load(worker.words, Words.limit))
          deliver()
        }
        jest.advanceTimersByTime(100)
        expect([outcomes, limits[0], worker.isEnded]).toEqual([[timedOut(0)], 1, true])
        workers[1]?.start()
        await settled()
        await open(1, 'b')
        await done
        expect([outcomes, argsSent(workers[1] as InProcessWorker)]).toEqual([[timedOut(0), value(1, 'b')], [[1]]])
        await pool.close()
      })

      it('nor one whose outcome has come before its worker has announced the next', async () => {
        const { pool, workers } = poolOf(1)
        const { done, outcomes } = submit(pool, 0, [wait(0), wait(1)], undefined, true, limited)
        const [worker] = workers as [InProcessWorker]
        worker.start()
        await settled()
        await open(0, 'a')
        // It is posted while the next one waits.
        await settled()
        Atomics.store(worker.words, Words.running, 1)
        age(worker, 200)
        jest.advanceTimersByTime(100)
        expect([outcomes, worker.isEnded]).toEqual([[value(0, 'a')], false])
        Atomics.store(worker.words, Words.running, 2)
        await open(1, 'b')
        await done
        expect(outcomes).toEqual([value(0, 'a'), value(1, 'b')])
        await pool.close()
      })

      it('no timer is left of a task that is done', async () => {
        const { pool, workers } = poolOf(1)
        const { done } = submit(pool, 0, [wait(0)], undefined, true, limited)
        workers[0]?.start()
        await settled()
        expect(jest.getTimerCount()).toBe(2)
        await open(0, 'a')
        await done
        expect(jest.getTimerCount()).toBe(1)
        await pool.close()
        expect(jest.getTimerCount()).toBe(0)
      })
    })
  })
})
