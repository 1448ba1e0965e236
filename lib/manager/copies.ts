import { isSimple, Message, packed } from '../serialization/message'
import { Received } from '../serialization/receiver'
import { type Receiver, Sender } from '../serialization/sender'
import { Trail } from '../serialization/trail'
import type { Parcel } from '../serialization/wire'
import { transfersOfResult } from '../task/transfer'
import { unsendable } from './exchange'

/**
 * Copies values in the thread where a manager lives, as they are copied on their way to another one: so that it makes no
 * difference where an operation comes from. Functions, classes and symbols stay what they are.
 */
export class Copies {
  readonly #identities: unknown[] = []
  readonly #ids = new Map<unknown, number>()
  readonly #receiver: Receiver = { delivered: new Set(), forgotten: [], idOf: (value) => this.#idOf(value) }
  readonly #received = new Received((id) => this.#identities[id])
  #sender: Sender | undefined

  /** @throws SerializationError */
  of(values: readonly unknown[], operation: string, root: (n: number) => string): readonly unknown[] {
    if (values.every(isSimple)) return values
    // Its memory is not handed over: it stays in this thread, with whoever has it.
    transfersOfResult(values)
    this.#sender ??= new Sender('task', false, undefined, 'to a Manager')
    const message = new Message(this.#sender, this.#receiver, new Trail())
    try {
      return this.#received.decode(copied(message.parcel(values, root)))
    } catch (error) {
      throw unsendable(error, operation, root(0))
    } finally {
      this.#identities.length = 0
      this.#ids.clear()
    }
  }

  #idOf(value: unknown): number | undefined {
    if (typeof value !== 'function' && typeof value !== 'symbol') return undefined
    let id = this.#ids.get(value)
    if (id === undefined) {
      id = this.#identities.push(value) - 1
      this.#ids.set(value, id)
    }
    return id
  }
}

function copied(parcel: Parcel): Parcel {
  return 'values' in parcel ? structuredClone(parcel) : packed(parcel)
}
