// biome-ignore-all lint: the code is odd on purpose
import { EventEmitter } from 'node:events'
import { delayed } from 'parfor'

class Animal {
  static kingdom = 'animals'
  #secret = 'hidden'
  sound = 'none'
  constructor(name) {
    this.name = name
  }
  speak() {
    return `${this.name}: ${this.sound}`
  }
  reveal() {
    return this.#secret
  }
}
class Dog extends Animal {
  sound = 'wuff'
  speak() {
    return `${super.speak()}!`
  }
}
const sym = Symbol('method')

export const cases = {
  'statics that have changed, beside a private one': ({ same }) => {
    class Counted {
      static count = 0
      static #step = 1
      static next() {
        Counted.count += Counted.#step
        return [Counted.count, Counted.added]
      }
    }
    Counted.count = 5
    Counted.added = 'x'
    return same(() => Counted.next())
  },
  'made and used inside': ({ same }) =>
    same(
      () =>
        new (class {
          x = 1
        })().x,
    ),
  'a class of the module': ({ same }) => same(() => new Animal('a').speak()),
  'a class below another': ({ same }) =>
    same(() => [new Dog('d').speak(), new Dog('d') instanceof Animal, Dog.kingdom]),
  'private members': ({ same }) => same(() => new Dog('d').reveal()),
  'private members of every kind': ({ same }) => {
    class Box {
      #value = 1
      static #made = 0
      static count() {
        return Box.#made
      }
      constructor() {
        Box.#made += 1
      }
      get #double() {
        return this.#value * 2
      }
      set #double(x) {
        this.#value = x / 2
      }
      #add(n) {
        this.#value += n
        return this
      }
      run() {
        this.#double = 10
        return [this.#add(2).#value, this.#double, #value in this, Box.isBox({})]
      }
      static isBox(x) {
        return #value in x
      }
    }
    return same(() => [new Box().run(), Box.count()])
  },
  'an instance that is captured': ({ same }) => {
    class Point {
      constructor(x) {
        this.x = x
      }
      twice() {
        return this.x * 2
      }
    }
    const point = new Point(4)
    return same(() => [point.twice(), point instanceof Point])
  },
  'an instance that is an argument': ({ same }) => {
    class Point {
      x = 3
      twice() {
        return this.x * 2
      }
    }
    return same((point) => point.twice(), new Point())
  },
  'an instance that comes out is of the class': async ({ away, equal }) => {
    class Point {
      constructor(x) {
        this.x = x
      }
    }
    const point = await away((x) => new Point(x), 3)
    equal([point instanceof Point, point.constructor === Point, point.x], [true, true, 3])
  },
  'an instance goes in and comes out': async ({ away, equal }) => {
    class Point {
      x = 1
    }
    const point = await away((p) => Object.assign(p, { x: 2 }), new Point())
    equal([point instanceof Point, point.x], [true, 2])
  },
  'an error of a class comes out': async ({ away, equal }) => {
    class Problem extends RangeError {
      name = 'Problem'
      constructor(code) {
        super(`code ${code}`)
        this.code = code
      }
    }
    const fail = (code) => {
      throw new Problem(code)
    }
    try {
      await away(fail, 7)
    } catch (error) {
      equal([error instanceof Problem, error.code, error.message, error.name], [true, 7, 'code 7', 'Problem'])
      return
    }
    throw new Error('it was not thrown')
  },
  'the class itself comes out': async ({ away, equal }) => {
    class Own {}
    equal((await away(() => [Own, { Own }]))[0] === Own, true)
  },
  'a class that is made in a task comes out': async ({ away, equal }) => {
    const [Made, made] = await away((n) => {
      class Made {
        n = n
        get twice() {
          return this.n * 2
        }
      }
      return [Made, new Made()]
    }, 4)
    equal([made instanceof Made, made.twice, new Made().twice], [true, 8, 8])
  },
  statics: ({ same }) => {
    class Registry {
      static count = 0
      static items = new Map()
      static ['comp' + 'uted'] = 'c'
      static add(item) {
        this.items.set(item, ++Registry.count)
        return this
      }
      static get size() {
        return this.items.size
      }
    }
    Registry.add('before')
    Registry.late = 'patched on'
    return same(() => [Registry.add('x').size, Registry.count, [...Registry.items], Registry.computed, Registry.late])
  },
  'a static block runs once': async ({ away, equal }) => {
    class Once {
      static {
        globalThis.staticBlocks = (globalThis.staticBlocks ?? 0) + 1
        this.value = 'from the block'
      }
    }
    equal(await away(() => [Once.value, typeof globalThis.staticBlocks]), ['from the block', 'undefined'])
    delete globalThis.staticBlocks
  },
  'static private members': ({ same }) => {
    class Hidden {
      static #key = 'k'
      static open() {
        return Hidden.#key
      }
    }
    return same(() => Hidden.open())
  },
  'an instance in a static field': ({ same }) => {
    class Color {
      static red = new Color('red')
      constructor(name) {
        this.name = name
      }
      static parse(name) {
        return this[name]
      }
    }
    return same(() => [Color.parse('red').name, Color.red instanceof Color, Color.red === Color.parse('red')])
  },
  accessors: ({ same }) => {
    class Celsius {
      degrees = 20
      get fahrenheit() {
        return this.degrees * 1.8 + 32
      }
      set fahrenheit(f) {
        this.degrees = (f - 32) / 1.8
      }
      static get zero() {
        return Object.assign(new this(), { degrees: 0 })
      }
    }
    return same(() => {
      const one = new Celsius()
      one.fahrenheit = 212
      return [one.degrees, Celsius.zero.fahrenheit]
    })
  },
  'fields under symbols and computed keys': ({ same }) => {
    const keys = { second: 'two' }
    class Keyed {
      [sym] = 1;
      [keys.second] = 2;
      ['three'] = 3
      sum() {
        return this[sym] + this[keys.second]
      }
    }
    return same((instance) => [new Keyed().sum(), new Keyed().three, instance.sum()], new Keyed())
  },
  'methods under computed and symbol keys': ({ same }) => {
    const key = 'dynamic'
    class Keyed {
      [key]() {
        return 1
      }
      [sym]() {
        return 3
      }
      static [key]() {
        return 4
      }
      get [`${key}3`]() {
        return 5
      }
      *[Symbol.iterator]() {
        yield 6
      }
      static [Symbol.hasInstance](x) {
        return x === 7
      }
    }
    return same(() => {
      const one = new Keyed()
      return [one.dynamic(), one[sym](), Keyed.dynamic(), one.dynamic3, [...one], 7 instanceof Keyed]
    })
  },
  'async, generator and odd methods': ({ same }) => {
    class Odd {
      async wait() {
        return 1
      }
      *some() {
        yield 2
      }
      async *stream() {
        yield 3
      }
      get() {
        return 4
      }
      static static() {
        return 5
      }
      static async async() {
        return 6
      }
      'quoted name'() {
        return 7
      }
      12() {
        return 8
      }
    }
    return same(async () => {
      const odd = new Odd()
      const streamed = []
      for await (const x of odd.stream()) streamed.push(x)
      return [
        await odd.wait(),
        [...odd.some()],
        streamed,
        odd.get(),
        Odd.static(),
        await Odd.async(),
        odd['quoted name'](),
        odd[12](),
      ]
    })
  },
  'fields that capture and arrows that use this': ({ same }) => {
    const outside = 'captured'
    class Fields {
      plain = outside
      list = [this.plain]
      bound = () => this.plain
      quoted = 1
    }
    return same(() => {
      const { bound, list, quoted } = new Fields()
      return [bound(), list, quoted]
    })
  },
  'super in constructors, methods, statics and fields': ({ same }) => {
    class A {
      constructor(x) {
        this.x = x
      }
      static make() {
        return 'A'
      }
      get name() {
        return 'a'
      }
      tell() {
        return 'told by A'
      }
    }
    class B extends A {
      extra = super.tell()
      constructor(...args) {
        super(...args)
        this.y = this.x + 1
      }
      static make() {
        return `${super.make()}B`
      }
      get name() {
        return `${super.name}b`
      }
    }
    class C extends B {}
    return same(() =>
      [B.make(), C.make(), new B(1), new C(2).name, new C(3).extra].map((x) => (typeof x === 'object' ? { ...x } : x)),
    )
  },
  mixins: ({ same }) => {
    const Named = (Base) =>
      class extends Base {
        name = 'named'
      }
    const Counted = (Base) =>
      class Counted extends Base {
        count = 1
      }
    class Root {
      root = true
    }
    class All extends Counted(Named(Root)) {}
    return same(() => [{ ...new All() }, new All() instanceof Root, Object.getPrototypeOf(All).name])
  },
  'a class whose superclass is an expression': ({ same }) => {
    const bases = { animal: Animal }
    const pick = (name) => bases[name]
    class Cat extends pick('animal') {}
    return same(() => new Cat('c').speak())
  },
  'extends null': ({ same }) => {
    class Bare extends null {
      static hi() {
        return 'hi'
      }
    }
    return same(() => [Bare.hi(), Object.getPrototypeOf(Bare.prototype)])
  },
  'below built-in classes': ({ same }) => {
    class Stack extends Array {
      peek() {
        return this.at(-1)
      }
    }
    class Defaults extends Map {
      get(key) {
        return super.get(key) ?? 'default'
      }
    }
    class Later extends Promise {}
    class Day extends Date {}
    return same(async () => [
      Stack.of(1, 2).peek(),
      Stack.from([1]).map((x) => x) instanceof Stack,
      new Defaults([[1, 2]]).get(1),
      new Defaults().get(0),
      await Later.resolve(5),
      Later.resolve() instanceof Later,
      new Day(0).getTime(),
    ])
  },
  'instances of classes below built-in classes': ({ same }) => {
    class Stack extends Array {
      peek() {
        return this.at(-1)
      }
    }
    class Defaults extends Map {
      get(key) {
        return super.get(key) ?? 'default'
      }
    }
    const stack = Stack.of(1, 2)
    const map = new Defaults([['a', stack]])
    return same(() => [map.get('a').peek(), map.get('b'), map.get('a') === stack, stack.length])
  },
  'an event emitter': ({ same }) => {
    class Bus extends EventEmitter {
      seen = []
      constructor() {
        super()
        this.on('x', (value) => this.seen.push(value))
      }
    }
    return same(() => {
      const bus = new Bus()
      bus.emit('x', 1)
      return bus.seen
    })
  },
  'an anonymous class that names itself': ({ same }) => {
    const Node = class {
      constructor(depth) {
        if (depth > 0) this.child = new Node(depth - 1)
      }
    }
    return same(() => new Node(2).child.child instanceof Node)
  },
  'a class expression with a name inside': ({ same }) => {
    const Outer = class Inner {
      static self = () => Inner
    }
    return same(() => [Outer.self() === Outer, Outer.name])
  },
  'a constructor whose prototype was replaced': async ({ away, same, equal }) => {
    function Point(x) {
      this.x = x
    }
    Point.prototype = {
      twice() {
        return this.x * 2
      },
    }
    const point = new Point(1)
    const told = (point) => [point instanceof Point, point.twice(), 'constructor' in Object.getPrototypeOf(point)]
    await same(() => [told(point), told(new Point(2))])
    await same(told, point)
    const made = await away(() => new Point(3))
    equal([made instanceof Point, made.twice()], [true, 6])
  },
  'constructors that share a prototype': ({ same }) => {
    function One() {}
    function Other() {}
    Other.prototype = One.prototype
    const other = new Other()
    return same((one) => [other instanceof One, one instanceof Other, new One() instanceof Other], new One())
  },
  'a patched prototype': ({ same }) => {
    class Base {
      hi() {
        return 'original'
      }
      gone() {}
    }
    const original = Base.prototype.hi
    Base.prototype.hi = function () {
      return `patched ${original.call(this)}`
    }
    Base.prototype.added = () => 'added'
    Object.defineProperty(Base.prototype, 'got', { get: () => 'got' })
    return same(() => [new Base().hi(), new Base().added(), new Base().got])
  },
  'a method that was taken away': ({ same }) => {
    class Base {
      gone() {}
      kept() {}
    }
    delete Base.prototype.gone
    return same(() => [typeof new Base().gone, typeof new Base().kept])
  },
  'classes that use each other': ({ same }) => {
    class Tree {
      leaves = [new Leaf(this)]
    }
    class Leaf {
      constructor(tree) {
        this.tree = tree
      }
      root() {
        return this.tree instanceof Tree
      }
    }
    return same(() => new Tree().leaves[0].root())
  },
  'a class, an instance and a function in a circle': ({ same }) => {
    class Service {
      static instance = new Service()
      call = () => use()
      answer = 42
    }
    const use = () => Service.instance.answer
    return same(() => Service.instance.call())
  },
  'a factory of classes': async ({ all, equal }) => {
    const make = (n) =>
      class {
        value = n
      }
    equal(await all([1, 2].map((n) => delayed((C) => new C().value)(make(n)))), [1, 2])
  },
  'names, and the order of methods': ({ same }) => {
    class Order {
      b() {}
      a() {}
      static z() {}
    }
    return same(() => [
      Order.name,
      Object.getOwnPropertyNames(Order.prototype),
      Object.getOwnPropertyNames(Order).includes('z'),
    ])
  },
  'Symbol.species, toPrimitive and toStringTag': ({ same }) => {
    class Money {
      cents = 5;
      [Symbol.toPrimitive](hint) {
        return hint === 'string' ? `${this.cents}c` : this.cents
      }
      get [Symbol.toStringTag]() {
        return 'Money'
      }
      static get [Symbol.species]() {
        return Array
      }
    }
    const money = new Money()
    return same(() => [`${money}`, money + 1, Object.prototype.toString.call(money), Money[Symbol.species] === Array])
  },
  'toJSON and inspect methods do not matter': ({ same }) => {
    class Odd {
      value = 1
      toJSON() {
        return 'json'
      }
    }
    return same((odd) => [odd.value, JSON.stringify(odd)], new Odd())
  },
  'hooks for private state': async ({ away, equal }) => {
    class Wallet {
      #coins
      constructor(coins) {
        this.#coins = coins
      }
      get coins() {
        return this.#coins
      }
      [Symbol.for('parfor.serialize')]() {
        return { coins: this.#coins }
      }
      static [Symbol.for('parfor.deserialize')]({ coins }) {
        return new Wallet(coins)
      }
    }
    const wallet = new Wallet(3)
    const richer = await away((w) => new Wallet(w.coins + wallet.coins), new Wallet(4))
    equal([richer instanceof Wallet, richer.coins], [true, 7])
  },
  'hooks for an open connection': ({ same }) => {
    class Connection {
      constructor(url) {
        this.url = url
        this.socket = new WeakMap()
      }
      [Symbol.for('parfor.serialize')]() {
        return this.url
      }
      static [Symbol.for('parfor.deserialize')](url) {
        return new this(url)
      }
    }
    return same((connection) => [connection.url, connection.socket instanceof WeakMap], new Connection('db://x'))
  },
}
