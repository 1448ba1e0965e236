// biome-ignore-all lint: the code is odd on purpose
import { createHash } from 'node:crypto'
import fs, { readFileSync } from 'node:fs'
import * as path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import util, { promisify } from 'node:util'
import { isMainThread, threadId } from 'node:worker_threads'
import * as acorn from 'acorn'
import { parse } from 'acorn'
import * as library from './library.mjs'
import byDefault, {
  bestShape,
  callbacks,
  half,
  more,
  readVersion,
  registry,
  renamed,
  Shape,
  separator,
  settings,
  setVersion,
  skip,
  triple,
  twice,
  version,
  withoutSkips,
} from './library.mjs'
import Extra, { word as renamedWord } from './more.mjs'

export const cases = {
  'named imports of built-in modules': ({ same }) =>
    same(() => [createHash('sha1').update('a').digest('hex'), typeof readFileSync]),
  'default and namespace imports of built-in modules': ({ same }) =>
    same(() => [fs.existsSync('/'), path.join('a', 'b'), path.posix.sep, util.inspect({})]),
  'a built-in module as a whole': ({ same }) => same(() => [Object.keys(path).length, path === path.posix]),
  'functions that util made': ({ same }) => {
    const stat = promisify(fs.stat)
    return same(async () => (await stat('/')).isDirectory())
  },
  'an import that waits': ({ same }) => same(async () => await sleep(1, 'slept')),
  'named functions of a module': ({ same }) => same((x) => [half(x), twice(x)], 4),
  'an imported function that is the task': ({ same }) => same(twice, 4),
  'renamed, default and re-exported functions': ({ same }) =>
    same((x) => [renamed(x), byDefault(x), triple(x), separator], 3),
  'renamed imports': ({ same }) => same(() => [renamedWord, new Extra().is]),
  'members of a namespace': ({ same }) =>
    same((x) => [library.half(x), library.default(x), library.settings.depth, library.version], 8),
  'a namespace as a whole': ({ same }) => same(() => Object.keys(library).sort()),
  'a namespace by a name that is computed': ({ same }) => same((name) => library[name](4), 'twice'),
  'a namespace that is an argument': ({ same }) => same((lib) => lib.half(4), library),
  'a namespace inside a namespace': ({ same }) =>
    same(() => [library.more.triple(2), more.word, new library.more.default().is]),
  'a live binding': async ({ same }) => {
    setVersion(5)
    await same(() => [version, library.version])
    setVersion(1)
  },
  'functions of a module share its state there': async ({ away, equal }) => {
    equal(await away(() => (setVersion(9), readVersion())), 9)
    equal(version, 1)
  },
  'plain data of a module is a snapshot': async ({ away, equal }) => {
    settings.depth = 7
    equal(await away(() => settings.depth), 7)
    settings.depth = 1
  },
  'an imported instance is the one that its module has': ({ same }) =>
    same(() => [bestShape === library.bestShape, library.isBest(bestShape), library.isBest(library.bestShape)]),
  'an imported class': async ({ away, same, equal }) => {
    await same(() => new Shape().area(2))
    const shape = await away(() => new Shape())
    equal([shape instanceof Shape, shape.sides], [true, 4])
  },
  'an instance of an imported class': ({ same }) =>
    same((shape) => [shape instanceof Shape, shape.area(3)], new Shape()),
  'a class below an imported one': ({ same }) => {
    class Square extends Shape {
      area(a) {
        return super.area(a) + 1
      }
    }
    return same(() => [new Square().area(2), new Square() instanceof Shape])
  },
  'an imported instance that cannot be copied': ({ same }) => same(() => registry.put(settings, 'kept')),
  'an imported symbol is the one that its module uses': async ({ same }) => {
    await same((list) => withoutSkips(list.map((x) => (x > 1 ? x : skip))), [1, 2, 3])
    await same((list) => library.withoutSkips(list.map((x) => (x > 1 ? x : library.skip))), [1, 2, 3])
    await same((list) => list.map((x) => (x > 1 ? x : skip)), [1, 2])
  },
  'a symbol of a module that is an argument': async ({ same }) => {
    await same(withoutSkips, [1, skip])
    await same((list, { of }) => [withoutSkips(list), of, of === skip], [1, skip], { of: skip })
    await same((symbol) => [symbol, { [symbol]: symbol }], skip)
  },
  'functions inside of imported data': ({ same }) => same(() => [callbacks.list[0](1), callbacks.byName.add(1, 2)]),
  'a function inside of imported data is the task': ({ same }) => same(callbacks.byName.add, 1, 2),
  'import()': ({ same }) => same(async (x) => (await import('./library.mjs')).half(x), 6),
  'import() of a package and of a built-in module': ({ same }) =>
    same(async () => [(await import('acorn')).version, typeof (await import('node:fs')).existsSync]),
  'a package by its namespace': ({ same }) =>
    same(() => [acorn.parse('a', { ecmaVersion: 2020 }).type, typeof acorn.Parser, acorn.tokTypes.num.label]),
  'a package by a name': ({ same }) => same((text) => parse(text, { ecmaVersion: 2020 }).body.length, 'a;b'),
  'a class of a package': ({ same }) => {
    class Own extends acorn.Parser {
      static read(text) {
        return Own.parse(text, { ecmaVersion: 2020 }).body.length
      }
    }
    return same(() => Own.read('a;b;c'))
  },
  'what a built-in module tells is that of the worker': async ({ away, equal }) => {
    equal(await away(() => [isMainThread, threadId === 0]), [false, false])
  },
}
