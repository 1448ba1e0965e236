import { types } from 'node:util'
import { isObjectPrototype } from './plain-data'

/*
 * Tasks that are alike travel as a table: a row for each, a column for each place. A column of numbers is a typed array,
 * which crosses as so many bytes; and what is read out of objects is a copy, so that no two rows share anything.
 */

/** What stands for itself, and has a place in memory that threads share. */
export type Cell = undefined | null | boolean | number | string

/** The values at one place, one for each row. */
export type Column =
  | Int32Array
  | Float64Array
  | readonly Cell[]
  /** In every row. */
  | { readonly same: Cell }
  /** Plain objects, made of the columns of their properties. */
  | { readonly names: readonly string[]; readonly of: readonly Column[] }

/** What the values of a column have in common: each is a cell, or a plain object with these properties in this order. */
export type Shape = 'cell' | { readonly names: readonly string[]; readonly of: readonly Shape[] }

/**
 * An object of more cells gains nothing by being taken apart. Nor does one of more objects: lists, and what leads back to
 * itself, have no end.
 */
const MOST_CELLS = 16
const MOST_OBJECTS = 16

export function isCell(value: unknown): value is Cell {
  switch (typeof value) {
    case 'number':
    case 'string':
    case 'boolean':
    case 'undefined':
      return true
    default:
      return value === null
  }
}

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
  if (room.objects < 0 || !isPlain(value)) return undefined
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

/** To assign it may do something else than to make a property: `__proto__`, or all of them when they are frozen. */
function isInherited(key: string): boolean {
  return key in Object.prototype
}

/** A proxy is asked nothing: that would run its code. */
function isPlain(object: object): boolean {
  return !types.isProxy(object) && isObjectPrototype(Object.getPrototypeOf(object)) && Object.isExtensible(object)
}

/** Whether an object is a plain one that structured clone would reproduce, with these properties and no others. */
function hasJust(object: object, keys: readonly string[]): boolean {
  if (!isPlain(object)) return false
  const own = Reflect.ownKeys(object)
  if (own.length !== keys.length) return false
  for (let k = 0; k < keys.length; k += 1) {
    const key = keys[k] as string
    if (own[k] !== key) return false
    const property = Reflect.getOwnPropertyDescriptor(object, key)
    if (!property?.writable || !property.enumerable || !property.configurable) return false
  }
  return true
}

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
    this.#objects = objectsIn(shapes)
    this.#cells = Array.from({ length: cellsIn(shapes) }, () => [])
  }

  /** The shapes of these values, when they can all stand in a table. */
  static for(values: readonly unknown[]): Table | undefined {
    const shapes: Shape[] = []
    for (const value of values) {
      const shape = shapeOf(value)
      if (shape === undefined) return undefined
      shapes.push(shape)
    }
    return new Table(shapes)
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
      this.weight += typeof cell === 'string' ? 8 + cell.length : 8
      ;(this.#cells[n] as Cell[]).push(cell)
    }
    this.count += 1
    return true
  }

  #take(value: unknown, shape: Shape): boolean {
    if (shape === 'cell') {
      if (!isCell(value)) return false
      this.row[this.#read++] = value
      return true
    }
    if (typeof value !== 'object' || value === null || !hasJust(value, shape.names)) return false
    if (this.#objects > 1) {
      if (this.#seen.includes(value)) return false
      this.#seen.push(value)
    }
    const { names, of } = shape
    for (let k = 0; k < names.length; k += 1)
      if (!this.#take((value as Record<string, unknown>)[names[k] as string], of[k] as Shape)) return false
    return true
  }

  /** A column for each value of a row. */
  columns(): Column[] {
    let next = 0
    const columnOf = (shape: Shape): Column =>
      shape === 'cell' ? asColumn(this.#cells[next++] as Cell[]) : { names: shape.names, of: shape.of.map(columnOf) }
    return this.#shapes.map(columnOf)
  }
}

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

function asColumn(cells: readonly Cell[]): Column {
  const [first] = cells
  if (cells.length > 1 && cells.every((cell) => Object.is(cell, first))) return { same: first }
  if (cells.every(isInteger)) return new Int32Array(cells as number[])
  return cells.every((cell) => typeof cell === 'number') ? new Float64Array(cells as number[]) : cells
}

/** Of 32 bits, and not -0. */
function isInteger(cell: Cell): boolean {
  return (cell as number) | 0 ? ((cell as number) | 0) === cell : Object.is(cell, 0)
}

/** Gives the value in row `n` of a column: a new object each time. */
export function readerOf(column: Column): (n: number) => unknown {
  if ('same' in column) return () => column.same
  if (!('names' in column)) return (n) => column[n]
  const { names, of } = column
  const readers = of.map(readerOf)
  return (n) => {
    const object: Record<string, unknown> = {}
    for (let k = 0; k < names.length; k += 1) object[names[k] as string] = (readers[k] as (n: number) => unknown)(n)
    return object
  }
}

/** A value of this shape, made of the next of these cells. */
export function madeOf(shape: Shape, next: () => Cell): unknown {
  if (shape === 'cell') return next()
  const object: Record<string, unknown> = {}
  for (const [k, key] of shape.names.entries()) object[key] = madeOf(shape.of[k] as Shape, next)
  return object
}
