import { delayed, kwargs, transfer } from '../../lib'
import { transfersOf, transfersOfResult } from '../../lib/task/transfer'

const take = (..._: unknown[]) => 0

describe('transfer', () => {
  it.each([
    [new Float64Array(2)],
    [new ArrayBuffer(2)],
    [new DataView(new ArrayBuffer(2))],
    [Buffer.alloc(2)],
    [{ x: new Float64Array(2) }],
    [[]],
    [new Map()],
  ])('gives %p back, which is not detached before it is sent', (value) => {
    expect(transfer(value as object)).toBe(value)
    expect(transfer(new Float64Array(3))).toHaveLength(3)
  })

  it.each([[undefined], [null], [5], ['text'], [true], [Symbol('s')], [() => {}]])('refuses %p', (given) => {
    expect(() => transfer(given as never)).toThrow(TypeError)
    expect(() => transfer(given as never)).toThrow(
      'transfer takes a typed array, a buffer, or an object that holds some',
    )
  })

  it('refuses a promise, and says what to do', () => {
    expect(() => transfer(Promise.resolve(new Float64Array(1)))).toThrow('transfer(await promise)')
  })

  it('refuses a Proxy', () => {
    expect(() => transfer(new Proxy([], {}))).toThrow(TypeError)
  })
})

describe('What a task hands over', () => {
  it('is nothing, unasked', () => {
    expect(transfersOf(delayed(take)(new Float64Array(1), { x: new Float64Array(1) }))).toBeUndefined()
  })

  it('are the arguments that transfer is written around, named ones too', () => {
    const [a, b, c] = [new Float64Array(1), new Float64Array(1), new Float64Array(1)]
    const task = delayed(take as (a: unknown, b: unknown, c?: { c: unknown }) => number)(
      transfer(a),
      b,
      kwargs({ c: transfer(c) }),
    )
    expect(transfersOf(task)).toEqual(new Set([a, c]))
    // It may be sent in a later call too, where it is refused.
    expect(transfersOf(task)).toEqual(new Set([a, c]))
  })

  it('is of no other task that gets the same', () => {
    const array = new Float64Array(1)
    const [before, with_, behind] = [delayed(take)(array), delayed(take)(transfer(array)), delayed(take)(array)]
    expect([before, with_, behind].map((task) => transfersOf(task)?.size)).toEqual([undefined, 1, undefined])
  })

  it('is found inside of arguments, and in tasks that are made by hand', () => {
    const array = new Float64Array(1)
    const within = [{ x: array }, [array], new Map([['x', array]]), new Set([array])]
    for (const value of within) {
      transfer(array)
      expect(transfersOf(delayed(take)(value))).toEqual(new Set([array]))
    }
    expect(transfersOf({ fn: take, args: [transfer(array)] })).toEqual(new Set([array]))
  })

  it('runs no getter', () => {
    const get = jest.fn()
    const object = Object.defineProperty({}, 'x', { get, enumerable: true })
    expect(transfersOf(delayed(take)(transfer(object)))).toEqual(new Set([object]))
    expect(get).not.toHaveBeenCalled()
  })
})

it('What a result hands over is told once', () => {
  const array = new Float64Array(1)
  transfer(array)
  expect(transfersOfResult({ array })).toEqual(new Set([array]))
  expect(transfersOfResult({ array })).toBeUndefined()
  expect(transfersOfResult(5)).toBeUndefined()
})
