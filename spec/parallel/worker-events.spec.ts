import { threadId } from 'node:worker_threads'
import { delayed, Parallel, shutdown, taskInfo, type WorkerEvent } from '../../lib'
import { runProgram } from '../support/program'
import { add, counters, reached, waitFor } from './counters'
import { identity, range } from './tasks'
import { threadExits } from './thread-exits'

/** What is told, in order, and how to wait for it. */
function listener() {
  const events: WorkerEvent[] = []
  let look = () => {}
  return {
    events,
    onWorkerEvent(event: WorkerEvent) {
      events.push(event)
      look()
    },
    types: () => events.map(({ type }) => type),
    told: (type: WorkerEvent['type'], times: number) =>
      new Promise<void>((resolve) => {
        look = () => {
          if (events.filter((event) => event.type === type).length >= times) resolve()
        }
        look()
      }),
  }
}

const exit = delayed((code: number) => process.exit(code))

/**
 * Makes a Parallel of two workers use both, and then one of them in a call that goes on.
 *
 * @returns ends that call
 */
async function usingOneOfTwo(parallel: Parallel): Promise<() => Promise<unknown>> {
  const gates = counters(3)
  const pass = delayed((at: number) => {
    add(gates, at)
    waitFor(gates, 2)
  })
  const both = parallel([pass(0), pass(1)])
  await Promise.all([reached(gates, 0), reached(gates, 1)])
  add(gates, 2)
  await both
  Atomics.store(gates, 2, 0)
  const call = parallel([pass(0)])
  await reached(gates, 0, 2)
  return () => {
    add(gates, 2)
    return call
  }
}

describe('onWorkerEvent', () => {
  beforeEach(() => shutdown()) // workers that others have left are not told as spawned

  it('tells of every worker that is started, and of its end', async () => {
    const { events, onWorkerEvent } = listener()
    const parallel = Parallel({ nJobs: 2, batchSize: 1, onWorkerEvent })
    const met = counters()
    const meet = delayed((n: number) => {
      add(met)
      while (Atomics.load(met, 0) < 2);
      return n
    })
    expect(await parallel([meet(0), meet(1)])).toEqual([0, 1])
    const [first, second] = events.map(({ workerId }) => workerId) as [number, number]
    expect(events).toEqual([
      { type: 'spawned', workerId: first },
      { type: 'spawned', workerId: second },
    ])
    await parallel.close()
    expect(events.slice(2)).toEqual(
      expect.arrayContaining(
        [first, second].map((workerId) => ({ type: 'exited', workerId, reason: 'its Parallel or Pool was closed' })),
      ),
    )
    expect(events).toHaveLength(4)
  })

  it('names workers as errors do, and the task that was lost with one, before the call has failed', async () => {
    const { events, onWorkerEvent } = listener()
    await using parallel = Parallel({ nJobs: 1, backend: 'threads', onWorkerEvent })
    const error: unknown = await parallel([identity(0), identity(1), exit(3)]).catch((error: unknown) => error)
    expect(events).toEqual([
      { type: 'spawned', workerId: taskInfo(error)?.workerId },
      { type: 'lost', workerId: taskInfo(error)?.workerId, reason: 'it exited with code 3', taskIndex: 2 },
    ])
  })

  it('tells of a worker that is lost while it does nothing', async () => {
    const { events, onWorkerEvent, told } = listener()
    await using parallel = Parallel({ nJobs: 1, backend: 'threads', onWorkerEvent })
    await parallel([delayed(() => void setImmediate(() => process.exit(4)))()])
    await told('lost', 1)
    expect(events.at(-1)).toEqual({ type: 'lost', workerId: expect.any(Number), reason: 'it exited with code 4' })
  })

  it('tells why workers are replaced, and of the end of each', async () => {
    const { events, onWorkerEvent } = listener()
    const parallel = Parallel({ nJobs: 1, backend: 'threads', maxTasksPerWorker: 2, onWorkerEvent })
    const threads = await parallel(range(6).map(() => delayed(() => threadId)()))
    await parallel.close()
    const of = (type: string) => events.filter((event) => event.type === type)
    expect(of('recycled')).toHaveLength(new Set(threads).size)
    for (const event of of('recycled')) expect(event.reason).toBe('it has run 2 tasks, and maxTasksPerWorker is 2')
    expect(
      of('exited')
        .map(({ workerId }) => workerId)
        .sort(),
    ).toEqual(
      of('spawned')
        .map(({ workerId }) => workerId)
        .sort(),
    )
  })

  it.each([
    ['timeout', { timeout: 50 }, { reason: expect.stringContaining('timeout of 50 ms'), taskIndex: 0 }],
    ['another task', {}, { reason: 'the call was over that it ran a task of' }],
  ])('tells that a worker was ended because of %s', async (_, options, expected) => {
    const { events, onWorkerEvent, told } = listener()
    await using parallel = Parallel({ nJobs: 2, batchSize: 1, onWorkerEvent, ...options })
    const isStuck = counters()
    const stuck = delayed(() => {
      add(isStuck)
      for (;;);
    })
    const fail = delayed((waits: boolean) => {
      while (waits && Atomics.load(isStuck, 0) === 0);
      if (waits) throw new RangeError('no')
    })
    await expect(parallel([stuck(), fail(!('timeout' in options))])).rejects.toThrow()
    await told('exited', 1)
    expect(events.filter(({ type }) => type === 'exited')).toEqual([
      { type: 'exited', workerId: expect.any(Number), ...expected },
    ])
    await reached(isStuck)
  })

  it('tells of workers that were idle for long enough', async () => {
    const { onWorkerEvent, events, told } = listener()
    await Parallel({ nJobs: 2, idleTimeout: 20, onWorkerEvent })([identity(1)])
    await told('exited', 1)
    expect(events.find(({ type }) => type === 'exited')?.reason).toBe('it was idle for as long as idleTimeout says')
  })

  it('tells of shutdown()', async () => {
    const { onWorkerEvent, types, events } = listener()
    await Parallel({ nJobs: 1, backend: 'threads', onWorkerEvent })([identity(1)])
    await shutdown()
    expect(types()).toEqual(['spawned', 'exited'])
    expect(events[1]?.reason).toBe('shutdown() was called')
  })

  it('tells of shutdown() when a call ends that ran meanwhile, though the next one follows at once', async () => {
    const { onWorkerEvent, types } = listener()
    const parallel = Parallel({ nJobs: 1, backend: 'threads', onWorkerEvent })
    const gates = counters(2)
    const pass = delayed(() => {
      add(gates)
      waitFor(gates, 1)
      return threadId
    })
    const call = parallel([pass()])
    await reached(gates)
    await shutdown()
    add(gates, 1)
    const threads = [...(await call), ...(await parallel([pass()])), ...(await parallel([pass()]))]
    expect(threads[1]).not.toBe(threads[0])
    expect(threads[2]).toBe(threads[1])
    expect(types().sort()).toEqual(['exited', 'spawned', 'spawned'])
    await parallel.close()
  })

  it('tells of workers that are free when shutdown() is called, also of a Parallel with a call', async () => {
    const { onWorkerEvent, types, told } = listener()
    const parallel = Parallel({ nJobs: 2, backend: 'threads', batchSize: 1, onWorkerEvent })
    const end = await usingOneOfTwo(parallel)
    await shutdown()
    expect(types()).toEqual(['spawned', 'spawned', 'exited'])
    await end()
    await parallel.close()
    await told('exited', 2)
  })

  it('tells of no other worker when those that a call does not need are taken by another Parallel', async () => {
    const first = Parallel({ nJobs: 2, backend: 'threads', batchSize: 1 })
    const { onWorkerEvent, types } = listener()
    const second = Parallel({ nJobs: 1, backend: 'threads', onWorkerEvent })
    const end = await usingOneOfTwo(first)
    expect(await second([identity(7)])).toEqual([7])
    expect(types()).toEqual([])
    await end()
    await Promise.all([first.close(), second.close()])
  })

  it('tells of a worker that cannot start', async () => {
    const { onWorkerEvent, types } = listener()
    await using parallel = Parallel({
      nJobs: 1,
      backend: 'threads',
      execArgv: ['--require', './none.cjs'],
      onWorkerEvent,
    })
    await expect(parallel([identity(1)])).rejects.toMatchObject({ code: 'PARFOR_BACKEND' })
    expect(types()).toEqual(['spawned', 'lost'])
  })

  it('tells nothing of workers that it finds, until they end', async () => {
    await Parallel({ nJobs: 1, backend: 'threads' })([identity(1)])
    const { onWorkerEvent, types } = listener()
    const parallel = Parallel({ nJobs: 1, backend: 'threads', onWorkerEvent })
    await parallel([identity(1)])
    expect(types()).toEqual([])
    await parallel.close()
    expect(types()).toEqual(['exited'])
  })

  it('tells nothing of the calling thread', async () => {
    const { onWorkerEvent, types } = listener()
    await using parallel = Parallel({ nJobs: 1, onWorkerEvent })
    await parallel([identity(1)])
    expect(types()).toEqual([])
  })

  describe('whose listener acts', () => {
    it.each(['terminate', 'close'] as const)('can %s the Parallel, which leaves no worker behind', async (end) => {
      using threads = threadExits()
      const ended: Promise<void>[] = []
      const parallel = Parallel({
        nJobs: 2,
        onWorkerEvent({ type }) {
          if (type === 'spawned' && ended.length === 0) ended.push(parallel[end]())
        },
      })
      const call = parallel([identity(1)]).catch((error: Error) => error.name)
      expect(await call).toEqual(end === 'close' ? [1] : 'DisposedError')
      await Promise.all(ended)
      await threads.allExited()
    })

    it('can make calls, and no more tasks run at once than there are workers', async () => {
      const [running, most] = [counters(), counters()]
      const task = delayed((n: number) => {
        const now = Atomics.add(running, 0, 1) + 1
        while (Atomics.load(most, 0) < now) Atomics.store(most, 0, now)
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10)
        Atomics.sub(running, 0, 1)
        return n
      })
      const more: Promise<number[]>[] = []
      await using parallel = Parallel({
        nJobs: 2,
        maxTasksPerWorker: 2,
        onWorkerEvent() {
          if (more.length < 8) more.push(parallel([task(7), task(8)]))
        },
      })
      expect(await parallel(range(6).map((n) => task(n)))).toEqual(range(6))
      expect(await Promise.all(more)).toEqual(range(8).map(() => [7, 8]))
      expect(most[0]).toBeLessThanOrEqual(2)
    })

    it('can abort the call of a lost task, which is not run again then', async () => {
      const runs = counters()
      const controller = new AbortController()
      await using parallel = Parallel({
        nJobs: 2,
        retries: 1,
        onWorkerEvent({ type }) {
          if (type === 'lost') controller.abort(new Error('enough'))
        },
      })
      const dying = delayed(() => {
        add(runs)
        process.exit(3)
      })
      await expect(parallel([dying()], { signal: controller.signal })).rejects.toThrow('enough')
      await parallel([identity(1), identity(2)])
      expect(runs[0]).toBe(1)
    })

    it('and throws is an uncaught error of the program', async () => {
      const { code, stderr } = await runProgram({
        'main.mjs': `import { delayed, Parallel } from 'parfor'
          const onWorkerEvent = () => { throw new RangeError('in a listener') }
          await Parallel({ nJobs: 2, onWorkerEvent })([delayed(Math.sqrt)(4)])`,
      })
      expect([code, stderr]).toEqual([1, expect.stringContaining('RangeError: in a listener')])
    })
  })
})
