import { delayed, Parallel, registerByValue } from '../../lib'
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
    const task = delayed(() => 1, { captures: { unused: new WeakMap() } })
    expect(await parallel([task()])).toEqual([1]) // what it does not use is not sent
    const db = new WeakMap()
    const bad = delayed(() => db, { captures: { db } })
    await expect(parallel([bad()])).rejects.toMatchObject({ code: 'PARFOR_UNSERIALIZABLE', path: 'db' })
    const owner = { map: db, read: () => 0 }
    const arrow = function (this: typeof owner) {
      return () => this.map
    }.call(owner)
    await expect(parallel([delayed(arrow, { this: owner })()])).rejects.toMatchObject({ path: 'this.map' })
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

it('The types of options are checked', () => {
  // @ts-expect-error captures is an object
  const wrong = () => delayed(Math.sqrt, { captures: 1 })
  expect(wrong).toThrow(TypeError)
})
