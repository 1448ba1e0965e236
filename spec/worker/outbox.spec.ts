import { Table } from '../../lib/serialization/columns'
import { packed } from '../../lib/serialization/message'
import type { Cell } from '../../lib/task/rows'
import { Outbox, readOutbox, sharedWords } from '../../lib/worker/outbox'
import { ENDED, Words } from '../../lib/worker/protocol'

const batch = 5

/** A worker in the middle of a batch, and its outbox. */
function worker() {
  const words = sharedWords()
  Atomics.store(words, Words.batch, batch)
  Atomics.store(words, Words.running, 3)
  const outbox = new Outbox(words)
  outbox.begin(batch)
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

  it('is not read for the batch before, which nothing has been told of since', () => {
    const { outbox, words } = worker()
    outbox.begin(batch + 1)
    outbox.add(0, { values: [1] })
    expect([readOutbox(words, batch, true), readOutbox(words, batch, false)]).toEqual([undefined, undefined])
  })

  describe('of outcomes that are alike', () => {
    /** Adds values to a table, and to an outbox as they are added there. */
    function adding(outbox: Outbox, first: unknown) {
      const table = Table.for([first]) as Table
      return (...values: unknown[]) => values.map((value) => table.add([value]) && outbox.addRow(2, table))
    }

    it.each<[string, unknown, unknown]>([
      ['texts', 'a', 'a text that is longer than those that are short'],
      ['cells of several kinds', 1, null],
      ['objects of nothing', {}, {}],
      ['objects', { a: 1, b: 'x' }, { a: -0, b: '\ud800' }],
      [
        'objects of all kinds of cells',
        { a: true, b: null, c: undefined },
        { a: Number.NaN, b: 'é'.repeat(25), c: false },
      ],
      ['objects within', { a: { b: {}, c: { d: 1 } }, e: 'x' }, { a: { b: {}, c: { d: undefined } }, e: '' }],
      ['numbered keys', { 2: 'b', 1: 'a', x: 1 }, { 2: '', 1: 'c', x: null }],
    ])('gives %s as they were, in their order', (_, one, other) => {
      const { outbox, words, values } = worker()
      const add = adding(outbox, one)
      expect(add(one, other, one, other)).toEqual([true, true, true, true])
      expect(values()).toEqual([one, other, one, other])
      expect(values()?.map((value) => JSON.stringify(value))).toEqual(
        [one, other, one, other].map((value) => JSON.stringify(value)),
      )
      expect(readOutbox(words, batch, false)?.from).toBe(2)
      expect(outbox.count).toBe(4)
    })

    it('gives each an object of its own', () => {
      const { outbox, values } = worker()
      adding(outbox, { a: { b: 1 } })({ a: { b: 1 } }, { a: { b: 1 } })
      const [first, second] = values() as { a: object }[]
      expect(first?.a).toEqual(second?.a)
      expect(first?.a).not.toBe(second?.a)
    })

    it('takes others behind them, and others of another kind when it was cleared', () => {
      const { outbox, values } = worker()
      adding(outbox, { a: 1 })({ a: 1 }, { a: 2 })
      const parcel = packed({ values: [[1]] })
      expect([outbox.add(0, { values: ['x'] }), outbox.add(0, parcel)]).toEqual([true, true])
      adding(outbox, { c: 1 })({ c: 4 })
      expect(values()).toEqual([{ a: 1 }, { a: 2 }, 'x', parcel, { c: 4 }])
      outbox.clear()
      adding(outbox, { b: 1 })({ b: 3 })
      expect(values()).toEqual([{ b: 3 }])
    })

    it('tells its shape once, and anew when it was cleared', () => {
      const { outbox, values } = worker()
      const long = 'x'.repeat(1000)
      const add = adding(outbox, { [long]: 1 })
      // Of 64 KB: each with its shape it had room for less than 60.
      expect(add(...Array.from({ length: 1000 }, (_, n) => ({ [long]: n })))).toEqual(new Array(1000).fill(true))
      outbox.clear()
      expect(add({ [long]: 1 })).toEqual([true])
      expect(values()).toEqual([{ [long]: 1 }])
    })

    it('takes what there is room for, no part of a row, and what is shorter then', () => {
      const { outbox, values } = worker()
      const text = 'x'.repeat(10_000)
      const add = adding(outbox, { a: '', b: 1 })
      const taken = add(...Array.from({ length: 5 }, (_, b) => ({ a: text, b })))
      expect(taken).toEqual([true, true, true, false, false])
      expect(add({ a: 'short', b: 9 })).toEqual([true])
      expect(values()).toEqual([...[0, 1, 2].map((b) => ({ a: text, b })), { a: 'short', b: 9 }])
    })

    it('takes none when there is no room for their shape, and the shape when there is', () => {
      const { outbox, values } = worker()
      const key = 'k'.repeat(33_000)
      expect(outbox.add(0, { values: ['x'.repeat(20_000)] })).toBe(true)
      const add = adding(outbox, { [key]: 1 })
      expect(add({ [key]: 1 }, { [key]: 2 })).toEqual([false, false])
      expect(outbox.count).toBe(1)
      outbox.clear()
      expect(add({ [key]: 3 })).toEqual([true])
      expect(values()).toEqual([{ [key]: 3 }])
    })

    it('is full to its last byte', () => {
      const sizes = Array.from({ length: 40 }, (_, n) => 32_760 - 20 - n)
      for (const size of sizes) {
        const { outbox, values } = worker()
        const text = 'y'.repeat(size)
        const isTaken = outbox.add(0, { values: [text] })
        let count = 0
        while (outbox.add(0, { values: [null] })) count += 1
        expect(values()).toEqual([...(isTaken ? [text] : []), ...new Array<Cell>(count).fill(null)])
      }
    })
  })
})
