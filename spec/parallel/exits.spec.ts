import { type Ended, type RunOptions, runProgram } from '../support/program'

/** `work()` begins to do something that goes on, and resolves when it does: with this library, and without. */
const works = {
  'tasks on workers': `
    import { setImmediate } from 'node:timers/promises'
    import { delayed, Parallel } from 'parfor'
    const stuck = delayed((running) => { Atomics.add(running, 0, 1); for (;;); })
    export async function work() {
      const running = new Int32Array(new SharedArrayBuffer(4))
      Parallel(2)([stuck(running), stuck(running)])
      while (Atomics.load(running, 0) < 2) await setImmediate()
    }`,
  'a generator that is half consumed': `
    import { delayed, Parallel } from 'parfor'
    export async function work() {
      const endless = function* () { for (;;) yield delayed(Math.sqrt)(4) }
      const results = Parallel({ nJobs: 2, returnAs: 'generator' })(endless)
      await results.next()
      setInterval(() => results, 1000)
    }`,
}
const timer = `
  export async function work() {
    setInterval(() => {}, 1000)
  }`

/** How a program ends that works so. The name of its folder, which is another each time, is left out. */
async function endOf(work: string, main: string): Promise<Ended> {
  const files = { 'main.mjs': `import { work } from './work.mjs'\n${main}`, 'work.mjs': work }
  const ended = await runProgram(files, undefined, { timeout: 25_000 })
  return { ...ended, stderr: ended.stderr.replaceAll(/parfor-\w{6}/g, 'folder') }
}

const unheard = expect.stringContaining('Error: unheard\n')

/** Programs that end while `work()` goes on, with what is to come of each. */
const endings: Readonly<Record<string, readonly [body: string, end: Partial<Ended>]>> = {
  'throws at its top level': [`throw new Error('unheard')`, { code: 1, stderr: unheard }],
  'throws what nothing catches': [`setTimeout(() => { throw new Error('unheard') })`, { code: 1, stderr: unheard }],
  'forgets a promise that rejects': [`Promise.reject(new Error('unheard'))`, { code: 1, stderr: unheard }],
  'handles what nothing catches, and exits': [
    `process.on('uncaughtException', ({ message }) => { console.log(message); process.exit(3) })
     setTimeout(() => { throw new Error('heard') })`,
    { code: 3, stdout: 'heard\n', stderr: '' },
  ],
  'handles a forgotten promise, and exits': [
    `process.on('unhandledRejection', ({ message }) => { console.log(message); process.exit(3) })
     Promise.reject(new Error('heard'))`,
    { code: 3, stdout: 'heard\n', stderr: '' },
  ],
  'calls process.exit(7)': [`process.exit(7)`, { code: 7, stdout: '', stderr: '' }],
  'sets process.exitCode, and calls process.exit()': [
    `process.exitCode = 9
     process.exit()`,
    { code: 9, stdout: '', stderr: '' },
  ],
  'listens to exit': [
    `process.on('exit', (code) => console.log('exit', code))
     process.exit(7)`,
    { code: 7, stdout: 'exit 7\n', stderr: '' },
  ],
  'exits with another code when it exits': [
    `process.on('exit', () => process.exit(5))
     process.exit(7)`,
    { code: 5, stdout: '', stderr: '' },
  ],
  'throws when it exits': [
    `process.on('exit', () => { throw new Error('unheard') })
     process.exit(0)`,
    { stdout: '', stderr: unheard },
  ],
}

describe.each(Object.entries(endings))('A program that %s', (_, [body, end]) => {
  const main = `await work()\n${body}`
  let plain: Ended
  beforeAll(async () => {
    plain = await endOf(timer, main)
  })

  it.each(Object.entries(works))('ends with %s as it does without', async (_, work) => {
    const ended = await endOf(work, main)
    expect(ended).toMatchObject(end)
    expect(ended).toEqual(plain)
  })
})

describe.each(Object.entries(works))('A program with %s', (_, work) => {
  // Windows knows no SIGABRT.
  const itOnPosix = process.platform === 'win32' ? it.skip : it
  itOnPosix('may abort', async () => {
    const { code, signal, stdout } = await endOf(work, `await work()\nprocess.abort()`)
    expect({ code, signal, stdout }).toEqual({ code: null, signal: 'SIGABRT', stdout: '' })
  })
})

function run(body: string, options?: RunOptions): Promise<Ended> {
  const main = `
    import { setImmediate } from 'node:timers/promises'
    import { delayed, Parallel, shutdown } from 'parfor'
    const root = delayed(Math.sqrt)
    ${body}
  `
  return runProgram({ 'main.mjs': main }, undefined, { timeout: 25_000, ...options })
}

describe('A program whose call nobody waits for', () => {
  it('ends when its tasks have run', async () => {
    const ended = await run(`
        const print = delayed((word) => { console.log(word) })
        Parallel(2)([print('ran')]).then(() => console.log('over'))
        console.log('end of the program')
      `)
    expect(ended).toEqual({ code: 0, signal: null, stdout: 'end of the program\nran\nover\n', stderr: '' })
  })

  it.each([
    // One that nothing holds is ended when it is collected as garbage.
    [
      'in a generator that nobody asks',
      `globalThis.held = Parallel({ nJobs: 2, returnAs: 'generator' })([print('ran')])`,
    ],
    ['and closes its Parallel', `const parallel = Parallel(2); parallel([print('ran')]); parallel.close()`],
    ['and shuts down', `Parallel(2)([print('ran')]); shutdown()`],
  ])('runs them, %s', async (_, body) => {
    const ended = await run(`const print = delayed((word) => { console.log(word) })\n${body}`)
    expect(ended).toEqual({ code: 0, signal: null, stdout: 'ran\n', stderr: '' })
  })

  it('goes on as long as a task does', async () => {
    const ended = await run(
      `
        const running = new Int32Array(new SharedArrayBuffer(4))
        const waits = delayed((running) => { Atomics.store(running, 0, 1); return new Promise(() => {}) })
        const call = Parallel(2)([waits(running)])
        void (async () => {
          while (Atomics.load(running, 0) === 0) await setImmediate()
          // Comes only when something else keeps the program alive.
          setTimeout(() => console.log('alive'), 10).unref()
        })()
        await call
      `,
      { onStdout: (_, child) => child.kill('SIGTERM') },
    )
    expect(ended).toEqual({ code: null, signal: 'SIGTERM', stdout: 'alive\n', stderr: '' })
  })
})

describe('A program', () => {
  it('that waits for an input that never comes ends as for any promise that nothing settles', async () => {
    const input = `
      import { delayed, Parallel } from 'parfor'
      export const work = () => Parallel(2)(async function* () {
        yield delayed(Math.sqrt)(4)
        await new Promise(() => {})
      })`
    const nothing = 'export const work = () => new Promise(() => {})'
    const [ended, plain] = await Promise.all([endOf(input, 'await work()'), endOf(nothing, 'await work()')])
    expect(ended).toMatchObject({ code: 13, stdout: '' })
    expect(ended).toEqual(plain)
  })

  it('has its results, though it handles meanwhile what nothing catches', async () => {
    const ended = await run(`
        const gate = new Int32Array(new SharedArrayBuffer(4))
        const wait = delayed((gate, n) => { Atomics.wait(gate, 0, 0); return n })
        process.on('uncaughtException', ({ message }) => {
          console.log(message)
          Atomics.store(gate, 0, 1)
          Atomics.notify(gate, 0)
        })
        setTimeout(() => { throw new Error('heard') })
        console.log(await Parallel(2)([wait(gate, 1), wait(gate, 2), wait(gate, 3)]))
      `)
    expect(ended).toEqual({ code: 0, signal: null, stdout: 'heard\n[ 1, 2, 3 ]\n', stderr: '' })
  })

  it('may begin a call before it exits', async () => {
    const ended = await run(`
        const parallel = Parallel(2)
        const numbers = [4, 9]
        process.on('beforeExit', async () => {
          console.log('before exit')
          const n = numbers.pop()
          if (n !== undefined) console.log(await parallel([root(n)]))
        })
        process.on('exit', (code) => console.log('exit', code))
        console.log(await parallel([root(1)]))
      `)
    const stdout = '[ 1 ]\nbefore exit\n[ 3 ]\nbefore exit\n[ 2 ]\nbefore exit\nexit 0\n'
    expect(ended).toEqual({ code: 0, signal: null, stdout, stderr: '' })
  })

  it.each([
    ['shutdown()', 'shutdown()'],
    ['close()', 'parallel.close()'],
    ['terminate()', 'parallel.terminate()'],
  ])('ends by itself while it waits for %s, which comes to its end', async (_, end) => {
    const ended = await run(`
        const parallel = Parallel(2)
        await parallel([root(1), root(4)])
        await ${end}
        console.log('ended')
      `)
    expect(ended).toEqual({ code: 0, signal: null, stdout: 'ended\n', stderr: '' })
  })

  it.each(['shutdown()', 'parallel.close()', 'parallel.terminate()'])(
    'exits with its code while %s is not done',
    async (end) => {
      const ended = await run(`
          const parallel = Parallel(2)
          const running = new Int32Array(new SharedArrayBuffer(4))
          const stuck = delayed((running) => { Atomics.store(running, 0, 1); for (;;); })
          parallel([stuck(running)]).catch(() => {})
          while (Atomics.load(running, 0) === 0) await setImmediate()
          ${end}
          process.exit(3)
        `)
      expect(ended).toEqual({ code: 3, signal: null, stdout: '', stderr: '' })
    },
  )

  it.each(['shutdown()', 'parallel.terminate()', 'parallel([root(4)])'])(
    'has its code, though it calls %s when it exits',
    async (last) => {
      const ended = await run(`
          const parallel = Parallel(2)
          await parallel([root(1), root(4)])
          process.exitCode = 4
          process.on('exit', () => { ${last} })
        `)
      expect(ended).toEqual({ code: 4, signal: null, stdout: '', stderr: '' })
    },
  )
})

describe('A task', () => {
  it.each([
    ['exits', 'process.exit(3)', `lost: it exited with code 3`],
    ['exits with process.exitCode', 'process.exitCode = 3; process.exit()', `lost: it exited with code 3`],
    [
      'exits in a listener to exit',
      `process.on('exit', () => process.exit(5)); process.exit(3)`,
      `lost: it exited with code 5`,
    ],
    ['sets process.exitCode', 'process.exitCode = 3; return 1', '[ 1, 2 ]'],
    ['aborts', 'process.abort()', 'ERR_WORKER_UNSUPPORTED_OPERATION'],
  ])('that %s does so in its worker only', async (_, body, told) => {
    const ended = await run(`
        const parallel = Parallel(2)
        const task = delayed(() => { ${body} })
        await parallel([task(), root(4)]).then(console.log, ({ code, reason }) => console.log(reason ? 'lost: ' + reason : code))
        console.log(process.exitCode, await parallel([root(9)]))
      `)
    expect(ended).toEqual({ code: 0, signal: null, stdout: `${told}\nundefined [ 3 ]\n`, stderr: '' })
  })
})
