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
    writable.write('x')
    expect(printed()).toEqual({ kind: 'printed', bytes: [1] })
    expect(printed()).toBeUndefined()
    callbacks.shift()?.()
    writable.write('x')
    expect(printed()).toEqual({ kind: 'printed', bytes: [2] })
  })

  it.each([
    ['ff\n', 'hex'],
    ['eHh4\neHg=\n', 'base64'],
    ['é', 'latin1'],
    ['é', 'utf16le'],
    ['é', 'utf-8'],
  ] as const)('counts the bytes that %j is in %s', (text, encoding) => {
    const { writable } = stream()
    const printed = countPrinted([writable])
    writable.write(text, encoding)
    expect(printed()).toEqual({ kind: 'printed', bytes: [Buffer.from(text, encoding).length] })
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
