import fc from 'fast-check'
import { type Column, madeOf, readerOf, type Shape, shapeOf, Table, valuesOf } from '../../lib/serialization/columns'
import type { Cell } from '../../lib/task/rows'
import { difference } from './isomorphic'

/** A table of these rows; `undefined` when not all of them can stand in one. */
function tableOf(rows: readonly (readonly unknown[])[]): Table | undefined {
  const table = Table.for(rows[0] ?? [])
  return table && rows.every((row) => table.add(row)) ? table : undefined
}

/** What is read of a table at the other end. */
function readAll(table: Table): unknown[][] {
  const readers = structuredClone(table.columns()).map(readerOf)
  return Array.from({ length: table.count }, (_, row) => readers.map((read) => read(row)))
}

/** The only column of these values. */
function columnOf(...values: unknown[]): Column {
  return tableOf(values.map((value) => [value]))?.columns()[0] as Column
}

const cells: Cell[] = [
  ...[undefined, null, true, false, 0, -0, 1, -1, 0.1, 1e308, 5e-324, Number.NaN],
  ...[Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 2 ** 31 - 1, 2 ** 31, -(2 ** 31), -(2 ** 31) - 1, 2 ** 32],
  ...[Number.MAX_SAFE_INTEGER, '', '0', 'text', 'π \u{1f600}', '\ud800', 'a\u0000b', 'x'.repeat(1000)],
]

describe('A column', () => {
  it.each(cells.map((cell) => [cell]))('gives %p as it was: alone, twice, and beside any other', (cell) => {
    for (const values of [[cell], [cell, cell], ...cells.map((other) => [other, cell, other])]) {
      const read = readerOf(structuredClone(columnOf(...values)))
      for (const [n, value] of values.entries()) expect(Object.is(read(n), value)).toBe(true)
    }
  })

  it('of integers of 32 bits takes four bytes for each, of other numbers eight', () => {
    expect(columnOf(1, -(2 ** 31), 2 ** 31 - 1, 0)).toEqual(Int32Array.of(1, -(2 ** 31), 2 ** 31 - 1, 0))
    for (const other of [2 ** 31, -(2 ** 31) - 1, 2 ** 32, 0.5, Number.NaN, Number.POSITIVE_INFINITY, -0])
      expect(columnOf(1, other, 2, 3)).toEqual(Float64Array.of(1, other, 2, 3))
  })

  it('of few is the list of them: memory of its own would cost more', () => {
    for (const few of [[1], [0.5, 0.5], [1, 2, 3]]) expect(columnOf(...few)).toEqual(few)
  })

  it('of what is the same in every row takes it once', () => {
    for (const cell of cells) expect(columnOf(cell, cell, cell, cell)).toEqual({ same: cell })
    expect(columnOf(0, -0, 0, 0)).toEqual(Float64Array.of(0, -0, 0, 0))
  })

  it.each<[string, unknown[]]>([
    ['integers', [1, 2, 3, 4]],
    ['other numbers', [0.5, -0, Number.NaN, 4]],
    ['texts', ['a', 'b', 'c', 'd']],
    ['anything', [1, 'b', null, undefined]],
    ['what is the same', [true, true, true, true]],
    ['objects', [{ a: 1 }, { a: 'b' }, { a: null }, { a: 4 }]],
  ])('gives the values of some rows at once: %s', (_, values) => {
    const column = structuredClone(columnOf(...values))
    for (const [from, to] of [
      [0, 4],
      [1, 4],
      [0, 3],
      [2, 2],
    ] as const)
      expect(Array.from(valuesOf(column, from, to))).toEqual(values.slice(from, to))
  })

  it('of anything else is a list', () => {
    expect(columnOf(1, 'a', null)).toEqual([1, 'a', null])
    expect(columnOf(1, '1')).toEqual([1, '1'])
    expect(columnOf(1, true)).toEqual([1, true])
    expect(columnOf(0, null)).toEqual([0, null])
  })
})

describe('A table', () => {
  it.each<[string, () => unknown]>([
    ['nothing', () => ({})],
    ['cells', () => ({ a: 1, b: 'x', c: null, d: undefined })],
    ['objects', () => ({ a: { b: { c: { d: {} } } }, e: {} })],
    ['numbered keys', () => ({ 10: 'a', 2: 'b', x: 'c', '-1': 'd' })],
    [
      'keys with a meaning elsewhere',
      () =>
        Object.fromEntries(
          ['length', 'then', 'toJSON', 'same', 'names', 'of', 'columns', 'values'].map((k, n) => [k, n]),
        ),
    ],
    ['arrays', () => ({ a: [], b: [1, 'x', undefined], c: [[1], { d: [-0] }] })],
    ['an empty key', () => ({ '': 1 })],
    ['keys of any text', () => ({ '\ud800': 1, 'a.b': 2, π: 3 })],
    ['16 cells', () => Object.fromEntries(Array.from({ length: 16 }, (_, n) => [`k${n}`, n]))],
    ['16 objects', () => Object.fromEntries(Array.from({ length: 15 }, (_, n) => [`k${n}`, {}]))],
    [
      '8 cells in each of two objects',
      () => ({
        a: Object.fromEntries(Array.from('abcdefgh', (k) => [k, 1])),
        b: Object.fromEntries(Array.from('ijklmnop', (k) => [k, 1])),
      }),
    ],
  ])('takes an object of %s, and gives others that are like it', (_, make) => {
    const table = tableOf([[make()], [make()], [make()]]) as Table
    const [[first], [second]] = readAll(table) as [[object], [object]]
    expect(difference(first, structuredClone(make()))).toBeUndefined()
    expect(difference([first, second], [structuredClone(make()), structuredClone(make())])).toBeUndefined()
  })

  it('takes a value by itself as a row of it, if that has one of its shape', () => {
    for (const values of [
      [1, 2, 3, 4],
      ['a', null, 'b', undefined],
      [{ a: 1 }, { a: 2 }, { a: 'x' }, { a: true }],
    ]) {
      const [one, whole] = [Table.for(values.slice(0, 1)), Table.for(values.slice(0, 1))] as [Table, Table]
      for (const value of values) expect([one.addOne(value), whole.add([value])]).toEqual([true, true])
      expect([one.columns(), one.count, one.weight, one.row]).toEqual([
        whole.columns(),
        whole.count,
        whole.weight,
        whole.row,
      ])
      expect([one.addOne(Symbol('no')), one.addOne(new Map()), one.addOne({ b: 1 }), one.count]).toEqual([
        ...[false, false, false],
        4,
      ])
    }
    expect(Table.for([1, 2])?.addOne(1)).toBe(false)
  })

  /** Each of these is no plain data, or not all of it. */
  const others: [string, () => unknown][] = [
    // biome-ignore lint/suspicious/noSparseArray: that is what it is about
    ['an array with a gap', () => [1, , 2]],
    ['an array with a property', () => Object.assign([1], { a: 1 })],
    // biome-ignore lint/suspicious/noSparseArray: that is what it is about
    ['an array with a gap and a property', () => Object.assign([1, , 2], { a: 1 })],
    // biome-ignore lint/suspicious/noSparseArray: that is what it is about
    ['an array with a gap and a property of a symbol', () => Object.assign([1, , 2], { [Symbol.iterator]: 1 })],
    ['an array with a getter', () => Object.defineProperty([1], 0, { get: () => 1 })],
    ['an array whose element cannot be written', () => Object.defineProperty([1], 0, { writable: false })],
    ['a frozen array', () => Object.freeze([1])],
    ['an array of a class of its own', () => class List extends Array {}.of(1, 2)],
    ['an array of 17', () => new Array(17).fill(1)],
    ['an object with an array that holds more than cells', () => ({ a: [new Map()] })],
    ['a proxy of an array', () => new Proxy([1], {})],
    ['a big integer', () => 1n],
    ['a symbol', () => Symbol.iterator],
    ['a function', () => () => {}],
    ['a date', () => new Date(0)],
    ['a map', () => new Map()],
    ['a typed array', () => new Float64Array(1)],
    ['an error', () => new Error('x')],
    ['a boxed number', () => Object(1)],
    ['a proxy', () => new Proxy({}, {})],
    [
      'an instance',
      () =>
        new (class Point {
          x = 1
        })(),
    ],
    ['an object without a prototype', () => Object.create(null)],
    ['an object with another one for its prototype', () => Object.create({ a: 1 })],
    [
      'a getter',
      () => ({
        get a() {
          return 1
        },
      }),
    ],
    ['a setter', () => ({ set a(_: number) {} })],
    ['a frozen object', () => Object.freeze({ a: 1 })],
    ['a sealed object', () => Object.seal({ a: 1 })],
    ['an object that takes no more', () => Object.preventExtensions({ a: 1 })],
    [
      'an object whose property cannot be written',
      () => Object.defineProperty({}, 'a', { value: 1, enumerable: true, configurable: true }),
    ],
    [
      'an object whose property cannot be configured',
      () => Object.defineProperty({}, 'a', { value: 1, enumerable: true, writable: true }),
    ],
    [
      'an object with a property that is not enumerated',
      () => Object.defineProperty({ a: 1 }, 'b', { value: 1, writable: true, configurable: true }),
    ],
    ['an object with a property of a symbol', () => ({ a: 1, [Symbol.toStringTag]: 'x' })],
    [
      'arguments',
      () =>
        (function (..._: unknown[]) {
          // biome-ignore lint/complexity/noArguments: it is what is meant
          return arguments
        })(1, 2),
    ],
    ['`__proto__` as a property', () => JSON.parse('{ "__proto__": 1 }')],
    ['a property that every object inherits', () => ({ toString: 1 })],
    ['Math', () => Math],
    ['17 cells', () => Object.fromEntries(Array.from({ length: 17 }, (_, n) => [`k${n}`, n]))],
    [
      '17 cells in several objects',
      () => ({
        a: Object.fromEntries(Array.from('abcdefgh', (k) => [k, 1])),
        b: Object.fromEntries(Array.from('ijklmnopq', (k) => [k, 1])),
      }),
    ],
    ['17 objects', () => Object.fromEntries(Array.from({ length: 16 }, (_, n) => [`k${n}`, {}]))],
    ['very many properties', () => Object.fromEntries(Array.from({ length: 1e5 }, (_, n) => [n, n]))],
    [
      'itself',
      () => {
        const self: Record<string, unknown> = { a: 1 }
        self.self = self
        return self
      },
    ],
    [
      'itself, within',
      () => {
        const inner: Record<string, unknown> = {}
        inner.up = { inner }
        return inner
      },
    ],
    [
      'a list without an end',
      () => {
        let list: unknown = null
        for (let n = 0; n < 1e5; n += 1) list = { next: list }
        return list
      },
    ],
  ]

  it.each(others)('takes no value that is, or has, %s', (_, make) => {
    expect(shapeOf(make())).toBeUndefined()
    expect(shapeOf({ a: 1, within: make() })).toBeUndefined()
    expect(Table.for([1, make()])).toBeUndefined()
  })

  it.each(others)('takes no row that has %s where others have an object, or a cell', (_, make) => {
    for (const value of [{}, { a: 1 }, { next: null }, 1]) {
      const table = Table.for([value]) as Table
      expect(table.add([make()])).toBe(false)
      expect([table.count, table.weight]).toEqual([0, 0])
    }
  })

  it('asks a proxy nothing', () => {
    const asked = new Proxy(
      {},
      {
        get: (_, name) => () => {
          throw new Error(String(name))
        },
      },
    )
    const proxy = new Proxy({ a: 1 }, asked)
    expect(shapeOf(proxy)).toBeUndefined()
    expect(Table.for([{ a: 1 }])?.add([proxy])).toBe(false)
  })

  it('takes no row of another shape, and keeps those it has', () => {
    const table = Table.for([1, { a: 1, b: { c: 2 } }]) as Table
    expect(table.add([1, { a: 1, b: { c: 2 } }])).toBe(true)
    for (const row of [
      [],
      [1],
      [2, 3],
      [2, null],
      [{}, { a: 1, b: { c: 2 } }],
      [2, { b: { c: 2 }, a: 1 }],
      [2, { a: 1 }],
      [2, { a: 1, b: { c: 2 }, d: undefined }],
      [2, { a: 1, b: undefined }],
      [2, { a: 1, b: {} }],
      [2, { a: {}, b: { c: 2 } }],
      [2, { a: 1, b: { c: 2 } }, 3],
    ])
      expect(table.add(row)).toBe(false)
    expect(table.add([3, { a: 'x', b: { c: null } }])).toBe(true)
    expect(readAll(table)).toEqual([
      [1, { a: 1, b: { c: 2 } }],
      [3, { a: 'x', b: { c: null } }],
    ])
  })

  it('takes an object once in a row, and in as many rows as it is in: each row has its own', () => {
    const shared = { a: 1 }
    expect(tableOf([[shared, shared]])).toBeUndefined()
    expect(tableOf([[{ x: shared, y: shared }]])).toBeUndefined()
    expect(tableOf([[shared, { x: shared }]])).toBeUndefined()
    const table = tableOf([
      [shared, 1],
      [shared, 2],
    ]) as Table
    const [[first], [second]] = readAll(table) as [[object], [object]]
    expect([first, second]).toEqual([shared, shared])
    expect(first).not.toBe(second)
    expect(tableOf(Array(3).fill([shared, { x: 1 }]))?.count).toBe(3)
  })

  it('gives a new object each time one is read', () => {
    const read = readerOf(columnOf({ a: { b: 1 } }, { a: { b: 2 } }))
    const [first, again] = [read(0), read(0)] as { a: object }[]
    expect(first).toEqual({ a: { b: 1 } })
    expect(first).not.toBe(again)
    expect(first?.a).not.toBe(again?.a)
  })

  it('has values as they are when they are added', () => {
    const row = { a: 1 }
    const table = Table.for([row]) as Table
    table.add([row])
    row.a = 2
    table.add([row])
    expect(readAll(table)).toEqual([[{ a: 1 }], [{ a: 2 }]])
  })

  it('has rows of no values', () => {
    const table = tableOf([[], [], []]) as Table
    expect([table.count, table.columns()]).toEqual([3, []])
  })

  it('has the cells of its last row, from which a value of its shape is made again', () => {
    const value = { a: 1, b: { c: 'x', d: {} }, e: null }
    const table = tableOf([[{ a: 0, b: { c: '', d: {} }, e: 1 }], [value]]) as Table
    expect(table.row).toEqual([1, 'x', null])
    const rest = [...table.row]
    const made = madeOf(table.shapes[0] as Shape, () => rest.shift())
    expect(made).toEqual(value)
    expect(rest).toEqual([])
  })

  it('weighs what its texts and numbers do', () => {
    const weight = (...row: unknown[]) => tableOf([row])?.weight
    expect(weight(1, null)).toBe(16)
    expect(weight('x'.repeat(1000))).toBe(1008)
    expect(weight({ a: 'x'.repeat(1000), b: { c: 2 } })).toBe(1016)
    const table = tableOf([['ab'], ['abcd']]) as Table
    expect(table.weight).toBe(22)
  })
})

describe('Rows of random values', () => {
  const cell = fc.oneof(
    fc.constantFrom(...cells),
    fc.integer(),
    fc.double(),
    fc.string({ unit: 'binary' }),
    fc.constant('\udfff'),
  )
  const key = fc.oneof(
    fc.string({ maxLength: 3 }),
    fc.constantFrom('0', '17', '__proto__', 'then', 'constructor', 'length'),
  )
  const object = (inner: fc.Arbitrary<unknown>) =>
    fc.array(fc.tuple(key, inner), { maxLength: 5 }).map((entries) => {
      const made = {}
      for (const [name, value] of entries)
        Object.defineProperty(made, name, { value, enumerable: true, writable: true, configurable: true })
      return made
    })
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      cell,
      object(tie('value')),
      fc.array(tie('value'), { maxLength: 4 }),
      fc.constantFrom(new Date(0), 1n),
    ),
  }))

  /** The same shape with other cells. */
  const like = (value: unknown, next: () => Cell): unknown =>
    Array.isArray(value)
      ? value.map((inner) => like(inner, next))
      : typeof value === 'object' && value !== null
        ? Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, like(inner, next)]))
        : next()

  it('arrive as structured clone gives them, when they can stand in a table', () => {
    let taken = 0
    fc.assert(
      fc.property(
        fc.array(value, { maxLength: 3 }),
        fc.array(cell, { minLength: 1 }),
        fc.nat({ max: 4 }),
        (first, fill, count) => {
          const table = Table.for(first)
          if (table === undefined || !table.add(first)) return
          taken += 1
          let at = 0
          const rows = [first]
          for (let n = 0; n < count; n += 1) {
            const row = first.map((one) => like(one, () => fill[at++ % fill.length]))
            expect(table.add(row)).toBe(true)
            rows.push(row)
          }
          expect(difference(readAll(table), structuredClone(rows))).toBeUndefined()
        },
      ),
      { numRuns: 2000 },
    )
    expect(taken).toBeGreaterThan(200)
  })

  it('are taken one beside the other only when one is like the other', () => {
    fc.assert(
      fc.property(value, value, (one, other) => {
        const table = Table.for([one])
        if (!table?.add([one])) return
        const isTaken = table.add([other])
        const shape = shapeOf(other)
        expect(isTaken).toBe(shape !== undefined && JSON.stringify(shape) === JSON.stringify(shapeOf(one)))
        expect(difference(readAll(table), structuredClone(isTaken ? [[one], [other]] : [[one]]))).toBeUndefined()
      }),
      { numRuns: 2000 },
    )
  })
})
