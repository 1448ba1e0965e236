import { delayed, Parallel } from 'parfor'

const batchSizes = [1, 7, 'auto'] as const

/** Tasks of one worker, so that they could share. */
const inBatches = (batchSize: 1 | 7 | 'auto') => Parallel({ nJobs: 1, backend: 'threads', batchSize })

const buffer = () => Float64Array.from({ length: 10_000 }, (_, n) => n)

/** Writes to an array, and tells what was there. */
const take = (array: Float64Array | Uint8Array, at = 0) => {
  const before = array[at]
  array[at] = 77
  return before
}

/** What many tasks may be given, and how each of them spoils it. The result tells what it was before. */
const arguments_ = {
  'plain data': [{ list: [0] }, (data: { list: number[] }) => data.list.push(1)],
  'a map': [new Map([['n', 0]]), (map: Map<string, number>) => map.set(`${map.size}`, 1).size],
  'an instance': [
    new (class Counter {
      n = 0
    })(),
    (counter: { n: number }) => ++counter.n,
  ],
  'a closure with state': [
    (() => {
      const state = { n: 0 }
      return { state, up: () => ++state.n }
    })(),
    ({ up }: { up: () => number }) => up(),
  ],
  'a small typed array': [Uint8Array.of(0), (bytes: Uint8Array) => take(bytes)],
  'a large typed array': [buffer(), (numbers: Float64Array) => take(numbers)],
  'a view of a part': [
    buffer().subarray(10, 20),
    (numbers: Float64Array) => [numbers.length, numbers.buffer.byteLength, take(numbers)],
  ],
  'two views of one buffer': [
    ((numbers) => [numbers, new Uint8Array(numbers.buffer)])(buffer()),
    ([numbers, bytes]: [Float64Array, Uint8Array]) => [numbers.buffer === bytes.buffer, take(numbers)],
  ],
  'a Buffer': [Buffer.from('text'), (bytes: Buffer) => [bytes.toString(), bytes.fill(0).length]],
  'a typed array in rich data': [
    { numbers: buffer(), label: Symbol.for('x') },
    ({ numbers }: { numbers: Float64Array }) => [numbers.buffer.byteLength, take(numbers, 1)],
  ],
} as const satisfies Record<string, readonly [unknown, (value: never) => unknown]>

describe.each(batchSizes)('with batches of %p tasks', (batchSize) => {
  const parallel = inBatches(batchSize)
  afterAll(() => parallel.close())

  it.each(Object.entries(arguments_))('each task has its own copy of %s', async (_, [value, spoil]) => {
    const task = delayed(spoil as (value: unknown) => unknown)
    const results = await parallel(Array.from({ length: 30 }, () => task(value)))
    expect(results).toEqual(Array(30).fill(results[0]))
  })

  it('each result is a copy of its own', async () => {
    const kept = { list: [0], bytes: new Uint8Array(100_000), part: new Float64Array(100).subarray(10, 12) }
    const give = delayed(() => kept)
    const results = await parallel(Array.from({ length: 30 }, () => give()))
    for (const { list, bytes, part } of results) {
      expect([list, bytes[0], part[0], part.length]).toEqual([[0], 0, 0, 2])
      list.push(1)
      bytes[0] = 1
      part[0] = 1
    }
  })

  it('results of typed arrays are as they were in the worker', async () => {
    const kept = new Float64Array(16)
    const give = delayed((n: number) => (n % 2 === 0 ? kept : [kept, new Uint8Array(kept.buffer, 8, 4)]))
    const results = await parallel(Array.from({ length: 14 }, (_, n) => give(n)))
    for (const result of results) {
      const [numbers, bytes] = Array.isArray(result) ? (result as [Float64Array, Uint8Array]) : [result as Float64Array]
      expect([numbers.length, numbers.byteOffset, numbers.buffer.byteLength]).toEqual([16, 0, 128])
      if (bytes) expect([bytes.length, bytes.byteOffset, bytes.buffer === numbers.buffer]).toEqual([4, 8, true])
    }
  })

  it('reads a buffer of several tasks once, when it is first sent', async () => {
    const numbers = buffer()
    const small = Uint8Array.of(1)
    const sum = delayed((large: Float64Array, bytes: Uint8Array) => [large[5], bytes[0]])
    const results = await parallel(function* () {
      for (let n = 0; n < 30; n++) {
        yield sum(numbers, small)
        if (n > 15) {
          numbers[5] = -1
          small[0] = 9
        }
      }
    })
    expect(results).toEqual(Array(30).fill([5, 1]))
  })
})
