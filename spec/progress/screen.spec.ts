import { openScreen } from '../../lib/progress/screen'
import { openTerminal } from '../support/terminal'

beforeEach(() =>
  // The terminal has timers of its own.
  jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate', 'clearImmediate', 'setTimeout'] }),
)
afterEach(() => jest.useRealTimers())

const later = () => jest.advanceTimersByTime(100)
const turn = () => new Promise((resolve) => setImmediate(resolve))

function open({ columns = 80, rows = 10, isPiped = false } = {}) {
  const terminal = openTerminal({ columns, rows })
  const stdout = Object.create(terminal.stream, { isTTY: { value: !isPiped } }) as NodeJS.WriteStream
  const onClosed = jest.fn()
  const screen = openScreen(terminal.stream, [stdout], onClosed)
  return { ...terminal, screen, stdout, onClosed, stderr: terminal.stream }
}

describe('A screen', () => {
  it('draws a line after a moment, and keeps it up to date', async () => {
    const { screen, seen, written, cursor } = open()
    let n = 1
    const leave = screen.add(() => `line ${n}`)
    expect(written).toEqual([])
    later()
    expect(await seen()).toEqual(['line 1'])
    n = 22
    later()
    expect(await seen()).toEqual(['line 22'])
    n = 3
    later()
    expect(await seen()).toEqual(['line 3'])
    expect(await cursor()).toEqual([0, 1])
    leave(() => 'done')
    expect(await seen()).toEqual(['done'])
    expect(await cursor()).toEqual([0, 1])
  })

  it('writes only the last words of what is over sooner', () => {
    const { screen, written } = open()
    screen.add(() => 'line')(() => 'done')
    later()
    expect(written).toEqual(['done\n'])
  })

  it('never hides the cursor, nor changes what else a dying process would leave behind', () => {
    const { screen, written } = open()
    const leave = screen.add(() => 'line')
    later()
    leave(() => 'done')
    // Synchronized updates are begun and ended in one write.
    const modes = written.join('').split('\u001b[?').slice(1)
    expect(new Set(modes.map((mode) => mode.slice(0, 5)))).toEqual(new Set(['2026h', '2026l']))
  })

  it('shows several lines, and leaves the last words of each above the others', async () => {
    const { screen, seen } = open()
    const [first, second] = [screen.add(() => 'first'), screen.add(() => 'second')]
    later()
    expect(await seen()).toEqual(['first', 'second'])
    second(() => 'second is done')
    expect(await seen()).toEqual(['second is done', 'first'])
    const third = screen.add(() => 'third')
    later()
    expect(await seen()).toEqual(['second is done', 'first', 'third'])
    first(() => 'first is done')
    third(() => 'third is done')
    expect(await seen()).toEqual(['second is done', 'first is done', 'third is done'])
  })

  it('leaves what the program prints above its lines', async () => {
    const { screen, seen, stdout, stderr } = open()
    const leave = screen.add(() => 'line')
    later()
    stdout.write('one\n')
    stderr.write(Buffer.from('two\n'))
    stdout.write('\u001b[31mthree\n\u001b[0m')
    await turn()
    expect(await seen()).toEqual(['one', 'two', 'three', 'line'])
    leave(() => 'done')
    expect(await seen()).toEqual(['one', 'two', 'three', 'done'])
  })

  it('waits for the end of a line that the program has begun', async () => {
    const { screen, seen, stdout, stderr } = open()
    const leave = screen.add(() => 'line')
    later()
    stdout.write('Continue? ')
    await turn()
    later()
    expect(await seen()).toEqual(['Continue? '])
    stderr.write('yes')
    stderr.write('')
    later()
    expect(await seen()).toEqual(['Continue? yes'])
    stdout.write('\n')
    later()
    expect(await seen()).toEqual(['Continue? yes', 'line'])
    stdout.write('.')
    leave(() => 'done')
    expect(await seen()).toEqual(['Continue? yes', '.', 'done'])
  })

  it('stays whole when the terminal scrolls', async () => {
    const { screen, seen, stdout } = open({ rows: 4 })
    const leave = screen.add(() => 'line')
    for (let n = 0; n < 9; n += 1) {
      later()
      stdout.write(`${n}\n`)
      await turn()
    }
    expect(await seen()).toEqual(['7', '8', 'line'])
    leave(() => 'done')
    expect(await seen()).toEqual(['7', '8', 'done'])
  })

  it('gives lines the width of the terminal, and one column less, also when that changes', () => {
    const { screen, stderr } = open({ columns: 40 })
    const widths: number[] = []
    const leave = screen.add((columns) => String(widths.push(columns)))
    later()
    stderr.columns = 30
    later()
    stderr.columns = 0 // unknown
    later()
    leave(() => 'done')
    expect(widths).toEqual([39, 29, 79])
  })

  it('leaves a stream alone that is no terminal', async () => {
    const { screen, stdout, stderr } = open({ isPiped: true })
    const { write } = stdout
    const leave = screen.add(() => 'line')
    expect(Object.hasOwn(stdout, 'write')).toBe(false)
    leave(() => 'done')
    expect([stdout.write, stderr.write]).toEqual([expect.any(Function), expect.any(Function)])
    expect(write).toBeDefined()
  })

  it('hands over all that a program gives to write, and gives back what that gives', () => {
    const { screen, stdout, written } = open()
    const leave = screen.add(() => 'line')
    const onWritten = jest.fn()
    expect(stdout.write('a\n', 'utf8', onWritten)).toBe(true)
    expect(onWritten).toHaveBeenCalledTimes(1)
    expect(written).toEqual(['a\n'])
    leave(() => 'done')
  })

  it('takes itself out of the streams when nothing is left to be shown, and leaves no timer', () => {
    const terminal = openTerminal()
    const before = terminal.stream.write
    const onClosed = jest.fn()
    const screen = openScreen(terminal.stream, [], onClosed)
    const leave = screen.add(() => 'line')
    expect(terminal.stream.write).not.toBe(before)
    expect(jest.getTimerCount()).toBe(1)
    leave(() => 'done')
    leave(() => 'twice')
    expect(terminal.stream.write).toBe(before)
    expect([jest.getTimerCount(), onClosed.mock.calls.length]).toEqual([0, 1])
    expect(terminal.written).toEqual(['done\n'])
  })

  it('takes itself out of a stream whose method is its class’s', () => {
    class Stream {
      isTTY = true
      columns = 80
      write = undefined as never
    }
    const stream = new Stream() as unknown as NodeJS.WriteStream
    Reflect.deleteProperty(stream, 'write')
    const write = jest.fn().mockReturnValue(true)
    Object.setPrototypeOf(stream, { write })
    openScreen(stream, [], () => {}).add(() => 'line')(() => 'done')
    expect(Object.hasOwn(stream, 'write')).toBe(false)
    expect(write.mock.calls).toEqual([['done\n']])
  })

  it('lets others write who have put themselves before it', async () => {
    const { screen, stderr, seen } = open()
    const leave = screen.add(() => 'line')
    later()
    const ours = stderr.write
    const theirs = ((text: string) => ours.call(stderr, `> ${text}`)) as typeof stderr.write
    stderr.write = theirs
    stderr.write('one\n')
    leave(() => 'done')
    expect(stderr.write).toBe(theirs)
    stderr.write('two\n')
    await turn()
    expect(await seen()).toEqual(['> one', 'done', '> two'])
  })

  it('has last words also where nothing can be drawn', () => {
    jest.resetModules()
    jest.doMock('log-update', () => {
      throw new Error('not here')
    })
    try {
      const { openScreen } = require('../../lib/progress/screen') as typeof import('../../lib/progress/screen')
      const { stream, written } = openTerminal()
      const leave = openScreen(stream, [], () => {}).add(() => 'line')
      later()
      later()
      leave(() => 'done')
      expect(written).toEqual(['done\n'])
    } finally {
      jest.dontMock('log-update')
    }
  })
})
