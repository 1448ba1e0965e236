// biome-ignore-all lint: the code is odd on purpose
import { partial } from 'parfor'

const tag = (strings, ...values) => strings.raw.join('|') + values.join()
const symbol = Symbol('key')
const collection = {
  items: [1, 2, 3],
  get first() {
    return this.items[0]
  },
  set first(value) {
    this.items[0] = value
  },
  sum() {
    return this.items.reduce((a, b) => a + b, 0)
  },
  *[Symbol.iterator]() {
    yield* this.items
  },
  async later() {
    return this.sum()
  },
  async *slowly() {
    for (const item of this.items) yield item
  },
  *counted() {
    yield this.items.length
  },
  ['comp' + 'uted'](x) {
    return [x, this.items.length]
  },
  [symbol]() {
    return 'by symbol'
  },
  'with spaces'() {
    return 'spaces'
  },
  42() {
    return 'number'
  },
  get() {
    return 'get'
  },
  async() {
    return 'async'
  },
  static: () => 'static',
}

export const cases = {
  'an arrow with an expression': ({ same }) => same((x) => ({ x }), 1),
  'a function expression': ({ same }) =>
    same(
      function (a, b) {
        return a - b
      },
      3,
      1,
    ),
  'an async arrow': ({ same }) => same(async (x) => (await Promise.resolve(x)) + 1, 1),
  'an async function that waits': ({ same }) =>
    same(async function wait(ms) {
      await new Promise((resolve) => setTimeout(resolve, ms))
      return ms
    }, 1),
  'a generator': ({ same }) => {
    function* upTo(n) {
      for (let i = 0; i < n; i++) yield i
    }
    return same(() => [...upTo(4)])
  },
  'an async generator': ({ same }) => {
    async function* upTo(n) {
      for (let i = 0; i < n; i++) yield await i
    }
    return same(async () => {
      const seen = []
      for await (const i of upTo(3)) seen.push(i)
      return seen
    })
  },
  'the prototypes of generators': ({ same }) => {
    const g = function* () {}
    const a = async function* () {}
    g.prototype.extra = 1
    return same(() => [g().extra, Object.getPrototypeOf(g) === Object.getPrototypeOf(function* () {}), typeof a().next])
  },
  arguments: ({ same }) =>
    same(
      function () {
        return [arguments.length, ...arguments]
      },
      1,
      2,
    ),
  'arguments of the function around': ({ same }) => {
    const make = function () {
      return () => [arguments.length, arguments[1]]
    }
    return same(make('a', 'b', 'c'))
  },
  'an arrow in a function in a task': ({ same }) =>
    same(function () {
      return [1, 2].map(() => arguments.length)
    }, 'only'),
  'a default that uses other parameters and captures': ({ same }) => {
    const base = 10
    return same((a, b = a + base, c = () => b) => [a, b, c()], 1)
  },
  'an IIFE and closures in it': ({ same }) =>
    same(() =>
      (
        (x) => () =>
          x
      )(3)(),
    ),
  'methods of an object': ({ same }) =>
    same(() => [collection.sum(), collection.computed(1), collection.get(), collection.static()]),
  'a lone method': ({ same }) => same(collection.get),
  'a lone method called async': ({ same }) => same(collection.async),
  'a lone method with a name in quotes': ({ same }) => same(collection['with spaces']),
  'a lone method with a number for a name': ({ same }) => same(collection[42]),
  'a lone method under a symbol': ({ same }) => same(collection[symbol]),
  'a lone async method': ({ same }) => same(collection.later.bind({ sum: () => 5 })),
  'a lone generator method': ({ same }) => {
    const { counted } = collection
    return same(() => [...counted.call({ items: 'ab' })])
  },
  'a lone getter': ({ same }) => {
    const { get } = Object.getOwnPropertyDescriptor(collection, 'first')
    return same(() => get.call({ items: ['x'] }))
  },
  'accessors of an object': ({ same }) => same(() => ((collection.first = 9), [collection.first, collection.items])),
  'the iterator of an object': ({ same }) => same(() => [...collection]),
  'an async iterator of an object': ({ same }) =>
    same(async () => {
      const seen = []
      for await (const item of collection.slowly()) seen.push(item)
      return seen
    }),
  'keys that are symbols': ({ same }) =>
    same(() => [collection[symbol](), Object.getOwnPropertySymbols(collection).length]),
  'super in methods of an object': async ({ refused }) => {
    const child = {
      __proto__: { hi: () => 'parent' },
      hi() {
        return `${super.hi()} and child`
      },
    }
    await refused('super', /super/, child.hi)
  },
  'a bound function': ({ same }) => {
    function greet(greeting, name) {
      return `${greeting} ${name} of ${this.place}`
    }
    return same(greet.bind({ place: 'here' }, 'hello'), 'you')
  },
  'a function bound twice': ({ same }) => same(((a, b, c) => [a, b, c]).bind(null, 1).bind(null, 2), 3),
  'a bound method of an instance': ({ same }) => {
    const list = {
      items: [3, 4],
      sum() {
        return this.items[0] + this.items[1]
      },
    }
    return same(list.sum.bind(list))
  },
  'a bound built-in': ({ same }) => same(Array.prototype.join.bind(['a', 'b']), '-'),
  'a bound function that captures itself': ({ same }) => {
    const bound = function (n) {
      return n === 0 ? this.end : bound(n - 1)
    }.bind({ end: 'end' })
    return same(bound, 3)
  },
  'a partial': ({ same }) =>
    same(
      partial((a, b, c) => [a, b, c], 1, 2),
      3,
    ),
  'a partial over a closure': ({ same }) => {
    const offset = 100
    return same(
      partial((a, b) => a + b + offset, 1),
      2,
    )
  },
  'a function with properties': ({ same }) => {
    const fn = Object.assign((x) => fn.factor * x, { factor: 3, nested: { list: [1] } })
    return same(() => [fn(2), fn.nested, Object.keys(fn)])
  },
  'a function with hidden properties and accessors': ({ same }) => {
    const fn = () => fn.twice
    Object.defineProperty(fn, 'n', { value: 4, enumerable: false })
    Object.defineProperty(fn, 'twice', { get: () => fn.n * 2 })
    return same(() => [fn(), Object.keys(fn)])
  },
  'name and length': ({ same }) => {
    const named = (a, b, ...c) => [a, b, c]
    function declared(a) {}
    const renamed = Object.defineProperty(() => {}, 'name', { value: 'other name' })
    const odd = { 'not-a-name': () => {}, [symbol]: () => {} }
    return same(() =>
      [named, declared, renamed, odd['not-a-name'], odd[symbol], (() => () => {})()].map((f) => [f.name, f.length]),
    )
  },
  'a length that is set': ({ same }) => {
    const set = (f, length) => Object.defineProperty(f, 'length', { value: length })
    class Made {
      static length = 'own'
    }
    const functions = [
      set((a) => a, 7),
      set(function (a, b) {}, 0),
      set(
        class {
          constructor(a) {}
        },
        5,
      ),
      set({ method(a, b = 1, c) {} }.method, 2),
      Made,
      class {
        static length() {}
      },
      class {
        static #hidden = 3
        static length = Made.length.length
      },
    ]
    const lengthOf = (f) => Object.getOwnPropertyDescriptor(f, 'length')
    return same(() => functions.map((f) => [typeof f.length, typeof f.length === 'function' || lengthOf(f)]))
  },
  'names of accessors and methods': ({ same }) => {
    const of = (key) => Object.getOwnPropertyDescriptor(collection, key)
    const functions = [
      of('first').get,
      of('first').set,
      of('sum').value,
      of(symbol).value,
      of('computed').value,
      of('42').value,
    ]
    return same(() => functions.map((f) => f.name))
  },
  'tagged templates': ({ same }) => same((x) => tag`a${x}\n${[1, 2]}b`, 5),
  'one template object for each place': ({ same }) => {
    const of = (strings) => strings
    const get = () => of`x`
    return same(() => get() === get())
  },
  'a regular expression with state': ({ same }) => {
    const find = /a/g
    find.exec('banana')
    return same(() => [find.lastIndex, find.exec('banana').index])
  },
  'a task that throws': ({ same }) =>
    same((x) => {
      throw new RangeError(`too big: ${x}`)
    }, 9),
  'exceptions, finally and labels': ({ same }) =>
    same((n) => {
      const seen = []
      for (let i = 0; ; i++) {
        try {
          if (i === n) throw new Error('stop')
          if (i % 2) continue
          seen.push(i)
        } catch ({ message }) {
          seen.push(message)
          break
        } finally {
          seen.push('finally')
        }
      }
      return seen
    }, 3),
  'new.target': ({ same }) =>
    same(() => {
      function Maker() {
        return { made: new.target === Maker }
      }
      return new Maker().made
    }),
  'a constructor as ES5 writes it': ({ same }) => {
    function Person(name) {
      this.name = name
    }
    Person.prototype.hi = function () {
      return `hi ${this.name}`
    }
    Person.count = 3
    return same(() => [
      new Person('a').hi(),
      Person.count,
      new Person('b') instanceof Person,
      new Person('c').constructor === Person,
    ])
  },
  'inheritance as ES5 writes it': ({ same }) => {
    function Base() {
      this.base = true
    }
    Base.prototype.who = () => 'base'
    function Derived() {
      Base.call(this)
    }
    Derived.prototype = Object.create(Base.prototype, {
      constructor: { value: Derived, writable: true, configurable: true },
    })
    Derived.prototype.what = () => 'derived'
    return same(() => {
      const made = new Derived()
      return [made.base, made.who(), made.what(), made instanceof Base, Object.keys(Derived.prototype)]
    })
  },
  'a prototype that was replaced by an object': ({ same }) => {
    function Shape() {}
    Shape.prototype = { area: () => 4 }
    return same(() => [new Shape().area(), new Shape().constructor === Object, Object.keys(Shape.prototype)])
  },
  'optional chaining and logical assignment': ({ same }) => {
    const config = { a: null, list: undefined }
    return same(() => {
      config.a ??= 1
      config.list ||= []
      config.a &&= 5
      return [config?.a, config.list?.[0], config.none?.()]
    })
  },
  'numbers and strings of every notation': ({ same }) =>
    same(() => [0xff, 0b11, 0o17, 1_000, 1e3, 0.5, 10n, '\x41\u{1F600}', `\``]),
  'a body that only looks like an object': ({ same }) =>
    same(() => {
      a: 1
    }),
  'a comma, void and a conditional': ({ same }) => same((x) => (void 0, x ? 'yes' : 'no'), 1),
  'a closing line comment': ({ same }) =>
    same(
      (x) => x, // the end
      1,
    ),
}
