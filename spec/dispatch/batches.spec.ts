import { Backlog } from '../../lib/dispatch/batches'
import { delayed } from '../../lib/task/delayed'
import { kwargs } from '../../lib/task/kwargs'
import type { Rows } from '../../lib/task/rows'
import type { Task } from '../../lib/task/task'

const task = delayed((...args: unknown[]) => args)
const other = delayed((n: unknown) => n)
const { fn } = task()

/** What the tasks of a batch are called with. */
const argumentsOf = (batch: readonly Task[] | Rows) =>
  'columns' in batch
    ? Array.from({ length: batch.length }, (_, n) => batch.columns.map((column) => column[n]))
    : batch.map(({ args }) => args)
const numbers = (batch: readonly Task[] | Rows) => argumentsOf(batch).map(([n]) => n)
const isRows = (batch: readonly Task[] | Rows) => 'columns' in batch
const range = (count: number) => Array.from({ length: count }, (_, n) => n)

/** Batches of ten of what was added for many. */
function inTens(...tasks: Task[]) {
  const backlog = new Backlog()
  for (const one of tasks) backlog.asRows().add(one)
  const batches: (readonly Task[] | Rows)[] = []
  while (backlog.length > 0) batches.push(backlog.cut(10))
  return batches
}

describe('A backlog', () => {
  it.each(['as they are', 'as rows', 'now this way, now that'])(
    'cuts tasks off in their order, however cuts and additions follow each other: %s',
    (how) => {
      const backlog = new Backlog()
      const cut: unknown[] = []
      let added = 0
      for (const [adds, size] of [
        [3, 2],
        [5, 4],
        [0, 1],
        [9, 3],
        [0, 3],
        [1, 100],
        [2, 1],
        [40, 12],
        [0, 9],
        [3, 8],
        [0, 10],
      ] as const) {
        for (let n = 0; n < adds; n += 1) {
          const isRow = how === 'as rows' || (how !== 'as they are' && added % 20 < 13)
          if (!isRow) backlog.add(task(added))
          else if (added % 2 === 0 || !backlog.asRows().addCall(fn, added)) backlog.asRows().add(task(added))
          added += 1
        }
        cut.push(...numbers(backlog.cut(size)))
        expect(backlog.length).toBe(added - cut.length)
      }
      cut.push(...numbers(backlog.cut(100)))
      expect(cut).toEqual(range(added))
      expect(backlog.length).toBe(0)
    },
  )

  it('takes the first task for a row, too, when it turns out that many follow', () => {
    const backlog = new Backlog()
    backlog.add(task(0))
    expect(backlog.first).toEqual(task(0))
    for (const n of range(9)) backlog.asRows().add(task(n + 1))
    const batch = backlog.cut(10)
    expect([isRows(batch), numbers(batch)]).toEqual([true, range(10)])
    expect(backlog.first).toBeUndefined()
  })

  it('gives what there is when that is less than the size', () => {
    const backlog = new Backlog()
    backlog.add(task(1))
    expect(numbers(backlog.cut(5))).toEqual([1])
    expect(backlog.cut(5)).toEqual([])
  })

  it('leaves a batch that was cut off alone', () => {
    const backlog = new Backlog()
    backlog.add(task(1))
    const batch = backlog.cut(5)
    backlog.add(task(2))
    expect(numbers(batch)).toEqual([1])
    for (const n of range(10)) backlog.asRows().add(task(n))
    const rows = [backlog.cut(1), backlog.cut(10)]
    for (const n of range(20)) backlog.asRows().add(task(n))
    expect(rows.map(numbers)).toEqual([[2], range(10)])
  })
})

describe('Many tasks are kept as rows', () => {
  it.each<[string, unknown[]]>([
    ['nothing', []],
    ['a number', [1]],
    ['a text, a boolean, null and undefined', ['a', true, null, undefined]],
  ])('when they call one function with %s', (_, args) => {
    const [batch] = inTens(...range(10).map(() => task(...args)))
    expect(batch).toEqual({ fn, length: 10, columns: args.map((value) => Array(10).fill(value)) })
  })

  it('also when no task was made for the calls: one is when few are left', () => {
    const backlog = new Backlog()
    for (const n of range(25)) expect(backlog.asRows().addCall(fn, n)).toBe(true)
    expect([backlog.cut(10), backlog.cut(10)].map(isRows)).toEqual([true, true])
    expect(backlog.cut(10)).toEqual(range(5).map((n) => ({ fn, args: [20 + n], kwargs: {} })))
  })

  it.each<[string, Task]>([
    ['calls another function', other(0)],
    ['has another number of arguments', task(1, 2)],
    ['has named arguments', task(1, kwargs({ a: 1 }))],
    ['has an object', task({})],
    ['has a function', task(() => {})],
    ['has a symbol', task(Symbol.iterator)],
    ['has a big integer', task(1n)],
    ['was made by hand, and may be changed until it is sent', { fn, args: [1] }],
  ])('up to one that %s: from there on, as they are', (_, odd) => {
    const tasks = range(30).map((n) => (n === 15 ? odd : task(n)))
    const batches = inTens(...tasks)
    expect(batches.map(isRows)).toEqual([true, false, false])
    expect(batches.flatMap(argumentsOf)).toEqual(tasks.map(({ args }) => args))
    expect(batches[1]?.[5 as never]).toBe(odd)
  })

  it('again, once the others are cut off', () => {
    const backlog = new Backlog()
    for (const one of [task(0), other(1)]) backlog.asRows().add(one)
    expect(numbers(backlog.cut(5))).toEqual([0, 1])
    for (const n of range(10)) backlog.asRows().add(other(n))
    expect(backlog.cut(10)).toMatchObject({ fn: other(0).fn, columns: [range(10)] })
  })

  it('and a call that no task was made for only with a primitive, while no other task waits', () => {
    const backlog = new Backlog()
    const object = { n: 1 }
    expect(backlog.asRows().addCall(fn, object)).toBe(false)
    expect(backlog.length).toBe(0)
    backlog.asRows().add(task(object))
    expect(backlog.asRows().addCall(fn, 1)).toBe(false)
    expect(backlog.length).toBe(1)
  })
})
