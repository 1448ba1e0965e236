import { spawnSync } from 'node:child_process'
import { type RunOptions, runProgram } from '../support/program'
import { openTerminal } from '../support/terminal'

/** Of util-linux: runs a command in a terminal. That of macOS takes other arguments, and Windows has none. */
const hasScript = /util-linux/.test(String(spawnSync('script', ['--version']).stdout))
/** Programs that mostly wait, several at once. */
const inTerminal = hasScript ? it.concurrent : it.skip

const program = (body: string) => ({
  'main.mjs': `
    import { delayed, Parallel } from 'parfor'
    const work = delayed((n, ms = 20) => new Promise((resolve) => setTimeout(resolve, ms, n)))
    const fail = delayed(() => { throw new Error('no') })
    const range = (count) => Array.from({ length: count }, (_, n) => n)
    ${body}`,
})

interface Shown {
  readonly code: number | null
  /** What could be seen behind each thing that was written. */
  readonly screens: string[][]
  readonly last: string[]
  readonly cursor: [column: number, row: number]
  readonly raw: string
}

/** Runs a program in a terminal of so many columns, as somebody sees it who sits before it. */
async function seenOf(body: string, columns = 80, { env, redirect = '' }: RunOptions & { redirect?: string } = {}) {
  const rows = 100
  // A shell that stays would say of a killed program that it was killed.
  const command = `stty cols ${columns} rows ${rows}; exec '${process.execPath}' main.mjs ${redirect}`
  const { code, stdout } = await runProgram(program(body), ['-qec', command, '/dev/null'], {
    node: 'script',
    env: { CI: undefined, TERM: 'xterm', LC_ALL: 'C.UTF-8', ...env },
    input: '',
  })
  const terminal = openTerminal({ columns, rows })
  const screens: string[][] = []
  // `script` tells its terminal, too, that there is no more input.
  const raw = stdout.replaceAll('^D\b\b', '')
  // Each update of the bar ends so.
  for (const piece of raw.split('\u001b[?2026l').flatMap((update) => update.split(/(?<=\n)/))) {
    await terminal.show(piece)
    screens.push(await terminal.seen())
  }
  return { code, screens, last: await terminal.seen(), cursor: await terminal.cursor(), raw } satisfies Shown
}

describe('A progress bar in a terminal', () => {
  inTerminal.each([40, 80, 200])('is one line that grows, %i columns wide', async (columns) => {
    const { screens, last, cursor } = await seenOf(
      `await Parallel({ nJobs: 2, progress: true, name: 'sums' })(range(40).map((n) => work(n)))
      console.log('after')`,
      columns,
    )
    const bars = screens.filter((lines) => /^sums +\d+% █*░+ \d+\/40/.test(lines[0] ?? ''))
    expect(bars.length).toBeGreaterThan(2)
    expect(screens.every((lines) => lines.length <= 2)).toBe(true)
    expect(last).toEqual([expect.stringMatching(/^sums 100% █+ 40\/40, [\d.]+s$/), 'after'])
    expect(cursor).toEqual([0, 2])
  })

  inTerminal('learns the total when the input ends, and counts failed tasks', async () => {
    const { screens, last } = await seenOf(
      `const tasks = function* () { for (const n of range(40)) yield n % 10 === 0 ? fail() : work(n) }
      await Parallel({ nJobs: 2, progress: true, onError: 'settle' })(tasks)`,
    )
    expect(screens.flat()).toContainEqual(expect.stringMatching(/^░*█+░* \d+ done, \d failed, [\d.]+s, [\d.]+\/s$/))
    expect(last).toEqual([expect.stringMatching(/^100% █{40} 40\/40, 4 failed, [\d.]+s$/)])
  })

  inTerminal('stands below others, and below all that is printed: no line is torn', async () => {
    const { screens, last, cursor } = await seenOf(
      `const says = delayed(async (n) => {
        await new Promise((resolve) => setTimeout(resolve, 20))
        if (n % 5 === 0) console.log('a task says ' + n)
      })
      const first = Parallel({ nJobs: 2, progress: true, name: 'first' })(range(40).map((n) => work(n)))
      const second = Parallel({ nJobs: 2, progress: true, name: 'second' })(range(20).map((n) => says(n)))
      let n = 0
      const timer = setInterval(() => { console.log('out ' + ++n); console.error('err ' + n) }, 100)
      await Promise.all([first, second])
      clearInterval(timer)
      console.log('after')`,
    )
    const whole = /^(?:a task says \d+|(?:out|err) \d+|after|(?:first|second) +\d+% █*░* \d+\/[24]0, .*s(?: left)?)$/
    expect(screens.flat().filter((line) => !whole.test(line))).toEqual([])
    expect(screens.some((lines) => /^first/.test(lines.at(-2) ?? '') && /^second/.test(lines.at(-1) ?? ''))).toBe(true)
    // A bar that is left in the middle of the others would be seen twice.
    for (const name of ['first', 'second']) expect(last.filter((line) => line.startsWith(name))).toHaveLength(1)
    expect(last.filter((line) => line.startsWith('a task says'))).toHaveLength(4)
    expect(cursor).toEqual([0, last.length])
  })

  inTerminal.each([
    ['by an error', `await parallel([...range(20).map((n) => work(n)), fail()])`],
    ['by an abort', `await parallel(endless(), { signal: AbortSignal.timeout(300) })`],
    ['by a timeout', `await Parallel({ ...options, timeout: 300 })([work(1, 60_000)])`],
    [
      'by its consumer',
      `for await (const n of Parallel({ ...options, returnAs: 'generator' })(endless)) if (n > 20) break`,
    ],
  ])('that is ended %s leaves a line, and a clean terminal', async (_, call) => {
    const { code, last, cursor } = await seenOf(
      `const options = { nJobs: 2, progress: true, name: 'sums' }
      const parallel = Parallel(options)
      const endless = function* () { for (let n = 0; ; n++) yield work(n) }
      try { ${call} } catch {}
      console.log('after')`,
    )
    expect(last).toEqual([expect.stringMatching(/^sums .*stopped after [\d.]+s$/), 'after'])
    expect([code, cursor]).toEqual([0, [0, 2]])
  })

  inTerminal.each([
    ['Ctrl-C', `process.kill(process.pid, 'SIGINT')`, 130],
    ['process.exit', 'process.exit(7)', 7],
    ['a kill', `process.kill(process.pid, 'SIGKILL')`, 137],
  ])('leaves a clean terminal after %s, with nothing to be undone', async (_, end, status) => {
    const { code, last, cursor, raw } = await seenOf(
      `const onProgress = ({ done }) => { if (done === 30) { ${end} } }
      await Parallel({ nJobs: 2, progress: true, name: 'sums', onProgress })(range(100).map((n) => work(n)))`,
    )
    expect(last).toEqual([expect.stringMatching(/^sums +\d+% █+░+ \d+\/100, /)])
    expect([code, cursor]).toEqual([status, [0, 1]])
    expect(raw).not.toContain('\u001b[?25')
  })

  inTerminal('is drawn in the calling thread too, and below it that of a call in a task', async () => {
    const { screens, last } = await seenOf(
      `const inner = delayed(async (k) => {
        await Parallel({ nJobs: 1, progress: true, name: 'inner' })(range(15).map((n) => work(n)))
      })
      await Parallel({ nJobs: 1, progress: true, name: 'outer' })(range(2).map((n) => inner(n)))`,
    )
    expect(screens).toContainEqual([
      expect.stringMatching(/^inner 100% .* 15\/15/),
      expect.stringMatching(/^outer +50% .* 1\/2/),
      expect.stringMatching(/^inner +\d+% .* \d+\/15/),
    ])
    expect(last.map((line) => line.slice(0, 10))).toEqual(['inner 100%', 'inner 100%', 'outer 100%'])
  })

  inTerminal('is drawn ten times in a second at most, however quick the tasks are', async () => {
    const { raw, last } = await seenOf(
      `const noop = delayed((n) => n)
      const start = performance.now()
      await Parallel({ nJobs: 2, progress: true })(range(200_000).map((n) => noop(n)))
      console.log(Math.ceil((performance.now() - start) / 100))`,
    )
    expect(raw.split('\u001b[?2026h').length - 1).toBeLessThanOrEqual(Number(last.at(-1)) + 1)
    expect(last[0]).toMatch(/^100% █{40} 200000\/200000, [\d.]+s$/)
  })

  inTerminal('is not drawn by a call in a task on a worker', async () => {
    const { last } = await seenOf(
      `const inner = delayed(async () => {
        const { delayed, Parallel } = await import('parfor')
        return Parallel({ nJobs: 1, progress: true, name: 'inner' })([delayed(Math.sqrt)(4)])
      })
      console.log(await Parallel({ nJobs: 2, progress: true, name: 'outer' })([inner(), inner()]))`,
    )
    expect(last).toEqual([expect.stringMatching(/^outer 100% .* 2\/2/), '[ [ 2 ], [ 2 ] ]'])
  })

  inTerminal('keeps nothing alive', async () => {
    const { code, last } = await seenOf(
      `void Parallel({ nJobs: 1, progress: true, name: 'sums' })([delayed(Math.sqrt)(4), delayed(() => new Promise(() => {}))()])
      await new Promise((resolve) => setTimeout(resolve, 300))`,
    )
    expect([code, last]).toEqual([0, [expect.stringMatching(/^sums {2}50% /)]])
  })

  inTerminal('is drawn when stdout goes elsewhere, and not when stderr does', async () => {
    const body = `console.log('out'); await Parallel({ nJobs: 2, progress: true, name: 'sums' })(range(20).map((n) => work(n)))`
    const [piped, lines] = await Promise.all([
      seenOf(body, 80, { redirect: '> out.txt' }),
      seenOf(body, 80, { redirect: '2>&1 > /dev/tty | cat' }),
    ])
    expect(piped.screens.length).toBeGreaterThan(1)
    expect(piped.last).toEqual([expect.stringMatching(/^sums 100% █{40} 20\/20/)])
    expect(lines.raw).not.toContain('\u001b')
    expect(lines.last.at(0)).toBe('out')
    expect(lines.last.at(-1)).toMatch(/^\[sums\]: 20 of 20 \(100%\), [\d.]+s$/)
  })

  inTerminal.each([{ TERM: 'dumb' }, { CI: 'true' }])('is not drawn with %p', async (env) => {
    const { raw } = await seenOf('await Parallel({ progress: true })([work(1)])', 80, { env })
    expect(raw).toMatch(/^\[Parallel\]: 1 of 1 \(100%\), [\d.]+s\r\n$/)
  })

  inTerminal('is drawn in letters of old where the terminal has no others, and never in colours', async () => {
    const { last, raw } = await seenOf(
      `await Parallel({ nJobs: 1, progress: true })(range(10).map((n) => work(n)))`,
      80,
      { env: { LC_ALL: 'C' } },
    )
    expect(last).toEqual([expect.stringMatching(/^100% #{40} 10\/10, [\d.]+s$/)])
    expect(raw.split('\u001b[').filter((code) => /^[\d;]*m/.test(code))).toEqual([])
  })
})

describe('progress without a terminal', () => {
  it.concurrent('prints a line at the end, and nothing else of a call that is quick', async () => {
    const { code, stdout, stderr } = await runProgram(
      program(`console.log(await Parallel({ nJobs: 2, progress: true, name: 'sums' })([work(1, 0), work(2, 0)]))`),
    )
    expect([code, stdout]).toEqual([0, '[ 1, 2 ]\n'])
    expect(stderr).toMatch(/^\[sums\]: 2 of 2 \(100%\), [\d.]+s\n$/)
  })

  it.concurrent('keeps nothing alive', async () => {
    const ended = await runProgram(
      program(`
        void Parallel({ nJobs: 1, progress: true })([delayed(() => new Promise(() => {}))()])
        const results = Parallel({ nJobs: 2, progress: true, returnAs: 'generator' })(function* () { for (;;) yield work(1, 0) })
        await results.next()`),
    )
    expect(ended).toMatchObject({ code: 0, stdout: '' })
  })
})
