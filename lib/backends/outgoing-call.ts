import { reach } from '../manager/reach'
import type * as codec from '../serialization/codec'
import type { Lasting } from '../serialization/lasting'
import type { LastingInCall } from '../serialization/lasting-in-call'
import type { Sender } from '../serialization/sender'
import { LargeArrays } from '../shared-memory/large-array'
import type { Call, Task } from '../task/task'
import { GivenAway } from './given-away'

let loaded: typeof codec | undefined

/** Loaded when the first batch is encoded: its worker is starting by then, which takes longer. */
export function serialization(): typeof codec {
  if (loaded === undefined) {
    loaded = require('../serialization/codec') as typeof codec
    loaded.setManagedAt((address) => reach(address))
    loaded.setSentInCall((id) => running.get(id)?.deref()?.sender)
  }
  return loaded
}

/** Calls that have not ended, by their ids. */
const running = new Map<number, WeakRef<OutgoingCall>>()

/** A call as its workers see it: they share what it sends. */
export class OutgoingCall {
  static #lastId = 0
  readonly id = ++OutgoingCall.#lastId
  readonly nested: Call['nested']
  /** See `RunBatch`. */
  readonly maxMemory: number | undefined
  readonly givenAway = new GivenAway()
  readonly #maxNbytes: number | undefined
  #sender: Sender | undefined
  #lasting: LastingInCall | undefined

  constructor(call: Call, maxMemory?: number) {
    this.nested = call.nested
    this.maxMemory = maxMemory
    this.#maxNbytes = call.maxNbytes
    running.set(this.id, new WeakRef(this))
  }

  /** Nothing of it is sent any more. */
  end(): void {
    running.delete(this.id)
  }

  /** A call whose functions were all sent in an earlier one has none: it is much to be made. */
  get sender(): Sender {
    this.#sender ??= new (serialization().Sender)('task', true, this.#largeArrays(), undefined, this.#lasting)
    return this.#sender
  }

  /** A function that goes under the same name in all calls. */
  lastingAs(fn: Task['fn']): Lasting | undefined {
    if (this.#sender) return this.#sender.lastingAs(fn)
    this.#lasting ??= new (serialization().LastingInCall)()
    return this.#lasting.for(fn)
  }

  #largeArrays(): LargeArrays | undefined {
    return this.#maxNbytes === undefined ? undefined : new LargeArrays(this.#maxNbytes)
  }
}
