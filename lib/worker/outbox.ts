import { fromBytes, toBytes } from '../serialization/bytes'
import { madeOf, type Shape, type Table } from '../serialization/columns'
import type { Parcel } from '../serialization/wire'
import { type Cell, isCell } from '../task/rows'
import { ENDED, turnOf, Words } from './protocol'

/*
 * Outcomes that a worker holds back, to post several at once, are also in memory that its caller can read: while the
 * next task runs for long, and when the worker is gone. An entry is two words, kind and length, and its contents.
 */

const START = Words.count * Int32Array.BYTES_PER_ELEMENT
const SIZE = 64 * 1024
const HEADER = 8

/** A text of up to so many characters is written sooner here than by Node. */
const SHORT = 24

const Kind = {
  undefined: 0,
  null: 1,
  false: 2,
  true: 3,
  number: 4,
  string: 5,
  packed: 6,
  /** No outcome, but the shape of the rows that follow. */
  shape: 7,
  /** Entries for its cells. */
  row: 8,
} as const

/** Memory for the words of one worker, and for its outbox. */
export function sharedWords(): Int32Array {
  return new Int32Array(new SharedArrayBuffer(START + SIZE))
}

/** The worker's side, for one batch at a time. */
export class Outbox {
  readonly #words: Int32Array
  readonly #bytes: Buffer
  readonly #doubles: Float64Array
  readonly #units: Uint16Array
  #at = START
  #count = 0
  /** The shape that was written last. */
  #shape: Shape | undefined

  constructor(words: Int32Array) {
    this.#words = words
    this.#bytes = Buffer.from(words.buffer)
    this.#doubles = new Float64Array(words.buffer)
    this.#units = new Uint16Array(words.buffer)
  }

  /**
   * Adds an outcome: a value that needs nothing beside it.
   *
   * @param position of the first that is added since it was cleared; the others follow it
   * @returns whether there was room
   */
  add(position: number, parcel: Parcel): boolean {
    return this.#added(position, this.#writeParcel(parcel))
  }

  /** Adds an outcome that is the last row of a table, which has one column. */
  addRow(position: number, { row, shapes }: Table): boolean {
    const shape = shapes[0] as Shape
    return this.#added(position, shape === 'cell' ? this.#writeCell(this.#at, row[0]) : this.#writeRow(row, shape))
  }

  /** @param end where its entry ends, when there was room */
  #added(position: number, end: number | undefined): boolean {
    if (end === undefined) return false
    this.#at = end
    this.#count += 1
    if (this.#count === 1) Atomics.store(this.#words, Words.heldFrom, position)
    Atomics.store(this.#words, Words.held, this.#count)
    return true
  }

  /** How many it has. */
  get count(): number {
    return this.#count
  }

  /** What is added from now on is of this batch. */
  begin(batch: number): void {
    Atomics.store(this.#words, Words.heldOf, batch)
  }

  /** They were posted. */
  clear(): void {
    if (this.#count === 0) return
    this.#at = START
    this.#count = 0
    this.#shape = undefined
    Atomics.store(this.#words, Words.held, 0)
  }

  #writeParcel(parcel: Parcel): number | undefined {
    if ('packed' in parcel) {
      const { imports, beside } = parcel.graph
      return imports.length + beside.length === 0 ? this.#writeBytes(this.#at, Kind.packed, parcel.packed) : undefined
    }
    if (!('values' in parcel) || parcel.values.length !== 1) return undefined
    const [value] = parcel.values
    return isCell(value) ? this.#writeCell(this.#at, value) : undefined
  }

  #writeRow(row: readonly Cell[], shape: Shape): number | undefined {
    const start = this.#shape === shape ? this.#at : this.#writeBytes(this.#at, Kind.shape, toBytes(shape))
    let end = start && this.#header(start, Kind.row, 0)
    for (const cell of row) end = end && this.#writeCell(end, cell)
    if (start === undefined || end === undefined) return undefined
    this.#shape = shape
    this.#words[(start >> 2) + 1] = end - start - HEADER
    return end
  }

  /** @returns where the entry ends, when there is room for it */
  #writeCell(at: number, cell: Cell): number | undefined {
    if (typeof cell === 'number') {
      const contents = this.#header(at, Kind.number, 8)
      if (contents === undefined) return undefined
      this.#doubles[contents >> 3] = cell
      return contents + 8
    }
    if (typeof cell === 'string') {
      const length = 2 * cell.length
      const contents = this.#header(at, Kind.string, length)
      if (contents === undefined) return undefined
      if (cell.length > SHORT) this.#bytes.write(cell, contents, 'utf16le')
      else for (let n = 0; n < cell.length; n += 1) this.#units[(contents >> 1) + n] = cell.charCodeAt(n)
      return contents + padded(length)
    }
    return this.#header(at, cell === null ? Kind.null : Kind[`${cell}`], 0)
  }

  #writeBytes(at: number, kind: number, bytes: Uint8Array): number | undefined {
    const contents = this.#header(at, kind, bytes.length)
    if (contents === undefined) return undefined
    this.#bytes.set(bytes, contents)
    return contents + padded(bytes.length)
  }

  /** @returns where the contents begin, when there is room for them */
  #header(at: number, kind: number, length: number): number | undefined {
    const contents = at + HEADER
    if (contents + padded(length) > START + SIZE) return undefined
    this.#words[at >> 2] = kind
    this.#words[(at >> 2) + 1] = length
    return contents
  }
}

/** Outcomes that a worker holds. */
export interface Held {
  readonly from: number
  readonly results: readonly Parcel[]
  /** What `Words.running` said meanwhile. */
  readonly running: number
}

/**
 * The caller's side: the outcomes that the worker holds in this batch.
 *
 * @param isGone Whether the worker writes no more. Otherwise nothing is given while it may be writing: between tasks.
 */
export function readOutbox(words: Int32Array, batch: number, isGone: boolean): Held | undefined {
  const ofBatch = turnOf(batch)
  const running = Atomics.load(words, Words.running + ofBatch)
  if (Atomics.load(words, Words.batch + ofBatch) !== batch || Atomics.load(words, Words.heldOf) !== batch)
    return undefined
  if (!isGone && (running === 0 || running >= ENDED)) return undefined
  const count = Atomics.load(words, Words.held)
  if (count === 0) return undefined
  const from = Atomics.load(words, Words.heldFrom)
  const copy = new Uint8Array(words.buffer, START).slice().buffer
  // A task that waits may post what is held, and others may be written in its place: then one of these is another.
  const isSame =
    Atomics.load(words, Words.running + ofBatch) === running &&
    Atomics.load(words, Words.heldOf) === batch &&
    Atomics.load(words, Words.held) === count &&
    Atomics.load(words, Words.heldFrom) === from
  if (!isGone && !isSame) return undefined
  return { from, results: new Reader(copy).outcomes(count), running }
}

/** Reads entries one after the other. */
class Reader {
  readonly #words: Int32Array
  readonly #doubles: Float64Array
  readonly #bytes: Buffer
  #at = 0

  constructor(memory: ArrayBuffer) {
    this.#words = new Int32Array(memory)
    this.#doubles = new Float64Array(memory)
    this.#bytes = Buffer.from(memory)
  }

  outcomes(count: number): Parcel[] {
    const results: Parcel[] = []
    let shape: Shape = 'cell'
    while (results.length < count) {
      const kind = this.#words[this.#at >> 2]
      if (kind === Kind.shape) shape = fromBytes(this.#takeBytes()) as Shape
      else if (kind === Kind.packed)
        results.push({ packed: new Uint8Array(this.#takeBytes()), graph: { imports: [], beside: [] } })
      else {
        if (kind === Kind.row) this.#at += HEADER
        results.push({ values: [madeOf(kind === Kind.row ? shape : 'cell', () => this.#takeCell())] })
      }
    }
    return results
  }

  #takeBytes(): Buffer {
    const contents = this.#at + HEADER
    const length = this.#words[(this.#at >> 2) + 1] as number
    this.#at = contents + padded(length)
    return this.#bytes.subarray(contents, contents + length)
  }

  #takeCell(): Cell {
    const kind = this.#words[this.#at >> 2]
    if (kind === Kind.number) {
      this.#at += HEADER + 8
      return this.#doubles[(this.#at >> 3) - 1]
    }
    const bytes = this.#takeBytes()
    return kind === Kind.string ? bytes.toString('utf16le') : [undefined, null, false, true][kind as number]
  }
}

/** Entries begin at multiples of eight. */
function padded(length: number): number {
  return (length + 7) & ~7
}
