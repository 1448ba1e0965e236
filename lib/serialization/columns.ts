import { inspect, types } from 'node:util'
import { type Cell, isCell } from '../task/rows'
import { isArrayPrototype, isObjectPrototype } from './plain-data'

/*
 * Tasks that are alike travel as a table: a row for each, a column for each place. A column of numbers is a typed array,
 * which crosses as so many bytes; and what is read out of objects is a copy, so that no two rows share anything.
 */

/** The cells at one place, one for each row. */
export type CellColumn =
  | Int32Array
  | Float64Array
  | readonly Cell[]
  /** In every row. */
  | { readonly same: Cell }

/** The values at one place, one for each row. */
export type Column =
  | CellColumn
  /** Plain objects, made of the columns of their properties; arrays, where there are no names. */
  | { readonly names: readonly string[] | undefined; readonly of: readonly Column[] }

/**
 * What the values of a column have in common: each is a cell, or a plain object with these properties in this order, or an
 * array of so many elements.
 */
export type Shape = 'cell' | { readonly names: readonly string[] | undefined; readonly of: readonly Shape[] }

/**
 * An object of more cells gains nothing by being taken apart. Nor does one of more objects: lists, and what leads back to
 * itself, have no end.
 */
const MOST_CELLS = 16
const MOST_OBJECTS = 16

/** The shape of a value; `undefined` when it cannot stand in a table. */
export function shapeOf(value: unknown): Shape | undefined {
  return shapeWithin(value, { cells: MOST_CELLS, objects: MOST_OBJECTS })
}

function shapeWithin(value: unknown, room: { cells: number; objects: number }): Shape | undefined {
  if (isCell(value)) {
    room.cells -= 1
    return room.cells >= 0 ? 'cell' : undefined
  }
  if (typeof value !== 'object' || value === null) return undefined
  room.objects -= 1
  if (room.objects < 0) return undefined
  if (Array.isArray(value)) return shapeOfList(value, room)
  if (!isPlain(value, isObjectPrototype)) return undefined
  const keys = Object.keys(value)
  if (keys.length > MOST_CELLS || keys.some(isInherited) || !hasJust(value, keys)) return undefined
  const of: Shape[] = []
  for (const key of keys) {
    const shape = shapeWithin((value as Record<string, unknown>)[key], room)
    if (shape === undefined) return undefined
    of.push(shape)
  }
  return { names: keys, of }
}

function shapeOfList(list: readonly unknown[], room: { cells: number; objects: number }): Shape | undefined {
  if (!isList(list, Math.min(list.length, MOST_CELLS))) return undefined
  const of: Shape[] = []
  for (const element of list) {
    const shape = shapeWithin(element, room)
    if (shape === undefined) return undefined
    of.push(shape)
  }
  return { names: undefined, of }
}

/** To assign it may do something else than to make a property: `__proto__`, or all of them when they are frozen. */
function isInherited(key: string): boolean {
  return key in Object.prototype
}

/** Makes a property, whatever this thread's objects inherit. */
function define(object: object, name: string, value: unknown): void {
  Object.defineProperty(object, name, { value, enumerable: true, writable: true, configurable: true })
}

/** A proxy is asked nothing: that would run its code. */
function isPlain(object: object, isUsual: (prototype: unknown) => boolean): boolean {
  return !types.isProxy(object) && isUsual(Object.getPrototypeOf(object)) && Object.isExtensible(object)
}

/** Whether it is a plain array of so many elements, with no gap, no getter and no other properties. */
function isList(value: object, length: number): value is readonly unknown[] {
  if (!Array.isArray(value) || !isPlain(value, isArrayPrototype) || value.length !== length) return false
  // Those of elements come first.
  const own = Reflect.ownKeys(value)
  if (own.length !== length + 1 || own[length] !== 'length') return false
  for (let n = 0; n < length; n += 1) if (!isUsual(value, own[n] as string)) return false
  return true
}

function isUsual(object: object, key: string): boolean {
  const property = Reflect.getOwnPropertyDescriptor(object, key)
  return property?.writable === true && property.enumerable === true && property.configurable === true
}

/** Whether an object is a plain one that structured clone would reproduce, with these properties and no others. */
function hasJust(object: object, keys: readonly string[]): boolean {
  if (!isPlain(object, isObjectPrototype)) return false
  const own = Reflect.ownKeys(object)
  if (own.length !== keys.length) return false
  for (let k = 0; k < keys.length; k += 1) {
    const key = keys[k] as string
    if (own[k] !== key) return false
    if (!isUsual(object, key)) return false
  }
  return isNothingElse(object, keys.length)
}

/** What is made by other classes stays that, whatever prototype it is given: a date, or a map. */
function isNothingElse(object: object, properties: number): boolean {
  if (Object.prototype.toString.call(object) !== '[object Object]') return false
  return properties > 0 || inspect(object, { customInspect: false, depth: 0 }) === '{}'
}

/** Most tables are about one number, or text. */
const ONE_CELL: readonly Shape[] = ['cell']

/** A table in the making. */
export class Table {
  readonly #shapes: readonly Shape[]
  readonly #cells: Cell[][]
  readonly #objects: number
  /** The cells of the last row. */
  readonly row: Cell[] = []
  #read = 0
  #seen: object[] = []
  /** How many rows it has. */
  count = 0
  /** A rough count of its bytes. */
  weight = 0

  /** @param shapes those of each row's values */
  constructor(shapes: readonly Shape[]) {
    this.#shapes = shapes
    this.#objects = shapes === ONE_CELL ? 0 : objectsIn(shapes)
    this.#cells = shapes === ONE_CELL ? [[]] : Array.from({ length: cellsIn(shapes) }, () => [])
  }

  /** The shapes of these values, when they can all stand in a table. */
  static for(values: readonly unknown[]): Table | undefined {
    if (values.length === 1 && isCell(values[0])) return new Table(ONE_CELL)
    const shapes: Shape[] = []
    for (const value of values) {
      const shape = shapeOf(value)
      if (shape === undefined) return undefined
      shapes.push(shape)
    }
    return new Table(shapes)
  }

  /** Whether it is about objects too. */
  get hasObjects(): boolean {
    return this.#objects > 0
  }

  get shapes(): readonly Shape[] {
    return this.#shapes
  }

  /**
   * Adds a row.
   *
   * @returns whether its values were of the right shapes, and no object twice among them: one that is would be two at
   * the other end. Otherwise nothing was added.
   */
  add(values: readonly unknown[]): boolean {
    if (values.length !== this.#shapes.length) return false
    this.#read = 0
    if (this.#objects > 1) this.#seen = []
    for (let n = 0; n < values.length; n += 1) {
      const value = values[n]
      const shape = this.#shapes[n] as Shape
      if (shape !== 'cell') {
        if (!this.#take(value, shape)) return false
      } else if (isCell(value)) this.row[this.#read++] = value
      else return false
    }
    const { row } = this
    for (let n = 0; n < row.length; n += 1) {
      const cell = row[n]
      this.weight += weightOfCell(cell)
      ;(this.#cells[n] as Cell[]).push(cell)
    }
    this.count += 1
    return true
  }

  /** The same for a row of one value. */
  addOne(value: unknown): boolean {
    if (this.#shapes !== ONE_CELL) return this.add([value])
    if (!isCell(value)) return false
    this.row[0] = value
    this.weight += weightOfCell(value)
    this.#cells[0]?.push(value)
    this.count += 1
    return true
  }

  #take(value: unknown, shape: Shape): boolean {
    if (shape === 'cell') {
      if (!isCell(value)) return false
      this.row[this.#read++] = value
      return true
    }
    const { names, of } = shape
    if (typeof value !== 'object' || value === null) return false
    if (!(names ? hasJust(value, names) : isList(value, of.length))) return false
    if (this.#objects > 1) {
      if (this.#seen.includes(value)) return false
      this.#seen.push(value)
    }
    for (let k = 0; k < of.length; k += 1)
      if (!this.#take((value as Record<string | number, unknown>)[names?.[k] ?? k], of[k] as Shape)) return false
    return true
  }

  /** A column for each value of a row. */
  columns(): Column[] {
    let next = 0
    const columnFor = (shape: Shape): Column =>
      shape === 'cell' ? columnOf(this.#cells[next++] as Cell[]) : { names: shape.names, of: shape.of.map(columnFor) }
    return this.#shapes.map(columnFor)
  }
}

const FEW = 4

function objectsIn(shapes: readonly Shape[]): number {
  let count = 0
  for (const shape of shapes) if (shape !== 'cell') count += 1 + objectsIn(shape.of)
  return count
}

function cellsIn(shapes: readonly Shape[]): number {
  let count = 0
  for (const shape of shapes) count += shape === 'cell' ? 1 : cellsIn(shape.of)
  return count
}

/** A rough count of the bytes of so many cells in a column. */
export function weightOf(column: CellColumn, count: number): number {
  if ('same' in column) return count * weightOfCell(column.same)
  if (ArrayBuffer.isView(column)) return 8 * count
  return column.reduce<number>((sum, cell) => sum + weightOfCell(cell), 0)
}

export function weightOfCell(cell: Cell): number {
  return typeof cell === 'string' ? 8 + cell.length : 8
}

export function columnOf(cells: readonly Cell[]): CellColumn {
  const { length } = cells
  // Memory of its own costs more than a few.
  if (length < FEW) return cells
  const [first] = cells
  let n = 1
  while (n < length && Object.is(cells[n], first)) n += 1
  if (n === length) return { same: first }
  return integersOf(cells) ?? numbersOf(cells) ?? cells
}

// Loops, and no `every`: a callback that has seen all kinds of cells costs ten times as much.

/** When they are all of 32 bits, and not -0. */
function integersOf(cells: readonly Cell[]): Int32Array | undefined {
  if (typeof cells[0] !== 'number') return undefined
  const integers = new Int32Array(cells.length)
  for (let n = 0; n < cells.length; n += 1) {
    const cell = cells[n] as number
    const integer = cell | 0
    if (integer !== cell || (integer === 0 && Object.is(cell, -0))) return undefined
    integers[n] = integer
  }
  return integers
}

function numbersOf(cells: readonly Cell[]): Float64Array | undefined {
  if (typeof cells[0] !== 'number') return undefined
  const numbers = new Float64Array(cells.length)
  for (let n = 0; n < cells.length; n += 1) {
    const cell = cells[n]
    if (typeof cell !== 'number') return undefined
    numbers[n] = cell
  }
  return numbers
}

/** Gives the value in row `n` of a column: a new object each time. */
export function readerOf(column: Column): (n: number) => unknown {
  if ('same' in column) return () => column.same
  if (!('names' in column)) return (n) => column[n]
  const { names, of } = column
  const readers: ((n: number) => unknown)[] = []
  for (const one of of) readers.push(readerOf(one))
  if (names === undefined) return (n) => listOf(readers, (read) => read(n))
  if (names.some(isInherited))
    return (n) => {
      const object = {}
      for (const [k, name] of names.entries()) define(object, name, readers[k]?.(n))
      return object
    }
  return (n) => {
    const object: Record<string, unknown> = {}
    for (let k = 0; k < names.length; k += 1) object[names[k] as string] = (readers[k] as (n: number) => unknown)(n)
    return object
  }
}

/** The values in some rows of a column: new objects each time. */
export function valuesOf(column: Column, from: number, to: number): ArrayLike<unknown> {
  if (!('same' in column || 'names' in column))
    return from === 0 && to === column.length ? column : column.slice(from, to)
  const read = readerOf(column)
  const values: unknown[] = []
  for (let row = from; row < to; row += 1) values.push(read(row))
  return values
}

/** Not by `map`: of what comes in a message that makes a list of the main realm, which is another one in a Jest spec. */
function listOf<T>(from: readonly T[], make: (one: T) => unknown): unknown[] {
  const list: unknown[] = []
  for (const one of from) list.push(make(one))
  return list
}

/** A value of this shape, made of the next of these cells. */
export function madeOf(shape: Shape, next: () => Cell): unknown {
  if (shape === 'cell') return next()
  if (shape.names === undefined) return listOf(shape.of, (element) => madeOf(element, next))
  const object: Record<string, unknown> = {}
  for (const [k, name] of shape.names.entries()) define(object, name, madeOf(shape.of[k] as Shape, next))
  return object
}
