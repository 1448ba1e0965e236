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

  it('keeps the name of the function, also when it has none', () => {
    expect(delayed(function score() {}).name).toBe('score')
    expect(delayed([() => {}][0] as () => void).name).toBe('')
    expect(delayed(function score() {}, { this: 1 }).name).toBe('score')
  })

  it('makes tasks of the function it was given, and with its options, however many there are', () => {
    const fns = Array.from({ length: 50 }, (_, n) => () => n)
    for (const _ of ['once', 'and again'])
      for (const [n, fn] of fns.entries()) {
        expect(delayed(fn)()).toEqual({ fn, args: [], kwargs: {} })
        expect(delayed(fn, { captures: { n } })().fn).not.toBe(fn)
      }
  })

  it.each([undefined, null, 5, 'sqrt', {}])('refuses %p at once, which is no function', (fn) => {
    expect(() => delayed(fn as never)).toThrow(TypeError)
  })
})
