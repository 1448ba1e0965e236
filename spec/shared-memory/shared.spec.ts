import { delayed, Parallel, shared } from '../../lib'
import type { TypedArray, TypedArrayClass } from '../../lib/shared-memory/shared'

const classes = [
  ...[Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array],
  ...[Float32Array, Float64Array, BigInt64Array, BigUint64Array],
] as unknown as readonly TypedArrayClass<TypedArray>[]

describe('shared', () => {
  it.each(classes.map((type) => [(type as unknown as { name: string }).name, type] as const))(
    'makes a %s of zeros in shared memory',
    (_, type) => {
      const array = shared(type, 3)
      expect(array).toBeInstanceOf(type)
      expect(array.buffer).toBeInstanceOf(SharedArrayBuffer)
      expect([...array].map(Number)).toEqual([0, 0, 0])
    },
  )

  it('copies a typed array, once', () => {
    const array = new Float64Array([1, 2, 3]).subarray(1)
    const copy = shared(array)
    expect(copy).toEqual(new Float64Array([2, 3]))
    expect(copy.buffer.byteLength).toBe(16)
    expect(shared(copy)).toBe(copy)
  })

  it('keeps a Buffer a Buffer', () => {
    const buffer = shared(Buffer.from('abc'))
    expect(Buffer.isBuffer(buffer)).toBe(true)
    expect(String(buffer)).toBe('abc')
    expect(buffer.buffer).toBeInstanceOf(SharedArrayBuffer)
  })

  it('is seen and written by all worker threads', async () => {
    const cells = shared(Int32Array, 8)
    await using parallel = Parallel(2)
    await parallel(
      Array.from(cells, (_, n) => delayed((own: Int32Array) => own.fill(cells.length + n, n, n + 1).length)(cells)),
    )
    expect([...cells]).toEqual([8, 9, 10, 11, 12, 13, 14, 15])
    const [back] = await parallel([delayed(() => cells)()])
    cells[0] = 99
    expect(back?.[0]).toBe(99)
  })

  it.each([1, 10])(
    'comes to each task of a batch as an array of its own, and back, batchSize %p',
    async (batchSize) => {
      const cells = shared(Float64Array, 4)
      await using parallel = Parallel({ nJobs: 2, batchSize })
      const task = delayed((own: Float64Array & { mark?: number }, same: Float64Array, n: number) => {
        const isNew = own.mark === undefined && own === same
        own.mark = n
        own[0] = 7
        return { isNew, own }
      })
      const results = await parallel(Array.from({ length: 20 }, (_, n) => task(cells, cells, n)))
      expect(results.map(({ isNew }) => isNew)).toEqual(results.map(() => true))
      cells[0] = 8
      expect(results.map(({ own }) => own[0])).toEqual(results.map(() => 8))
      const same = await parallel(Array.from({ length: 20 }, () => delayed((own: Float64Array) => own)(cells)))
      expect(same).toEqual(same.map(() => new Float64Array([8, 0, 0, 0])))
    },
  )

  it.each([[undefined], [[1, 2]], [new ArrayBuffer(8)], [new DataView(new ArrayBuffer(8))], [Map]])(
    'refuses %p',
    (given) => {
      expect(() => shared(given as never)).toThrow(TypeError)
    },
  )

  it.each([-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '3', undefined])('refuses the length %p', (length) => {
    expect(() => shared(Float64Array, length as never)).toThrow(RangeError)
  })
})
