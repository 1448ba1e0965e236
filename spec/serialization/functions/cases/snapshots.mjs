// biome-ignore-all lint: the code is odd on purpose
import { delayed, Parallel } from 'parfor'

const one = Parallel({ nJobs: 1, backend: 'threads' })
const oneByOne = Parallel({ nJobs: 1, backend: 'threads', batchSize: 1 })
const shared = new Int32Array(new SharedArrayBuffer(8))
let calls = 0
let settings = { depth: 1 }

export const cases = {
  'what a task writes stays away': async ({ away, equal }) => {
    const state = { n: 1 }
    let count = 0
    await away(() => [++state.n, ++count])
    equal([state.n, count], [1, 0])
  },
  'tasks of one call on one worker share what they wrote': async ({ all, equal }) => {
    let n = 0
    const next = delayed(() => ++n)
    equal(await all([next(), next(), next()]), [1, 2, 3])
  },
  'the next call starts anew': async ({ away, equal }) => {
    let n = 0
    const next = () => ++n
    equal([await away(next), await away(next)], [1, 1])
  },
  'the next call sees assignments': async ({ away, equal }) => {
    const read = () => settings.depth
    equal(await away(read), 1)
    settings = { depth: 2 }
    equal(await away(read), 2)
  },
  'the next call sees what changed inside': async ({ away, equal }) => {
    const list = [[1]]
    const read = () => list
    await away(read)
    list[0].push(2)
    equal(await away(read), [[1, 2]])
  },
  'a call sees what was there when its first task was sent': async ({ equal }) => {
    let value = 'at first'
    const task = delayed(() => value)
    const results = await one(function* () {
      yield task()
      yield task()
      value = 'later'
      for (let n = 0; n < 5; n++) yield task()
    })
    equal(new Set(results).size, 1)
  },
  'the function is read once for many tasks': async ({ all, equal }) => {
    let reads = 0
    const traced = {
      get value() {
        return 1
      },
    }
    Object.defineProperty(traced, Symbol.for('parfor.serialize'), { value: () => (++reads, {}) })
    traced.constructor = class {
      static [Symbol.for('parfor.deserialize')]() {
        return { value: 1 }
      }
    }
    const task = delayed(() => traced.value)
    await all(Array.from({ length: 50 }, () => task()))
    equal(reads, 1)
  },
  'functions of one call keep their identity': async ({ all, equal }) => {
    const helper = () => {}
    const a = (other) => other === helper
    const b = () => helper
    equal(await all([delayed(a)(helper), delayed((f, g) => f === g)(helper, helper)]), [true, true])
    equal((await all([delayed(b)()]))[0] === helper, true)
  },
  'symbols of one call keep their identity': async ({ all, equal }) => {
    const mark = Symbol('mark')
    const results = await all([
      delayed((s) => s === mark)(mark),
      delayed((o) => o[mark])({ [mark]: 1 }),
      delayed(() => ({ [mark]: 2 }))(),
    ])
    equal([results[0], results[1], results[2][mark]], [true, 1, 2])
  },
  'shared memory is shared': async ({ away, equal }) => {
    await away(() => Atomics.add(shared, 0, 5))
    equal(shared[0], 5)
    await away((view) => Atomics.add(view, 1, 7), shared)
    equal(shared[1], 7)
  },
  'a buffer of several tasks is read once': async ({ equal }) => {
    for (const bytes of [Buffer.from('first'), new Uint8Array(5).fill(102), Buffer.alloc(50_000, 'f')]) {
      const task = delayed((b) => (b[1] === 0 ? 'not a copy' : b.fill(0, 1)[0]))
      const results = await oneByOne(function* () {
        for (let n = 0; n < 8; n++) {
          yield task(bytes)
          bytes[0] += 1
        }
      })
      equal(results, Array(8).fill(102))
    }
  },
  'parts of one buffer are told apart': ({ same }) => {
    const whole = Buffer.from('abcdef')
    return same((...parts) => parts.map(String), whole, whole.subarray(1, 3), whole.subarray(1), whole.subarray(0, 0))
  },
  'arguments are copies': async ({ away, equal }) => {
    const list = [1]
    const bytes = new Uint8Array([1])
    const back = await away((l, b) => (l.push(2), (b[0] = 9), [l, b]), list, bytes)
    equal([list, bytes[0], back], [[1], 1, [[1, 2], new Uint8Array([9])]])
  },
  'an object in two arguments is one': ({ same }) => {
    const one = {}
    return same(
      (a, { b }, c) => [a === b, a === c],
      one,
      { b: one },
      new (class {
        constructor() {
          this.one = one
        }
      })().one,
    )
  },
  'a result with an object in two places': async ({ away, equal }) => {
    const back = await away(() => {
      const one = { f: () => one }
      return [one, one]
    })
    equal([back[0] === back[1], back[0].f() === back[0]], [true, true])
  },
  'an argument of functions over one variable': ({ same }) => {
    const counter = () => {
      let n = 0
      return { up: () => ++n, get: () => n, set: (value) => (n = value) }
    }
    const a = counter()
    const b = counter()
    return same(
      (one, { two }, set) => [one.up(), one.up(), two.up(), one.get(), two.get(), set(9), one.get()],
      a,
      { two: b },
      a.set,
    )
  },
  'an argument that its own functions change': ({ same }) => {
    const make = () => {
      const self = { n: 0, up: () => (self.n++, self), list: [] }
      self.list.push(self.up)
      return self
    }
    return same((one) => [one.up() === one, one.n, one.list[0]().n, one.list[0] === one.up], make())
  },
  'an instance with a method that its constructor bound': ({ same }) => {
    class Button {
      clicks = 0
      constructor() {
        this.click = this.click.bind(this)
      }
      click() {
        this.clicks += 1
        return this
      }
    }
    return same(
      ({ button, click }) => [click() === button, button.clicks, button instanceof Button],
      ((button) => ({ button, click: button.click }))(new Button()),
    )
  },
  'a function that captures another argument': ({ same }) => {
    const cache = new Map()
    const put = (key) => cache.set(key, true).size
    return same((map, put) => [put('a'), map.size, map.has('a')], cache, put)
  },
  'a function that reaches another argument through a helper': ({ same }) => {
    const cache = new Map()
    const inner = (key) => cache.set(key, true)
    const put = (key) => inner(key).size
    return same((put, map) => [put('a'), map.size], put, cache)
  },
  'tasks with such arguments share nothing': async ({ all, equal }) => {
    const cache = new Map()
    const put = (key) => cache.set(key, true).size
    const task = delayed((map, put) => [put('a'), put('b'), map.size])
    equal(await all([task(cache, put), task(cache, put), task(cache, put)]), Array(3).fill([1, 2, 2]))
    equal(cache.size, 0)
  },
  'a function that was sent with an argument comes back': async ({ away, equal }) => {
    const state = {}
    const read = () => state
    const back = await away((state, read) => [read, read() === state], state, read)
    equal([back[0] === read, back[1]], [true, true])
  },
  'an instance of a class that holds it': ({ same }) => {
    class Color {
      static all = []
      static red = new Color()
      constructor() {
        Color.all.push(this)
      }
    }
    return same((color) => [color instanceof Color, Color.all.length], Color.red)
  },
  'a generator of closures': async ({ equal }) => {
    const results = await Parallel({ nJobs: 2, batchSize: 3 })(function* () {
      for (let i = 0; i < 10; i++) yield delayed(() => i * 10)()
    })
    equal(results, [0, 10, 20, 30, 40, 50, 60, 70, 80, 90])
  },
  'the module is not run again': async ({ away, equal }) => {
    calls += 1
    equal([await away(() => calls), calls], [1, 1])
  },
  'other workers have their own copy': async ({ equal }) => {
    const state = { n: 0 }
    const task = delayed(() => ++state.n)
    const results = await Parallel({ nJobs: 2, batchSize: 1 })(Array.from({ length: 20 }, () => task()))
    equal([state.n, results.every((n) => n >= 1 && n <= 20)], [0, true])
  },
  'the next call sees what was done to a function that captures nothing': async ({ away, equal }) => {
    function task() {}
    const given = (fn, twice) => [fn.name, fn.length, fn.mark, Object.keys(fn), fn.prototype?.mark, twice === fn]
    const look = async (fn) => equal(await away(given, fn, fn), given(fn, fn))
    await look(task)
    await look(task)
    task.mark = 1
    task.prototype.mark = 2
    await look(task)
    Object.defineProperty(task, 'name', { value: 'other' })
    Object.defineProperty(task, 'length', { value: 5 })
    task.mark = [3]
    task.prototype = { mark: 4 }
    await look(task)
    delete task.mark
    await look(task)
  },
  'the next call sees a global that the program makes, and makes anew': async ({ away, equal }) => {
    const read = () => (typeof madeLater === 'undefined' ? 'none' : madeLater)
    equal(await away(read), 'none')
    try {
      globalThis.madeLater = 1
      equal(await away(read), 1)
      globalThis.madeLater = 2
      equal(await away(read), 2)
    } finally {
      delete globalThis.madeLater
    }
    equal(await away(read), 'none')
  },
  'a function that captures nothing, and that a task has changed, is itself in the next call': async ({
    all,
    equal,
  }) => {
    const next = (fn) => {
      fn.count = (fn.count ?? 0) + 1
      return fn.count
    }
    const counted = () => {}
    for (let call = 0; call < 3; call++) equal(await all([delayed(next)(counted), delayed(next)(counted)]), [1, 2])
    equal(Object.keys(counted), [])
  },
  'a function that is replaced by one around it': async ({ away, equal }) => {
    let calls =
      (fn) =>
      (...args) => ['around', fn(...args)]
    function score(n) {
      return n > 0 ? [n, score(n - 1)] : [0]
    }
    const first = score
    equal(await away(first, 1), [1, [0]])
    score = calls(score)
    equal(await away(first, 1), [1, ['around', [0]]])
    equal(await away(score, 0), ['around', [0]])
  },
  'a class that captures nothing': async ({ away, equal }) => {
    class Point {
      x = 1
      get() {
        return this.x
      }
    }
    const make = (Point) => [new Point().get(), Point.y, new Point() instanceof Point, Point.prototype.z]
    equal(await away(make, Point), [1, undefined, true, undefined])
    Point.y = 2
    Point.prototype.z = 3
    Point.prototype.get = () => 4
    equal(await away(make, Point), [4, 2, true, 3])
  },
}
