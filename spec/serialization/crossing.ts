import type { PutAside } from '../../lib/serialization/encoding'
import { Message } from '../../lib/serialization/message'
import { Received } from '../../lib/serialization/receiver'
import { Sender } from '../../lib/serialization/sender'
import { Trail } from '../../lib/serialization/trail'

/** Both ends of a call in one thread, with structured clone between them as between threads. */
export class Crossing {
  readonly #sender: Sender
  readonly #backSender = new Sender('result', false)
  readonly #received: Received = new Received((id) => this.#backSender.own(id))
  readonly #receivedBack: Received = new Received((id) => this.#sender.own(id))
  readonly #worker = {
    delivered: new Set<number>(),
    forgotten: [],
    idOf: (value: unknown) => this.#receivedBack.idOf(value),
  }
  readonly #caller = {
    delivered: new Set<number>(),
    forgotten: [],
    idOf: (value: unknown) => this.#received.idOf(value),
  }

  /** @param putAside the policy for large arrays; none when all are copied */
  constructor(putAside?: PutAside) {
    this.#sender = new Sender('task', true, putAside)
  }

  /** What a task gets that is sent with these arguments. */
  async there(...args: unknown[]): Promise<unknown[]> {
    return deliver(new Message(this.#sender, this.#worker, new Trail()), this.#received, args)
  }

  /** What the caller gets when a task returns this. */
  async back(result: unknown): Promise<unknown> {
    const message = new Message(this.#backSender, this.#caller, new Trail())
    const [value] = await deliver(message, this.#receivedBack, [result])
    return value
  }
}

async function deliver(message: Message, received: Received, values: unknown[]): Promise<unknown[]> {
  const posted = structuredClone({ parcel: message.parcel(values, (n) => `args[${n}]`), units: message.units })
  message.sent()
  await received.open(posted.units, [posted.parcel])
  return [...received.decode(posted.parcel)]
}
