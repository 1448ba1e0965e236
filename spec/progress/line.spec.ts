import { labelled, progressLine, usingBackend } from '../../lib/progress/line'

// What is expected was recorded from joblib 1.6.0: `Parallel.print_progress` and `short_format_time`, with a clock that
// the recording moved.

const begun = { completed: 4, dispatched: 8, total: undefined, isDispatching: true, isOver: false }
const allSent = { completed: 16, dispatched: 20, total: undefined, isDispatching: false, isOver: false }

describe('progressLine', () => {
  it('counts tasks while nobody knows how many there are', () => {
    expect(progressLine(begun, 800)).toBe('Done   4 tasks      | elapsed:    0.8s')
  })

  it('knows from the start how many tasks an array has, but not how long they take', () => {
    expect(progressLine({ ...begun, total: 30 }, 320)).toBe('Done  4 out of 30 | elapsed:    0.3s')
  })

  it('tells what remains once everything is sent', () => {
    expect(progressLine(allSent, 1280)).toBe('Done  16 out of  20 | elapsed:    1.3s remaining:    0.3s')
    expect(progressLine({ ...allSent, total: 20 }, 1280)).toBe(
      'Done 16 out of 20 | elapsed:    1.3s remaining:    0.3s',
    )
  })

  it('says when all is finished', () => {
    const over = { ...allSent, completed: 20, isOver: true }
    expect(progressLine(over, 1600)).toBe('Done  20 out of  20 | elapsed:    1.6s finished')
    expect(progressLine({ ...over, total: 20 }, 1600)).toBe('Done 20 out of 20 | elapsed:    1.6s finished')
  })

  it('has a line for no tasks at all', () => {
    const nothing = { completed: 0, dispatched: 0, total: 0, isDispatching: false, isOver: true }
    expect(progressLine(nothing, 0)).toBe('Done   0 out of   0 | elapsed:    0.0s finished')
  })

  it('gives a count as many digits as the number of tasks has', () => {
    const widths = [1, 9, 10, 99, 100, 999, 1000, 1_000_000].map((total) => {
      const line = progressLine({ ...begun, completed: 1, total }, 0)
      return line.indexOf(' out of ') - 'Done '.length
    })
    expect(widths).toEqual([1, 1, 2, 2, 3, 3, 4, 7])
  })

  it('lets a count grow beyond the digits that were guessed', () => {
    expect(progressLine({ ...begun, completed: 12_345 }, 800)).toBe('Done 12345 tasks      | elapsed:    0.8s')
  })

  it('tells times in seconds up to a minute, then in minutes', () => {
    const times = [0, 40, 60, 9960, 60_000, 60_001, 66_100, 599_000, 6_000_000, 60_000_000].map(
      (elapsed) => progressLine(begun, elapsed).split('elapsed: ')[1],
    )
    expect(times).toEqual([
      '   0.0s',
      '   0.0s',
      '   0.1s',
      '  10.0s',
      '  60.0s',
      ' 1.0min',
      ' 1.1min',
      '10.0min',
      '100.0min',
      '1000.0min',
    ])
  })
})

describe('usingBackend', () => {
  it('tells who runs the tasks', () => {
    expect(usingBackend('threads', 2)).toBe('Using backend threads with 2 concurrent workers.')
  })
})

describe('labelled', () => {
  it('tells which call a line is about', () => {
    expect(labelled('Parallel(n_jobs=2)', usingBackend('threads', 2))).toBe(
      '[Parallel(n_jobs=2)]: Using backend threads with 2 concurrent workers.',
    )
  })
})
