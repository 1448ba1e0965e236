// biome-ignore-all lint: the code is odd on purpose
// What only an ES module can have.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { whereAmI } from './whereabouts.mjs'

const require = createRequire(import.meta.url)
const common = require('./library.cjs')
const data = require('./data.json')
const callable = require('./function.cjs')
const { twice: commonTwice, math } = require('./library.cjs')
const here = import.meta.url

export const cases = {
  'import.meta': ({ same }) =>
    same(() => [import.meta.url, import.meta.dirname ?? 'none', import.meta.resolve === undefined]),
  'import.meta of the module of a function': ({ same }) => same(() => [whereAmI(), here]),
  'import.meta.resolve': ({ same }) => same(() => import.meta.resolve('./library.mjs')),
  'import() of JSON': ({ same }) => {
    const load = (name) => import(name, { with: { type: 'json' } })
    return same(async () => (await load('./data.json')).default.name)
  },
  'a file beside the module': ({ same }) =>
    same(() => JSON.parse(readFileSync(fileURLToPath(new URL('./data.json', import.meta.url)), 'utf8')).name),
  'a method of a module that uses others by this': ({ same }) => same((x) => common.timesBase(x), 5),
  createRequire: ({ same }) =>
    same(() => [require('./data.json').name, require('./library.cjs').half(2), require.resolve('./data.json')]),
  'createRequire inside': ({ same }) => same(() => createRequire(import.meta.url)('./data.json').list.length),
  'what require gave': ({ same }) =>
    same(() => [
      common.half(2),
      common.math.triple(3),
      commonTwice(1),
      math.word,
      data.list[2].deep,
      callable(1),
      callable.version,
      callable.helper(1),
    ]),
  'functions that require gave are the task': async ({ same }) => {
    await same(common.half, 2)
    await same(math.triple, 2)
    await same(callable, 'x')
  },
  'a class that require gave': async ({ away, equal }) => {
    const { Shape: Common } = common
    equal((await away(() => new Common())) instanceof common.Shape, true)
  },
}
