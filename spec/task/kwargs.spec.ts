import { kwargs, namedBy, splitArguments } from '../../lib/task/kwargs'

describe('kwargs', () => {
  it('holds what it was given at the time', () => {
    const named = { a: 1 }
    const given = kwargs(named)
    named.a = 2
    expect(namedBy(given)).toEqual({ a: 1 })
  })

  it.each([undefined, null, 5, 'a', [1]])('refuses %p, which names nothing', (named) => {
    expect(() => kwargs(named as never)).toThrow(TypeError)
  })
})

describe('splitArguments', () => {
  it('takes named arguments from the end, and refuses them elsewhere', () => {
    const named = kwargs({ a: 1 })
    expect(splitArguments([1, named])).toEqual({ args: [1], kwargs: { a: 1 } })
    expect(() => splitArguments([named, 1])).toThrow('kwargs({...}) is argument 1 of 2; it comes last, once')
    expect(() => splitArguments([1, named, named])).toThrow(TypeError)
    expect(splitArguments([])).toEqual({ args: [], kwargs: {} })
  })

  it('leaves a plain object alone, which is an argument like any other', () => {
    expect(splitArguments([{ a: 1 }])).toEqual({ args: [{ a: 1 }], kwargs: {} })
  })
})
