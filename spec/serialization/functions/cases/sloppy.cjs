// biome-ignore-all lint: the code is odd on purpose
// What only sloppy code can have.
function globalThisOf() {
  return this === globalThis
}

exports.cases = {
  'sloppy this': ({ same }) => same(globalThisOf),
  'sloppy arguments that follow the parameters': ({ same }) =>
    same(function (a) {
      arguments[0] = 'changed'
      return a
    }, 'first'),
  with: ({ same }) => {
    const scope = { inside: 1 }
    with (scope) {
      return same(() => inside)
    }
  },
  'octal numbers and delete of a name': ({ same }) => same(() => [010, '\07'.length, typeof delete globalThis.nothing]),
  'a function that is declared in a block': ({ same }) =>
    same(() => {
      function inBlock() {
        return 'hoisted'
      }
      return inBlock()
    }),
  'parameters with the same name': ({ same }) =>
    same(
      function (a, a) {
        return a
      },
      1,
      2,
    ),
  'assignment to a name that is nowhere': ({ same }) =>
    same(() => {
      leaked = 1
      const seen = typeof leaked
      delete globalThis.leaked
      return seen
    }),
  'a strict function in a sloppy script': ({ same }) =>
    same(function () {
      'use strict'
      return this === undefined
    }),
  'a strict arrow in a strict function': ({ same }) => {
    const make = function () {
      'use strict'
      return () =>
        (function () {
          return this === undefined
        })()
    }
    return same(make())
  },
  'words that are keywords elsewhere': ({ same }) => {
    const let_ = 1
    var async = 2,
      of = 3,
      get = 4,
      static = 5,
      yield = 6,
      await = 7,
      let = 8
    return same(() => [let_, async, of, get, static, yield, await, let])
  },
  'the next call sees a variable that hides a global': async ({ away, equal }) => {
    const read = () => [typeof Set, typeof Map]
    equal(await away(read), ['function', 'function'])
    eval('var Set = 1')
    equal(await away(read), ['number', 'function'])
  },
}
