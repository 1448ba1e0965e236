import fs from 'node:fs'

import acorn = require('acorn')

import { isModuleLike } from '../../../lib/serialization/functions/module-like'
import { runProgram } from '../../support/program'

describe('isModuleLike', () => {
  it.each<[string, unknown]>([
    ['the exports of a CommonJS module', acorn],
    ['what was an ES module', { __esModule: true }],
    ['what was an ES module, by a getter', Object.defineProperty({}, '__esModule', { get: () => true })],
    ['a wrapper around a CommonJS module', { default: acorn, parse: acorn.parse }],
    ['a wrapper around a built-in module', { default: fs }],
    ['the object that vitest makes', Object.defineProperty({}, Symbol.toStringTag, { value: 'Module' })],
    [
      'what esbuild makes of a namespace',
      Object.defineProperty({}, 'half', { get: new Function('half', 'return () => half')(1), enumerable: true }),
    ],
    ['the module of a CommonJS file', module],
  ])('knows %s', (_, value) => {
    expect(isModuleLike(value)).toBe(true)
  })

  it.each<[string, unknown]>([
    ['an object', {}],
    ['an array', []],
    ['a function', acorn.parse],
    ['null', null],
    ['text', 'module'],
    ['an object with some default', { default: {} }],
    [
      'an object of getters that do something',
      Object.defineProperty({}, 'half', {
        get: new Function('return () => half()') as () => unknown,
        enumerable: true,
      }),
    ],
    ['an object that says it is none', { __esModule: false }],
    [
      'a getter that throws',
      Object.defineProperty({}, '__esModule', {
        get: () => {
          throw new Error()
        },
      }),
    ],
    [
      'an instance of a class with a tag',
      new (class {
        get [Symbol.toStringTag]() {
          return 'Module'
        }
      })(),
    ],
    [
      'a proxy',
      new Proxy(
        {},
        {
          getOwnPropertyDescriptor: () => {
            throw new Error('touched')
          },
        },
      ),
    ],
  ])('does not take %s for one', (_, value) => {
    expect(isModuleLike(value)).toBe(false)
  })

  it('knows the namespace of an ES module', async () => {
    const { stdout } = await runProgram({
      'main.mjs': `
        import * as fs from 'node:fs'
        import * as helper from './helper.mjs'
        import m from './node_modules/parfor/dist/serialization/functions/module-like.js'
        console.log(m.isModuleLike(fs), m.isModuleLike(helper), m.isModuleLike({ ...helper }))`,
      'helper.mjs': 'export const a = 1',
    })
    expect(stdout).toBe('true true false\n')
  })
})
