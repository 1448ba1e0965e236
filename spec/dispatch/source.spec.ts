import { openSource } from '../../lib/dispatch/source'
import { delayed } from '../../lib/task/delayed'
import { kwargs } from '../../lib/task/kwargs'
import type { Task } from '../../lib/task/task'
import { settled } from '../support/manual-backend'

const task = delayed((n: number) => n)

/** A source with what it gave. */
function opened(tasks: unknown) {
  const taken: Task[] = []
  let arrivals = 0
  const source = openSource(tasks, () => {
    arrivals += 1
  })
  const sink = { add: (one: Task) => void taken.push(one) }
  return {
    source,
    take: (wanted: number) => source.take(wanted, sink),
    numbers: () => taken.map(({ args }) => args[0]),
    arrivals: () => arrivals,
  }
}

/** An iterator of tasks that logs what is asked of it. */
function watched(count: number, log: string[] = []) {
  let n = 0
  return {
    log,
    [Symbol.iterator]: () => ({
      next: () => {
        log.push('next')
        return n < count ? { done: false as const, value: task(n++) } : { done: true as const, value: undefined }
      },
      return: () => {
        log.push('return')
        return { done: true as const, value: undefined }
      },
    }),
  }
}

describe('openSource', () => {
  it.each([
    ['an array', [task(0), task(1)], 2],
    ['a set', new Set([task(0), task(1)]), 2],
    ['the values of a map', new Map([[1, task(0)]]).values(), undefined],
    ['a generator function', () => [task(0), task(1)].values(), undefined],
    ['a function that gives an array', () => [task(0)], 1],
    ['an object of its own', watched(2), undefined],
  ])('takes %s, and knows its total as soon as that can be known', (_, tasks, total) => {
    const { source, take } = opened(tasks)
    expect(source.total).toBe(total)
    take(100)
    expect(source.ended).toBe(true)
    expect(source.total).toBe(total ?? source.total)
    expect(source.total).toBeGreaterThan(0)
  })

  it('asks for no more than is wanted', () => {
    const tasks = watched(10)
    const { take, numbers } = opened(tasks)
    take(3)
    take(0)
    take(-1)
    expect(numbers()).toEqual([0, 1, 2])
    expect(tasks.log).toHaveLength(3)
  })

  describe('that takes long', () => {
    /** Moves the clock on. */
    let time = 0
    beforeEach(() => {
      time = 0
      jest.spyOn(performance, 'now').mockImplementation(() => time)
    })
    afterEach(() => jest.restoreAllMocks())

    function slow(cost: (n: number) => number) {
      const taken: Task[] = []
      const { source } = opened(function* () {
        for (let n = 0; ; n += 1) {
          time += cost(n)
          yield task(n)
        }
      })
      return {
        take: (wanted: number, until: number) => source.take(wanted, { add: (one) => taken.push(one) }, until),
        taken,
      }
    }

    it('is not asked when the time is over, and says so', () => {
      const { take, taken } = slow(() => 3)
      expect(take(1000, 10)).toBe(true)
      expect(taken).toHaveLength(4)
      expect(take(1000, 10)).toBe(true)
      expect(taken).toHaveLength(4)
      expect(take(1000, 20)).toBe(true)
      expect(taken).toHaveLength(7)
      expect(take(2, 100)).toBe(false)
      expect(taken).toHaveLength(9)
    })

    it('is looked at again soon when it becomes so', () => {
      const { take, taken } = slow((n) => (n < 500 ? 0.001 : 20))
      expect(take(1000, 10)).toBe(true)
      // Quick ones are taken four at a time.
      expect(taken.length).toBeLessThanOrEqual(500 + 5)
    })

    it('once only, is asked on: that was not the input', () => {
      const { take, taken } = slow((n) => (n === 50 ? 100 : 0.001))
      expect(take(1000, 10)).toBe(false)
      expect(taken).toHaveLength(1000)
    })
  })

  it('tells the input when it is closed early, once', () => {
    const tasks = watched(10)
    const { source, take } = opened(tasks)
    take(1)
    source.close()
    source.close()
    take(1)
    expect(tasks.log).toEqual(['next', 'return'])
  })

  it('does not tell an input that has ended', () => {
    const tasks = watched(1)
    const { source, take } = opened(tasks)
    take(5)
    source.close()
    expect(tasks.log).toEqual(['next', 'next'])
  })

  it('does not tell an input that failed itself', () => {
    const returned = jest.fn()
    const next = () => {
      throw new Error('empty')
    }
    const { source, take } = opened({ [Symbol.iterator]: () => ({ next, return: returned }) })
    expect(() => take(1)).toThrow('empty')
    source.close()
    expect(returned).not.toHaveBeenCalled()
  })

  it('can be closed by the input itself, while it is asked', () => {
    let ended = false
    let close = () => {}
    const { source, take, numbers } = opened(function* () {
      try {
        yield task(0)
        close()
        yield task(1)
        yield task(2)
      } finally {
        ended = true
      }
    })
    close = () => source.close()
    take(5)
    expect(numbers()).toEqual([0])
    expect(ended).toBe(true)
    expect(source.ended).toBe(true)
  })

  it('does not let an input that fails when it is told hide the reason', async () => {
    const { source } = opened({
      [Symbol.iterator]: () => ({
        next: () => ({ done: false, value: task(1) }),
        return: () => {
          throw new Error('no return')
        },
      }),
    })
    expect(() => source.close()).not.toThrow()
    const late = opened({
      [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}), return: () => Promise.reject(new Error()) }),
    })
    late.take(1)
    expect(() => late.source.close()).not.toThrow()
    await settled()
  })

  describe('of an asynchronous input', () => {
    /** An input that gives when the spec says so. */
    function manual() {
      const log: string[] = []
      let resolve: (result: unknown) => void = () => {}
      let reject: (error: unknown) => void = () => {}
      const input = {
        [Symbol.asyncIterator]: () => ({
          next: () => {
            log.push('next')
            return new Promise((onResolve, onReject) => {
              resolve = onResolve
              reject = onReject
            })
          },
          return: () => {
            log.push('return')
            return new Promise(() => {})
          },
        }),
      }
      return {
        input,
        log,
        give: (value: unknown) => settled(resolve({ done: false, value })),
        giveResult: (result: unknown) => settled(resolve(result)),
        end: () => settled(resolve({ done: true })),
        fail: (error: unknown) => settled(reject(error)),
      }
    }

    it('asks for one element at a time, and calls when there is one', async () => {
      const { input, log, give, end } = manual()
      const { source, take, numbers, arrivals } = opened(input)
      take(2)
      take(2)
      expect(log).toEqual(['next'])
      await give(task(0))
      expect([arrivals(), numbers()]).toEqual([1, []])
      take(2)
      expect([log.length, numbers()]).toEqual([2, [0]])
      await end()
      expect([arrivals(), source.ended, source.total]).toEqual([2, true, 1])
    })

    it('lets others have a turn of the event loop when its elements need none, and take long', async () => {
      let now = 0
      jest.spyOn(performance, 'now').mockImplementation(() => now)
      let asked = 0
      const source = openSource(
        (async function* () {
          for (;;) {
            asked += 1
            now += 4
            yield task(asked)
          }
        })(),
        () => source.take(1000, { add: () => {} }),
      )
      source.take(1000, { add: () => {} })
      const before: number[] = []
      for (let turn = 0; turn < 3; turn += 1) {
        await new Promise((resolve) => setImmediate(resolve))
        before.push(asked)
      }
      source.close()
      jest.restoreAllMocks()
      // 10 ms in a turn, counted from its first element.
      expect(before[0]).toBe(4)
      expect(before[2]).toBeLessThan(20)
    })

    it('does not ask beyond what is wanted', async () => {
      const { input, log, give } = manual()
      const { take, numbers } = opened(input)
      take(1)
      await give(task(0))
      take(1)
      expect([numbers(), log]).toEqual([[0], ['next']])
    })

    it('gives nothing, and asks for nothing, when nothing is wanted', async () => {
      const { input, log, give } = manual()
      const { take, numbers } = opened(input)
      take(0)
      expect(log).toEqual([])
      take(1)
      await give(task(0))
      take(0)
      expect([numbers(), log]).toEqual([[], ['next']])
    })

    it('throws what the input throws, when it is next taken from, were nothing wanted', async () => {
      const { input, log, fail } = manual()
      const { source, take, arrivals } = opened(input)
      take(1)
      await fail(new Error('lost'))
      expect(arrivals()).toBe(1)
      expect(() => take(0)).toThrow('lost')
      source.close()
      expect(log).toEqual(['next'])
    })

    it('tells the input when it is closed, also while it is asked', async () => {
      const { input, log, give } = manual()
      const { source, take, arrivals } = opened(input)
      take(1)
      source.close()
      source.close()
      expect(log).toEqual(['next', 'return'])
      await give(task(0))
      expect(arrivals()).toBe(0)
    })

    it('refuses an answer that is no result', async () => {
      const { input, giveResult } = manual()
      const { take } = opened(input)
      take(1)
      await giveResult(5)
      expect(() => take(1)).toThrow(TypeError)
    })

    it('throws what next() throws at once', () => {
      const next = () => {
        throw new Error('no next')
      }
      const { take, source } = opened({ [Symbol.asyncIterator]: () => ({ next }) })
      expect(() => take(1)).toThrow('no next')
      expect(source.ended).toBe(true)
    })
  })

  it.each([
    ['a number', 5, 'tasks[1] is no task but a number: 5'],
    ['a string', 'abc', "tasks[1] is no task but a string: 'abc'"],
    ['null', null, 'tasks[1] is no task but null'],
    ['undefined', undefined, 'tasks[1] is no task but undefined'],
    ['an array', [Math.sqrt, [4]], 'tasks[1] is no task but an array: [ [Function: sqrt], [Array] ]'],
    ['a function', Math.sqrt, 'tasks[1] is no task but a function: [Function: sqrt]. Write delayed(fn)(...args)'],
    ['a promise', Promise.resolve(1), 'tasks[1] is no task but a Promise. Do not call the function yourself'],
    ['no args', { fn: Math.sqrt }, 'tasks[1] is no task but an object: { fn: [Function: sqrt] }'],
    ['no fn', { args: [] }, 'tasks[1] is no task but an object'],
    ['wrong kwargs', { fn: Math.sqrt, args: [4], kwargs: 5 }, 'tasks[1] is no task'],
    ['wrapped kwargs', { fn: Math.sqrt, args: [4], kwargs: kwargs({ a: 1 }) }, 'tasks[1] is no task'],
  ])('refuses an element that is no task: %s', (_, element, message) => {
    const { take, numbers } = opened([task(0), element])
    expect(() => take(5)).toThrow(TypeError)
    expect(numbers()).toEqual([0])
    const again = opened([task(0), element])
    expect(() => again.take(5)).toThrow(message)
  })

  it('takes tasks made by hand', () => {
    const { take, numbers } = opened([
      { fn: Math.sqrt, args: [4] },
      { fn: Math.sqrt, args: [9], kwargs: undefined },
      { fn: Math.sqrt, args: [16], kwargs: { a: 1 } },
    ])
    take(5)
    expect(numbers()).toEqual([4, 9, 16])
  })

  it.each([
    [5, 'got a number: 5'],
    [undefined, 'got undefined'],
    [{ fn: Math.sqrt, args: [4] }, 'got one task: put it in an array'],
    [{ a: 1 }, 'got an object'],
    [Promise.resolve([]), 'got a Promise'],
    [() => 5, 'got a function that returns a number: 5'],
    [async () => [], 'got a function that returns a Promise'],
  ])('has nothing to take tasks from in %p', (tasks, message) => {
    expect(() => openSource(tasks, () => {})).toThrow(TypeError)
    expect(() => openSource(tasks, () => {})).toThrow(message)
  })

  it('passes on what a function throws in place of giving tasks', () => {
    const tasks = () => {
      throw new RangeError('no tasks today')
    }
    expect(() => openSource(tasks, () => {})).toThrow('no tasks today')
  })
})

describe('openSource, for an array', () => {
  const [first, second] = [delayed(Math.abs)(1), delayed(Math.abs)(2)]
  const takeAll = (tasks: unknown) => {
    const taken: Task[] = []
    const source = openSource(tasks, () => {})
    source.take(10, { add: (task) => taken.push(task) })
    return { taken, source }
  }

  it('takes what is in it when it is taken, also what was added meanwhile', () => {
    const tasks = [first]
    const source = openSource(tasks, () => {})
    const taken: Task[] = []
    source.take(1, { add: (task) => taken.push(task) })
    tasks.push(second)
    source.take(2, { add: (task) => taken.push(task) })
    expect([taken, source.ended, source.total]).toEqual([[first, second], true, 2])
  })

  it('asks the iterator that it has of its own', () => {
    class Backwards extends Array<Task> {
      override [Symbol.iterator]() {
        return [...this.keys()].map((n) => this.at(-1 - n) as Task).values()
      }
    }
    expect(takeAll(Backwards.of(first, second)).taken).toEqual([second, first])
    const once = Object.assign([first], { [Symbol.iterator]: () => [second].values() })
    expect(takeAll(once).taken).toEqual([second])
  })

  it('refuses a gap in it', () => {
    // biome-ignore lint/suspicious/noSparseArray: that is what it is about
    expect(() => takeAll([first, , second])).toThrow('tasks[1] is no task but undefined')
  })
})

describe('openSource, for elements that are made tasks', () => {
  const taskOf = (value: unknown, index: number) => {
    if (value === 13) throw new RangeError(`element ${index} is ${value}`)
    return { fn: Math.max, args: [value, index] }
  }
  async function* later(values: number[]) {
    yield* values
  }

  it('makes each one when it is taken, with its place', () => {
    const taken: unknown[] = []
    const source = openSource(new Set([5, 7, 9]), () => {}, taskOf)
    expect(source.total).toBe(3)
    source.take(2, { add: ({ args }) => taken.push(args) })
    expect(taken).toEqual([
      [5, 0],
      [7, 1],
    ])
  })

  it('makes those of an asynchronous input as they come', async () => {
    const taken: unknown[] = []
    const take = () => void source.take(2, { add: ({ args }) => taken.push(args) })
    const source = openSource(later([5, 7]), take, taskOf)
    take()
    await settled()
    expect([taken, source.ended]).toEqual([
      [
        [5, 0],
        [7, 1],
      ],
      true,
    ])
  })

  it('makes none of a primitive where a call of one function takes its place', () => {
    const made = jest.fn(taskOf)
    const taken: unknown[] = []
    const sink = {
      add: ({ args }: Task) => taken.push(args),
      addCall: (fn: unknown, value: unknown) => typeof value === 'number' && taken.push([fn, value]) > 0,
    }
    const source = openSource([5, 'x', 7], () => {}, Object.assign(made, { fn: Math.max }))
    source.take(5, sink)
    expect(taken).toEqual([
      [Math.max, 5],
      ['x', 1],
      [Math.max, 7],
    ])
    expect([made.mock.calls, source.total]).toEqual([[['x', 1]], 3])
  })

  it('fails with what making one throws', async () => {
    expect(() => openSource([5, 13], () => {}, taskOf).take(2, { add: () => {} })).toThrow('element 1 is 13')
    const input = later([13])
    const source = openSource(input, () => {}, taskOf)
    source.take(1, { add: () => {} })
    await settled()
    expect(() => source.take(1, { add: () => {} })).toThrow('element 0 is 13')
    expect(await input.next()).toEqual({ value: undefined, done: true })
  })
})
