import { Writable } from 'node:stream'
import { countPrinted } from '../../../lib/backends/threads/printed'

/** A stream as a worker's: it takes everything at once, and says so when it is told to. */
function stream() {
  const taken: unknown[] = []
  const callbacks: (() => void)[] = []
  const writable = new Writable({
    decodeStrings: false,
    writev(chunks, callback) {
      taken.push(...chunks.map(({ chunk }) => chunk))
      callbacks.push(callback)
    },
  })
  return { writable, taken, callbacks }
}

describe('countPrinted', () => {
  it('gives the bytes that were handed over, of each stream', () => {
    const [out, err] = [stream(), stream()]
    const printed = countPrinted([out.writable, err.writable])
    out.writable.write('né')
    err.writable.write(Buffer.from([1, 2]))
    expect(printed()).toEqual({ kind: 'printed', bytes: [3, 2] })
    expect([out.taken, err.taken]).toEqual([['né'], [Buffer.from([1, 2])]])
  })

  it('gives nothing while nothing was printed since', () => {
    const { writable, callbacks } = stream()
    const printed = countPrinted([writable])
    expect(printed()).toBeUndefined()
    writable.write('ff', 'hex')
    expect(printed()).toEqual({ kind: 'printed', bytes: [1] })
    expect(printed()).toBeUndefined()
    callbacks.shift()?.()
    writable.write('x')
    expect(printed()).toEqual({ kind: 'printed', bytes: [2] })
  })

  it('does not count what the stream still keeps back', () => {
    const { writable, callbacks } = stream()
    const printed = countPrinted([writable])
    writable.write('abc')
    writable.write('de')
    writable.write('f')
    expect(printed()).toEqual({ kind: 'printed', bytes: [3] })
    callbacks.shift()?.()
    expect(printed()).toEqual({ kind: 'printed', bytes: [6] })
  })
})
