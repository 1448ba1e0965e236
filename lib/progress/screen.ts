import { stripVTControlCharacters } from 'node:util'
import { debug } from '../debug'

/** A line as it is now, at most so many columns wide. */
export type Line = (columns: number) => string

/** The part of npm `log-update` that is used here. */
type Update = ReturnType<typeof import('log-update').createLogUpdate>

/** Milliseconds between two looks at what is shown. */
const pause = 100

/** There is one terminal: the lines of all calls stand below each other. */
let screen: ReturnType<typeof openScreen> | undefined

/**
 * Shows a line below all that the program prints, and keeps it up to date. It is first drawn after a moment, so that a
 * call that is quick costs no more than its last line.
 *
 * @returns Takes it away, and leaves its last words in its place.
 */
export function showBelow(line: Line): (last: Line) => void {
  screen ??= openScreen(process.stderr, [process.stdout], () => {
    screen = undefined
  })
  return screen.add(line)
}

/**
 * Lines at the bottom of a terminal. What the program writes there meanwhile stands above them: they are taken away
 * before, and drawn again behind it. The cursor is never hidden, and always stands at the beginning of the line behind
 * them, so that nothing is to be done for the terminal when the process dies.
 *
 * @param terminal - Where they are drawn.
 * @param others - Other streams, that may write to the same terminal.
 * @param onClosed - Called when nothing is left to be shown.
 */
export function openScreen(
  terminal: NodeJS.WriteStream,
  others: readonly NodeJS.WriteStream[],
  onClosed: () => void,
): { add: (line: Line) => (last: Line) => void } {
  const lines = new Set<Line>()
  const write = terminal.write
  const width = () => Math.max(1, (terminal.columns || 80) - 1)
  let update: Update | 'not loaded' | 'not to be had' = 'not loaded'
  let isDrawn = false
  /** The program has begun a line and not ended it: to draw there would tear it. */
  let isWithinLine = false
  let redraw: NodeJS.Immediate | undefined

  const restore = [terminal, ...others.filter(({ isTTY }) => isTTY)].map((stream) =>
    listen(stream, hide, (text) => {
      isWithinLine = endsWithin(text, isWithinLine)
      // Once for all that is printed in this turn.
      redraw ??= setImmediate(draw).unref()
    }),
  )
  const timer = setInterval(draw, pause).unref()

  return {
    add(line) {
      lines.add(line)
      return (last) => {
        if (!lines.delete(line)) return
        leave(last(width()))
        if (lines.size > 0) draw()
        else close()
      }
    },
  }

  function draw() {
    if (redraw !== undefined) clearImmediate(redraw)
    redraw = undefined
    if (isWithinLine || lines.size === 0) return
    if (update === 'not loaded') update = load()
    if (update === 'not to be had') return
    const columns = width()
    update([...lines].map((line) => line(columns)).join('\n'))
    isDrawn = true
  }

  function hide() {
    if (isDrawn && typeof update === 'function') update.clear()
    isDrawn = false
  }

  function leave(text: string) {
    hide()
    write.call(terminal, `${isWithinLine ? '\n' : ''}${text}\n`)
    isWithinLine = false
  }

  function close() {
    clearInterval(timer)
    if (redraw !== undefined) clearImmediate(redraw)
    for (const one of restore) one()
    onClosed()
  }

  /** What knows how to draw over what was drawn. It takes some milliseconds to load. */
  function load(): Update | 'not to be had' {
    try {
      const { createLogUpdate } = require('log-update') as typeof import('log-update')
      // Past those who listen to what the program writes.
      const stream = {
        isTTY: true,
        write: (text: string) => write.call(terminal, text),
        get columns() {
          return terminal.columns
        },
        get rows() {
          return terminal.rows
        },
      }
      return createLogUpdate(stream as NodeJS.WriteStream, { showCursor: true })
    } catch (error) {
      debug.dispatch('a progress bar cannot be drawn: %O', error)
      return 'not to be had'
    }
  }
}

type Write = (this: NodeJS.WriteStream, chunk: string | Uint8Array, ...rest: unknown[]) => boolean

/**
 * Hears of all that is written to a stream.
 *
 * @returns Hears no more.
 */
function listen(
  stream: NodeJS.WriteStream,
  before: () => void,
  after: (text: string | Uint8Array) => void,
): () => void {
  const own = Object.getOwnPropertyDescriptor(stream, 'write')
  const write = stream.write as Write
  let isOver = false
  const heard: Write = function (chunk, ...rest) {
    if (isOver) return write.call(this, chunk, ...rest)
    before()
    try {
      return write.call(this, chunk, ...rest)
    } finally {
      after(chunk)
    }
  }
  stream.write = heard as typeof stream.write
  return () => {
    isOver = true
    // Somebody else may listen by now, to us.
    if (stream.write !== (heard as typeof stream.write)) return
    if (own) Object.defineProperty(stream, 'write', own)
    else Reflect.deleteProperty(stream, 'write')
  }
}

/** Whether a line is begun and not ended behind this text. Colours and the like are no part of a line. */
function endsWithin(chunk: string | Uint8Array, wasWithin: boolean): boolean {
  const text = typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('latin1')
  const end = text.lastIndexOf('\n')
  const rest = stripVTControlCharacters(text.slice(end + 1))
  return rest !== '' || (end === -1 && wasWithin)
}
