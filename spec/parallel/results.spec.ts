import { isMainThread, threadId } from 'node:worker_threads'
import { delayed, Parallel, shutdown, taskInfo } from '../../lib'
import { runProgram } from '../support/program'
import { add, counters, reached } from './counters'
import { identity, stuck, Unmade } from './tasks'

describe('A result', () => {
  it.each([
    [1, 1],
    [7, 1],
    ['auto', 1],
    [1, 50_000],
    [7, 50_000],
  ] as const)('is what it was when its task ended, for batchSize %s and %d numbers', async (batchSize, length) => {
    await using parallel = Parallel({ nJobs: 1, backend: 'threads', batchSize })
    const scratch = new Float64Array(length)
    const log: number[] = []
    const fill = delayed((n: number) => {
      scratch[0] = n
      return scratch
    })
    const note = delayed((n: number) => {
      log.push(n)
      return { log }
    })
    const numbers = Array.from({ length: 20 }, (_, n) => n)
    expect((await parallel(numbers.map((n) => fill(n)))).map(([n]) => n)).toEqual(numbers)
    expect((await parallel(numbers.map((n) => note(n)))).map(({ log }) => log.length)).toEqual(
      numbers.map((n) => n + 1),
    )
  })

  it('that is nested too deep fails its task, and neither hangs the call nor touches the others', async () => {
    await using parallel = Parallel({ nJobs: 1, backend: 'threads', batchSize: 5, onError: 'settle' })
    const nest = delayed((depth: number) => {
      let value: unknown = depth
      for (let n = 10; n < depth; n += 1) value = [value]
      return value
    })
    const tooDeep = {
      status: 'rejected',
      reason: expect.objectContaining({ code: 'PARFOR_UNSERIALIZABLE', side: 'result' }),
    }
    for (const depth of [5_000, 8_000, 12_000, 50_000]) {
      const [first, second, third] = await parallel([nest(1), nest(depth), nest(3)])
      expect([first, third]).toEqual([
        { status: 'fulfilled', value: 1 },
        { status: 'fulfilled', value: 3 },
      ])
      expect(second).toEqual(tooDeep)
    }
    expect(await parallel([nest(20_000)])).toEqual([tooDeep])
    expect(await parallel([nest(4)])).toEqual([{ status: 'fulfilled', value: 4 }])
  })

  describe('that is nested too deep is told once, and its task does not run again, when its worker is ended', () => {
    const nest = delayed((runs: Int32Array) => {
      add(runs)
      let value: unknown = 0
      for (let n = 0; n < 5_000; n += 1) value = [value]
      return value
    })
    const exit = delayed(() => process.exit(3))
    const tooDeep = {
      status: 'rejected',
      reason: expect.objectContaining({ code: 'PARFOR_UNSERIALIZABLE', side: 'result' }),
    }
    const last = (code: string) => ({ status: 'rejected', reason: expect.objectContaining({ code }) })

    it.each([
      ['exits', exit, 'PARFOR_WORKER_LOST'],
      ['takes too long', stuck, 'PARFOR_TIMEOUT'],
    ])('because the next task %s', async (_, next, code) => {
      const runs = counters()
      await using parallel = Parallel({ nJobs: 1, backend: 'threads', batchSize: 2, onError: 'settle', timeout: 300 })
      expect(await parallel([nest(runs), next()])).toEqual([tooDeep, last(code)])
      expect(runs[0]).toBe(1)
      expect(await parallel([identity(1)])).toEqual([{ status: 'fulfilled', value: 1 }])
    })

    it('because its call is aborted', async () => {
      const runs = counters()
      const begun = counters(2)
      await using parallel = Parallel({ nJobs: 1, backend: 'threads', batchSize: 2, onError: 'settle' })
      const controller = new AbortController()
      const call = parallel([nest(runs), stuck(begun)], { signal: controller.signal })
      call.catch(() => {})
      await reached(begun)
      controller.abort(new Error('enough'))
      await expect(call).rejects.toThrow('enough')
      expect(await parallel([identity(1)])).toEqual([{ status: 'fulfilled', value: 1 }])
    })
  })

  it('that no worker could make costs its own task only', async () => {
    const unmade = new Unmade()
    await using parallel = Parallel({ nJobs: 2, batchSize: 4, onError: 'settle' })
    const results = await parallel([
      delayed(() => 0)(),
      delayed(() => unmade)(),
      delayed(() => 2)(),
      delayed(() => 3)(),
    ])
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled'])
  })
})

describe('A result that the caller cannot make', () => {
  class Away {
    [Symbol.for('parfor.serialize')]() {
      return 1
    }
    static [Symbol.for('parfor.deserialize')](): unknown {
      if (isMainThread) throw new RangeError('cannot be made here')
      return new Away()
    }
  }
  const make = delayed((n: number) => (n === 1 ? { list: [new Away()] } : n))

  it.each([1, 4])('fails its own task, and the call goes on: batchSize %i', async (batchSize) => {
    await using parallel = Parallel({ nJobs: 1, backend: 'threads', batchSize, onError: 'settle' })
    const results = await parallel([0, 1, 2, 3].map((n) => make(n)))
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled'])
    expect(results[1]).toMatchObject({
      reason: {
        code: 'PARFOR_UNSERIALIZABLE',
        side: 'result',
        taskIndex: 1,
        message: expect.stringContaining('cannot be made here'),
      },
    })
  })

  it('is the error of the call, and the next one is right', async () => {
    await using parallel = Parallel(2)
    await expect(parallel([make(0), make(1)])).rejects.toMatchObject({ code: 'PARFOR_UNSERIALIZABLE', taskIndex: 1 })
    expect(await parallel([make(2), make(3)])).toEqual([2, 3])
  })
})

describe('A failed call', () => {
  it('keeps the worker that has nothing left to do', async () => {
    await using parallel = Parallel({ nJobs: 1, backend: 'threads' })
    const where = delayed(() => threadId)
    const [first] = await parallel([where()])
    const unsendable = delayed((_: unknown) => 0)(Promise.resolve())
    const error: unknown = await parallel([unsendable]).catch((error: unknown) => error)
    expect(taskInfo(error)?.workerId).toBeUndefined()
    await expect(parallel([delayed(() => { throw new RangeError('no') })()])).rejects.toThrow('no') // biome-ignore format: one task
    expect(await parallel([where()])).toEqual([first])
  })

  it('shows what its tasks had printed', async () => {
    const { stdout } = await runProgram({
      'main.mjs': `
        import { delayed, Parallel } from 'parfor'
        const print = delayed((name) => {
          for (let n = 0; n < 300; n += 1) console.log(name, n)
          if (name === 'b') throw new Error('b')
        })
        await Parallel({ nJobs: 1, backend: 'threads', batchSize: 4 })(['a', 'b', 'c', 'd'].map((name) => print(name))).catch(() => {})
      `,
    })
    expect(stdout.split('\n').filter((line) => /^[ab] /.test(line))).toHaveLength(600)
  })

  it('that fails with what cannot be looked at says so', async () => {
    await using parallel = Parallel(2)
    class Odd {
      [Symbol.for('parfor.serialize')]() {
        throw undefined
      }
    }
    await expect(parallel([delayed((_: Odd) => 0)(new Odd())])).rejects.toMatchObject({ code: 'PARFOR_UNSERIALIZABLE' })
  })
})

describe('No thread is left', () => {
  const threads = `import { readdirSync } from 'node:fs'
    const threads = () => readdirSync('/proc/self/task').length
    // A thread that was joined is on the kernel's list for some moments more.
    const left = () => {
      const until = performance.now() + 500
      while (threads() > before && performance.now() < until);
      return threads() - before
    }
    import { delayed, Parallel, shutdown } from 'parfor'
    const stuck = delayed(() => { for (;;) {} })
    const fail = delayed(() => { throw new Error('no') })
    await Parallel(2)([delayed(Math.sqrt)(1)]); await shutdown()
    // Those two as well: it is the least that there are for a while.
    let before = Infinity
    for (const until = performance.now() + 200; performance.now() < until; ) before = Math.min(before, threads())
    const parallel = Parallel(2)`
  it.each([
    [
      'closed after an abort',
      `const c = new AbortController(); setTimeout(() => c.abort(), 100); await parallel([stuck(), stuck()], { signal: c.signal }).catch(() => {}); await parallel.close()`,
    ],
    ['closed after a failure', `await parallel([stuck(), fail()]).catch(() => {}); await parallel.close()`],
    [
      'terminated',
      `const call = parallel([stuck(), stuck()]).catch(() => {}); await new Promise((r) => setTimeout(r, 100)); await parallel.terminate()`,
    ],
    [
      'idle for as long as it may be',
      `await Parallel({ nJobs: 2, idleTimeout: 30 })([delayed(Math.sqrt)(4), delayed(Math.sqrt)(4)]); while (threads() > before) await new Promise((r) => setTimeout(r, 10))`,
    ],
  ])('when a Parallel is %s', async (_, body) => {
    if (process.platform !== 'linux') return
    const { stdout } = await runProgram({ 'main.mjs': `${threads}\n${body}\nconsole.log(left())` })
    expect(stdout).toBe('0\n')
  })
})

it('Tasks see what the program was called with', async () => {
  const { stdout } = await runProgram(
    {
      'main.mjs': `import { delayed, Parallel } from 'parfor'
        const [argv] = await Parallel(2)([delayed(() => process.argv.slice(1))()])
        console.log(argv[0] === process.argv[1], argv.slice(1))`,
    },
    ['main.mjs', 'in.csv', '--n'],
  )
  expect(stdout).toBe("true [ 'in.csv', '--n' ]\n")
})

it('A module that is parallel itself does not start workers in its workers', async () => {
  const { stdout } = await runProgram({
    'main.mjs': `import { f } from './self.mjs'\nconsole.log('main', f(1))`,
    'self.mjs': `import { delayed, Parallel } from 'parfor'
      export const f = (n) => n + 1
      console.log('module', await Parallel(2)([1, 2].map((n) => delayed(f)(n))))`,
  })
  expect(new Set(stdout.trimEnd().split('\n'))).toEqual(new Set(['module [ 2, 3 ]', 'main 2']))
})

it('Modules that no worker can load go by value, on every worker', async () => {
  const { stdout } = await runProgram({
    'main.mjs': `import { delayed, Parallel } from 'parfor'
      import { helper } from './library.mjs'
      console.log(await Parallel(2)([1, 2, 3, 4].map((n) => delayed((x) => helper(x))(n))))`,
    'library.mjs': `import { isMainThread } from 'node:worker_threads'
      if (!isMainThread) throw new Error('main only')
      export const helper = (x) => x * 2`,
  })
  expect(stdout).toBe('[ 2, 4, 6, 8 ]\n')
})

afterAll(() => shutdown())

it('An error that cannot be sent is told in words', async () => {
  await using parallel = Parallel(2)
  const fail = delayed(() => {
    throw new Proxy({ code: 'E_ODD' }, {})
  })
  await expect(parallel([fail()])).rejects.toMatchObject({
    code: 'PARFOR_UNSERIALIZABLE',
    message: expect.stringMatching(/The task threw .*E_ODD.*a Proxy cannot be copied/),
  })
})
