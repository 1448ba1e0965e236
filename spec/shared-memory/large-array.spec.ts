import { LargeArrays } from '../../lib/shared-memory/large-array'
import { choices } from '../support/choices'

const counting = (length: number) => Uint8Array.from({ length }, (_, n) => n + 1)

describe('LargeArrays', () => {
  it('gives one memory for a buffer, as long as that, with what was asked for', () => {
    const arrays = new LargeArrays(10)
    const { buffer } = counting(8)
    const shared = arrays.share(buffer, 2, 3) as SharedArrayBuffer
    expect([...new Uint8Array(shared)]).toEqual([0, 0, 3, 4, 5, 0, 0, 0])
    expect(arrays.share(buffer, 6, 1)).toBe(shared)
    expect([...new Uint8Array(shared)]).toEqual([0, 0, 3, 4, 5, 0, 7, 0])
    expect(arrays.share(counting(8).buffer, 0, 8)).not.toBe(shared)
  })

  it('copies each byte once: it stays as it was when it was first asked for', () => {
    const arrays = new LargeArrays(10)
    const array = counting(8)
    const shared = arrays.share(array.buffer, 2, 3) as SharedArrayBuffer
    array.fill(99)
    arrays.share(array.buffer, 1, 7)
    expect([...new Uint8Array(shared)]).toEqual([0, 99, 3, 4, 5, 99, 99, 99])
    arrays.share(array.buffer, 0, 8)
    expect(arrays.bytesRead).toBe(8)
  })

  it('is the same for parts of any place and length, in any order', () => {
    for (let seed = 1; seed <= 50; seed += 1) {
      const { upTo } = choices(seed)
      const arrays = new LargeArrays(10)
      const array = new Uint8Array(60)
      const expected = new Uint8Array(60)
      const isCopied = new Set<number>()
      let shared: SharedArrayBuffer | undefined
      for (let turn = 1; turn <= 20; turn += 1) {
        array.fill(turn)
        const offset = upTo(59)
        const length = upTo(60 - offset)
        shared = arrays.share(array.buffer, offset, length)
        for (let n = offset; n < offset + length; n += 1) {
          if (!isCopied.has(n)) expected[n] = turn
          isCopied.add(n)
        }
      }
      expect([...new Uint8Array(shared as SharedArrayBuffer)]).toEqual([...expected])
      expect(arrays.bytesRead).toBe(isCopied.size)
    }
  })

  it('has none when there is no memory to be had', () => {
    const before = globalThis.SharedArrayBuffer
    try {
      globalThis.SharedArrayBuffer = class {
        constructor() {
          throw new RangeError('Array buffer allocation failed')
        }
      } as never
      expect(new LargeArrays(10).share(new ArrayBuffer(8), 0, 8)).toBeUndefined()
    } finally {
      globalThis.SharedArrayBuffer = before
    }
  })
})
