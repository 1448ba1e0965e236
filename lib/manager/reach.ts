import { threadId } from 'node:worker_threads'
import type { ManagedAddress } from '../serialization/managed'
import { Client } from './client'
import type { Operator } from './managed'
import { closed } from './refusals'
import { standIn } from './stand-in'
import { type Elsewhere, homeHere, isInThisProcess, managersOfThread } from './thread'

/** What stands for an object of a manager that is closed. */
const nobody: Operator = { operate: async ({ kind }, method) => Promise.reject(closed(`${kind}.${method}`)) }

/**
 * What stands in this thread for the object at an address, wherever that lives in this process: one and the same, for as
 * long as somebody holds it.
 *
 * @throws when it lives in another process
 */
export function reach(address: ManagedAddress): object {
  const { kind, thread, manager, id } = address
  if (!isInThisProcess(address))
    throw new Error(`it holds a ${kind} of a Manager in another process, and only threads of that one can reach it`)
  if (thread === threadId) return homeHere(manager)?.standIn(id) ?? standIn(address, nobody)
  const { elsewhere } = managersOfThread()
  const name = `${thread} ${manager}`
  let there = elsewhere.get(name)
  if (there === undefined) {
    const made: Elsewhere = new StandIns(address, () => {
      if (elsewhere.get(name) === made) elsewhere.delete(name)
    })
    there = made
    elsewhere.set(name, made)
  }
  return there.standIn(address)
}

/** What stands here for the objects of one manager. */
class StandIns implements Elsewhere {
  readonly #client: Client
  readonly #made = new Map<number, WeakRef<object>>()
  readonly #collected = new FinalizationRegistry<number>((id) => {
    // Another one may have been made since.
    if (this.#made.get(id)?.deref() === undefined) this.#made.delete(id)
    this.#client.leaveIfUnused()
  })

  /** @param onGone - Called once: from then on another one is needed. */
  constructor(home: ManagedAddress, onGone: () => void) {
    this.#client = new Client(home, { onGone, isUsed: () => this.#made.size > 0 })
  }

  standIn(address: ManagedAddress): object {
    const known = this.#made.get(address.id)?.deref()
    if (known) return known
    const made = standIn(address, this.#client)
    this.#made.set(address.id, new WeakRef(made))
    this.#collected.register(made, address.id)
    return made
  }
}
