import { runProgram } from '../support/program'

const describeSignals = process.platform === 'win32' ? describe.skip : describe

/** Who gets a signal: the program, or all of its process group, as Ctrl-C in a terminal. */
type Target = 'program' | 'process group'

/** A signal for each word, sent when the program prints it. */
type Sent = Readonly<Record<string, NodeJS.Signals>>

/** Runs a program, and tells how it ended and whether all that it has started is gone. */
async function run(body: string, sent: Sent = {}, target: Target = 'program') {
  let pid = 0
  const words = new Map(Object.entries(sent))
  const ended = await runProgram(
    {
      'main.mjs': `
        import { subscribe } from 'node:diagnostics_channel'
        import { setImmediate } from 'node:timers/promises'
        import { delayed, Parallel, shutdown } from 'parfor'

        const root = delayed(Math.sqrt)
        const stuck = delayed((word) => { console.log(word); for (;;); })
        const untilEnded = () => new Promise(() => setInterval(() => {}, 1000))
        ${body}
      `,
    },
    undefined,
    {
      detached: true,
      timeout: 25_000,
      onStart(program) {
        pid = program.pid as number
      },
      onStdout(sofar) {
        for (const [word, signal] of words) {
          if (!sofar.includes(word)) continue
          words.delete(word)
          process.kill(target === 'program' ? pid : -pid, signal)
        }
      },
    },
  )
  return { ...ended, isGone: isGone(pid) }
}

function isGone(group: number): boolean {
  try {
    process.kill(-group, 0)
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
}

/** When a signal comes: the program has printed `ready`. */
const moments = {
  'while tasks run': `await Parallel(2)([stuck(''), stuck('ready')])`,
  'while workers start': `
    subscribe('worker_threads', () => console.log('ready'))
    await Parallel(2)([stuck(''), stuck('')])`,
  'while an initializer runs': `await Parallel({ nJobs: 2, initializer: stuck('ready') })([root(4)])`,
  'while workers are idle': `
    await Parallel(2)([root(4), root(9)])
    console.log('ready')
    await untilEnded()`,
  'while a generator is half consumed': `
    const results = Parallel({ nJobs: 2, returnAs: 'generator' })(function* () { for (;;) yield root(4) })
    await results.next()
    console.log('ready')
    await untilEnded()`,
  'while a generator is waited for': `
    for await (const _ of Parallel({ nJobs: 2, returnAs: 'generator' })([root(4), stuck('ready')]));`,
  'while it waits for close()': `
    const parallel = Parallel(2)
    parallel([stuck('ready')])
    await parallel.close()`,
  'while a task in the calling thread waits': `
    await Parallel(1)([delayed(() => { console.log('ready'); return untilEnded() })()])`,
}

describeSignals('A program that handles no signal', () => {
  describe.each(Object.entries(moments))('%s', (_, body) => {
    it.each(['program', 'process group'] as const)('is ended by Ctrl-C, sent to the %s', async (target) => {
      const { stdout: _, ...ended } = await run(body, { ready: 'SIGINT' }, target)
      expect(ended).toEqual({ code: null, signal: 'SIGINT', stderr: '', isGone: true })
    })
  })

  describe.each(['while tasks run', 'while workers start', 'while workers are idle'] as const)('%s', (moment) => {
    it.each(['SIGTERM', 'SIGHUP', 'SIGKILL'] as const)('is ended by %s', async (signal) => {
      const { stdout: _, ...ended } = await run(moments[moment], { ready: signal })
      expect(ended).toEqual({ code: null, signal, stderr: '', isGone: true })
    })
  })

  it('is ended by a signal that a task sends to its process', async () => {
    const ended = await run(`await Parallel(2)([delayed(() => { process.kill(process.pid, 'SIGTERM'); for (;;); })()])`)
    expect(ended).toEqual({ code: null, signal: 'SIGTERM', stdout: '', stderr: '', isGone: true })
  })
})

describeSignals('A program that handles a signal', () => {
  /** Tasks that end when the gate is opened. */
  const gated = `
    const gate = new Int32Array(new SharedArrayBuffer(4))
    const open = () => { Atomics.store(gate, 0, 1); Atomics.notify(gate, 0) }
    const wait = delayed((gate, n, word) => { if (word) console.log(word); Atomics.wait(gate, 0, 0); return n })
    const parallel = Parallel(2)`

  it.each([
    ['SIGINT', 'program'],
    ['SIGINT', 'process group'],
    ['SIGTERM', 'program'],
    ['SIGHUP', 'program'],
  ] as const)('goes on after %s to the %s, and has its results', async (signal, target) => {
    const ended = await run(
      `${gated}
      process.on('${signal}', () => { console.log('heard'); open() })
      console.log(await parallel([wait(gate, 1), wait(gate, 2, 'ready'), wait(gate, 3)]))`,
      { ready: signal },
      target,
    )
    expect(ended).toEqual({ code: 0, signal: null, stdout: 'ready\nheard\n[ 1, 2, 3 ]\n', stderr: '', isGone: true })
  })

  it('may wait there for close(), which lets its calls finish', async () => {
    const ended = await run(
      `${gated}
      process.once('SIGINT', async () => {
        const closed = parallel.close()
        await parallel([root(4)]).catch(({ code }) => console.log(code))
        open()
        await closed
        console.log('closed')
      })
      parallel([wait(gate, 1, 'ready')]).then(console.log)`,
      { ready: 'SIGINT' },
    )
    expect(ended).toEqual({
      code: 0,
      signal: null,
      stdout: 'ready\nPARFOR_DISPOSED\n[ 1 ]\nclosed\n',
      stderr: '',
      isGone: true,
    })
  })

  it.each(['program', 'process group'] as const)(
    'is ended by the second Ctrl-C to the %s, when it handles one and waits for close()',
    async (target) => {
      const ended = await run(
        `
        const parallel = Parallel(2)
        process.once('SIGINT', async () => {
          console.log('heard')
          await parallel.close()
          console.log('never')
        })
        await parallel([stuck('ready')])`,
        { ready: 'SIGINT', heard: 'SIGINT' },
        target,
      )
      expect(ended).toEqual({ code: null, signal: 'SIGINT', stdout: 'ready\nheard\n', stderr: '', isGone: true })
    },
  )

  it('may end its workers and exit with a code of its own', async () => {
    const ended = await run(
      `
      const parallel = Parallel(2)
      process.once('SIGTERM', async () => {
        await parallel.terminate()
        process.exit(143)
      })
      await parallel([stuck('ready')]).catch(({ code }) => console.log(code))
      await untilEnded()`,
      { ready: 'SIGTERM' },
    )
    expect(ended).toEqual({ code: 143, signal: null, stdout: 'ready\nPARFOR_DISPOSED\n', stderr: '', isGone: true })
  })

  it.each(['SIGINT', 'SIGTERM'] as const)('is ended by %s when it handles it no more', async (signal) => {
    const ended = await run(
      `
      const handle = () => {}
      process.on('${signal}', handle)
      const call = Parallel(2)([stuck('ready')])
      process.off('${signal}', handle)
      await call`,
      { ready: signal },
    )
    expect(ended).toEqual({ code: null, signal, stdout: 'ready\n', stderr: '', isGone: true })
  })
})

describe('The listeners of a process', () => {
  it.each([
    ['are what they were', ''],
    [
      'stay, when they are of the program',
      `for (const name of ['SIGINT', 'SIGTERM', 'exit']) process.on(name, () => {})`,
    ],
  ])('%s, after an import, a call, and the end of the workers', async (_, own) => {
    const { stdout } = await runProgram({
      'main.mjs': `
        const names = ['SIGINT', 'SIGTERM', 'SIGHUP', 'exit', 'beforeExit', 'uncaughtException', 'unhandledRejection',
          'warning', 'message', 'disconnect']
        const listeners = () => names.map((name) => process.listeners(name))
        process.stdout
        ${own}
        const before = listeners()
        const isAsBefore = () => listeners().every((list, i) =>
          list.length === before[i].length && list.every((listener, j) => listener === before[i][j]))

        const { delayed, Parallel } = await import('parfor')
        console.log('imported', isAsBefore())
        const parallel = Parallel(2)
        const call = parallel([delayed(Math.sqrt)(4)])
        console.log('called', isAsBefore())
        console.log('over', await call, isAsBefore())
        await parallel.close()
        console.log('closed', isAsBefore())
      `,
    })
    expect(stdout).toBe('imported true\ncalled true\nover [ 2 ] true\nclosed true\n')
  })
})
