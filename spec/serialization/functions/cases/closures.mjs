// biome-ignore-all lint: the code is odd on purpose
import { delayed, partial } from 'parfor'

const prefix = 'module '
const helper = (text) => prefix + inner(text)
function inner(text) {
  return text.toUpperCase()
}
let level = 1
const setLevel = (value) => {
  level = value
}
const readLevel = () => level
var total = 0
const add = (n) => {
  total += n
  return readTotal()
}
function readTotal() {
  return total
}
let countedAll = 0
const countedCounter = () => {
  let n = 0
  return () => [++n, ++countedAll]
}
const even = (n) => n === 0 || odd(n - 1)
const odd = (n) => n !== 0 && even(n - 1)

export const cases = {
  'nothing is captured': ({ same }) => same(() => 42),
  'nothing is returned': ({ same }) => same(() => {}),
  'a local constant': ({ same }) => {
    const factor = 3
    return same((x) => x * factor, 4)
  },
  'primitives of every kind': ({ same }) => {
    const captured = [undefined, null, Number.NaN, -0, 1n, Infinity, '', false]
    const [a, b, c, d, e, f, g, h] = captured
    return same(() => [a, b, c, d, e, f, g, h])
  },
  'a symbol': async ({ away, equal }) => {
    const symbol = Symbol('mine')
    equal((await away(() => symbol)) === symbol, true)
  },
  'a helper of the module': ({ same }) => same((text) => helper(text), 'a'),
  'a function of the module itself': ({ same }) => same(helper, 'a'),
  'a variable of the module that changed before the call': ({ same }) => {
    setLevel(7)
    return same(() => level + readLevel())
  },
  'a variable of the module that a task and its helper share': async ({ away, equal }) => {
    equal(await away(add, 5), 5)
    equal(total, 0)
  },
  'bindings of each iteration': async ({ all, equal }) => {
    const tasks = []
    for (let i = 0; i < 3; i++) tasks.push(delayed(() => i)())
    equal(await all(tasks), [0, 1, 2])
  },
  'bindings of for-of and for-in': async ({ all, equal }) => {
    const tasks = []
    for (const item of ['a', 'b']) tasks.push(delayed(() => item)())
    for (const key in { x: 1, y: 2 }) tasks.push(delayed(() => key)())
    equal(await all(tasks), ['a', 'b', 'x', 'y'])
  },
  'a var that all iterations share': async ({ all, equal }) => {
    const tasks = []
    for (var i = 0; i < 3; i++) tasks.push(delayed(() => i)())
    equal(await all(tasks), [3, 3, 3])
  },
  'a caught error': ({ same }) => {
    try {
      throw new TypeError('caught')
    } catch (error) {
      return same(() => error.message)
    }
  },
  'a destructured catch': ({ same }) => {
    try {
      throw new TypeError('caught')
    } catch ({ message, name }) {
      return same(() => [message, name])
    }
  },
  'variables of a switch': ({ same }) => {
    switch (1) {
      case 1: {
        const inside = 'case'
        return same(() => inside)
      }
    }
  },
  'a variable of a label': ({ same }) => {
    outer: for (const a of [1]) {
      for (const b of [2]) {
        if (b === 3) break outer
        return same(() => a + b)
      }
    }
  },
  'parameters, defaults and rests': ({ same }) => {
    const make =
      (a, { b, ...others }, c = a + b, ...rest) =>
      () => [a, b, others, c, rest]
    return same(make(1, { b: 2, x: 3 }, undefined, 4, 5))
  },
  'a factory in a factory': ({ same }) => {
    const make = (a) => (b) => (c) => a + b + c
    return same(make('a')('b'), 'c')
  },
  'a function that is made in a task': ({ same }) => same((a) => ((b) => a + b)(2), 1),
  'a variable that shadows another': ({ same }) => {
    const x = 'outer'
    {
      const x = 'inner'
      return same(() => x)
    }
  },
  'a name that an inner function binds': ({ same }) => same((list) => list.map((level) => level * 2), [1, 2]),
  'variables that shadow globals': ({ same }) => {
    const process = { pid: 'mine' }
    const Map = 'map'
    const undefinedLike = undefined
    return same(() => [process.pid, Map, undefinedLike])
  },
  'recursion by the name of a constant': ({ same }) => {
    const factorial = (n) => (n < 2n ? 1n : n * factorial(n - 1n))
    return same(factorial, 20n)
  },
  'recursion by the name of a declaration': ({ same }) => {
    function fibonacci(n) {
      return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2)
    }
    return same(fibonacci, 15)
  },
  'recursion by the name of an expression': ({ same }) =>
    same(function sum(n) {
      return n === 0 ? 0 : n + sum(n - 1)
    }, 10),
  'functions that call each other': ({ same }) => {
    const isEven = (n) => n === 0 || isOdd(n - 1)
    const isOdd = (n) => n !== 0 && isEven(n - 1)
    return same((n) => [isEven(n), isOdd(n)], 7)
  },
  'functions of the module that call each other': ({ same }) => same((n) => [even(n), odd(n)], 7),
  'three functions in a circle': ({ same }) => {
    const a = (n) => (n <= 0 ? 'a' : b(n - 1))
    const b = (n) => (n <= 0 ? 'b' : c(n - 1))
    const c = (n) => (n <= 0 ? 'c' : a(n - 1))
    return same((n) => a(n) + b(n) + c(n), 5)
  },
  'an object with a function that uses it': ({ same }) => {
    const account = { balance: 10, pay: (n) => (account.balance -= n) }
    return same((n) => [account.pay(n), account.balance], 3)
  },
  'a counter that owns its state': ({ same }) => {
    const counter = () => {
      let n = 0
      return () => ++n
    }
    const next = counter()
    next()
    return same(() => [next(), next()])
  },
  'two functions over one variable': ({ same }) => {
    let n = 1
    const up = () => ++n
    const get = () => n
    return same(() => [up(), get(), up(), get()])
  },
  'two counters of one factory': ({ same }) => {
    const counter = () => {
      let n = 0
      return { up: () => ++n, get: () => n }
    }
    const a = counter()
    const b = counter()
    return same(() => [a.up(), a.up(), b.up(), a.get(), b.get()])
  },
  'counters whose functions are in a block': ({ same }) => {
    const counters = [1, 2, 3].map(() => {
      let total = 0
      try {
        const unit = 1
        return {
          add(k) {
            total += k * unit
          },
          value: () => total,
        }
      } finally {
      }
    })
    return same(() => {
      counters[0].add(5)
      return counters.map((counter) => counter.value())
    })
  },
  'two functions of one place in a branch': ({ same }) => {
    const make = (n) => {
      let hits = 0
      if (n) {
        const text = 'x'
        return () => {
          hits++
          return text + hits
        }
      }
    }
    const one = make('a')
    const two = make('a')
    return same(() => [one(), two(), one()])
  },
  'functions of one place over one variable': async ({ same }) => {
    let total = 0
    const adds = [1, 2, 3].map((n) => () => (total += n))
    await same(() => adds.map((add) => add()))
    const ones = [1, 2, 3].map(() => () => (total += 1))
    await same(() => ones.map((add) => add()))
  },
  'equal variables of a loop': ({ same }) => {
    const counters = []
    for (const _ of [1, 2, 3]) {
      let n = 0
      counters.push({ up: () => ++n, get: () => n })
    }
    return same(() => [counters[0].up(), ...counters.map(({ get }) => get())])
  },
  'equal variables of two blocks': ({ same }) => {
    let up
    let get
    {
      let n = 0
      up = () => ++n
    }
    {
      let n = 0
      get = () => n
    }
    return same(() => [up(), get()])
  },
  'counters whose functions are in objects of objects': ({ same }) => {
    const make = () => {
      let n = 0
      return { actions: { up: () => ++n }, getters: { get: () => n } }
    }
    const [a, b] = [make(), make()]
    return same(() => [a.actions.up(), a.getters.get(), b.getters.get()])
  },
  'a state and its setter, twice': ({ same }) => {
    const use = (state) => [() => state, (value) => (state = value)]
    const [one, setOne] = use('a')
    const [two, setTwo] = use('b')
    return same(() => [setTwo('c'), two(), one(), setOne('d'), two(), one()])
  },
  'functions that may be of this counter or of that': async ({ refused }) => {
    const make = () => {
      let n = 0
      return { up: () => ++n, get: () => n }
    }
    const [a, b] = [make(), make()]
    const mixed = [a.up, b.get, a.get, b.up]
    await refused(
      'n',
      /function "up" .* has one that looks the same.*Send the functions that belong together/,
      () => mixed,
    )
  },
  'an object of functions from two counters': async ({ refused }) => {
    const make = () => {
      let n = 0
      return { up: () => ++n, get: () => n }
    }
    const [a, b] = [make(), make()]
    const view = { press: a.up, show: b.get }
    await refused('n', /looks the same.*Send the functions that belong together/, () => [
      view.press(),
      a.get(),
      b.get(),
    ])
  },
  'functions of two counters beside numbers': async ({ refused }) => {
    class Config {
      constructor(retries) {
        this.retries = retries
      }
    }
    const make = () => {
      let n = 0
      return { up: () => ++n, get: () => n }
    }
    const [a, b] = [make(), make()]
    const [ups, gets] = [
      [a.up, b.up],
      [a.get, b.get],
    ]
    // What looks like the number of another node is a number.
    for (let n = 0; n < 16; n++) {
      const mixed = { config: new Config(n), get: b.get }
      await refused('n', /looks the same/, () => [ups[0](), gets[0](), gets[1](), mixed.get()])
    }
  },
  'counters whose functions are properties of a function': ({ same }) => {
    const make = () => {
      let n = 0
      const up = () => ++n
      up.reset = () => (n = 0)
      return up
    }
    const [a, b] = [make(), make()]
    return same(() => [a(), a(), b.reset(), a(), b()])
  },
  'counters whose functions are methods of a prototype': ({ same }) => {
    const make = () => {
      let n = 0
      function Counter() {}
      Counter.up = () => ++n
      Counter.prototype.get = () => n
      return Counter
    }
    const [a, b] = [make(), make()]
    return same(() => [a.up(), new a().get(), new b().get()])
  },
  'counters that know each other': ({ same }) => {
    const all = []
    const make = () => {
      let n = 0
      return { up: () => ++n, get: () => n, all }
    }
    all.push(make(), make(), make())
    const [a, b, c] = all
    return same(() => [a.up(), a.up(), b.up(), ...[a, b, c].map(({ get }) => get())])
  },
  'files of two projects, or of one': async ({ refused }) => {
    const project = () => {
      let saved = 0
      return {
        file() {
          let n = 0
          return { write: () => [++n, ++saved], stats: () => [n, saved] }
        },
        writer: () => () => ++saved,
      }
    }
    const [a, b] = [project().file(), project().file()]
    await refused('saved', /looks the same.*keep what they change in an object/, () => [a.write(), b.stats()])
    const { file, writer } = project()
    const [c, d] = [file(), file()]
    await refused('saved', /looks the same/, () => [c.write(), d.stats()])
    const [e, f] = [writer(), writer()]
    await refused('saved', /looks the same/, () => [e(), f()])
  },
  'files of one project': async ({ same }) => {
    const project = () => {
      let saved = 0
      const file = () => {
        let n = 0
        return { write: () => [++n, ++saved], stats: () => [n, saved] }
      }
      return { file, total: () => saved }
    }
    const one = project()
    const [a, b] = [one.file(), one.file()]
    await same(() => [a.write(), b.write(), a.stats(), b.stats(), one.total()])
    const [two, three] = [project(), project()]
    const [c, d] = [two, three].map((each) => [each, each.file()])
    await same(() => [c[1].write(), c[0].total()])
  },
  'files of one project that keeps them': ({ same }) => {
    const project = () => {
      let saved = 0
      const files = []
      const file = () => {
        let n = 0
        files.push({ write: () => [++n, ++saved, files.length], stats: () => [n, saved] })
      }
      file()
      file()
      return files
    }
    const [a, b] = project()
    return same(() => [a.write(), b.write(), a.stats(), b.stats()])
  },
  'counters that count together': ({ same }) => {
    let all = 0
    const counters = []
    for (let i = 0; i < 3; i++) {
      let n = 0
      counters.push({ up: () => [++n, ++all], get: () => [n, all, i] })
    }
    const [first, second] = counters
    return same(() => [first.up(), second.up(), second.up(), first.get(), second.get()])
  },
  'counters that count together in a variable of the module': async ({ away, equal }) => {
    const [a, b] = [countedCounter(), countedCounter()]
    equal(await away(() => [a(), b(), b()]), [
      [1, 1],
      [1, 2],
      [2, 3],
    ])
  },
  'a variable that a task and a nested function write': ({ same }) => {
    let count = 0
    const bump = (by) => {
      count += by
    }
    return same(() => {
      ;[1, 2, 3].forEach(bump)
      count++
      ;({ count } = { count: count * 2 })
      return [count, { count }, `${count}`, typeof count]
    })
  },
  'a called variable that others write': ({ same }) => {
    let act = function () {
      return this === undefined ? 'no this' : 'this'
    }
    const swap = () => {
      act = () => 'swapped'
    }
    return same(() => {
      const first = act()
      swap()
      return [first, act()]
    })
  },
  'a loop over a shared variable': ({ same }) => {
    let i = 0
    const read = () => i
    return same(() => {
      const seen = []
      for (i of [1, 2]) seen.push(read())
      for (i = 5; i < 7; i++) seen.push(read())
      ;[i = 9] = []
      return [...seen, read(), i]
    })
  },
  'a cache inside a closure': ({ same }) => {
    const memo = (fn) => {
      const known = new Map()
      return (n) => {
        if (!known.has(n)) known.set(n, fn(n))
        return known.get(n)
      }
    }
    const square = memo((n) => n * n)
    square(3)
    return same(() => [square(3), square(4)])
  },
  'one object in two functions': ({ same }) => {
    const shared = { n: 0 }
    const up = () => ++shared.n
    const read = () => shared
    return same(() => [up(), read() === shared, read().n])
  },
  'a variable that is not initialised yet': async ({ away, equal }) => {
    const early = () => {
      try {
        return later
      } catch (error) {
        return error.name
      }
    }
    const before = await away(early)
    const later = 'now'
    // Node 20 cannot tell a variable that is not initialised from `undefined`.
    if (Number.parseInt(process.versions.node, 10) >= 22) equal(before, 'ReferenceError')
    equal(await away(early), later)
  },
  'a global that is not there': ({ same }) => same(() => typeof nowhere),
  'the use of a global that is not there': ({ same }) => same(() => nowhere + 1),
  "a global of the user's": async ({ same }) => {
    globalThis.ourGlobal = { of: (x) => x * 2 }
    await same((x) => [ourGlobal.of(x), typeof ourGlobal], 4)
    delete globalThis.ourGlobal
  },
  "a global of the user's that functions write": async ({ away, equal }) => {
    globalThis.ourTotal = 1
    const add = () => ourTotal++
    equal(await away(() => [add(), add(), ourTotal]), [1, 2, 3])
    equal(ourTotal, 1)
    delete globalThis.ourTotal
  },
  globals: ({ same }) =>
    same(() => [
      typeof structuredClone,
      typeof fetch,
      Buffer.from('a').toString('hex'),
      new URL('http://a/b').pathname,
      Number.parseInt('7', 10),
      encodeURIComponent('ü'),
      typeof setTimeout,
      globalThis === global,
      process.pid,
    ]),
  'globals under other names': ({ same }) => {
    const { max } = Math
    const slice = Array.prototype.slice
    const P = Promise
    const env = process.env
    return same(async () => [max(1, 2), slice.call('abc', 1), await P.resolve(3), typeof env.PATH])
  },
  'the environment': ({ same }) => same(() => process.env.HOME),
  'labels, keys and property names are no captures': ({ same }) => {
    const label = 1
    return same(() => {
      label: for (;;) break label
      const object = { label: 2, other: 3 }
      return [object.label, object?.other, { other: label }]
    })
  },
  'everything is destructured and spread': ({ same }) => {
    const key = 'k'
    const [first, , { deep: [second = 'default'] = [] } = {}, ...rest] = [1, 2, undefined, 4, 5]
    return same(
      ({ [key]: found, ...others }) => ({ found, ...others, [key]: [first, second, ...rest], none: others?.a?.b }),
      { k: 0, z: 1 },
    )
  },
  'assignments to members of a captured object': async ({ away, equal }) => {
    const state = { list: [1] }
    equal(await away(() => state.list.push(2) && state.list), [1, 2])
    equal(state.list, [1])
  },
  'functions inside arrays, maps, sets and objects': ({ same }) => {
    const double = (x) => x * 2
    const things = {
      list: [double],
      map: new Map([['d', double]]),
      set: new Set([double]),
      deep: { in: { it: double } },
    }
    return same(() => [
      things.list[0](1),
      things.map.get('d')(2),
      [...things.set][0](3),
      things.deep.in.it(4),
      things.list[0] === things.map.get('d'),
    ])
  },
  'functions inside arguments': ({ same }) => {
    const n = 10
    return same(
      (list, { of }, map) => list.map((f) => f(1)).concat(of(2), map.get(of)(3)),
      [(x) => x + n, Math.sqrt],
      ...((of) => [{ of }, new Map([[of, (x) => of(x) + 1]])])((x) => x * n),
    )
  },
  'functions over functions that lead to one another by very many ways': async ({ all, equal }) => {
    const fns = [() => 0, () => 1]
    for (let i = 2; i < 60; i++) {
      const a = fns[i - 1]
      const b = fns[i - 2]
      fns.push(() => [a, b].length)
    }
    const results = await all(fns.map((fn) => delayed((fn) => fn())(fn)))
    equal(results.slice(-2), [2, 2])
  },
  'an argument that shares a variable with the task': async ({ same, refused }) => {
    let n = 0
    const up = () => ++n
    const apart = /captured variable "n" of function "up2?" .* the function of the task shares it/
    await refused('n', apart, (f) => [f(), n], up)
    await refused('n', apart, ({ list: [f] }) => [f(), n], { list: [up] })
    await refused(
      'n',
      apart,
      partial(
        (get, f) => [f(), get()],
        () => n,
      ),
      up,
    )
    await same((f) => [f(), up()], up)
    await same(
      (f, get) => [f(), get()],
      up,
      () => n,
    )
  },
  'an argument that is a function and is returned': async ({ away, equal }) => {
    const fn = () => 'mine'
    equal((await away((f) => f, fn)) === fn, true)
  },
  'a function that comes out of a task': async ({ away, equal }) => {
    const make = (n) => (x) => x + n
    const made = await away((n) => make(n), 5)
    equal([made(1), typeof made], [6, 'function'])
  },
  'a function of a task that goes to another': async ({ away, equal }) => {
    const made = await away((n) => (x) => x + n, 5)
    equal(await away((f) => f(1), made), 6)
  },
  'a function over another of a task': async ({ away, equal }) => {
    const add = (a, b) => a + b
    const made = await away((n) => (x) => add(x, n), 5)
    equal(made(2), 7)
  },
  'eval of what is inside': ({ same }) => same((x) => eval('x + 1'), 1),
  'a variable around an eval': ({ same }) => {
    let count = 0
    const up = eval('() => ++count')
    const down = eval('() => --count')
    const get = () => count
    return same(() => [up(), up(), down(), get()])
  },
  'a variable around two evals': ({ same }) => {
    const make = () => {
      let count = 0
      return { up: eval('(() => { let by = 2; return () => (count += by) })()'), get: eval('() => count') }
    }
    const { up, get } = make()
    return same(() => [up(), get()])
  },
  'counters with an eval': ({ same }) => {
    const make = () => {
      let count = 0
      return { up: eval('() => ++count'), get: () => count }
    }
    const [a, b] = [make(), make()]
    return same(() => [a.up(), a.up(), b.up(), a.get(), b.get()])
  },
  'functions of different tasks that use one helper': async ({ all, equal }) => {
    const cache = new Map()
    let calls = 0
    const remember = (n) => {
      calls++
      cache.set(n, n * n)
    }
    const tasks = [1, 2, 3].map((n) => () => {
      remember(n)
      return [cache.get(n), calls]
    })
    equal(await all(tasks.map((task) => delayed(task)())), [
      [1, 1],
      [4, 1],
      [9, 1],
    ])
  },
  'a variable that is filled when first used, by tasks of two functions': async ({ all, equal }) => {
    let config
    const load = () => {
      config ??= { factor: 2 }
    }
    const warm = () => load()
    const use = (n) => {
      load()
      return n * config.factor
    }
    equal(await all([delayed(warm)(), delayed(use)(2)]), [undefined, 4])
  },
  'functions made in a loop that count together, in one list': ({ same }) => {
    const make = () => {
      let total = 0
      const list = []
      for (const factor of [1, 2])
        list.push((n) => {
          total += factor * n
          return total
        })
      return list
    }
    return same((list) => list.map((fn) => fn(1)), make())
  },
  'parts of one object that share a variable': ({ same }) => {
    const form = () => {
      let isDirty = false
      const field = () => {
        let text = ''
        return {
          set(value) {
            text = value
            isDirty = true
          },
          state: () => [text, isDirty],
        }
      }
      return { name: field(), mail: field() }
    }
    const filled = form()
    return same(() => {
      filled.name.set('x')
      return [filled.name.state(), filled.mail.state()]
    })
  },
  'hundreds of counters as an argument': ({ same }) => {
    const counter = () => {
      let count = 0
      return { up: () => ++count, get: () => count }
    }
    const many = Array.from({ length: 300 }, counter)
    return same((list) => [list[7].up(), list[7].get(), list[8].get()], many)
  },
  'a function made of text': ({ same }) => same(new Function('a', 'b', 'return a + b'), 1, 2),
  'comments and odd places of parentheses': ({ same }) =>
    same(
      /* before */ (/* a */ x /* ) => */, y = ')' /* } */) => /* => */ {
        return x + y /* the end */
      } /* after */,
      1,
    ),
  'text that looks like our own names': ({ same }) => {
    const $$import = 1
    const $$meta = { $$cell_n: 2 }
    let n = 0
    const up = () => ++n
    return same(() => [$$import, $$meta.$$cell_n, up(), n])
  },
  'a name in unicode': ({ same }) => {
    const größe = 1
    const \u0061b = 2
    return same(() => größe + ab)
  },
  'a huge closure': ({ same }) => {
    const rows = Array.from({ length: 5000 }, (_, n) => ({ n, text: `row ${n}`, tags: [n % 3] }))
    return same(() => rows.reduce((sum, { n, tags }) => sum + n * tags.length, 0))
  },
  'many captured variables': ({ same }) => {
    const [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = 'abcdefghijklmnop'
    return same(() => [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p].join(''))
  },
}
