import { delayed, Parallel, shutdown } from '../../lib'

/*
 * A function that captures nothing goes under one name in all calls, from the second one on: as long as it is the same.
 */

const parallel = Parallel({ nJobs: 1, backend: 'threads' })

/** Sends it so often that it goes by its name. */
async function settle(fn: unknown) {
  for (let call = 0; call < 3; call += 1) await parallel([delayed((_: unknown) => {})(fn)])
}

describe('A function that was sent before', () => {
  afterAll(async () => {
    await parallel.close()
    await shutdown()
  })

  it.each<[string, () => Function, (fn: Function) => void, (fn: Function) => unknown, unknown]>([
    [
      'its name',
      () => () => {},
      (fn) => Object.defineProperty(fn, 'name', { value: 'other' }),
      (fn) => fn.name,
      'other',
    ],
    [
      'a property of its own',
      () => () => {},
      (fn) => Object.assign(fn, { extra: 1 }),
      (fn) => (fn as never as { extra: number }).extra,
      1,
    ],
    [
      'its prototype chain',
      () => () => {},
      (fn) => Object.setPrototypeOf(fn, { extra: 2 }),
      (fn) => (fn as never as { extra: number }).extra,
      2,
    ],
    [
      'what its instances inherit',
      () => function Maker() {},
      (fn) => Object.assign(fn.prototype, { extra: 3 }),
      (fn) => Reflect.construct(fn, []).extra,
      3,
    ],
    [
      'what its instances are made by',
      () => function Maker() {},
      (fn) => {
        fn.prototype = { constructor: fn, extra: 4 }
      },
      (fn) => Reflect.construct(fn, []).extra,
      4,
    ],
  ])('is sent anew when this has changed: %s', async (_, make, change, read, expected) => {
    const fn = make()
    await settle(fn)
    change(fn)
    expect(await parallel([delayed(read)(fn)])).toEqual([expected])
  })

  it('sees a global of the program as it is at each call', async () => {
    const globals = globalThis as { lastingSpec?: number }
    const read = () => lastingSpec
    try {
      for (const value of [1, 2, 3, 4]) {
        globals.lastingSpec = value
        expect(await parallel([delayed(read)()])).toEqual([value])
      }
    } finally {
      delete globals.lastingSpec
    }
  })

  it('is made anew for each call: what a task puts on it stays in that call', async () => {
    const count = (fn: { calls?: number }) => {
      fn.calls = (fn.calls ?? 0) + 1
      return fn.calls
    }
    const fn = () => {}
    await settle(fn)
    for (let call = 0; call < 3; call += 1)
      expect(await parallel([delayed(count)(fn as never), delayed(count)(fn as never)])).toEqual([1, 2])
  })

  it.each<[string, () => number]>([
    [
      'arguments.callee',
      Function(`return {
        count() {
          const { callee } = arguments
          return callee.calls = (callee.calls ?? 0) + 1
        },
      }`)().count,
    ],
    [
      'the caller of a function in it',
      Function(`return {
        count() {
          function inner() { return inner.caller }
          const outer = inner()
          return outer.calls = (outer.calls ?? 0) + 1
        },
      }`)().count,
    ],
  ])('is made anew for each call also where a task gets at it by %s', async (_, count) => {
    for (let call = 0; call < 5; call += 1) expect(await parallel([delayed(count)(), delayed(count)()])).toEqual([1, 2])
  })

  it('is found by its worker whatever came in between: more functions than that keeps, and calls that know it', async () => {
    const task = delayed((value: unknown) => value)
    // In one script: a debugger is the slower the more there are.
    const others: (() => number)[] = Function(`return [${Array.from({ length: 1100 }, (_, n) => `() => ${n}`)}]`)()
    const firsts = async () => {
      for (let call = 0; call < 3; call += 1) expect(await parallel([task(call), task(call)])).toEqual([call, call])
    }
    await firsts()
    for (const offset of [0, 0, 0, 500]) {
      const results = await parallel(others.slice(offset).map((fn) => delayed(fn)()))
      expect(results).toEqual(others.slice(offset).map((_, n) => n + offset))
      await firsts()
    }
    expect(await parallel([task(task), task(1)])).toEqual([expect.any(Function), 1])
    await firsts()
  })

  it('is one in a call, as it was when that first sent it', async () => {
    const identity = (value: number) => value
    const probe = (fn: Function) => (fn as never as { extra?: string }).extra ?? 'none'
    await settle(identity)
    await parallel([delayed(identity)(1)])
    const seen = await Parallel({ nJobs: 1, backend: 'threads', batchSize: 10, preDispatch: 1 })(function* () {
      for (let n = 0; n < 20; n += 1) yield delayed(identity)(n) as never
      Object.assign(identity, { extra: 'changed' })
      for (let n = 0; n < 20; n += 1) yield delayed(probe)(identity)
    })
    expect(new Set(seen.slice(20))).toEqual(new Set(['none']))
    expect(await parallel([delayed(probe)(identity)])).toEqual(['changed'])
  })

  it('comes back as itself', async () => {
    const fn = () => {}
    await settle(fn)
    const [back] = await parallel([delayed((value: Function) => value)(fn)])
    expect(back).toBe(fn)
  })
})

declare const lastingSpec: number
