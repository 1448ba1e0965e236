import { runInThisContext } from 'node:vm'
import {
  type FunctionDetails,
  inspectFunction,
  inspectFunctions,
} from '../../../lib/serialization/functions/introspect'
import { runProgram } from '../../support/program'

/** The first scope that has this variable. */
function scopeWith(name: string, { scopes }: FunctionDetails) {
  const found = scopes.find(({ type, object }) => type !== 'Global' && Object.hasOwn(object, name))
  if (!found) throw new Error(`no ${name}`)
  return found
}

const read = (name: string, fn: Function) => Reflect.get(scopeWith(name, inspectFunction(fn)).object, name)

describe('inspectFunctions', () => {
  it('tells of each function what inspectFunction tells of it alone', () => {
    const captured = { by: 'an arrow' }
    const self = {}
    const bound = function (this: unknown, _: unknown) {}.bind(self, captured)
    const fns = [() => captured, Math.sqrt, bound, class Own {}, inspectFunction, bound, () => -0]
    expect(inspectFunctions(fns)).toEqual(fns.map((fn) => inspectFunction(fn)))
    expect(inspectFunctions(fns)[2]?.bound?.this).toBe(self)
  })

  it('tells many, and nothing of none', () => {
    const fns = Array.from({ length: 1000 }, (_, i) => () => i)
    const values = inspectFunctions(fns).map((details) => Reflect.get(scopeWith('i', details).object, 'i'))
    expect(values).toEqual(Array.from({ length: 1000 }, (_, i) => i))
    expect(inspectFunctions([])).toEqual([])
  })
})

describe('inspectFunction', () => {
  it('reads captured variables: the very values, no copies', () => {
    const object = { deep: { value: 1 } }
    const symbol = Symbol('s')
    expect(read('object', () => object)).toBe(object)
    expect(read('symbol', () => symbol)).toBe(symbol)
  })

  it.each([undefined, null, 0, -0, Number.NaN, 1n, '', 'text', true])('reads %p', (captured) => {
    expect(read('captured', () => captured)).toBe(captured)
  })

  it('reads the value of this moment', () => {
    let count = 0
    const reader = () => count
    expect(read('count', reader)).toBe(0)
    count = 7
    expect(read('count', reader)).toBe(7)
  })

  it('tells bindings of different iterations apart', () => {
    const readers = []
    for (let i = 0; i < 3; i++) readers.push(() => i)
    expect(readers.map((reader) => read('i', reader))).toEqual([0, 1, 2])
  })

  it('reads outer variables, parameters, caught errors and the names of classes', () => {
    const outer = (parameter: string) => {
      try {
        throw new Error('caught')
      } catch (error) {
        class Inner {}
        return { parameter: () => parameter, error: () => error, Inner: () => Inner }
      }
    }
    const readers = outer('given')
    expect(read('parameter', readers.parameter)).toBe('given')
    expect(read('error', readers.error)).toMatchObject({ message: 'caught' })
    expect(read('Inner', readers.Inner)).toHaveProperty('name', 'Inner')
  })

  it('gives inner scopes first', () => {
    const value = 'outer'
    const make = () => {
      const value = 'inner'
      return () => value
    }
    expect(read('value', make())).toBe('inner')
    expect(value).toBe('outer')
  })

  it('reads what a bound function is made of', () => {
    const self = {}
    const last = {}
    function add(this: object, ..._args: unknown[]) {}
    const bound = inspectFunction(add.bind(self, 1, undefined, last)).bound
    expect(bound?.target).toBe(add)
    expect(bound?.this).toBe(self)
    expect(bound?.args).toEqual([1, undefined, last])
    expect(bound?.args[2]).toBe(last)
  })

  it.each([undefined, null, -0, Number.NaN, 1n, 'self', Symbol.iterator])('reads %p as a bound this', (self) => {
    expect(inspectFunction(function strict() {}.bind(self)).bound?.this).toBe(self)
  })

  it('knows nothing of a built-in function', () => {
    expect(inspectFunction(Math.sqrt)).toEqual({
      scopes: [],
      scriptId: undefined,
      line: -1,
      column: -1,
      bound: undefined,
    })
  })

  it('gives one script id for the functions of one file, and their places in it', () => {
    const first = inspectFunction(() => 1)
    const second = inspectFunction(() => 2)
    expect(first.scriptId).toMatch(/^\d+$/)
    expect(second.scriptId).toBe(first.scriptId)
    expect(second.line).toBe(first.line + 1)
    expect(second.column).toBeGreaterThan(0)
  })

  it('does not run getters of what it reads', () => {
    const get = jest.fn()
    const trap = Object.defineProperty({}, 'x', { get, enumerable: true })
    expect(read('trap', () => trap)).toBe(trap)
    expect(get).not.toHaveBeenCalled()
  })

  it('leaves nothing on the global object', () => {
    const main = runInThisContext('globalThis')
    inspectFunction(() => main)
    expect(Object.getOwnPropertySymbols(main)).not.toContain(Symbol.for('parfor.stash'))
    expect(Object.getOwnPropertySymbols(globalThis)).not.toContain(Symbol.for('parfor.stash'))
  })

  it('keeps nothing alive', async () => {
    const { stdout, stderr } = await runProgram(
      {
        'main.cjs': `
          const { inspectFunction } = require('./node_modules/parfor/dist/serialization/functions/introspect.js')
          const { setImmediate } = require('node:timers/promises')
          let gone = 0
          const registry = new FinalizationRegistry(() => gone++)
          for (let i = 0; i < 100; i++) {
            const big = { i }
            registry.register(big)
            inspectFunction(() => big)
          }
          const collected = async () => {
            for (let turn = 0; turn < 50 && gone < 99; turn++) { gc(); await setImmediate() }
            console.log(gone >= 99)
          }
          collected()`,
      },
      ['--expose-gc', 'main.cjs'],
    )
    expect(stderr).toBe('')
    expect(stdout).toBe('true\n')
  })
})

const introspect = './node_modules/parfor/dist/serialization/functions/introspect.js'

describe('in other places', () => {
  it('works in a worker thread, and in one inside of it', async () => {
    const { stdout } = await runProgram({
      'main.mjs': `
        import { isMainThread, threadId, Worker } from 'node:worker_threads'
        import introspect from '${introspect}'
        const where = { threadId }
        const { scopes } = introspect.inspectFunction(() => where)
        console.log(threadId, scopes.some(({ object }) => object.where === where))
        if (threadId < 2) new Worker(new URL(import.meta.url))`,
    })
    expect(stdout).toBe('0 true\n1 true\n2 true\n')
  })

  it('sees variables and imports of an ES module', async () => {
    const { stdout } = await runProgram({
      'main.mjs': `
        import fs, { readFileSync as read } from 'node:fs'
        import introspect from '${introspect}'
        import { count, increment } from './counter.mjs'
        const local = 'local'
        const fn = () => [fs, read, local, count, increment]
        increment()
        const { object } = introspect.inspectFunction(fn).scopes.find(({ type }) => type === 'Module')
        console.log(object.fs === fs, object.read === read, object.local, object.count)`,
      'counter.mjs': 'export let count = 0\nexport const increment = () => count++',
    })
    expect(stdout).toBe('true true local 1\n')
  })

  it('does not make the program stop at a debugger statement', async () => {
    const { stdout } = await runProgram({
      'main.cjs': `
        const { inspectFunction } = require('${introspect}')
        const { scriptById } = require('${introspect.replace('introspect', 'script')}')
        const { scriptId } = inspectFunction(() => 1)
        scriptById(scriptId).source
        debugger
        console.log('went on')`,
    })
    expect(stdout).toBe('went on\n')
  })

  it('says why it cannot, where the permission model forbids the inspector', async () => {
    const [major] = process.versions.node.split('.').map(Number)
    const { stdout } = await runProgram(
      {
        'main.cjs': `
          const { inspectFunction, InspectorUnavailableError } = require('${introspect}')
          try { inspectFunction(() => 1) } catch (error) { console.log(error instanceof InspectorUnavailableError, error.name, error.cause.code) }`,
      },
      [(major ?? 0) >= 23 ? '--permission' : '--experimental-permission', '--allow-fs-read=*', 'main.cjs'],
    )
    expect(stdout).toBe('true InspectorUnavailableError ERR_ACCESS_DENIED\n')
  })
})
