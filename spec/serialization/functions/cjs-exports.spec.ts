import acorn = require('acorn')

import { cjsModuleOf, findCjsExport, wrappedModuleOf } from '../../../lib/serialization/functions/cjs-exports'
import { runProgram } from '../../support/program'

const acornFile = require.resolve('acorn')

describe('in a Jest spec', () => {
  it('knows the modules that Jest loaded', () => {
    expect(findCjsExport(acornFile, acorn)).toEqual([])
    expect(findCjsExport(acornFile, acorn.parse)).toEqual(['parse'])
    expect(cjsModuleOf(acorn)).toBe(acornFile)
  })

  it('knows nothing of other values and files', () => {
    expect(findCjsExport(acornFile, () => {})).toBeUndefined()
    expect(findCjsExport('/missing.js', acorn.parse)).toBeUndefined()
    expect(cjsModuleOf({})).toBeUndefined()
    expect(wrappedModuleOf({})).toBeUndefined()
  })
})

describe('in a program', () => {
  const cjsExports = "require('./node_modules/parfor/dist/serialization/functions/cjs-exports.js')"

  /** What the program's `answers` are: their JSON, a line each. */
  async function answersOf(main: string, files: Readonly<Record<string, string>>): Promise<unknown[]> {
    const { stdout, stderr } = await runProgram({
      'main.cjs': `
        const { cjsModuleOf, findCjsExport, moduleOfFile, wrappedModuleOf } = ${cjsExports}
        const { basename, resolve } = require('node:path')
        const tell = (answer) => console.log(JSON.stringify(answer ?? null))
        const find = (file, value) => tell(findCjsExport(resolve(file), value))
        const fileOf = (object) => tell(cjsModuleOf(object) && basename(cjsModuleOf(object)))
        const wrapped = (object) => tell(wrappedModuleOf(object) && basename(wrappedModuleOf(object)))
        ${main}`,
      ...files,
    })
    expect(stderr).toBe('')
    return stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
  }

  it('finds exports, and what is one level below them', async () => {
    const answers = await answersOf(
      `const m = require('./m.cjs')
       find('m.cjs', m); find('m.cjs', m.f); find('m.cjs', m.ns.g); find('m.cjs', m.ns.deep.h); find('m.cjs', m.C); find('m.cjs', m.C.s)`,
      { 'm.cjs': 'class C {}; C.s = () => {}; module.exports = { f() {}, ns: { g() {}, deep: { h() {} } }, C }' },
    )
    expect(answers).toEqual([[], ['f'], ['ns', 'g'], null, ['C'], ['C', 's']])
  })

  it('tells that a module which was required is an ES module', async () => {
    const answers = await answersOf(
      `for (const file of ['m.mjs', 'm.cjs']) {
         require('./' + file)
         const module = moduleOfFile(resolve(file))
         for (const key of Object.keys(module)) module[key] = basename(module[key])
         tell(module)
       }`,
      { 'm.mjs': 'export const f = () => {}', 'm.cjs': 'exports.f = () => {}' },
    )
    expect(answers).toEqual([{ import: 'm.mjs', from: 'm.mjs' }, { require: 'm.cjs' }])
  })

  it('takes a wrapper for the module it is around, not for one that exports the same again', async () => {
    const wrapper = (of: string) => `Object.defineProperties({}, Object.getOwnPropertyDescriptors(${of}))`
    const answers = await answersOf(
      `const again = require('./again.cjs'), m = require('./m.cjs')
       wrapped(${wrapper('m')}); wrapped(${wrapper('again')}); wrapped({ ...m, default: m })`,
      {
        'm.cjs': 'exports.__esModule = true; exports.f = () => {}; exports.default = class {}',
        'again.cjs': "exports.__esModule = true; exports.f = require('./m.cjs').f; exports.default = () => {}",
      },
    )
    expect(answers).toEqual(['m.cjs', 'again.cjs', 'm.cjs'])
  })

  it('finds a function that is the exports, and its members', async () => {
    const answers = await answersOf("const m = require('./m.cjs'); find('m.cjs', m); find('m.cjs', m.member)", {
      'm.cjs': 'module.exports = function () {}; module.exports.member = () => {}',
    })
    expect(answers).toEqual([[], ['member']])
  })

  it('does not find what was replaced, and finds what was added', async () => {
    const answers = await answersOf(
      `const m = require('./m.cjs'); const { f } = m
       find('m.cjs', f); m.f = () => {}; find('m.cjs', f); m.g = () => {}; find('m.cjs', m.g); find('m.cjs', m.f)`,
      { 'm.cjs': 'exports.f = () => {}' },
    )
    expect(answers).toEqual([['f'], null, ['g'], ['f']])
  })

  it('reads getters that compilers make, and no others', async () => {
    const answers = await answersOf(
      `const compiled = require('./compiled.cjs'); find('compiled.cjs', compiled.f)
       const lazy = require('./lazy.cjs'); find('lazy.cjs', lazy.f)`,
      {
        'compiled.cjs': `Object.defineProperty(exports, '__esModule', { value: true })
          const f = () => {}; Object.defineProperty(exports, 'f', { enumerable: true, get: () => f })
          Object.defineProperty(exports, 'early', { enumerable: true, get: () => late }); setTimeout(() => late); let late`,
        'lazy.cjs':
          "exports.f = () => {}; Object.defineProperty(exports, 'heavy', { enumerable: true, get() { throw console.log('read') } })",
      },
    )
    expect(answers).toEqual([['f'], ['f']])
  })

  it('knows the module of its exports, also when they were replaced while it ran', async () => {
    const answers = await answersOf("fileOf(require('./a.cjs')); fileOf(require('./b.cjs')); fileOf({})", {
      'a.cjs': `const { cjsModuleOf } = ${cjsExports}; cjsModuleOf(exports); module.exports = { replaced: true }`,
      'b.cjs': 'exports.b = 1',
    })
    expect(answers).toEqual(['a.cjs', 'b.cjs', null])
  })

  it('knows the module behind a wrapper with a default, and behind a copy of an ES module', async () => {
    const answers = await answersOf(
      `const plain = require('./plain.cjs'); const compiled = require('./compiled.cjs')
       wrapped({ __proto__: null, default: plain, f: plain.f })
       const copy = { default: 1 }
       for (const k of ['f', 'g']) Object.defineProperty(copy, k, { enumerable: true, get: () => compiled[k] })
       wrapped(copy); wrapped({ f: compiled.f, g: 1 }); wrapped({ default: 1 })`,
      {
        'plain.cjs': 'exports.f = () => {}',
        'compiled.cjs': 'exports.__esModule = true; exports.f = () => {}; exports.g = () => {}',
      },
    )
    expect(answers).toEqual(['plain.cjs', 'compiled.cjs', null, null])
  })
})
