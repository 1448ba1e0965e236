import { createHash } from 'node:crypto'
import { EventEmitter, errorMonitor } from 'node:events'
import fs from 'node:fs'
import { readFile } from 'node:fs/promises'
import { Socket } from 'node:net'
import path from 'node:path'
import { types } from 'node:util'
import { runInThisContext } from 'node:vm'
import { workerData } from 'node:worker_threads'
import {
  type IntrinsicPath,
  intrinsicPath,
  isStandardGlobal,
  knownIntrinsics,
  resolveIntrinsic,
} from '../../lib/serialization/intrinsics'
import { runProgram } from '../support/program'

const dist = './node_modules/parfor/dist/serialization/intrinsics.js'

const getter = (holder: object, key: PropertyKey) => Object.getOwnPropertyDescriptor(holder, key)?.get

describe('intrinsicPath', () => {
  it.each<[IntrinsicPath, unknown]>([
    [['global'], globalThis],
    [['global', 'Array'], Array],
    [['global', 'Array', 'prototype', 'map'], Array.prototype.map],
    [['global', 'Math'], Math],
    [['global', 'Math', 'sqrt'], Math.sqrt],
    [['global', 'Symbol', 'iterator'], Symbol.iterator],
    [['global', 'RegExp', 'prototype', '@@match'], RegExp.prototype[Symbol.match]],
    [['global', 'Map', 'prototype', 'size', '%get'], getter(Map.prototype, 'size')],
    [['global', 'Intl', 'NumberFormat', 'prototype'], Intl.NumberFormat.prototype],
    [['global', 'Object', 'prototype'], Object.prototype],
    [['hidden', 'AsyncFunction', 'prototype'], Object.getPrototypeOf(async () => {})],
    [['hidden', 'GeneratorFunction', 'prototype', 'prototype'], Object.getPrototypeOf(function* () {}).prototype],
    [['hidden', 'TypedArray'], Object.getPrototypeOf(Int8Array)],
    [['hidden', 'ArrayIteratorPrototype'], Object.getPrototypeOf([].values())],
    [['global', 'Buffer'], Buffer],
    [['global', 'URL', 'prototype'], URL.prototype],
    [['global', 'setTimeout'], setTimeout],
    [['global', 'process'], process],
    [['global', 'process', 'env'], process.env],
    [['global', 'process', 'hrtime', 'bigint'], process.hrtime.bigint],
    [['global', 'console'], console],
    [['global', 'fetch'], fetch],
    [['builtin', 'node:fs'], fs],
    [['builtin', 'node:fs', 'readFileSync'], fs.readFileSync],
    [['builtin', 'node:fs/promises', 'readFile'], readFile],
    [['builtin', 'node:path', 'join'], path.join],
    [['builtin', 'node:util/types', 'isDate'], types.isDate],
    [['builtin', 'node:crypto', 'createHash'], createHash],
    [['builtin', 'node:events'], EventEmitter],
    [['builtin', 'node:events', 'errorMonitor'], errorMonitor],
    [['builtin', 'node:net', 'Socket', 'prototype'], Socket.prototype],
  ])('of %j', (expected, value) => {
    expect(intrinsicPath(value)).toEqual(expected)
  })

  it.each([
    ['a number', 1],
    ['text', 'Array'],
    ['nothing', undefined],
    ['null', null],
    ['a function', () => {}],
    ['an object', {}],
    ['a symbol', Symbol('iterator')],
    ['a symbol of the registry', Symbol.for('x')],
    ['a class with the name of a global', class Response {}],
    ['its prototype', class Headers {}.prototype],
    ['data of this thread', workerData],
    [
      'a proxy',
      new Proxy(class {}, {
        getOwnPropertyDescriptor: () => {
          throw new Error('touched')
        },
      }),
    ],
  ])('does not know %s', (_, value) => {
    expect(intrinsicPath(value)).toBeUndefined()
  })

  it('knows what is loaded later', () => {
    expect(intrinsicPath(Response.prototype.json)).toEqual(['global', 'Response', 'prototype', 'json'])
    expect(intrinsicPath(ReadableStream)).toEqual(['global', 'ReadableStream'])
    expect(intrinsicPath(require('node:dgram').createSocket)).toEqual(['builtin', 'node:dgram', 'createSocket'])
    expect(intrinsicPath(crypto.subtle)).toEqual(['global', 'crypto', 'subtle'])
  })

  it('knows the values of the main realm too', () => {
    expect(intrinsicPath(runInThisContext('Map.prototype'))).toEqual(['global', 'Map', 'prototype'])
    expect(intrinsicPath(runInThisContext('globalThis'))).toEqual(['global'])
    expect(intrinsicPath(runInThisContext('Object.getPrototypeOf(async function () {})'))).toEqual([
      'hidden',
      'AsyncFunction',
      'prototype',
    ])
  })
})

describe('resolveIntrinsic', () => {
  it('leads every known path to a value of the same kind', () => {
    const known = [...knownIntrinsics()]
    expect(known.length).toBeGreaterThan(1500)
    for (const [value, path] of known) expect([path, typeof resolveIntrinsic(path)]).toEqual([path, typeof value])
  })

  it('gives the values of this realm', () => {
    expect(resolveIntrinsic(['global', 'Array'])).toBe(Array)
    expect(resolveIntrinsic(['hidden', 'AsyncFunction', 'prototype'])).toBe(Object.getPrototypeOf(async () => {}))
    expect(resolveIntrinsic(['global', 'process'])).toBe(process)
  })

  it('throws for what this Node does not have', () => {
    expect(() => resolveIntrinsic(['global', 'Nothing', 'prototype'])).toThrow(ReferenceError)
    expect(() => resolveIntrinsic(['builtin', 'node:nothing'])).toThrow('has no builtin.node:nothing')
    expect(() => resolveIntrinsic(['global', 'Map', 'prototype', 'nothing', '%get'])).toThrow(ReferenceError)
  })
})

/** What a program prints, a line each. */
async function linesOf(main: string, args: readonly string[] = []): Promise<string[]> {
  const { stdout, stderr } = await runProgram({ 'main.cjs': main }, [...args, 'main.cjs'])
  expect(stderr).toBe('')
  return stdout.trim().split('\n')
}

describe('in a program', () => {
  it('every path leads back to the very value', async () => {
    const lines = await linesOf(`
      const { intrinsicPath, knownIntrinsics, resolveIntrinsic } = require('${dist}')
      for (const name of require('node:module').builtinModules)
        if (!/^_|punycode|sys|inspector|test|repl|wasi|trace|sqlite|sea|quic|stream.iter|zlib.iter|dtls|ffi|vfs/.test(name)) require(name)
      for (const name of Object.getOwnPropertyNames(globalThis)) if (!/Storage/.test(name)) globalThis[name]
      const wrong = []
      for (const [value, path] of knownIntrinsics()) if (resolveIntrinsic(path) !== value) wrong.push(path.join('.'))
      console.log(knownIntrinsics().size > 2000, wrong.filter((path) => path !== 'global.process.chdir'))`)
    expect(lines).toEqual(['true []'])
  })

  it('asking does not load what the program did not use', async () => {
    const lines = await linesOf(`
      const { intrinsicPath } = require('${dist}')
      intrinsicPath(() => {})
      class Mine {}
      intrinsicPath(Mine.prototype)
      const loaded = process.moduleLoadList.join()
      console.log(/undici|webcrypto|internal.http2|webstreams.readable/.test(loaded))`)
    expect(lines).toEqual(['false'])
  })

  it('what the program put in the place of a standard global is not the standard one', async () => {
    const lines = await linesOf(`
      Array.prototype.flat = function flat() {}
      globalThis.parseInt = () => 7
      Promise.extra = () => {}
      Math.table = []
      const { intrinsicPath } = require('${dist}')
      for (const value of [Array.prototype.flat, parseInt, Promise.extra, Math.table]) console.log(intrinsicPath(value))`)
    expect(lines).toEqual(Array(4).fill('undefined'))
  })

  it('works where code must not be made from strings', async () => {
    const lines = await linesOf(`console.log(require('${dist}').intrinsicPath(Array.from).join('.'))`, [
      '--disallow-code-generation-from-strings',
    ])
    expect(lines).toEqual(['global.Array.from'])
  })
})

describe('isStandardGlobal', () => {
  it.each(['Array', 'undefined', 'globalThis', 'process', 'fetch', 'setTimeout', 'Buffer', 'console', 'WebAssembly'])(
    'knows %s',
    (name) => {
      expect(isStandardGlobal(name)).toBe(true)
    },
  )

  it.each(['describe', 'jest', 'require', 'module', '__dirname', 'window', 'myGlobal'])('does not know %s', (name) => {
    expect(isStandardGlobal(name)).toBe(false)
  })

  it('knows every global of a program, and none that a program adds', async () => {
    const lines = await linesOf(`
      const { isStandardGlobal } = require('${dist}')
      console.log(Object.getOwnPropertyNames(globalThis).filter((name) => !isStandardGlobal(name)))
      globalThis.added = 1
      console.log(isStandardGlobal('added'))`)
    expect(lines).toEqual(['[]', 'false'])
  })
})
