import { delayed } from '../../lib/task/delayed'
import { kwargs } from '../../lib/task/kwargs'
import { makePartial, partial, partialParts } from '../../lib/task/partial'
import { runTask } from '../../lib/task/run-task'

const show = (a: number, b: number, named: { c?: number; d?: number } = {}) => [a, b, named]

describe('partial', () => {
  it('binds the first arguments', () => {
    expect(partial(show, 1)(2)).toEqual([1, 2, {}])
    expect(partial(Math.max, 5, 6)(1, 9)).toBe(9)
  })

  it('binds named arguments, which come last, and lets a call give others', () => {
    const bound = partial(show, kwargs({ c: 3 }))
    expect(bound(1, 2)).toEqual([1, 2, { c: 3 }])
    expect(bound(1, 2, kwargs({ d: 4 }))).toEqual([1, 2, { c: 3, d: 4 }])
    expect(bound(1, 2, kwargs({ c: 5 }))).toEqual([1, 2, { c: 5 }])
  })

  it('gives each call named arguments of its own', () => {
    const take = partial(
      (named: { n: number }) => {
        named.n += 1
        return named.n
      },
      kwargs({ n: 1 }),
    )
    expect([take(), take()]).toEqual([2, 2])
  })

  it('binds further what is bound already', () => {
    const bound = partial(partial(partial(show, kwargs({ c: 3, d: 3 })), 1), kwargs({ d: 4 }))
    expect(bound(2)).toEqual([1, 2, { c: 3, d: 4 }])
  })

  it('shows its parts as functools.partial does, joined when it was bound twice', () => {
    const { func, args, kwargs: named } = partial(partial(show, 1), 2, kwargs({ c: 3 }))
    expect({ func, args, named }).toEqual({ func: show, args: [1, 2], named: { c: 3 } })
  })

  it('has the name of its function', () => {
    expect(partial(show, 1).name).toBe('show')
  })

  it('refuses what is no function', () => {
    expect(() => partial(5 as never)).toThrow(TypeError)
  })

  it('can be taken apart and made again', () => {
    const bound = partial(show, 1, kwargs({ c: 3 }))
    const parts = partialParts(bound)
    expect(parts).toEqual({ fn: show, args: [1], kwargs: { c: 3 } })
    expect(parts && makePartial(parts)(...([2] as never[]))).toEqual([1, 2, { c: 3 }])
    expect(partialParts(show)).toBeUndefined()
    expect(partialParts({ func: show, args: [], kwargs: {} })).toBeUndefined()
  })

  it('is run by a task with the arguments of both, the named ones merged', () => {
    const bound = partial(show, 1, kwargs({ c: 3 }))
    expect(runTask(delayed(bound)(2, kwargs({ d: 4 })))).toEqual([1, 2, { c: 3, d: 4 }])
  })
})
