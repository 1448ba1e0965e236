import { runProgram } from '../support/program'

const program = (body: string) => ({ 'main.mjs': `import { delayed, Parallel, shutdown } from 'parfor'\n${body}` })

describe.each(['threads', 'sequential'])('A program that uses %s', (backend) => {
  it.each([
    ['keeps its Parallel', ''],
    ['closes it', 'await parallel.close()'],
    ['terminates it', 'await parallel.terminate()'],
    ['shuts down', 'await shutdown()'],
  ])('ends by itself after its last result, when it %s', async (_, ending) => {
    const ended = await runProgram(
      program(`
        const parallel = Parallel({ nJobs: 2, backend: '${backend}' })
        console.log(await parallel([1, 4].map((n) => delayed(Math.sqrt)(n))))
        ${ending}
        console.log('left:', process.getActiveResourcesInfo().filter((name) => /Worker|Port|Timeout/.test(name)))
      `),
    )
    expect(ended).toEqual({ code: 0, signal: null, stdout: '[ 1, 2 ]\nleft: []\n', stderr: '' })
  })
})

describe('A program', () => {
  it.each([
    ['a task fails', `Parallel(2)([delayed(() => { throw new Error('unheard') })()])`],
    ['a task fails in the calling thread', `Parallel(1)([delayed(() => { throw new Error('unheard') })()])`],
    ['its input is wrong', `Parallel(2)(new Error('unheard'))`],
    [
      'and closes its Parallel',
      `const p = Parallel(2); p([delayed(() => { throw new Error('unheard') })()]); await p.close()`,
    ],
  ])('that forgets a list, of which %s, is told so by Node', async (_, body) => {
    const { code, stderr } = await runProgram(program(body))
    expect([code, stderr]).toEqual([1, expect.stringContaining('unheard')])
  })

  it.each([
    ['a list waits for', 'await parallel(tasks, options)'],
    ['a list in the calling thread waits for', 'await Parallel(1)(tasks, options)'],
    ['a generator waits for', `for await (const _ of Parallel({ nJobs: 2, returnAs: 'generator' })(tasks, options));`],
    ['a task in the calling thread is', 'await Parallel(1)([delayed(() => new Promise(() => {}))()], options)'],
  ])('goes on when the time is over for what %s', async (_, body) => {
    const ended = await runProgram(
      program(`
        const parallel = Parallel(2)
        await parallel([delayed(Math.sqrt)(4)])
        const tasks = async function* () { yield delayed(Math.sqrt)(4); await new Promise(() => {}) }
        const options = { signal: AbortSignal.timeout(100) }
        try { ${body} } catch (error) { console.log(error.name) }
      `),
    )
    expect(ended).toEqual({ code: 0, signal: null, stdout: 'TimeoutError\n', stderr: '' })
  })

  it('ends though a generator that a signal could end is not asked', async () => {
    const ended = await runProgram(
      program(`
        const { signal } = new AbortController()
        const results = Parallel({ nJobs: 2, returnAs: 'generator' })(
          function* () { for (;;) yield delayed(Math.sqrt)(4) }, { signal })
        console.log(await results.next())
      `),
    )
    expect(ended).toEqual({ code: 0, signal: null, stdout: '{ value: 2, done: false }\n', stderr: '' })
  })

  it('can close its Parallel after an abort that came while it was busy itself', async () => {
    const ended = await runProgram(
      program(`
        const identity = delayed((n) => n)
        const parallel = Parallel({ nJobs: 1, backend: 'threads', batchSize: 1 })
        await parallel([identity(0)])
        for (let ms = 0; ms < 20; ms += 4) {
          const other = Parallel({ nJobs: 1, backend: 'threads', batchSize: 1 })
          const controller = new AbortController()
          const call = other([1, 2, 3, 4].map((n) => identity(n)), { signal: controller.signal }).catch(() => {})
          for (const end = performance.now() + ms; performance.now() < end; );
          controller.abort()
          await call
          await other.close()
        }
        await parallel.close()
        console.log('closed')
      `),
    )
    expect(ended).toEqual({ code: 0, signal: null, stdout: 'closed\n', stderr: '' })
  })

  it('ends by itself when a call has failed', async () => {
    const ended = await runProgram(
      program(`
        const stuck = delayed(() => { for (;;) {} })
        const fail = delayed(() => { throw new RangeError('no') })
        await Parallel(2)([stuck(), fail()]).catch((error) => console.log(String(error)))
      `),
    )
    expect(ended).toEqual({ code: 0, signal: null, stdout: 'RangeError: no\n', stderr: '' })
  })

  it('shows all that its workers print, before the result', async () => {
    const { stdout } = await runProgram(
      program(`
        const print = delayed((name) => { for (let n = 0; n < 500; n += 1) console.log(name, n, '.'.repeat(200)) })
        await Parallel(2)([print('a'), print('b'), print('c')])
        console.log('end')
      `),
    )
    const lines = stdout.trimEnd().split('\n')
    for (const name of ['a', 'b', 'c']) {
      const own = lines.filter((line) => line.startsWith(name)).map((line) => Number(line.split(' ')[1]))
      expect(own).toEqual(Array.from({ length: 500 }, (_, n) => n))
    }
    expect(lines).toHaveLength(1501)
    expect(lines.at(-1)).toBe('end')
  })

  it('has its results, however a task prints', async () => {
    const { stdout } = await runProgram(
      program(`
        const print = {
          base64: () => process.stdout.write('eHh4\\neHg=\\n', 'base64'),
          nothing: () => process.stdout.write(''),
          corked: () => { process.stdout.cork(); process.stdout.write('held back') },
        }
        for (const task of Object.values(print)) await Parallel({ nJobs: 1, backend: 'threads' })([delayed(task)()])
        console.log(' end')
      `),
    )
    expect(stdout).toBe('xxxxx end\n')
  })

  it('shows what a worker printed that is lost, before the error', async () => {
    const { stdout } = await runProgram(
      program(`
        const exit = delayed(() => {
          for (let n = 0; n < 500; n += 1) console.log(n, '.'.repeat(200))
          process.exit(3)
        })
        await Parallel({ nJobs: 1, backend: 'threads' })([exit()]).catch(({ name }) => console.log(name))
      `),
    )
    const first = stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.split(' ')[0])
    expect(first).toEqual([...Array.from({ length: 500 }, (_, n) => String(n)), 'WorkerLostError'])
  })

  it('is not run again in its workers', async () => {
    const { stdout } = await runProgram(
      program(`
        console.log('entry')
        export const twice = (n) => 2 * n
        console.log(await Parallel(2)([1, 2].map((n) => delayed(twice)(n))))
      `),
    )
    expect(stdout).toBe('entry\n[ 2, 4 ]\n')
  })
})
