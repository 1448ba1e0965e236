// biome-ignore-all lint: the code is odd on purpose
// The name of a function declaration is a variable around it; that of a function expression is its own.
function once() {
  once = () => 'again'
  return 'first'
}
let calls = 0
function fibonacci(n) {
  calls++
  return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2)
}
fibonacci = memoized(fibonacci)
function memoized(fn) {
  const known = new Map()
  return (n) => {
    if (!known.has(n)) known.set(n, fn(n))
    return known.get(n)
  }
}
function factorial(n) {
  return n < 2 ? 1 : n * factorial(n - 1)
}
async function* countdown(n) {
  if (n === 0) countdown = 'gone'
  else {
    yield n
    yield* countdown(n - 1)
  }
}

export const cases = {
  'a declaration that gives its name another value': ({ same }) => same(() => [once(), once(), typeof once]),
  'the same as the function of a task': ({ same }) => same(once),
  'a declaration whose name has another value by now': ({ same }) => same(() => [fibonacci(60), calls]),
  'a declaration that calls itself': ({ same }) => same(factorial, 5),
  'a generator that gives its name another value': ({ same }) =>
    same(async () => {
      const seen = []
      for await (const n of countdown(2)) seen.push(n)
      return [seen, countdown]
    }),
  'a local one': ({ same }) => {
    function local() {
      local = null
      return local
    }
    return same(() => [local(), local])
  },
  'its name and parameters stay': ({ same }) => {
    function named(a, b = 1) {
      if (!b) named = undefined
      return [named.name, named.length]
    }
    return same(named, 0)
  },
  'a stack names it': async ({ away, equal }) => {
    function failing() {
      failing = undefined
      throw new Error('here')
    }
    const error = await away(failing).catch((reason) => reason)
    equal(/at failing .*declarations\.\w+:\d+:\d+/.test(error.stack), true)
  },
  'a function expression': ({ same }) => {
    const other = function inner(n) {
      return n === 0 ? typeof inner : inner(n - 1)
    }
    const inner = 5
    return same(() => [other(2), inner])
  },
}
