import { type Moment, startVerbosity } from '../../lib/progress/verbosity'

// Everything expected here was recorded from joblib 1.6.0: calls of its `Parallel(n_jobs=2)` on a backend of the
// recording's own, which completed batches one by one, in order, each 80 ms after the one before by joblib's clock.

interface Call {
  readonly tasks: number
  /** Whether joblib knew the length: it was given a list, not a generator. */
  readonly known: boolean
  readonly preDispatched: number
}

const list: Call = { tasks: 30, known: true, preDispatched: 4 }
const longList: Call = { tasks: 100, known: true, preDispatched: 4 }
const generator: Call = { tasks: 100, known: false, preDispatched: 4 }
const farAhead: Call = { tasks: 30, known: false, preDispatched: 12 }
/** `pre_dispatch='all'`: joblib then takes 0 for the number. */
const allOfList: Call = { tasks: 30, known: true, preDispatched: 0 }
const allOfLongList: Call = { tasks: 100, known: true, preDispatched: 0 }
const allOfGenerator: Call = { tasks: 20, known: false, preDispatched: 0 }

/** The moments of such a call in joblib, with batches of one task: it finds the end when it asks for one more. */
function momentsOf({ tasks, known, preDispatched }: Call): Moment[] {
  return Array.from({ length: tasks }, (_, index) => {
    const dispatched = preDispatched === 0 ? tasks : Math.min(tasks, index + preDispatched)
    return {
      completed: index + 1,
      dispatched,
      batches: dispatched,
      total: known ? tasks : undefined,
      isDispatching: preDispatched !== 0 && index + preDispatched <= tasks,
      isOver: index + 1 === tasks,
    }
  })
}

function linesOf(call: Call, verbose: number, { moments = momentsOf(call), millisecondsPerTask = 80 } = {}) {
  const lines: string[] = []
  let now = 1000
  const tell = startVerbosity({
    verbose,
    label: 'Parallel(n_jobs=2)',
    preDispatched: call.preDispatched,
    now: () => now,
    print: (line) => lines.push(line),
  })
  for (const moment of moments) {
    now = 1000 + moment.completed * millisecondsPerTask
    tell(moment)
  }
  return lines
}

/** The numbers of completed tasks that a call prints a line of. */
function countsOf(...args: Parameters<typeof linesOf>) {
  return linesOf(...args).map((line) => Number(/: Done +(\d+) /.exec(line)?.[1]))
}

const upTo = (last: number, step = 1, first = 1) =>
  Array.from({ length: Math.floor((last - first) / step) + 1 }, (_, index) => first + index * step)

describe('startVerbosity', () => {
  it('prints nothing at verbose 0', () => {
    expect(linesOf(list, 0)).toEqual([])
    expect(linesOf(allOfGenerator, 0)).toEqual([])
  })

  it('becomes rarer as the call goes on, and reports more the higher verbose is', () => {
    expect(countsOf(list, 1)).toEqual([30])
    expect(countsOf(list, 2)).toEqual([30])
    expect(countsOf(list, 5)).toEqual([14, 30])
    expect(countsOf(list, 10)).toEqual([1, 4, 9, 14, 21, 30])
    expect(countsOf(longList, 1)).toEqual([46, 100])
    expect(countsOf(longList, 2)).toEqual([37, 100])
    expect(countsOf(longList, 5)).toEqual([14, 68, 100])
    expect(countsOf(longList, 10)).toEqual([1, 4, 9, 14, 21, 28, 37, 46, 57, 68, 81, 94, 100])
  })

  it('reports every batch above verbose 10 until the input has ended, then those that fit the frequency', () => {
    expect(countsOf(list, 11)).toEqual([...upTo(27), 30])
    expect(countsOf(list, 50)).toEqual([...upTo(28), 30])
    expect(countsOf(list, 100)).toEqual([...upTo(28), 30])
    expect(countsOf(longList, 11)).toEqual([...upTo(97), 100])
    expect(countsOf(longList, 50)).toEqual([...upTo(97), 100])
    expect(countsOf(longList, 100)).toEqual([...upTo(97), 100])
  })

  it('reports the same moments of an input of unknown length', () => {
    for (const verbose of [1, 2, 5, 10, 11, 50, 100]) {
      expect(countsOf(generator, verbose)).toEqual(countsOf(longList, verbose))
    }
  })

  it('reports at even distances once all tasks are sent', () => {
    expect(countsOf(allOfList, 1)).toEqual([30])
    expect(countsOf(allOfList, 2)).toEqual([15, 30])
    expect(countsOf(allOfList, 5)).toEqual([3, 10, 17, 24, 30])
    expect(countsOf(allOfList, 10)).toEqual([3, 7, 11, 15, 19, 23, 27, 30])
    expect(countsOf(allOfList, 11)).toEqual([...upTo(28, 3), 30])
    expect(countsOf(allOfList, 50)).toEqual([...upTo(28), 30])
    expect(countsOf(allOfList, 100)).toEqual([...upTo(28), 30])
    expect(countsOf(allOfLongList, 1)).toEqual([100])
    expect(countsOf(allOfLongList, 2)).toEqual([50, 100])
    expect(countsOf(allOfLongList, 5)).toEqual([17, 38, 59, 80, 100])
    expect(countsOf(allOfLongList, 10)).toEqual([...upTo(90, 11, 2), 100])
    expect(countsOf(allOfLongList, 11)).toEqual([...upTo(91, 10), 100])
    expect(countsOf(allOfLongList, 50)).toEqual([...upTo(98, 3, 2), 100])
    expect(countsOf(allOfLongList, 100)).toEqual([...upTo(97, 2), 100])
  })

  it('counts from where the last task was sent when the input ends on the way', () => {
    expect(countsOf(farAhead, 1)).toEqual([30])
    expect(countsOf(farAhead, 5)).toEqual([6, 26, 30])
    expect(countsOf(farAhead, 10)).toEqual([1, 6, 13, 23, 27, 30])
    expect(countsOf(farAhead, 11)).toEqual([...upTo(19), 22, 25, 28, 30])
    expect(countsOf(farAhead, 50)).toEqual([...upTo(28), 30])
  })

  it('becomes rarer by the number of batches, not of tasks', () => {
    const call: Call = { tasks: 40, known: true, preDispatched: 4 }
    // batch_size=3: joblib halves the first four tasks for its two workers.
    const moments = [2, ...upTo(37, 3, 4), 40].map((completed, index) => ({
      completed,
      dispatched: Math.min(40, 4 + 3 * index),
      batches: Math.min(14, 2 + index),
      total: 40,
      isDispatching: completed < 40,
      isOver: completed === 40,
    }))
    expect(countsOf(call, 5, { moments })).toEqual([40])
    expect(countsOf(call, 10, { moments })).toEqual([7, 16, 31, 40])
    expect(countsOf(call, 11, { moments })).toEqual([2, ...upTo(37, 3, 4), 40])
  })

  it('prints the lines of joblib for a list', () => {
    expect(linesOf(longList, 5)).toEqual([
      '[Parallel(n_jobs=2)]: Done  14 out of 100 | elapsed:    1.1s',
      '[Parallel(n_jobs=2)]: Done  68 out of 100 | elapsed:    5.4s',
      '[Parallel(n_jobs=2)]: Done 100 out of 100 | elapsed:    8.0s finished',
    ])
  })

  it('prints the lines of joblib for a generator', () => {
    expect(linesOf(generator, 5)).toEqual([
      '[Parallel(n_jobs=2)]: Done  14 tasks      | elapsed:    1.1s',
      '[Parallel(n_jobs=2)]: Done  68 tasks      | elapsed:    5.4s',
      '[Parallel(n_jobs=2)]: Done 100 out of 100 | elapsed:    8.0s finished',
    ])
  })

  it('prints the lines of joblib for a generator that ends on the way', () => {
    expect(linesOf(farAhead, 5)).toEqual([
      '[Parallel(n_jobs=2)]: Done   6 tasks      | elapsed:    0.5s',
      '[Parallel(n_jobs=2)]: Done  26 out of  30 | elapsed:    2.1s remaining:    0.3s',
      '[Parallel(n_jobs=2)]: Done  30 out of  30 | elapsed:    2.4s finished',
    ])
  })

  it('prints the lines of joblib for tasks that are all sent at once', () => {
    expect(linesOf(allOfGenerator, 10)).toEqual([
      '[Parallel(n_jobs=2)]: Done   3 out of  20 | elapsed:    0.2s remaining:    1.4s',
      '[Parallel(n_jobs=2)]: Done   6 out of  20 | elapsed:    0.5s remaining:    1.1s',
      '[Parallel(n_jobs=2)]: Done   9 out of  20 | elapsed:    0.7s remaining:    0.9s',
      '[Parallel(n_jobs=2)]: Done  12 out of  20 | elapsed:    1.0s remaining:    0.6s',
      '[Parallel(n_jobs=2)]: Done  15 out of  20 | elapsed:    1.2s remaining:    0.4s',
      '[Parallel(n_jobs=2)]: Done  18 out of  20 | elapsed:    1.4s remaining:    0.2s',
      '[Parallel(n_jobs=2)]: Done  20 out of  20 | elapsed:    1.6s finished',
    ])
  })

  it('prints minutes when a call takes longer than one', () => {
    expect(linesOf(allOfList, 5, { millisecondsPerTask: 2700 })).toEqual([
      '[Parallel(n_jobs=2)]: Done  3 out of 30 | elapsed:    8.1s remaining:  1.2min',
      '[Parallel(n_jobs=2)]: Done 10 out of 30 | elapsed:   27.0s remaining:   54.0s',
      '[Parallel(n_jobs=2)]: Done 17 out of 30 | elapsed:   45.9s remaining:   35.1s',
      '[Parallel(n_jobs=2)]: Done 24 out of 30 | elapsed:  1.1min remaining:   16.2s',
      '[Parallel(n_jobs=2)]: Done 30 out of 30 | elapsed:  1.4min finished',
    ])
  })

  it('keeps the width of 100 tasks from the first to the last', () => {
    const widths = linesOf(longList, 10_000).map((line) => line.indexOf('|'))
    expect(new Set(widths).size).toBe(1)
    expect(widths.length).toBeGreaterThan(90)
  })

  it('prints on stderr, whatever verbose is', () => {
    const write = jest.spyOn(process.stderr, 'write').mockReturnValue(true)
    try {
      const moment = { completed: 1, dispatched: 1, batches: 1, total: 1, isDispatching: false, isOver: true }
      for (const verbose of [1, 50]) startVerbosity({ verbose, label: 'sums', preDispatched: 4 })(moment)
      const line = expect.stringMatching(/^\[sums\]: Done 1 out of 1 \| elapsed: {4}\d\.\ds finished\n$/)
      expect(write.mock.calls.map(([text]) => text)).toEqual([line, line])
    } finally {
      write.mockRestore()
    }
  })
})
