import { type CallHere, callHere, type NamesReceived, sentInCall } from '../serialization/call-names'

/** Numbers below it are the ids of a call; as many are there below zero as above. */
const IDS = 2 ** 24

/** A name that a call has given, as a name on the line to a manager: those of the line itself are above zero. */
const nameOn = (call: number, id: number): number => -(call * IDS + id + IDS / 2)

/** The call and the id of such a name. */
function partsOf(name: number): [call: number, id: number] {
  const call = Math.floor(-name / IDS)
  return [call, -name - call * IDS - IDS / 2]
}

/** How a function, class or symbol of the other end is named there, and found here by its name. */
export interface Names {
  nameOf(value: unknown): number | undefined
  /** By a name below zero. */
  own(name: number): unknown
}

/** What a worker tells of a call whose task it runs. */
export interface KnownInCall {
  readonly call: number
  /** Names that it has, and has not told yet. */
  readonly names: readonly number[]
}

/**
 * The worker's end: what it has from its caller goes under the name that the caller gave, when the manager lives there.
 * So a class that went to a worker with a task is the same one when an instance comes home in a list.
 */
export class NamesAtWorker implements Names {
  readonly #home: number
  /** The last call that home was told of. It may be over: that is not to keep what it has. */
  #call: { readonly id: number; readonly received: WeakRef<NamesReceived>; readonly told: Set<number> } | undefined

  /** @param home - The thread of the manager. */
  constructor(home: number) {
    this.#home = home
  }

  nameOf(value: unknown): number | undefined {
    const call = this.#current()
    const id = call?.received.idOf(value)
    return call === undefined || id === undefined ? undefined : nameOn(call.id, id)
  }

  own(name: number): unknown {
    const [call, id] = partsOf(name)
    return this.#call?.id === call ? this.#call.received.deref()?.known(id) : undefined
  }

  /** What home has to be told with the next message; `undefined` when it knows. */
  news(): KnownInCall | undefined {
    const call = this.#current()
    if (call === undefined) return undefined
    if (this.#call?.id !== call.id) this.#call = { id: call.id, received: new WeakRef(call.received), told: new Set() }
    const { told } = this.#call
    if (call.received.size === told.size) return undefined
    const names = [...call.received.names()].filter((name) => !told.has(name))
    for (const name of names) told.add(name)
    return { call: call.id, names }
  }

  #current(): CallHere | undefined {
    const call = callHere()
    return call?.caller === this.#home ? call : undefined
  }
}

/** The end where the manager lives. */
export class NamesAtHome implements Names {
  #call: number | undefined
  readonly #known = new Set<number>()

  hear({ call, names }: KnownInCall): void {
    if (call !== this.#call) this.#known.clear()
    this.#call = call
    for (const name of names) this.#known.add(name)
  }

  nameOf(value: unknown): number | undefined {
    if (this.#call === undefined || (typeof value !== 'function' && typeof value !== 'symbol')) return undefined
    const id = sentInCall(this.#call)?.nameOf(value)
    return id !== undefined && this.#known.has(id) ? nameOn(this.#call, id) : undefined
  }

  own(name: number): unknown {
    const [call, id] = partsOf(name)
    return sentInCall(call)?.own(id)
  }
}
