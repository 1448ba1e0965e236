import { withOwnViews } from '../../lib/serialization/shared-views'
import { noteStandIn } from '../../lib/serialization/stand-in'

const memory = () => new SharedArrayBuffer(16)

describe('What a task is called with', () => {
  it('has an array of its own in place of each one in shared memory, which shows the same', () => {
    const shared = memory()
    const given = [1, new Float64Array(shared, 8, 1), new Uint8Array(shared), new DataView(shared, 4, 6)]
    const own = withOwnViews(given)
    expect(own).toEqual(given)
    for (const n of [1, 2, 3]) expect(own[n]).not.toBe(given[n])
    expect(own.slice(1).map((view) => (view as DataView).buffer === shared)).toEqual([true, true, true])
    expect(own.slice(1).map((view) => (view as DataView).byteOffset)).toEqual([8, 0, 4])
  })

  it('has one in place of one that it is given twice', () => {
    const array = new Uint8Array(memory())
    const [first, second] = withOwnViews([array, array])
    expect(first).toBe(second)
    expect(first).not.toBe(array)
  })

  it('is what was given, where there is none by itself', () => {
    class Mine extends Uint8Array<ArrayBufferLike> {}
    const Growable = SharedArrayBuffer as unknown as new (length: number, options: object) => ArrayBuffer
    const growing = new Growable(8, { maxByteLength: 16 })
    const values = [
      'text',
      { within: new Uint8Array(memory()) },
      new Uint8Array(8),
      memory(),
      new Mine(memory()),
      new Uint8Array(growing),
      Buffer.from(memory() as unknown as ArrayBuffer),
      Object.preventExtensions(new DataView(memory())),
      new Uint8Array(noteStandIn(memory()) as SharedArrayBuffer),
      new Proxy(new Uint8Array(memory()), {}),
    ]
    expect(withOwnViews(values)).toBe(values)
  })
})
