import { SerializationError, type Side } from '../errors'
import { toBytes } from './bytes'
import { Encoder, type Sending } from './encode'
import { FunctionsByValue } from './functions/by-value'
import { type Captured, CaptureError, type Closure, capture, closureOf, describe } from './functions/capture'
import { PlainDataScanner } from './plain-data'
import type { Trail } from './trail'
import type { Import, Parcel, Unit, UnitContents } from './wire'

/** A function, class or symbol that was sent in this call: its name, and the unit that brings it. */
interface Sent {
  readonly id: number
  readonly unit: UnitEntry | undefined
}

interface UnitEntry extends Unit {
  /** Units that hold functions which this one refers to. */
  readonly needs: ReadonlySet<UnitEntry>
}

/**
 * What one call has sent, kept for as long as it lasts: a function goes as it was when a task with it was first sent,
 * to every worker.
 */
export class Sender {
  readonly side: Side
  readonly #takesSnapshots: boolean
  readonly #captures = new Map<Function, Captured>()
  readonly #closures = new Map<Captured, Closure>()
  readonly #sent = new Map<unknown, Sent>()
  readonly #values = new Map<number, unknown>()
  readonly #failures = new Map<Function, SerializationError>()
  readonly #byValue = new Set<string>()
  readonly #buffers = new WeakMap<ArrayBuffer, Uint8Array | SharedArrayBuffer>()
  #nextId = 1

  /** @param takesSnapshots whether a buffer that several messages hold is read once, when first sent */
  constructor(side: Side, takesSnapshots: boolean) {
    this.side = side
    this.#takesSnapshots = takesSnapshots
  }

  get scansBuffers(): boolean {
    return !this.#takesSnapshots
  }

  /** A value by the name that it was sent under. */
  own(id: number): unknown {
    return this.#values.get(id)
  }

  /** A worker could not import this module: what it exports goes by value from now on. */
  sendByValue(module: Import): void {
    const key = JSON.stringify(module)
    this.#byValue.add(key)
    const isPart = (unit: UnitEntry): boolean =>
      unit.imports.some((other) => JSON.stringify(other) === key) || [...unit.needs].some(isPart)
    for (const [value, { unit }] of this.#sent) if (unit && isPart(unit)) this.#sent.delete(value)
  }

  isByValue(module: Import): boolean {
    return this.#byValue.has(JSON.stringify(module))
  }

  capture(fn: Function): Captured {
    let captured = this.#captures.get(fn)
    if (!captured) {
      captured = capture(fn)
      this.#captures.set(fn, captured)
    }
    return captured
  }

  closure(captured: Captured): Closure {
    let closure = this.#closures.get(captured)
    if (!closure) {
      closure = closureOf(captured)
      this.#closures.set(captured, closure)
    }
    return closure
  }

  symbolId(symbol: symbol): number {
    return (this.#sent.get(symbol) ?? this.#name(symbol, undefined)).id
  }

  snapshot(buffer: ArrayBuffer): Uint8Array | SharedArrayBuffer | undefined {
    if (!this.#takesSnapshots) return undefined
    let snapshot = this.#buffers.get(buffer)
    if (!snapshot) {
      snapshot = takeSnapshot(buffer)
      this.#buffers.set(buffer, snapshot)
    }
    return snapshot
  }

  sentAs(fn: Function): Sent | undefined {
    return this.#sent.get(fn)
  }

  /** Encodes a function with all that it captures, now. */
  send(fn: Function, trail: Trail): Sent {
    const failure = this.#failures.get(fn)
    if (failure) throw new SerializationError(failure.message, failure)
    try {
      return this.#encode(fn, trail)
    } catch (error) {
      if (error instanceof SerializationError) this.#failures.set(fn, error)
      throw error
    }
  }

  #encode(fn: Function, trail: Trail): Sent {
    const needs = new Set<UnitEntry>()
    const inside = new Map<Function, number>()
    const sending: Sending = {
      side: this.side,
      trail,
      capture: (other) => this.capture(other),
      isByValue: (module) => this.isByValue(module),
      // A unit goes to every worker, so it cannot hold what one of them sent.
      idAtReceiver: () => undefined,
      symbolId: (symbol) => this.symbolId(symbol),
      snapshot: (buffer) => this.snapshot(buffer) ?? new Uint8Array(buffer).slice(),
      nameOf: (other) => {
        const sent = this.#sent.get(other)
        if (sent?.unit) needs.add(sent.unit)
        return sent?.id
      },
      functionByValue: (other, captured, encoder) => {
        const id = this.#nextId++
        inside.set(other, id)
        return encodeFunction(other, id, captured, this, encoder, functions)
      },
    }
    const encoder = new Encoder(sending, new PlainDataScanner(false))
    const functions = new FunctionsByValue(encoder)
    const root = encoder.slot(fn)
    functions.finish()

    const { nodes, imports, beside } = encoder.graph
    const rootId = inside.get(fn) ?? this.#nextId++
    const contents: UnitContents = { nodes, root, rootId }
    const unit: UnitEntry = { id: this.#nextId++, bytes: serializeOrExplain(contents, encoder), imports, beside, needs }
    for (const [other, id] of inside) if (encoder.known(other) !== undefined) this.#name(other, unit, id)
    return this.#sent.get(fn) ?? this.#name(fn, unit, rootId)
  }

  #name(value: unknown, unit: UnitEntry | undefined, id = this.#nextId++): Sent {
    const sent = { id, unit }
    this.#sent.set(value, sent)
    this.#values.set(id, value)
    return sent
  }
}

function encodeFunction(
  fn: Function,
  id: number,
  captured: Captured,
  sender: Sender,
  encoder: Encoder,
  functions: FunctionsByValue,
): number {
  const index = encoder.node(
    'function',
    [{ id, code: undefined as never, captured: [], eager: 0, cyclic: false, name: undefined }],
    fn,
  )
  const node = encoder.graph.nodes[index]?.[1] as Parameters<FunctionsByValue['encode']>[0]
  const closure = closureOrExplain(captured, sender, encoder)
  encoder.whileOpen(index, () => functions.encode(node, captured, closure))
  return index
}

function closureOrExplain(captured: Captured, sender: Sender, encoder: Encoder): Closure {
  try {
    return sender.closure(captured)
  } catch (error) {
    if (!(error instanceof CaptureError)) throw error
    const { message, remedy, variable } = error
    if (variable !== undefined)
      return encoder.inVariable(
        variable,
        () => describe(captured),
        () => encoder.fail(message, remedy),
      )
    return encoder.fail(`${describe(captured)}: ${message}`, remedy)
  }
}

function serializeOrExplain(contents: UnitContents, encoder: Encoder): Uint8Array {
  try {
    return toBytes(contents)
  } catch (error) {
    return encoder.fail((error as Error).message, 'Send what is needed to make it.')
  }
}

/** Up to this many bytes a copy of them is as cheap as shared memory. */
const SMALL = 32 * 1024

function takeSnapshot(buffer: ArrayBuffer): Uint8Array | SharedArrayBuffer {
  const bytes = new Uint8Array(buffer)
  if (bytes.length <= SMALL) return bytes.slice()
  const shared = new SharedArrayBuffer(bytes.length)
  new Uint8Array(shared).set(bytes)
  return shared
}

/** One receiver of what a call sends, and what it was sent already. */
export interface Receiver {
  readonly delivered: Set<number>
  /** The id under which it sent us this value. */
  idOf(value: unknown): number | undefined
}

/** One message to one receiver. */
export class Message {
  /** What the receiver has to have first; to be sent with the message. */
  readonly units: Unit[] = []
  readonly #sender: Sender
  readonly #receiver: Receiver
  readonly trail: Trail
  readonly #scanner: PlainDataScanner

  constructor(sender: Sender, receiver: Receiver, trail: Trail) {
    this.#sender = sender
    this.#receiver = receiver
    this.trail = trail
    this.#scanner = new PlainDataScanner(sender.scansBuffers)
  }

  /** The message was posted: its units are on their way. */
  sent(): void {
    for (const { id } of this.units) this.#receiver.delivered.add(id)
  }

  /** For one value, or several that keep their identity among themselves. */
  encoder(): Encoder {
    const sender = this.#sender
    return new Encoder(
      {
        side: sender.side,
        trail: this.trail,
        capture: (fn) => sender.capture(fn),
        isByValue: (module) => sender.isByValue(module),
        idAtReceiver: (value) => this.#receiver.idOf(value),
        symbolId: (symbol) => sender.symbolId(symbol),
        snapshot: (buffer) => sender.snapshot(buffer),
        nameOf: (fn) => {
          const { id, unit } = sender.sentAs(fn) ?? sender.send(fn, this.trail)
          if (unit) this.#include(unit)
          return id
        },
        functionByValue: () => {
          throw new Error('a function is always sent as a unit')
        },
      },
      this.#scanner,
    )
  }

  /**
   * Encodes what one task is called with, or gives.
   *
   * @param roots what each value is called in an error: `args[0]`
   * @throws SerializationError
   */
  parcel(values: readonly unknown[], roots: (n: number) => string): Parcel {
    this.#scanner.nextTask()
    if (
      values.every(
        (value) => isSimple(value) || (typeof value === 'object' && this.#scanner.scan(value as object) === 'plain'),
      )
    ) {
      if (!this.#scanner.overlaps) return { values }
    }
    const encoder = this.encoder()
    const slots = values.map((value, n) => {
      this.trail.start(roots(n))
      return encoder.slot(value)
    })
    const { imports, beside, nodes } = encoder.graph
    if (!this.#scanner.overlaps) return { slots, graph: encoder.graph }
    return { packed: toBytes({ slots, nodes }), graph: { imports, beside } }
  }

  #include(unit: UnitEntry): void {
    if (this.#receiver.delivered.has(unit.id) || this.units.includes(unit)) return
    for (const needed of unit.needs) this.#include(needed)
    const { id, bytes, imports, beside } = unit
    this.units.push({ id, bytes, imports, beside })
  }
}

/** Primitives but symbols: they stand for themselves. */
function isSimple(value: unknown): boolean {
  return value === null || (typeof value !== 'object' && typeof value !== 'function' && typeof value !== 'symbol')
}
