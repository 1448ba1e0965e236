import { KnownCosts } from '../../lib/dispatch/known-costs'
import { partial } from '../../lib/task/partial'

/** A function of its own each time, with the same text. */
const adding = (m: number) => (n: number) => n + m

describe('What tasks cost', () => {
  it('is known of a function as it was noted last', () => {
    const costs = new KnownCosts()
    const fn = adding(1)
    expect(costs.of(fn)).toBeUndefined()
    costs.note(fn, 3)
    costs.note(fn, 2)
    expect([costs.of(fn), costs.of(Math.abs)]).toEqual([2, undefined])
  })

  it('is known of a closure that is made anew, also when something is bound to it', () => {
    const costs = new KnownCosts()
    costs.note(adding(1), 3)
    expect([costs.of(adding(2)), costs.of(partial(adding(3), 1))]).toEqual([3, 3])
  })

  it('is known of built-in functions, each for itself', () => {
    const costs = new KnownCosts()
    costs.note(Math.sqrt, 3)
    expect([costs.of(Math.sqrt), costs.of(Math.abs)]).toEqual([3, undefined])
  })

  it('is not known of what bind() makes: all of that looks the same', () => {
    const costs = new KnownCosts()
    costs.note(adding(1).bind(null), 3)
    expect(costs.of(Math.sqrt.bind(null))).toBeUndefined()
  })

  it('is not known of a Proxy, whose code is not run', () => {
    const costs = new KnownCosts()
    costs.note(adding(1), 1)
    const get = jest.fn()
    const proxy = new Proxy(adding(1), { get })
    costs.note(proxy, 3)
    expect([costs.of(proxy), get.mock.calls]).toEqual([undefined, []])
    const { proxy: revoked, revoke } = Proxy.revocable(adding(1), {})
    revoke()
    expect(costs.of(revoked)).toBeUndefined()
  })

  it('is kept of so many functions, and of none that is very long', () => {
    const costs = new KnownCosts()
    const fns = Array.from({ length: 101 }, (_, n) => new Function(`return ${n}`) as () => unknown)
    for (const fn of fns) costs.note(fn, 1)
    expect(fns.filter((fn) => costs.of(fn) !== undefined)).toEqual(fns.slice(-1))
    const long = new Function(`return '${'x'.repeat(10_000)}'`) as () => unknown
    costs.note(long, 1)
    expect(costs.of(long)).toBeUndefined()
  })
})
