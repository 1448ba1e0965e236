import { Received } from '../serialization/receiver'
import { type Receiver, Sender } from '../serialization/sender'

/** What this end keeps of a call while it lasts. */
export class OpenCall {
  readonly received = new Received((id) => this.sender.own(id))
  #sender: Sender | undefined
  #caller: Receiver | undefined

  /** Most results need nothing of it. */
  get sender(): Sender {
    this.#sender ??= new Sender('result', false)
    return this.#sender
  }

  get caller(): Receiver {
    this.#caller ??= { delivered: new Set(), forgotten: [], idOf: (value) => this.received.idOf(value) }
    return this.#caller
  }

  /** Whether its caller has names that it does not need any more. */
  get forgets(): boolean {
    return this.#caller !== undefined && this.#caller.forgotten.length > 0
  }
}
