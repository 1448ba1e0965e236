import { delayed } from '../../lib/task/delayed'
import { kwargs } from '../../lib/task/kwargs'

describe('delayed', () => {
  it('captures the call, and runs nothing', () => {
    const fn = jest.fn((a: number, b: string) => `${a}${b}`)
    const task = delayed(fn)(1, 'x')
    expect(task).toEqual({ fn, args: [1, 'x'], kwargs: {} })
    expect(task.fn).toBe(fn)
    expect(fn).not.toHaveBeenCalled()
  })

  it('makes tasks that do not change', () => {
    const task = delayed(Math.max)(1, 2)
    expect([task, task.args, task.kwargs].every(Object.isFrozen)).toBe(true)
  })

  it('puts named arguments apart', () => {
    const task = delayed((n: number, { by = 1 } = {}) => n * by)(2, kwargs({ by: 3 }))
    expect(task).toMatchObject({ args: [2], kwargs: { by: 3 } })
  })

  it('keeps the name of the function', () => {
    expect(delayed(function score() {}).name).toBe('score')
  })

  it.each([undefined, null, 5, 'sqrt', {}])('refuses %p at once, which is no function', (fn) => {
    expect(() => delayed(fn as never)).toThrow(TypeError)
  })
})
