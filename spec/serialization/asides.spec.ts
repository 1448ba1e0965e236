import { Message } from '../../lib/serialization/message'
import { Sender } from '../../lib/serialization/sender'
import { Trail } from '../../lib/serialization/trail'
import { LargeArrays } from '../../lib/shared-memory/large-array'
import { choices } from '../support/choices'
import { Crossing } from './crossing'

/** More than a view leaves out where it takes its whole buffer along. */
const LONG = 6000
const LARGE = 100

const bufferOf = (value: Uint8Array | ArrayBufferLike) => (ArrayBuffer.isView(value) ? value.buffer : value)

describe('Views and buffers that are met in any order, some of them large', () => {
  it.each(Array.from({ length: 40 }, (_, n) => n + 1))(
    'show the same, and are of the same buffers (%d)',
    async (seed) => {
      const { from, upTo } = choices(seed)
      const crossing = new Crossing(new LargeArrays(LARGE))
      for (let task = 0; task < 3; task += 1) {
        const buffers = [LONG, LONG, 200].map((length) => Uint8Array.from({ length }, () => upTo(255)).buffer)
        const values = Array.from({ length: 2 + upTo(4) }, () => {
          const buffer = from(...buffers)
          if (upTo(5) === 0) return buffer
          const offset = upTo(buffer.byteLength - 1)
          const length = Math.min(from(3, LARGE, LARGE + 1, LONG), buffer.byteLength - offset)
          return new Uint8Array(buffer, offset, length)
        })
        const there = (await crossing.there(...values)) as (Uint8Array | ArrayBufferLike)[]
        for (const [n, value] of values.entries()) {
          const arrived = there[n] as Uint8Array | ArrayBufferLike
          expect([...new Uint8Array(arrived as ArrayBuffer)]).toEqual([...new Uint8Array(value as ArrayBuffer)])
          const sameAs = (all: readonly (Uint8Array | ArrayBufferLike)[], one: Uint8Array | ArrayBufferLike) =>
            all.map((other) => bufferOf(other) === bufferOf(one))
          expect(sameAs(there, arrived)).toEqual(sameAs(values, value))
          const isLarge = values.some(
            (other) => ArrayBuffer.isView(other) && bufferOf(other) === bufferOf(value) && other.byteLength > LARGE,
          )
          expect(bufferOf(arrived).constructor.name).toBe(isLarge ? 'SharedArrayBuffer' : 'ArrayBuffer')
        }
      }
    },
  )
})

describe('A large array that turns out not to go', () => {
  it.each<[string, (view: Uint8Array) => unknown]>([
    ['a part of its buffer', (view) => view.subarray(5, 8)],
    ['its buffer', (view) => view.buffer],
    ['nothing of it', () => 1],
  ])('leaves all as it was, where %s was there before', (_, before) => {
    const receiver = { delivered: new Set<number>(), forgotten: [], idOf: () => undefined }
    const message = new Message(new Sender('task', true, new LargeArrays(LARGE)), receiver, new Trail())
    const encoder = message.encoder()
    const view = Uint8Array.from({ length: LONG }, (_, n) => n).subarray(0, 300)
    encoder.slot(before(view))
    const { nodes, beside } = structuredClone(encoder.graph)
    encoder.attempt(() => void encoder.slot([Object.freeze([view]), Promise.resolve()]))
    expect(encoder.graph).toMatchObject({ nodes, beside })
    encoder.slot(view)
    expect(encoder.graph.nodes.filter(([kind]) => kind === 'aside')).toEqual([
      ['aside', encoder.graph.beside.length - 1],
    ])
    expect(encoder.graph.beside.at(-1)).toBeInstanceOf(SharedArrayBuffer)
  })
})
