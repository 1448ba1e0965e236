import { Terminal } from '@xterm/headless'

/** A terminal, as somebody sees it who sits before it. */
export function openTerminal({ columns = 80, rows = 10 } = {}) {
  const terminal = new Terminal({ cols: columns, rows, allowProposedApi: true, convertEol: true })
  const written: string[] = []

  const show = (chunk: string | Uint8Array) => new Promise<void>((resolve) => terminal.write(chunk, resolve))
  const stream = {
    isTTY: true,
    columns,
    rows,
    write(chunk: string | Uint8Array, ...rest: unknown[]): boolean {
      written.push(String(chunk))
      terminal.write(chunk)
      const done = rest.at(-1)
      if (typeof done === 'function') done()
      return true
    },
  } as unknown as NodeJS.WriteStream

  return {
    /** For a program to write to. */
    stream,
    /** All that was written to it. */
    written,
    show,
    /** The lines that can be seen, without empty ones at the end. */
    async seen(): Promise<string[]> {
      await show('')
      const { active } = terminal.buffer
      const lines = Array.from({ length: rows }, (_, n) =>
        active.getLine(active.viewportY + n)?.translateToString(true),
      )
      return lines.slice(0, lines.findLastIndex((line) => line !== '') + 1) as string[]
    },
    async cursor(): Promise<[column: number, row: number]> {
      await show('')
      return [terminal.buffer.active.cursorX, terminal.buffer.active.cursorY]
    },
  }
}
