import { SerializationError, type Side } from '../errors'
import { toBytes } from './bytes'
import { Encoder, type Sending } from './encode'
import { FunctionsByValue } from './functions/by-value'
import { type Captured, CaptureError, type Closure, capture, closureOf, describe } from './functions/capture'
import type { FunctionWithVariables } from './functions/shared-variables'
import { PlainDataScanner } from './plain-data'
import { registeredValues } from './registered'
import type { Trail } from './trail'
import type { Import, Unit, UnitContents } from './wire'

/** A function, class or symbol that was sent in this call: its name, and the unit that brings it. */
export interface Sent {
  readonly id: number
  readonly unit: UnitEntry | undefined
}

/** A unit, and what only its sender has to know. */
export interface UnitEntry extends Unit {
  /** Units that hold functions which this one refers to. */
  readonly needs: ReadonlySet<UnitEntry>
  /** The function that it was made for. */
  readonly root: Function
  /** Knows the objects in it. */
  readonly objects: PlainDataScanner
  readonly functions: readonly FunctionWithVariables[]
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
  readonly #registered = registeredValues()
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

  /** Whether the user wants this function, or module, to go by value. */
  isRegistered(value: unknown): boolean {
    return this.#registered.has(value)
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

  /** A name for a function that goes with a task, and not as a unit. */
  nameInTask(fn: Function): number {
    const id = this.#nextId++
    this.#values.set(id, fn)
    return id
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
    const sending: SendingWithoutFunctions = {
      side: this.side,
      trail,
      capture: (other) => this.capture(other),
      isByValue: (module) => this.isByValue(module),
      isRegistered: (value) => this.isRegistered(value),
      // A unit goes to every worker, so it cannot hold what one of them sent.
      idAtReceiver: () => undefined,
      symbolId: (symbol) => this.symbolId(symbol),
      snapshot: (buffer) => this.snapshot(buffer) ?? new Uint8Array(buffer).slice(),
      nameOf: (other) => {
        const sent = this.#sent.get(other)
        if (sent?.unit) needs.add(sent.unit)
        return sent?.id
      },
    }
    const objects = new PlainDataScanner(false)
    const { encoder, functions } = encoderWithFunctions(this, sending, objects, (other) => {
      const name = this.#nextId++
      inside.set(other, name)
      return name
    })
    const root = encoder.slot(fn)
    functions.finish()

    const { nodes, imports, beside } = encoder.graph
    const rootId = inside.get(fn) ?? this.#nextId++
    const contents: UnitContents = { nodes, root, rootId }
    const bytes = serializeOrExplain(contents, encoder)
    const id = this.#nextId++
    const unit: UnitEntry = { id, bytes, imports, beside, needs, root: fn, objects, functions: functions.functions }
    for (const [other, name] of inside) if (encoder.known(other) !== undefined) this.#name(other, unit, name)
    return this.#sent.get(fn) ?? this.#name(fn, unit, rootId)
  }

  #name(value: unknown, unit: UnitEntry | undefined, id = this.#nextId++): Sent {
    const sent = { id, unit }
    this.#sent.set(value, sent)
    this.#values.set(id, value)
    return sent
  }
}

type SendingWithoutFunctions = Omit<Sending, 'functionByValue'>

/** An encoder, and the functions by value in its graph: to be finished when all is encoded. */
export interface EncoderWithFunctions {
  readonly encoder: Encoder
  readonly functions: FunctionsByValue
}

/** @param name gives a function by value its name in the call */
export function encoderWithFunctions(
  sender: Sender,
  sending: SendingWithoutFunctions,
  scanner: PlainDataScanner,
  name: (fn: Function) => number,
): EncoderWithFunctions {
  const encoder: Encoder = new Encoder(
    {
      ...sending,
      functionByValue: (fn, captured) => encodeFunction(fn, name(fn), captured, sender, encoder, functions),
    },
    scanner,
  )
  const functions = new FunctionsByValue(encoder)
  return { encoder, functions }
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
  // With values that are given it goes under another identity, also where it refers to itself.
  if (captured.fn !== fn) encoder.alias(index, captured.fn)
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
