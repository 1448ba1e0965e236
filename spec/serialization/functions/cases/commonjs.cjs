// biome-ignore-all lint: the code is odd on purpose
// CommonJS as it is written by hand.
const path = require('node:path')
const { createHash } = require('node:crypto')
const library = require('./library.cjs')
const {
  half,
  Shape,
  skip,
  math: { triple },
} = require('./library.cjs')
const callable = require('./function.cjs')
const data = require('./data.json')
const config = require('./config.cjs')

let calls = 0
function count() {
  calls += 1
  return calls
}
exports.exported = function exported(x) {
  return helper(x)
}
function helper(x) {
  return `helped ${x}`
}

exports.cases = {
  'built-in modules': ({ same }) => same(() => [path.join('a', 'b'), createHash('md5').update('a').digest('hex')]),
  'a method of a module that uses others by this': ({ same }) => same((x) => library.timesBase(x), 5),
  'modules by member, as a whole and destructured': ({ same }) =>
    same(() => [
      library.half(2),
      half(4),
      triple(2),
      Object.keys(library),
      library.settings.list,
      callable(1),
      callable.helper(1),
      data.name,
    ]),
  'data that was changed since it was loaded': async ({ same }) => {
    data.name = 'changed'
    data.more = { deep: true }
    config.debug = true
    await same((key) => [JSON.stringify(data), data[key], { ...data }.more], 'name')
    await same((key) => {
      const { debug, read } = config
      return [
        debug,
        read(),
        config[key],
        Object.keys(config),
        { ...config }.debug,
        config.isDebug(),
        { ...config }.registry.size,
      ]
    }, 'debug')
    data.name = 'data'
    delete data.more
    config.debug = false
  },
  'a symbol of a module is the one that the module uses': async ({ same }) => {
    await same((list) => library.withoutSkips([...list, skip, library.skip]), [1, skip])
    await same(library.withoutSkips, [1, skip])
    await same((symbol) => [symbol, skip, symbol === library.skip], skip)
  },
  'a class of a module': async ({ away, equal }) =>
    equal((await away(() => new Shape())) instanceof library.Shape, true),
  'require inside': ({ same }) => same((name) => require(name).half(2), './library.cjs'),
  'require.resolve, __filename and __dirname': ({ same }) =>
    same(() => [require.resolve('./data.json'), __filename, path.basename(__dirname) !== '']),
  'module and exports': ({ same }) => same(() => [typeof module.exports.exported, exports.exported(1), module.id]),
  'a function of exports': ({ same }) => same(exports.exported, 1),
  'a variable of the module': async ({ all, equal }) => {
    const { delayed } = require('parfor')
    equal(await all([delayed(count)(), delayed(count)()]), [1, 2])
    equal(calls, 0)
  },
  'import()': ({ same }) => same(async () => (await import('./library.cjs')).default.half(2)),
  'an unsendable member that is not used': ({ same }) => same(() => library.half(8)),
}
