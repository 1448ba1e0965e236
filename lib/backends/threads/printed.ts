import type { Writable } from 'node:stream'

/** What a thread has printed so far: what it posts next is to be told behind that. */
export interface Printed {
  readonly kind: 'printed'
  /** Bytes, of its standard output and of its standard error. */
  readonly bytes: readonly number[]
}

/**
 * Counts what this thread hands over to be printed; gives the sums whenever they have changed. The streams' own
 * callbacks do not say when the caller has something: they come when it wants more.
 */
export function countPrinted(streams: readonly Writable[]): () => Printed | undefined {
  const bytes = streams.map(() => 0)
  let hasChanged = false
  for (const [n, stream] of streams.entries()) {
    const { _writev } = stream
    stream._writev = (chunks, callback) => {
      hasChanged = true
      for (const { chunk, encoding } of chunks) bytes[n] = (bytes[n] as number) + lengthOf(chunk, encoding)
      _writev?.call(stream, chunks, callback)
    }
  }
  return () => {
    if (!hasChanged) return undefined
    hasChanged = false
    return { kind: 'printed', bytes: [...bytes] }
  }
}

/** As long as what the caller makes of it. Of text in base64 and hex, `Buffer.byteLength` only gives an estimate. */
function lengthOf(chunk: string | Uint8Array, encoding: BufferEncoding): number {
  if (typeof chunk !== 'string') return chunk.length
  return /^(?:hex|base64)/i.test(encoding) ? Buffer.from(chunk, encoding).length : Buffer.byteLength(chunk, encoding)
}
