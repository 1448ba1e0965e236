import { types } from 'node:util'
import { SerializationError, type Side } from '../errors'
import { SMALL, toBytes } from './bytes'
import type { NamesSent } from './call-names'
import { CopiesByPlace } from './copies'
import { Encoder, type Sending } from './encode'
import type { PutAside } from './encoding'
import { entangledWith } from './entangled'
import { FunctionsByValue } from './functions/by-value'
import {
  type Captured,
  CaptureError,
  type Closure,
  capture,
  captureAll,
  closureOf,
  describe,
} from './functions/capture'
import { noteSettled, settledFunction } from './functions/settled'
import { isClass, isNative } from './functions/source'
import { keepLasting, type Lasting, lastingById } from './lasting'
import { LastingInCall } from './lasting-in-call'
import { PlainDataScanner } from './plain-data'
import type { Trail } from './trail'
import type { UnitEntry } from './unit-entry'
import type { Graph, Import, UnitContents } from './wire'

/** A function, class or symbol that was sent in this call: its name, and the unit that brings it. */
export interface Sent {
  readonly id: number
  readonly unit: UnitEntry | undefined
}

/** A function's name in a call, and the unit that brings it, when it goes as one. */
interface Name {
  readonly id: number
  readonly unit: number | undefined
}

/** One receiver of what a call sends, and what it was sent already. */
export interface Receiver {
  /** Units that it has. */
  readonly delivered: Set<number>
  /** Names that will not be used again; told with the next message. */
  readonly forgotten: number[]
  /** The id under which it sent us this value. */
  idOf(value: unknown): number | undefined
}

/**
 * What one call has sent: a function goes as it was when a task with it was first sent, to every worker. It is kept for
 * as long as the call lasts, or, where every task has a function of its own, until nobody can send that function again.
 */
export class Sender implements NamesSent {
  readonly side: Side
  readonly way: string | undefined
  readonly #takesSnapshots: boolean
  readonly #captures = new WeakMap<Function, Captured>()
  readonly #closures = new WeakMap<Captured, Closure>()
  readonly #sent = new WeakMap<Function, Sent>()
  readonly #symbols = new Map<symbol, Sent>()
  readonly #values = new Map<number, WeakRef<Function> | symbol>()
  readonly #failures = new WeakMap<Function, SerializationError>()
  /** The functions of each unit: how many can still be sent, and the names of all. */
  readonly #alive = new Map<number, { count: number; readonly names: number[] }>()
  readonly #receivers = new Set<Receiver>()
  readonly #collected = new FinalizationRegistry<Name>((name) => this.#forget(name))
  readonly #byValue = new Set<string>()
  readonly #lasting: LastingInCall
  readonly #copies = new CopiesByPlace()
  readonly #buffers = new WeakMap<ArrayBuffer, Map<string, Uint8Array | SharedArrayBuffer>>()
  #nextId = 1
  #bytesRead = 0
  /** The policy for large arrays. */
  readonly putAside: PutAside | undefined

  /**
   * @param takesSnapshots whether a buffer that several messages hold is read once, when first sent
   * @param putAside the policy for large arrays; none when all are copied
   * @param way where it sends, in words, when that is neither to a worker of this thread nor back from one
   * @param lasting what has gone under lasting names already
   */
  constructor(
    side: Side,
    takesSnapshots: boolean,
    putAside?: PutAside,
    way?: string,
    lasting: LastingInCall = new LastingInCall(),
  ) {
    this.side = side
    this.#lasting = lasting
    this.#takesSnapshots = takesSnapshots
    this.putAside = putAside
    this.way = way
  }

  /** Of buffers, each counted once. */
  get bytesRead(): number {
    return this.#bytesRead + (this.putAside?.bytesRead ?? 0)
  }

  /** Names that hold for all calls are known to the workers of this thread, and to nobody else. */
  get #canLast(): boolean {
    return this.side === 'task' && this.way === undefined
  }

  get scansBuffers(): boolean {
    return !this.#takesSnapshots
  }

  /** A value by the name that it was sent under. */
  own(id: number): unknown {
    if (id < 0) return lastingById(id)
    const value = this.#values.get(id)
    return typeof value === 'object' ? value.deref() : value
  }

  /** The name that a function or a symbol was sent under. */
  nameOf(value: Function | symbol): number | undefined {
    return (typeof value === 'symbol' ? this.#symbols.get(value) : this.sentAs(value))?.id
  }

  /** Somebody who is sent functions, and is told which of them can go. */
  addReceiver(receiver: Receiver): void {
    this.#receivers.add(receiver)
  }

  #forget({ id, unit }: Name): void {
    this.#values.delete(id)
    const alive = unit === undefined ? undefined : this.#alive.get(unit)
    if (unit === undefined || !alive) {
      for (const { forgotten } of this.#receivers) forgotten.push(id)
      return
    }
    alive.count -= 1
    if (alive.count > 0) return
    this.#alive.delete(unit)
    for (const { delivered, forgotten } of this.#receivers) if (delivered.delete(unit)) forgotten.push(...alive.names)
  }

  /** A worker could not import this module: what it exports goes by value from now on. */
  sendByValue(module: Import): void {
    const key = JSON.stringify(module)
    this.#byValue.add(key)
  }

  /** Whether a unit refers to a module that a worker could not import. */
  #isOutdated(unit: UnitEntry): boolean {
    if (this.#byValue.size === 0) return false
    const all = new Set([unit])
    // What is added while it is gone through comes up too.
    for (const { imports, needs } of all) {
      if (imports.some((module) => this.isByValue(module))) return true
      for (const needed of needs) all.add(needed)
    }
    return false
  }

  isByValue(module: Import): boolean {
    return this.#byValue.has(JSON.stringify(module))
  }

  /** Whether the user wants this function, or module, to go by value. */
  isRegistered(value: unknown): boolean {
    return this.#lasting.registered.has(value)
  }

  capture(fn: Function): Captured {
    let captured = this.#captures.get(fn) ?? settledFunction(fn)?.captured
    if (!captured) {
      captured = capture(fn)
      this.#captures.set(fn, captured)
    }
    return captured
  }

  /** Looks at functions that are about to be sent: together, as that is cheaper. */
  prepare(fns: Iterable<Function>): void {
    const fresh = [...fns].filter(
      (fn) =>
        !this.#captures.has(fn) &&
        !settledFunction(fn) &&
        !this.#sent.has(fn) &&
        !this.#failures.has(fn) &&
        !isNative(fn),
    )
    if (fresh.length < 2) return
    for (const captured of captureAll(fresh)) this.#captures.set(captured.fn, captured)
  }

  closure(captured: Captured): Closure {
    let closure = this.#closures.get(captured) ?? settledClosure(captured)
    if (!closure) {
      closure = closureOf(captured)
      noteSettled(captured, closure)
      this.#closures.set(captured, closure)
    }
    return closure
  }

  symbolId(symbol: symbol): number {
    let sent = this.#symbols.get(symbol)
    if (!sent) {
      sent = { id: this.#nextId++, unit: undefined }
      this.#symbols.set(symbol, sent)
      this.#values.set(sent.id, symbol)
    }
    return sent.id
  }

  /** How many bytes a buffer has that would have to be read for a message; none of one that is shared, or was read before. */
  unread(buffer: ArrayBufferLike): number {
    return types.isSharedArrayBuffer(buffer) || this.#buffers.has(buffer as ArrayBuffer) ? 0 : buffer.byteLength
  }

  snapshot(
    buffer: ArrayBuffer,
    offset = 0,
    length = buffer.byteLength - offset,
  ): Uint8Array | SharedArrayBuffer | undefined {
    if (!this.#takesSnapshots) return undefined
    const parts = this.#buffers.get(buffer) ?? new Map<string, Uint8Array | SharedArrayBuffer>()
    this.#buffers.set(buffer, parts)
    const part = `${offset} ${length}`
    let snapshot = parts.get(part)
    if (!snapshot) {
      snapshot = takeSnapshot(new Uint8Array(buffer, offset, length))
      parts.set(part, snapshot)
      this.#bytesRead += length
    }
    return snapshot
  }

  sentAs(fn: Function): Sent | undefined {
    const sent = this.#sent.get(fn) ?? this.#sentBefore(fn)
    return sent?.unit && this.#isOutdated(sent.unit) ? undefined : sent
  }

  /** A function that was sent in an earlier call, and can be the same in this one. */
  #sentBefore(fn: Function): Sent | undefined {
    // At the other end, names of several senders would meet.
    const sent = this.#canLast ? this.#lasting.byValue(fn) : undefined
    if (sent) this.#sent.set(fn, sent)
    return sent
  }

  /** A function that goes under the same name in all calls, unless it was sent under another one in this call. */
  lastingAs(fn: Function): Lasting | undefined {
    const known = this.#sent.get(fn)
    if (known) return 'fns' in known ? (known as Lasting) : undefined
    const lasting = this.#lasting.for(fn, (module) => this.isByValue(module))
    if (lasting) this.#sent.set(fn, lasting)
    return lasting
  }

  /** A name for a function that goes with a task, and not as a unit. */
  nameInTask(fn: Function): number {
    const id = this.#nextId++
    this.#values.set(id, new WeakRef(fn))
    this.#collected.register(fn, { id, unit: undefined })
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

  /**
   * A unit refers to functions that others have brought; but for those that it is entangled with, which it holds itself:
   * one that writes a variable, or changes an object, which this one sees.
   */
  #encode(fn: Function, trail: Trail): Sent {
    const together = new Set<UnitEntry>()
    // Not the first time: most functions that are made for one task are never sent again.
    const isKnown = this.#canLast && settledFunction(fn) !== undefined
    for (;;) {
      const { unit, contents, rootId, names, size } = this.#unit(fn, trail, together)
      const lasting = isKnown && names.size === 1 ? keepLasting(unit, contents) : undefined
      if (lasting) {
        this.#sent.set(fn, lasting)
        return lasting
      }
      const more = unit.needs.size === 0 ? [] : [...entangledWith(unit)]
      if (more.every((other) => together.has(other))) {
        this.#copies.add(this.capture(fn), size)
        for (const [other, name] of names) this.#name(other, unit, name)
        return names.has(fn) ? (this.#sent.get(fn) as Sent) : this.#name(fn, unit, rootId)
      }
      for (const other of more) together.add(other)
    }
  }

  /** @param together units whose functions go within this one */
  #unit(fn: Function, trail: Trail, together: ReadonlySet<UnitEntry>) {
    const needs = new Set<UnitEntry>()
    const inside = new Map<Function, number>()
    const sending: SendingWithoutFunctions = {
      side: this.side,
      way: this.way,
      trail,
      capture: (other) => this.capture(other),
      isByValue: (module) => this.isByValue(module),
      isRegistered: (value) => this.isRegistered(value),
      // A unit goes to every worker, so it cannot hold what one of them sent.
      idAtReceiver: () => undefined,
      symbolId: (symbol) => this.symbolId(symbol),
      snapshot: (...part) => this.snapshot(...part) ?? new Uint8Array(...part).slice(),
      putAside: this.putAside,
      nameOf: (other) => {
        const sent = this.sentAs(other)
        if (sent?.unit && together.has(sent.unit) && !isClass(other)) return undefined
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
    const { functions: own, holders } = functions
    const unit: UnitEntry = { id, bytes, imports, beside, needs, root: fn, objects, functions: own, holders }
    const names = new Map([...inside].filter(([other]) => encoder.known(other) !== undefined))
    return { unit, contents, rootId, names, size: bytes.length + sizeOfSnapshots(encoder.graph) }
  }

  #name(fn: Function, unit: UnitEntry, id: number): Sent {
    const sent = { id, unit }
    // Where a later unit holds it too, the first one stays the one that others refer to.
    if (!this.sentAs(fn)) this.#sent.set(fn, sent)
    this.#values.set(id, new WeakRef(fn))
    const alive = this.#alive.get(unit.id) ?? { count: 0, names: [] }
    alive.count += 1
    alive.names.push(id)
    this.#alive.set(unit.id, alive)
    this.#collected.register(fn, { id, unit: unit.id })
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

/** Not for what is given with a function: that is another one. */
function settledClosure(captured: Captured): Closure | undefined {
  const settled = settledFunction(captured.fn)
  return settled?.captured === captured ? settled.closure : undefined
}

function serializeOrExplain(contents: UnitContents, encoder: Encoder): Uint8Array {
  try {
    return toBytes(contents)
  } catch (error) {
    return encoder.fail((error as Error).message, 'Send what is needed to make it.')
  }
}

/** Bytes of the buffers that each function has a copy of: not of shared memory. */
function sizeOfSnapshots({ nodes, beside }: Graph): number {
  let size = 0
  for (const [kind, index] of nodes) if (kind === 'snapshot') size += (beside[index] as Uint8Array).byteLength
  return size
}

function takeSnapshot(bytes: Uint8Array): Uint8Array | SharedArrayBuffer {
  if (bytes.length <= SMALL) return bytes.slice()
  const shared = new SharedArrayBuffer(bytes.length)
  new Uint8Array(shared).set(bytes)
  return shared
}
