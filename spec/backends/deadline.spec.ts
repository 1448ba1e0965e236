import { attend, guard } from '../../lib/backends/deadline'
import type { WorkerClient } from '../../lib/backends/worker-client'
import type { WorkerRun } from '../../lib/backends/worker-run'

beforeEach(() => jest.useFakeTimers())
afterEach(() => jest.useRealTimers())

/** A worker whose tasks begin when the spec says so. */
function worker() {
  let task: { position: number; since: number } | undefined
  const now = () => jest.now()
  const run = {
    look: () => task && { position: task.position, elapsed: Math.floor(now() - task.since), average: 1, waiting: 0 },
  } as unknown as WorkerRun
  return {
    run,
    begins: (position: number) => {
      task = { position, since: now() }
    },
    isDone: () => {
      task = undefined
    },
  }
}

describe('A guard', () => {
  it('tells of a task when it has taken too long, by its own start', () => {
    const { run, begins } = worker()
    const late: number[] = []
    const stop = guard(run, 100, (position) => {
      late.push(position)
      stop()
    })
    jest.advanceTimersByTime(60)
    begins(4)
    jest.advanceTimersByTime(99)
    expect(late).toEqual([])
    jest.advanceTimersByTime(1)
    expect(late).toEqual([4])
    expect(jest.getTimerCount()).toBe(0)
  })

  it('tells of none that are done in time, however many follow each other', () => {
    const { run, begins } = worker()
    const onLate = jest.fn()
    const stop = guard(run, 100, onLate)
    for (let n = 0; n < 20; n += 1) {
      begins(n)
      jest.advanceTimersByTime(90)
    }
    expect(onLate).not.toHaveBeenCalled()
    stop()
  })

  it('waits as long as nothing has begun', () => {
    const { run, begins, isDone } = worker()
    const onLate = jest.fn()
    const stop = guard(run, 100, onLate)
    jest.advanceTimersByTime(5000)
    begins(0)
    jest.advanceTimersByTime(50)
    isDone()
    jest.advanceTimersByTime(5000)
    expect(onLate).not.toHaveBeenCalled()
    stop()
  })

  it('looks again soon when that was not the end: its outcome may have been on its way', () => {
    const { run, begins } = worker()
    const late: number[] = []
    const stop = guard(run, 100, (position) => {
      late.push(position)
      if (late.length === 1) begins(1)
    })
    begins(0)
    jest.advanceTimersByTime(199)
    expect(late).toEqual([0])
    jest.advanceTimersByTime(1)
    expect(late).toEqual([0, 1])
    jest.advanceTimersByTime(3)
    expect(late).toEqual([0, 1, 1, 1, 1])
    stop()
  })

  it('looks no more once it is stopped, also when that is while it tells', () => {
    const { run, begins } = worker()
    const onLate = jest.fn()
    begins(0)
    const stop = guard(run, 100, onLate)
    jest.advanceTimersByTime(50)
    stop()
    jest.advanceTimersByTime(500)
    expect([onLate.mock.calls.length, jest.getTimerCount()]).toEqual([0, 0])
  })

  it('does not keep the process alive', () => {
    jest.useRealTimers()
    const timers = jest.spyOn(globalThis, 'setTimeout')
    const stop = guard(worker().run, 1000, () => {})
    const timer: NodeJS.Timeout | undefined = timers.mock.results[0]?.value
    expect(timer?.hasRef()).toBe(false)
    stop()
    timers.mockRestore()
  })
})

describe('Somebody who attends a worker', () => {
  /** A worker, and what it waits for. */
  function waiting() {
    const state: { isReady: boolean; waitsFor: string | undefined } = { isReady: true, waitsFor: undefined }
    const onBlocked = jest.fn()
    const one = { worker: state as unknown as WorkerClient, run: state as unknown as WorkerRun }
    const busy = [one]
    const { begin, end } = attend(() => busy, onBlocked)
    begin()
    begin() // for the next run: there is one timer
    return { state, onBlocked, busy, begin, stop: end }
  }

  it('tells when it has waited for the same for five to ten seconds, and again', () => {
    const { state, onBlocked, stop } = waiting()
    jest.advanceTimersByTime(4000)
    state.waitsFor = 'message 1'
    jest.advanceTimersByTime(5999)
    expect(onBlocked).not.toHaveBeenCalled()
    jest.advanceTimersByTime(1)
    expect(onBlocked).toHaveBeenCalledTimes(1)
    jest.advanceTimersByTime(5000)
    expect(onBlocked).toHaveBeenCalledTimes(2)
    stop()
    expect(jest.getTimerCount()).toBe(0)
  })

  it('looks no more when nobody is busy, until somebody is again', () => {
    const { state, onBlocked, busy, begin, stop } = waiting()
    const [one] = busy.splice(0)
    jest.advanceTimersByTime(5000)
    expect(jest.getTimerCount()).toBe(0)
    busy.push(one as NonNullable<typeof one>)
    state.waitsFor = 'message 1'
    begin()
    jest.advanceTimersByTime(10_000)
    expect(onBlocked).toHaveBeenCalledTimes(1)
    stop()
  })

  it('does not take another message for the same', () => {
    const { state, onBlocked, stop } = waiting()
    for (let n = 0; n < 5; n += 1) {
      state.waitsFor = `message ${n}`
      jest.advanceTimersByTime(5000)
    }
    state.waitsFor = undefined
    jest.advanceTimersByTime(60_000)
    expect(onBlocked).not.toHaveBeenCalled()
    stop()
  })

  it('waits for one that has not started', () => {
    const { state, onBlocked, stop } = waiting()
    Object.assign(state, { isReady: false, waitsFor: 'message 1' })
    jest.advanceTimersByTime(60_000)
    state.isReady = true
    jest.advanceTimersByTime(9999)
    expect(onBlocked).not.toHaveBeenCalled()
    jest.advanceTimersByTime(1)
    expect(onBlocked).toHaveBeenCalledTimes(1)
    stop()
  })
})
