import { holdsUp, inEvenParts, inGrowingParts, isLong, mostWaiting, nextLook } from '../../lib/backends/moving'
import type { Look, WorkerRun } from '../../lib/backends/worker-run'

/** A part whose worker runs a task, with so many behind it that take `average` milliseconds each. */
const part = (name: string, waiting: number, average: number) => ({
  name,
  run: { look: () => ({ position: 0, elapsed: 1, average, waiting }) } as unknown as WorkerRun,
})
const idle = { name: 'idle', run: { look: () => undefined } as unknown as WorkerRun }
const unsent = { name: 'unsent', run: undefined }

const look = (elapsed: number): Look => ({ position: 0, elapsed, average: 1, waiting: 1 })

describe('A task', () => {
  it('is long when it has run for 20 ms', () => {
    expect([0, 19, 20, 5000].map((elapsed) => isLong(look(elapsed)))).toEqual([false, false, true, true])
  })

  it('holds up what is behind it when it has run for 50 ms', () => {
    expect([0, 49, 50, 5000].map((elapsed) => holdsUp(look(elapsed)))).toEqual([false, false, true, true])
    expect(holdsUp({ ...look(5000), waiting: 0 })).toBe(false)
  })
})

describe('A look', () => {
  const due = (...elapsed: (number | undefined)[]) =>
    nextLook(
      false,
      false,
      elapsed.map((one) => (one === undefined ? undefined : look(one))),
    )

  it('is due when the first task may be long, or hold others up, and 5 ms later at the earliest', () => {
    expect([due(), due(undefined), due(0), due(12), due(19)]).toEqual([20, 20, 20, 8, 5])
    expect([due(20), due(40), due(48), due(500)]).toEqual([20, 10, 5, 5])
    expect(due(3, undefined, 13, 30)).toBe(7)
  })

  it('is due sooner when somebody is there to help, or a place may be', () => {
    expect([nextLook(true, false, []), nextLook(true, true, []), nextLook(false, true, [])]).toEqual([2, 2, 5])
  })
})

describe('mostWaiting', () => {
  it('is where the most time of work waits, not the most tasks', () => {
    const most = mostWaiting([idle, part('many', 100, 0.1), unsent, part('much', 2, 30), part('little', 1, 5)], 0)
    expect(most).toMatchObject({ part: { name: 'much' }, tasks: 2 })
  })

  it('is nothing when it would take less than 1 ms', () => {
    expect(mostWaiting([idle, unsent, part('a', 10, 0.09)], 0)).toBeUndefined()
    expect(mostWaiting([part('a', 10, 0.1)], 0)).toMatchObject({ part: { name: 'a' } })
    expect(mostWaiting([], 0)).toBeUndefined()
  })

  it('is for as many others as it has milliseconds', () => {
    expect([0.1, 0.39, 1].map((average) => mostWaiting([part('a', 10, average)], 0)?.helpers)).toEqual([1, 3, 10])
  })

  it('is worth a worker that has to be started when it is more than 50 ms', () => {
    const isWorthAWorker = (average: number) => mostWaiting([part('a', 10, average)], 0)?.isWorthAWorker
    expect([1, 5, 5.1, 100].map(isWorthAWorker)).toEqual([false, false, true, true])
  })
})

describe('Even parts', () => {
  it('differ by one task at most, and hold each once', () => {
    expect(inEvenParts([3, 4, 5, 6, 7], 2)).toEqual([
      [3, 4, 5],
      [6, 7],
    ])
    expect(inEvenParts([3, 4], 3)).toEqual([[3], [4]])
    expect(inEvenParts([], 3)).toEqual([])
  })
})

describe('Growing parts', () => {
  it('are one task, then twice as many each time, and hold each once', () => {
    expect(inGrowingParts([3, 4, 5, 6, 7, 8, 9, 10, 11])).toEqual([[3], [4, 5], [6, 7, 8, 9], [10, 11]])
    expect(inGrowingParts([])).toEqual([])
  })
})
