import { packed } from '../../lib/serialization/message'
import { Outbox, readOutbox, sharedWords } from '../../lib/worker/outbox'
import { ENDED, Words } from '../../lib/worker/protocol'

const batch = 5

/** A worker in the middle of a batch, and its outbox. */
function worker() {
  const words = sharedWords()
  Atomics.store(words, Words.batch, batch)
  Atomics.store(words, Words.running, 3)
  const outbox = new Outbox(words)
  const values = () =>
    readOutbox(words, batch, false)?.results.map((parcel) => ('values' in parcel ? parcel.values[0] : parcel))
  return { words, outbox, values }
}

describe('An outbox', () => {
  it.each([
    [undefined],
    [null],
    [true],
    [false],
    [0],
    [-0],
    [1.5],
    [Number.NaN],
    [Number.NEGATIVE_INFINITY],
    [''],
    ['text'],
    ['π \u{1f600} \ud800 lone'],
  ])('gives %p as it was', (value) => {
    const { outbox, values } = worker()
    expect(outbox.add(2, { values: [value] })).toBe(true)
    expect(values()).toEqual([value])
    expect(Object.is(values()?.[0], value)).toBe(true)
  })

  it('gives what was packed', () => {
    const { outbox, words } = worker()
    const parcel = packed({ values: [{ a: [1, 2] }] })
    expect(outbox.add(0, parcel)).toBe(true)
    expect(readOutbox(words, batch, false)?.results).toEqual([parcel])
  })

  it('gives several in their order, with the position of the first', () => {
    const { outbox, words } = worker()
    const all = [1, 'two', null, undefined, 'a text that is longer', true, 7]
    for (const [n, value] of all.entries()) expect(outbox.add(n === 0 ? 4 : 99, { values: [value] })).toBe(true)
    expect(readOutbox(words, batch, false)).toMatchObject({
      from: 4,
      results: all.map((value) => ({ values: [value] })),
      running: 3,
    })
  })

  it('is empty when it was cleared, and takes others', () => {
    const { outbox, words } = worker()
    outbox.add(0, { values: ['old'] })
    outbox.clear()
    expect(readOutbox(words, batch, false)).toBeUndefined()
    outbox.add(1, { values: ['new'] })
    expect(readOutbox(words, batch, false)).toMatchObject({ from: 1, results: [{ values: ['new'] }] })
  })

  it('does not take what needs something beside it, is no single value, or is not data', () => {
    const { outbox, values } = worker()
    const graph = { nodes: [], imports: [], beside: [] }
    expect(outbox.add(0, { values: [1n] })).toBe(false)
    expect(outbox.add(0, { values: [{ a: 1 }] })).toBe(false)
    expect(outbox.add(0, { slots: [], graph })).toBe(false)
    expect(outbox.add(0, { packed: new Uint8Array(1), graph: { imports: [], beside: [1] } })).toBe(false)
    expect(values()).toBeUndefined()
  })

  it('takes what there is room for, and no more', () => {
    const { outbox, values } = worker()
    const text = 'x'.repeat(10_000)
    const taken = Array.from({ length: 10 }, () => outbox.add(0, { values: [text] }))
    expect(taken).toEqual([true, true, true, ...new Array(7).fill(false)])
    expect(outbox.add(0, { values: [1] })).toBe(true)
    expect(values()).toEqual([text, text, text, 1])
  })

  it('is not read while the worker may be writing: between tasks', () => {
    const { outbox, words } = worker()
    outbox.add(0, { values: [1] })
    for (const running of [0, ENDED]) {
      Atomics.store(words, Words.running, running)
      expect(readOutbox(words, batch, false)).toBeUndefined()
      expect(readOutbox(words, batch, true)?.results).toEqual([{ values: [1] }])
    }
  })

  it('is not read for another batch', () => {
    const { outbox, words } = worker()
    outbox.add(0, { values: [1] })
    expect(readOutbox(words, batch + 1, true)).toBeUndefined()
  })
})
