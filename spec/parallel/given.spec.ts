import { delayed, Parallel, partial, registerByValue } from '../../lib'
import { runProgram } from '../support/program'

class Counter {
  readonly step = 2
  twice = (n: number) => n * this.step
  thrice = delayed((n: number) => n * (this.step + 1), { this: this })
}

describe('delayed with options', () => {
  it('gives an arrow its this', async () => {
    await using parallel = Parallel(2)
    const counter = new Counter()
    expect(await parallel([delayed(counter.twice, { this: counter })(4), counter.thrice(4)])).toEqual([8, 12])
  })

  it('gives a function its this, here and away', async () => {
    function scaled(this: { by: number }, n: number) {
      return n * this.by
    }
    for (const backend of ['threads', 'sequential'] as const) {
      await using parallel = Parallel({ nJobs: 2, backend })
      expect(await parallel([delayed(scaled as (n: number) => number, { this: { by: 5 } })(3)])).toEqual([15])
    }
  })

  it('gives a method that is built in its this', async () => {
    await using parallel = Parallel(2)
    const sizes = new Map([['a', 1]])
    expect(await parallel([delayed(sizes.get, { this: sizes })('a')])).toEqual([1])
  })

  it('gives captured variables, which win over those that are found', async () => {
    await using parallel = Parallel(2)
    const factor = 2
    const scaled = delayed((n: number) => n * factor, { captures: { factor: 10 } })
    expect(await parallel([scaled(1), scaled(2)])).toEqual([10, 20])
  })

  it('takes a snapshot of what is given, for all tasks of a call', async () => {
    await using parallel = Parallel(2)
    const state = { n: 1 }
    const read = delayed(() => state.n, { captures: { state } })
    const counting = function* () {
      for (let n = 0; n < 20; n += 1) {
        yield read()
        state.n += 1
      }
    }
    expect(await parallel(counting)).toEqual(new Array(20).fill(1))
    expect(await parallel([read()])).toEqual([21])
  })

  it('names what is given, when it cannot be sent', async () => {
    await using parallel = Parallel(2)
    const db = new WeakMap()
    const bad = delayed(() => db, { captures: { db } })
    await expect(parallel([bad()])).rejects.toMatchObject({ code: 'PARFOR_UNSERIALIZABLE', path: 'db' })
    const owner = { map: db, read: () => 0 }
    const arrow = function (this: typeof owner) {
      return () => this.map
    }.call(owner)
    await expect(parallel([delayed(arrow, { this: owner })()])).rejects.toMatchObject({ path: 'this.map' })
  })

  it('gives captured variables in the calling thread too', async () => {
    const factor = 2
    const seen: unknown[] = []
    let calls = 0
    class Scale {
      readonly by = 5
      apply = (n: number) => n * factor * this.by
    }
    const scale = new Scale()
    const factorial = (n: number): number => (n === 0 ? 1 : n * factorial(n - 1) * factor)
    const tagged = Object.assign((n: number): unknown => [n * factor, tagged.tag], { tag: 'kept' })
    function sum(this: { n: number }, m: number) {
      seen.push(m)
      calls += 1
      return [this.n + m + factor, calls]
    }
    const captures = { factor: 10 }
    const scaled = delayed(scale.apply, { this: scale, captures })
    const summed = delayed(sum as (m: number) => unknown, { this: { n: 1 }, captures })
    const tasks = [
      ...[scaled(1), scaled(2), delayed(factorial, { captures })(3), delayed(tagged, { captures })(4)],
      ...[summed(5), summed(6)],
    ]
    const expected = [50, 100, 6000, [40, 'kept'], [16, 1], [17, 2]]
    for (const backend of ['sequential', 'threads'] as const) {
      await using parallel = Parallel({ nJobs: 1, backend })
      expect(await parallel(tasks)).toEqual(expected)
    }
    expect([seen, calls]).toEqual([[5, 6], 0]) // objects are not copied there, variables are
  })

  it('runs the very function in the calling thread, where it has what is given', async () => {
    const factor = 2
    let calls = 0
    const scaled = (n: number) => {
      calls += 1
      return n * factor
    }
    await using parallel = Parallel({ nJobs: 1, backend: 'sequential' })
    expect(await parallel([delayed(scaled, { captures: { factor } })(4)])).toEqual([8])
    expect(calls).toBe(1)
  })

  it.each(['threads', 'sequential'] as const)(
    'refuses captures that the function does not use (%s)',
    async (backend) => {
      await using parallel = Parallel({ nJobs: 1, backend })
      const factor = 2
      const scaled = delayed((n: number) => Math.abs(n) * factor, { captures: { facto: 3 } })
      await expect(parallel([scaled(1)])).rejects.toMatchObject({
        code: 'PARFOR_UNSERIALIZABLE',
        message: expect.stringMatching(/name facto, which it does not use\. Its variables are factor\./),
      })
      await expect(parallel([delayed(() => 1, { captures: { facto: 3 } })()])).rejects.toThrow(
        'It captures no variables.',
      )
    },
  )

  it('refuses captures of what has no variables', () => {
    const captures = { n: 1 }
    const scaled = (n: number) => n
    expect(() => delayed(partial(scaled, 5), { captures })).toThrow('captures cannot be given to a partial')
    expect(() => delayed(scaled.bind({}), { captures })).toThrow('captures cannot be given to bound scaled')
    expect(() => delayed(Math.max, { captures })).toThrow('captures cannot be given to max')
  })

  it('refuses to forget captures when somebody else runs the task', () => {
    const factor = 2
    const { fn, args } = delayed((n: number) => n * factor, { captures: { factor: 3 } })(1)
    expect(() => fn(...(args as never[]))).toThrow('can be given only where its task is sent, or run by this library')
  })

  it('refuses wrong options at once', () => {
    expect(() => delayed(Math.sqrt, { that: 1 } as object)).toThrow("'that' is no option of delayed()")
    expect(() => delayed(Math.sqrt, 5 as never)).toThrow('delayed() takes a function, and an object of options')
    expect(() => delayed(Math.sqrt, { captures: 5 as never })).toThrow('captures must be an object of variables')
  })
})

it('An arrow that uses this says how to give it', async () => {
  await using parallel = Parallel(2)
  await expect(parallel([delayed(new Counter().twice)(1)])).rejects.toMatchObject({
    path: 'this',
    message: expect.stringContaining('delayed(fn, { this: obj })'),
  })
})

describe('Where the inspector is not available', () => {
  const permissions = ['--experimental-permission', '--allow-worker', '--allow-fs-read=*', '--allow-fs-write=*']
  const flags = process.allowedNodeEnvironmentFlags.has('--permission')
    ? ['--permission', ...permissions.slice(1)]
    : permissions

  it('functions that capture nothing work, others when their variables are given, and the error says so', async () => {
    const { stdout } = await runProgram(
      {
        'main.mjs': `
          import { delayed, Parallel } from 'parfor'
          const a = 2, b = 3
          const parallel = Parallel(2)
          console.log(await parallel([delayed((n) => n + 1)(1), delayed(Math.sqrt)(9)]))
          console.log(await parallel([delayed((n) => n * a + b, { captures: { a, b } })(4)]))
          await parallel([delayed(function sum(n) { return n * a + b })(4)]).catch((error) => console.log(error.code, error.message))
        `,
      },
      ['--no-warnings', ...flags, 'main.mjs'],
    )
    const [first, second, third] = stdout.trimEnd().split('\n')
    expect([first, second]).toEqual(['[ 2, 3 ]', '[ 11 ]'])
    expect(third).toMatch(
      /^PARFOR_UNSERIALIZABLE .*function "sum".*it captures a, b, which cannot be read here.*delayed\(fn, \{ captures: \{ a, b \} \}\)/,
    )
  })
})

describe('registerByValue', () => {
  it('refuses what is no module', () => {
    expect(() => registerByValue('semver' as never)).toThrow('registerByValue() takes a module')
  })

  it('sends the functions of a module as they are here, from the next call on', async () => {
    const { stdout } = await runProgram({
      'main.mjs': `
        import { delayed, Parallel, registerByValue } from 'parfor'
        import * as library from './library.mjs'
        const parallel = Parallel(2)
        const where = () => [library.here(), library.whoami.name]
        console.log(JSON.stringify(await parallel([delayed(where)(), delayed(library.here)()])))
        registerByValue(library)
        console.log(JSON.stringify(await parallel([delayed(where)(), delayed(library.here)()])))
      `,
      'library.mjs': `
        import { isMainThread } from 'node:worker_threads'
        const made = isMainThread ? 'made by the caller' : 'made by the worker'
        export const here = () => made
        export const whoami = (() => {})
      `,
    })
    expect(
      stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual([
      [['made by the worker', 'whoami'], 'made by the worker'],
      [['made by the caller', 'whoami'], 'made by the caller'],
    ])
  })
})

it.each(['mjs', 'cjs'])(
  'registerByValue reaches functions deep inside a CommonJS module, from a .%s program',
  async (kind) => {
    const cjs = kind === 'cjs'
    const { stdout, stderr } = await runProgram(
      {
        [`main.${kind}`]: `
        ${cjs ? "const { delayed, Parallel, registerByValue } = require('parfor')" : "import { delayed, Parallel, registerByValue } from 'parfor'"}
        ${cjs ? "const named = require('./named.cjs'), made = require('./made.cjs')" : "import * as named from './named.cjs'; import * as made from './made.cjs'"}
        const parallel = Parallel(2)
        const { tools } = named
        const run = async () => console.log(JSON.stringify(await parallel([
          delayed(() => named.tools.here())(), delayed(named.tools.here)(), delayed(() => tools.more.here())(),
          delayed(named.Maker.here)(), delayed(${cjs ? 'made' : 'made.default'}.here)(), delayed(() => ${cjs ? 'made' : 'made.default'}.here())(),
        ])))
        async function main() {
          await run()
          registerByValue(named)
          registerByValue(made)
          await run()
        }
        main()
      `,
        'named.cjs': `
        const { isMainThread } = require('node:worker_threads')
        const made = isMainThread ? 'caller' : 'worker'
        exports.tools = { here: () => made, more: { here: () => made } }
        exports.Maker = class Maker { static here() { return made } }
      `,
        'made.cjs': `
        const { isMainThread } = require('node:worker_threads')
        const made = isMainThread ? 'caller' : 'worker'
        const make = () => ({ here: () => made })
        module.exports = make()
      `,
      },
      [`main.${kind}`],
    )
    expect(stderr).toBe('')
    const [before, after] = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as string[])
    expect(before).toEqual(['worker', 'worker', expect.anything(), expect.anything(), 'worker', 'worker'])
    expect(after).toEqual(new Array(6).fill('caller'))
  },
)

it('registerByValue reads no getter of a module, and nothing that is not initialized', async () => {
  const { stdout, stderr } = await runProgram({
    'main.mjs': `
      import { delayed, Parallel, registerByValue } from 'parfor'
      import { createRequire } from 'node:module'
      import './early.mjs'
      registerByValue(createRequire(import.meta.url)('./old.cjs'))
      console.log(await Parallel(2)([delayed(Math.sqrt)(4)]))
    `,
    'old.cjs': "module.exports = { fine: () => 1, get old() { throw new Error('old is gone') } }",
    'early.mjs': `
      import { delayed, Parallel, registerByValue } from 'parfor'
      import * as self from './early.mjs'
      registerByValue(self)
      console.log(await Parallel(2)([delayed(Math.sqrt)(9)]))
      export const late = () => 2
      export default () => 3
    `,
  })
  expect([stdout, stderr]).toEqual(['[ 3 ]\n[ 2 ]\n', ''])
})

it('The types of options are checked', () => {
  // @ts-expect-error captures is an object
  const wrong = () => delayed(Math.sqrt, { captures: 1 })
  expect(wrong).toThrow(TypeError)
})
