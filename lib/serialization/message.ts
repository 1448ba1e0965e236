import { buffersOf, toBytes } from './bytes'
import type { Encoder, Sending } from './encode'
import { entangled, tiedToTask } from './entangled'
import { describe } from './functions/capture'
import { isClass } from './functions/source'
import { PlainDataScanner } from './plain-data'
import { type EncoderWithFunctions, encoderWithFunctions, type Receiver, type Sender, type Sent } from './sender'
import { withOwnViews } from './shared-views'
import { TASK_FUNCTION, type Trail } from './trail'
import type { UnitEntry } from './unit-entry'
import type { Graph, Node, Parcel, Slot, Unit } from './wire'

/** One message to one receiver. */
export class Message {
  /** What the receiver has to have first; to be sent with the message. */
  readonly units: Unit[] = []
  /** Buffers that it takes along, instead of copying them. */
  readonly transfers: ArrayBuffer[] = []
  readonly #included = new Set<Unit>()
  #told = 0
  readonly #sender: Sender
  readonly #receiver: Receiver
  readonly trail: Trail
  readonly #scanner: PlainDataScanner
  readonly #bytesReadBefore: number

  constructor(sender: Sender, receiver: Receiver, trail: Trail) {
    sender.addReceiver(receiver)
    this.#sender = sender
    this.#receiver = receiver
    this.trail = trail
    this.#scanner = new PlainDataScanner(sender.scansBuffers)
    this.#bytesReadBefore = sender.bytesRead
  }

  /** A rough count of the bytes that the parcels have, and of buffers that are read for them. */
  get weight(): number {
    return this.#scanner.weight + this.#sender.bytesRead - this.#bytesReadBefore
  }

  /** The message was posted: its units are on their way. */
  sent(): void {
    this.#receiver.forgotten.splice(0, this.#told)
    for (const { id } of this.units) this.#receiver.delivered.add(id)
  }

  /** Names that the receiver can forget. */
  forget(): readonly number[] {
    this.#told = this.#receiver.forgotten.length
    return this.#receiver.forgotten.slice()
  }

  /** For one value, or several that keep their identity among themselves. Functions by value go as units. */
  encoder(): Encoder {
    return this.#encoder((fn) => {
      const { id, unit } = this.#sent(fn)
      if (unit) this.#include(unit)
      return id
    }).encoder
  }

  /**
   * Encodes what one task is called with, or gives.
   *
   * @param roots what each value is called in an error: `args[0]`
   * @param fn the task's function, which was encoded before
   * @param givenAway those of the values, or within them, whose buffers are given away
   * @throws SerializationError
   */
  parcel(
    values: readonly unknown[],
    roots: (n: number) => string,
    fn?: Function,
    givenAway?: ReadonlySet<object>,
  ): Parcel {
    const scanner = this.#scanner
    scanner.nextTask()
    for (const value of values) scanner.weigh(value)
    if (givenAway === undefined) {
      // Results, and what a Manager has, may have to be packed while they wait, which shared memory cannot be.
      const own = this.#sender.scansBuffers ? values : withOwnViews(values)
      const isPlain = own.every(
        (value, n) =>
          value !== values[n] ||
          isSimple(value) ||
          (typeof value === 'object' && scanner.scan(value as object) === 'plain'),
      )
      if (isPlain && !scanner.overlaps) return { values: own }
    }
    const { slots, graph } = this.#encode(values, roots, fn, givenAway)
    return scanner.overlaps ? packed({ slots, graph }) : { slots, graph }
  }

  /** Takes a parcel that was made for another message, which was not read. */
  add(parcel: Parcel, units: readonly Unit[]): void {
    for (const unit of units)
      if (!this.#receiver.delivered.has(unit.id) && !this.units.some(({ id }) => id === unit.id)) this.units.push(unit)
    if ('graph' in parcel) this.transfers.push(...buffersOf(parcel.graph))
  }

  /**
   * Functions among the values are sent apart, as units, unless they are entangled with the values: then they are
   * encoded together, in another attempt.
   */
  #encode(
    values: readonly unknown[],
    roots: (n: number) => string,
    fn: Function | undefined,
    givenAway: ReadonlySet<object> | undefined,
  ): { slots: Slot[]; graph: Graph } {
    const together = new Set<UnitEntry>()
    for (;;) {
      const apart = new Set<UnitEntry>()
      const { encoder, functions } = this.#encoder(
        (fn) => {
          const { id, unit } = this.#sent(fn)
          if (unit && together.has(unit) && !isClass(fn)) return undefined
          if (unit) apart.add(unit)
          return id
        },
        { takesAlong: true, givenAway },
      )
      const slots = values.map((value, n) => {
        this.trail.start(roots(n))
        return encoder.slot(value)
      })
      functions.finish()
      const more = apart.size === 0 ? [] : [...entangled(apart, this.#scanner.objectsOfTask)]
      if (more.every((unit) => together.has(unit))) {
        if (fn && apart.size + together.size > 0) this.#refuseTied(fn, new Set([...apart, ...together]), encoder)
        for (const unit of apart) this.#include(unit)
        encoder.takeOver()
        this.transfers.push(...buffersOf(encoder.graph))
        return { slots, graph: encoder.graph }
      }
      for (const unit of more) together.add(unit)
    }
  }

  #refuseTied(fn: Function, units: ReadonlySet<UnitEntry>, encoder: Encoder): void {
    const task = this.#sender.sentAs(fn)?.unit
    const tied = task && tiedToTask(task, units)
    if (!tied) return
    this.trail.start(TASK_FUNCTION)
    encoder.inVariable(
      tied.variable,
      () => describe(tied.captured),
      () =>
        encoder.fail(
          'the function of the task shares it, and an argument goes apart from that',
          'Let the function of the task capture what uses it, instead of giving it as an argument.',
        ),
    )
  }

  #sent(fn: Function): Sent {
    return this.#sender.sentAs(fn) ?? this.#sender.send(fn, this.trail)
  }

  /** @param nameOf sends a function apart and gives its name; `undefined` when its place is in the graph */
  #encoder(
    nameOf: Sending['nameOf'],
    { takesAlong = false, givenAway }: Pick<Sending, 'takesAlong' | 'givenAway'> = {},
  ): EncoderWithFunctions {
    const sender = this.#sender
    return encoderWithFunctions(
      sender,
      {
        side: sender.side,
        way: sender.way,
        trail: this.trail,
        capture: (fn) => sender.capture(fn),
        isByValue: (module) => sender.isByValue(module),
        isRegistered: (value) => sender.isRegistered(value),
        idAtReceiver: (value) => this.#receiver.idOf(value),
        symbolId: (symbol) => sender.symbolId(symbol),
        snapshot: (...part) => sender.snapshot(...part),
        putAside: sender.putAside,
        takesAlong,
        givenAway,
        nameOf,
      },
      this.#scanner,
      (fn) => sender.nameInTask(fn),
    )
  }

  #include(unit: UnitEntry): void {
    if (this.#receiver.delivered.has(unit.id) || this.#included.has(unit)) return
    this.#included.add(unit)
    for (const needed of unit.needs) this.#include(needed)
    const { id, bytes, imports, beside } = unit
    this.units.push({ id, bytes, imports, beside })
  }
}

/** Whether a parcel shows what is done to its objects after it was made. */
export function isLoose(parcel: Parcel): boolean {
  return 'values' in parcel ? !parcel.values.every(isSimple) : !('packed' in parcel)
}

/**
 * A parcel as it is now: what is done to its objects later does not show.
 *
 * @throws DataCloneError
 */
export function packed(parcel: Parcel): Parcel {
  if ('packed' in parcel) return parcel
  if ('slots' in parcel) {
    const { imports, beside, nodes } = parcel.graph
    return { packed: toBytes({ slots: parcel.slots, nodes }), graph: { imports, beside } }
  }
  const nodes: Node[] = parcel.values.map((value) => ['raw', value])
  return { packed: toBytes({ slots: nodes.map((_, n) => [n]), nodes }), graph: { imports: [], beside: [] } }
}

/** Primitives but symbols: they stand for themselves. */
export function isSimple(value: unknown): boolean {
  return value === null || (typeof value !== 'object' && typeof value !== 'function' && typeof value !== 'symbol')
}
