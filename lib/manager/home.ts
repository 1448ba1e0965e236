import { types } from 'node:util'
import type { MessagePort } from 'node:worker_threads'
import { DisposedError } from '../errors'
import { type ManagedAddress, type ManagedKind, setManagedAt } from '../serialization/managed'
import { Connection } from './connection'
import { Copies } from './copies'
import { Handed } from './kept-queue'
import type { Operator } from './managed'
import { reach } from './reach'
import { closed } from './refusals'
import { standIn } from './stand-in'
import { addHome, addressHere, removeHome } from './thread'
import type { Owner } from './waiters'

// Objects of managers are put into each other also where nothing was run in parallel yet.
setManagedAt(reach)

/** What lives at home: its methods are operations. */
type Kept = Record<string, (...args: unknown[]) => unknown>

/** Managers that other threads have something of: they stay, also where nobody here has. */
const heldElsewhere = new Set<Home>()

/** Where the objects of a manager live: in the thread that made it. */
export class Home implements Operator {
  readonly #number: number
  readonly #kept: Kept[] = []
  readonly #standIns: object[] = []
  readonly #connections = new Set<Connection>()
  readonly #copies = new Copies()
  /** This thread. */
  readonly #owner: Owner = { isRemote: false, onGone: new Set() }
  /** What waits here is rejected when this is closed. */
  readonly #waiting = new Set<() => void>()
  #isClosed = false

  constructor() {
    this.#number = addHome(this)
  }

  /** @returns what stands for it */
  add<S>(kind: ManagedKind, kept: object): S {
    if (this.#isClosed) throw new DisposedError(`manager.${kind}: this Manager is closed. Make another one`)
    const id = this.#kept.push(kept as Kept) - 1
    const made = standIn(addressHere(kind, this.#number, id), this)
    this.#standIns.push(made)
    return made as S
  }

  /** What stands here for an object: the same one each time. */
  standIn(id: number): object {
    return this.#standIns[id] as object
  }

  /** @throws SerializationError when they cannot be copied */
  copied<T>(values: readonly T[], operation: string): T[] {
    return this.#copies.of([values], operation, () => 'initial')[0] as T[]
  }

  async operate({ kind, id }: ManagedAddress, method: string, args: readonly unknown[]): Promise<unknown> {
    const operation = `${kind}.${method}`
    if (this.#isClosed) throw closed(operation)
    const own = this.#copies.of(args, operation, (n) => `args[${n}]`)
    const result = this.#perform(id, method, own, this.#owner)
    const value = types.isPromise(result) ? await this.#untilClosed(result, operation) : result
    return this.#copies.of([value instanceof Handed ? value.value : value], operation, () => 'result')[0]
  }

  /** Another thread has asked for a line to this manager. */
  connect(port: MessagePort): void {
    const connection = new Connection(
      port,
      (...operation) => this.#perform(...operation),
      () => {
        this.#connections.delete(connection)
        if (this.#connections.size === 0) heldElsewhere.delete(this)
      },
    )
    this.#connections.add(connection)
    heldElsewhere.add(this)
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    removeHome(this.#number)
    for (const connection of this.#connections) connection.close()
    this.#connections.clear()
    heldElsewhere.delete(this)
    for (const reject of [...this.#waiting]) reject()
    // Their timers would keep the process alive.
    for (const leave of this.#owner.onGone) leave()
  }

  #perform(object: number, method: string, args: readonly unknown[], owner: Owner): unknown {
    const kept = this.#kept[object] as Kept
    return (kept[method] as (...args: unknown[]) => unknown).call(kept, ...args, owner)
  }

  #untilClosed<T>(result: Promise<T>, operation: string): Promise<T> {
    return new Promise((resolve, reject) => {
      const end = () => reject(closed(operation))
      this.#waiting.add(end)
      result.then(resolve, reject).finally(() => this.#waiting.delete(end))
    })
  }
}
