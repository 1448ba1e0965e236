import { delayed, Parallel } from 'parfor'
import { Crossing } from './crossing'

const large = () => Float64Array.from({ length: 100_000 }, (_, n) => n)

/** Of each view: its numbers, and how long its buffer is. */
const tell = (views: readonly Float64Array[]) => views.map((view) => [[...view], view.buffer.byteLength])

describe('A view of a small part of a buffer', () => {
  it('goes without the rest, there and back', async () => {
    const crossing = new Crossing()
    const [there] = (await crossing.there({ part: large().subarray(7, 9) })) as [{ part: Float64Array }]
    expect(tell([there.part])).toEqual([[[7, 8], 16]])
    const back = (await crossing.back([large().subarray(7, 9)])) as Float64Array[]
    expect(tell(back)).toEqual([[[7, 8], 16]])
  })

  it('goes without the rest to a thread, as an argument, a captured variable and a result', async () => {
    await using parallel = Parallel({ nJobs: 1, backend: 'threads' })
    const numbers = large()
    const part = numbers.subarray(1, 3)
    const [lengths, result] = await parallel([
      delayed((view: Float64Array) => [view[0], view.buffer.byteLength, part[0], part.buffer.byteLength])(
        numbers.subarray(5, 6),
      ),
      delayed(() => new Float64Array(5000).fill(4).subarray(2, 3))(),
    ])
    expect(lengths).toEqual([5, 8, 1, 16])
    expect(tell([result])).toEqual([[[4], 8]])
  })

  it('goes as a part of one snapshot when it is large, to each task as a copy of its own', async () => {
    const numbers = large()
    const take = delayed((view: Float64Array) => {
      const before = [view[0], view.length, view.buffer.byteLength]
      view[0] = -1
      return before
    })
    await using parallel = Parallel({ nJobs: 1, backend: 'threads' })
    const tasks = [take(numbers.subarray(10, 50_010)), take(numbers.subarray(10, 50_010)), take(numbers.subarray(5, 9))]
    expect(await parallel(tasks)).toEqual([
      [10, 50_000, 400_000],
      [10, 50_000, 400_000],
      [5, 4, 32],
    ])
  })

  it('keeps its place where the rest is short', async () => {
    const bytes = new Uint8Array(1000)
    const [there] = (await new Crossing().there(bytes.subarray(10, 20))) as [Uint8Array]
    expect([there.byteOffset, there.buffer.byteLength]).toEqual([10, 1000])
  })

  it('is one with what a function captures of the buffer', async () => {
    const numbers = large()
    const write = () => {
      numbers[7] = -1
    }
    const run = delayed((part: Float64Array, f: () => void) => {
      f()
      return part[0]
    })
    await using parallel = Parallel({ nJobs: 1, backend: 'threads' })
    expect(await parallel([run(numbers.subarray(7, 9), write)])).toEqual([-1])
  })

  it.each([
    ['plain data', (buffer: ArrayBufferLike) => ({ deep: { buffer } })],
    ['what is no plain data', (buffer: ArrayBufferLike) => ({ deep: Object.freeze({ buffer }) })],
  ])('is as it was when %s with the buffer turns out not to go', async (_, hold) => {
    const numbers = large()
    const { buffer } = numbers
    const error = Object.assign(new Error('x'), {
      part: numbers.subarray(7, 9),
      bad: [hold(buffer), Promise.resolve()],
      more: 1,
    })
    const back = (await new Crossing().back(error)) as typeof error
    expect(tell([back.part])).toEqual([[[7, 8], expect.any(Number)]])
    expect(Object.keys(back)).toEqual(['part', 'more'])
  })
})
