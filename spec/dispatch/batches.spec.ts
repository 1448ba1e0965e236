import { createBacklog } from '../../lib/dispatch/batches'
import { delayed } from '../../lib/task/delayed'
import type { Task } from '../../lib/task/task'

const task = delayed((n: number) => n)
const numbers = (tasks: Task[]) => tasks.map(({ args }) => args[0])

describe('createBacklog', () => {
  it('cuts tasks off in their order, however cuts and additions follow each other', () => {
    const backlog = createBacklog()
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
    ] as const) {
      for (let n = 0; n < adds; n += 1) backlog.add(task(added++))
      cut.push(...numbers(backlog.cut(size)))
      expect(backlog.length).toBe(added - cut.length)
    }
    cut.push(...numbers(backlog.cut(100)))
    expect(cut).toEqual(Array.from({ length: added }, (_, n) => n))
    expect(backlog.length).toBe(0)
  })

  it('gives what there is when that is less than the size', () => {
    const backlog = createBacklog()
    backlog.add(task(1))
    expect(numbers(backlog.cut(5))).toEqual([1])
    expect(backlog.cut(5)).toEqual([])
  })

  it('leaves a batch that was cut off alone', () => {
    const backlog = createBacklog()
    backlog.add(task(1))
    const batch = backlog.cut(5)
    backlog.add(task(2))
    expect(numbers(batch)).toEqual([1])
  })
})
