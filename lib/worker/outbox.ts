import type { Parcel } from '../serialization/wire'
import { ENDED, Words } from './protocol'

/*
 * Outcomes that a worker holds back, to post several at once, are also in memory that its caller can read: while the
 * next task runs for long, and when the worker is gone. An entry is two words, kind and length, and its contents.
 */

const START = Words.count * Int32Array.BYTES_PER_ELEMENT
const SIZE = 64 * 1024
const HEADER = 8

const Kind = { undefined: 0, null: 1, false: 2, true: 3, number: 4, string: 5, packed: 6 } as const

/** Memory for the words of one worker, and for its outbox. */
export function sharedWords(): Int32Array {
  return new Int32Array(new SharedArrayBuffer(START + SIZE))
}

/** The worker's side, for one batch at a time. */
export class Outbox {
  readonly #bytes: Buffer
  readonly #view: DataView
  readonly #words: Int32Array
  #at = START
  #count = 0

  constructor(words: Int32Array) {
    this.#words = words
    this.#bytes = Buffer.from(words.buffer)
    this.#view = new DataView(words.buffer)
  }

  /**
   * Adds an outcome: a value that needs nothing beside it.
   *
   * @param position of the first that is added since it was cleared; the others follow it
   * @returns whether there was room
   */
  add(position: number, parcel: Parcel): boolean {
    const end = this.#write(parcel)
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

  /** They were posted. */
  clear(): void {
    if (this.#count === 0) return
    this.#at = START
    this.#count = 0
    Atomics.store(this.#words, Words.held, 0)
  }

  /** @returns where the entry ends; `undefined` when it is not one for here */
  #write(parcel: Parcel): number | undefined {
    if ('packed' in parcel) {
      const { imports, beside } = parcel.graph
      return imports.length + beside.length === 0 ? this.#writeBytes(Kind.packed, parcel.packed) : undefined
    }
    if (!('values' in parcel) || parcel.values.length !== 1) return undefined
    const [value] = parcel.values
    if (typeof value === 'number') {
      const contents = this.#header(Kind.number, 8)
      if (contents === undefined) return undefined
      this.#view.setFloat64(contents, value)
      return contents + 8
    }
    if (typeof value === 'string') {
      const length = 2 * value.length
      const contents = this.#header(Kind.string, length)
      if (contents === undefined) return undefined
      this.#bytes.write(value, contents, 'utf16le')
      return contents + padded(length)
    }
    const kind = value === null ? Kind.null : value === undefined || typeof value === 'boolean' ? Kind[`${value}`] : -1
    return kind < 0 ? undefined : this.#header(kind, 0)
  }

  #writeBytes(kind: number, bytes: Uint8Array): number | undefined {
    const contents = this.#header(kind, bytes.length)
    if (contents === undefined) return undefined
    this.#bytes.set(bytes, contents)
    return contents + padded(bytes.length)
  }

  /** @returns where the contents begin, when there is room for them */
  #header(kind: number, length: number): number | undefined {
    const contents = this.#at + HEADER
    if (contents + padded(length) > START + SIZE) return undefined
    this.#view.setInt32(this.#at, kind)
    this.#view.setInt32(this.#at + 4, length)
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
  const running = Atomics.load(words, Words.running)
  if (Atomics.load(words, Words.batch) !== batch) return undefined
  if (!isGone && (running === 0 || running >= ENDED)) return undefined
  const count = Atomics.load(words, Words.held)
  if (count === 0) return undefined
  const from = Atomics.load(words, Words.heldFrom)
  const bytes = Buffer.from(new Uint8Array(words.buffer, START).slice().buffer)
  // A task that waits may post what is held, and others may be written in its place: then one of these is another.
  const isSame =
    Atomics.load(words, Words.running) === running &&
    Atomics.load(words, Words.held) === count &&
    Atomics.load(words, Words.heldFrom) === from
  if (!isGone && !isSame) return undefined
  const results: Parcel[] = []
  for (let at = 0; results.length < count; ) {
    const kind = bytes.readInt32BE(at)
    const length = bytes.readInt32BE(at + 4)
    results.push(parcelOf(kind, bytes.subarray(at + HEADER, at + HEADER + length)))
    at += HEADER + padded(length)
  }
  return { from, results, running }
}

function parcelOf(kind: number, bytes: Buffer): Parcel {
  switch (kind) {
    case Kind.packed:
      return { packed: new Uint8Array(bytes), graph: { imports: [], beside: [] } }
    case Kind.number:
      return { values: [bytes.readDoubleBE(0)] }
    case Kind.string:
      return { values: [bytes.toString('utf16le')] }
    default:
      return { values: [[undefined, null, false, true][kind]] }
  }
}

/** Entries begin at multiples of eight. */
function padded(length: number): number {
  return (length + 7) & ~7
}
