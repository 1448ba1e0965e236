import type { Readable, Writable } from 'node:stream'

/**
 * Shows what a thread prints. At once: Node's own pipe keeps things back while the terminal is busy, and what the
 * caller prints then, behind the end of a call, would come first.
 */
export class ThreadOutput {
  readonly #streams: readonly Readable[]
  readonly #shown: number[]

  /** @param onShown called whenever something was shown */
  constructor(pairs: readonly (readonly [from: Readable, to: Writable])[], onShown: () => void) {
    this.#streams = pairs.map(([from]) => from)
    this.#shown = pairs.map(() => 0)
    for (const [n, [from, to]] of pairs.entries()) {
      from.unpipe(to)
      from.on('data', (chunk: Buffer) => {
        this.#shown[n] = (this.#shown[n] as number) + chunk.length
        try {
          if (to.writable) to.write(chunk)
        } finally {
          onShown() // `write` may be the user's, and throw
        }
      })
      from.resume()
    }
  }

  /** Whether all of so many bytes, of each stream, was shown. */
  hasShown(bytes: readonly number[]): boolean {
    return bytes.every((count, n) => (this.#shown[n] as number) >= count)
  }

  /** Shows what has arrived and waits: nothing follows. */
  finish(): void {
    for (const stream of this.#streams) while (stream.read() !== null);
  }
}
