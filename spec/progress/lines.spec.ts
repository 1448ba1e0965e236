import { plainLine, printNowAndThen } from '../../lib/progress/lines'
import { startLooking } from '../../lib/progress/standing'

beforeEach(() => jest.useFakeTimers())
afterEach(() => jest.useRealTimers())

interface Course {
  readonly tasks: number
  readonly known: boolean
  readonly millisecondsPerTask: number
}

/** What is printed of a call whose tasks take so long, with the second in which it is. */
function linesOf({ tasks, known, millisecondsPerTask }: Course): [second: number, line: string][] {
  const start = performance.now()
  const printed: [number, string][] = []
  let completed = 0
  const stand = startLooking(
    () => ({ completed, failed: 0, total: known || completed === tasks ? tasks : undefined }),
    () => performance.now(),
  )
  const end = printNowAndThen('sums', 'Pool', stand, (line) =>
    printed.push([Math.round((performance.now() - start) / 100) / 10, line]),
  )
  while (completed < tasks) {
    jest.advanceTimersByTime(millisecondsPerTask)
    completed += 1
  }
  end('ended')
  expect(jest.getTimerCount()).toBe(0)
  return printed
}

const secondsOf = (course: Course) => linesOf(course).map(([second]) => second)

describe('printNowAndThen', () => {
  it('prints one line of a call that is quick', () => {
    expect(linesOf({ tasks: 100, known: true, millisecondsPerTask: 5 })).toEqual([
      [0.5, '[sums]: 100 of 100 (100%), 0.5s'],
    ])
    expect(linesOf({ tasks: 0, known: true, millisecondsPerTask: 5 })).toEqual([[0, '[sums]: 0 of 0, 0.0s']])
  })

  it('prints a line at each tenth, not two in a second', () => {
    expect(secondsOf({ tasks: 1000, known: true, millisecondsPerTask: 30 })).toEqual([
      3.5, 6.5, 9.5, 12.5, 15.5, 18.5, 21.5, 24.5, 27.5, 30,
    ])
    expect(secondsOf({ tasks: 975, known: true, millisecondsPerTask: 4 })).toEqual([1, 2, 3, 3.9])
  })

  it('prints ever more rarely while nobody knows how many tasks there are', () => {
    expect(secondsOf({ tasks: 2000, known: false, millisecondsPerTask: 100 })).toEqual([
      1, 2, 4, 8, 16, 32, 64, 124, 184, 200,
    ])
  })

  it('prints once a minute though nothing comes', () => {
    expect(secondsOf({ tasks: 1, known: true, millisecondsPerTask: 200_000 })).toEqual([60, 120, 180, 200])
  })

  it('tells what is left', () => {
    expect(linesOf({ tasks: 100, known: true, millisecondsPerTask: 100 })[0]).toEqual([
      1.5,
      '[sums]: 14 of 100 (14%), 1.5s, 9.2s left',
    ])
  })
})

describe('plainLine', () => {
  const standing = { completed: 45, failed: 2, total: 100, state: 'running', elapsed: 3200, remaining: 4000 } as const

  it('tells where a call stands', () => {
    expect(plainLine('sums', 'Pool', standing)).toBe('[sums]: 45 of 100 (45%), 2 failed, 3.2s, 4.0s left')
    expect(plainLine('sums', 'Pool', { ...standing, total: undefined, remaining: undefined })).toBe(
      '[sums]: 45 done, 2 failed, 3.2s',
    )
    expect(plainLine('a\nb', 'Pool', { ...standing, state: 'failed', remaining: undefined })).toBe(
      '[a b]: 45 of 100 (45%), 2 failed, stopped after 3.2s',
    )
  })

  it('has a name for a call that has none', () => {
    expect(plainLine(undefined, 'Pool', standing)).toMatch(/^\[Pool\]: /)
  })
})
