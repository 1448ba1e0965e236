import type { MessagePort } from 'node:worker_threads'
import { messageOf, SerializationError, type Side } from '../errors'
import { isLoose, isSimple, Message, packed } from '../serialization/message'
import { Received } from '../serialization/receiver'
import { type Receiver, Sender } from '../serialization/sender'
import { Trail } from '../serialization/trail'
import type { Parcel } from '../serialization/wire'
import { transfersOfResult } from '../task/transfer'
import type { Names } from './names'
import type { Carried } from './protocol'

/** So many bytes, roughly, take longer to be copied than a message of their own takes. */
const HEAVY = 32 * 1024

/** One end of the line between a manager and another thread: how values go over it. */
export class Exchange {
  readonly #side: Side
  readonly #way: string
  readonly #names: Names
  readonly #received = new Received((id) => (id < 0 ? this.#names.own(id) : this.#sender.own(id)))
  readonly #receiver: Receiver = {
    delivered: new Set(),
    forgotten: [],
    idOf: (value) => this.#received.idOf(value) ?? this.#names.nameOf(value),
  }
  #madeSender: Sender | undefined
  #message: Message | undefined

  /** @param way - Where this end sends, in words: `to a Manager`. */
  constructor(side: Side, way: string, names: Names) {
    this.#side = side
    this.#way = way
    this.#names = names
  }

  get #sender(): Sender {
    this.#madeSender ??= new Sender(this.#side, false, undefined, this.#way)
    return this.#madeSender
  }

  /**
   * Values for the next message, as they are when it is posted.
   *
   * @throws SerializationError
   */
  parcel(values: readonly unknown[], operation: string, root: (n: number) => string): Parcel {
    if (values.every(isSimple)) return { values }
    try {
      return this.#writing().parcel(values, root, undefined, transfersOfResult(values))
    } catch (error) {
      throw unsendable(error, operation, root(0))
    }
  }

  #writing(): Message {
    this.#message ??= new Message(this.#sender, this.#receiver, new Trail())
    return this.#message
  }

  /**
   * Values for the next message, as they are now. Heavy ones are not copied twice: they are for a message that is posted
   * at once.
   *
   * @throws SerializationError
   */
  snapshot(values: readonly unknown[], operation: string): { readonly parcel: Parcel; readonly isHeavy: boolean } {
    const parcel = this.parcel(values, operation, (n) => `args[${n}]`)
    if (!isLoose(parcel)) return { parcel, isHeavy: false }
    const { weight, transfers } = this.#writing()
    if (weight > HEAVY || transfers.length > 0) return { parcel, isHeavy: true }
    try {
      return { parcel: packed(parcel), isHeavy: false }
    } catch (error) {
      throw unsendable(error, operation, 'args[0]')
    }
  }

  /** @throws what structured clone throws: nothing was posted then */
  post<M extends Carried>(port: MessagePort, body: Omit<M, keyof Carried>): void {
    const message = this.#receiver.forgotten.length > 0 ? this.#writing() : this.#message
    const carried: Carried = { units: message?.units ?? [], forget: message?.forget() ?? [] }
    port.postMessage({ ...body, ...carried }, message?.transfers ?? [])
    this.#message = undefined
    message?.sent()
  }

  /**
   * Calls `read` when what the message brings can be had: at once, unless a module has to be loaded for that.
   *
   * @param read - Is told why, when it cannot be had: of parcels with a graph.
   */
  open(
    { units, forget }: Carried,
    parcels: readonly Parcel[],
    read: (refused?: unknown) => void,
  ): Promise<void> | void {
    this.#received.forget(forget)
    if (units.length === 0 && !parcels.some(hasGraph)) return read()
    let opening: Promise<void> | undefined
    try {
      opening = this.#received.open(units, parcels)
    } catch (error) {
      return read(error)
    }
    return opening === undefined ? read() : opening.then(() => read(), read)
  }

  /** After `open`. */
  values(parcel: Parcel): readonly unknown[] {
    return this.#received.decode(parcel)
  }
}

export const hasGraph = (parcel: Parcel): boolean => 'graph' in parcel

/** An error that says which operation it is of. */
export function unsendable(error: unknown, operation: string, path: string): SerializationError {
  const known = error instanceof SerializationError ? error : undefined
  return new SerializationError(`${operation}: ${messageOf(error)}`, {
    side: known?.side ?? 'task',
    path: known?.path ?? path,
    cause: known ? known.cause : error,
  })
}
