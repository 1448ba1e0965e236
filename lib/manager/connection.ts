import { types } from 'node:util'
import type { MessagePort } from 'node:worker_threads'
import { Exchange, hasGraph, unsendable } from './exchange'
import { Handed } from './kept-queue'
import { NamesAtHome } from './names'
import type { FromHome, Operation, Reply, ToHome } from './protocol'
import { refusalOf } from './refusals'
import { Turns } from './turns'
import type { Owner } from './waiters'

/** Does an operation on an object, with values that are nobody else's. */
export type Perform = (object: number, method: string, args: readonly unknown[], owner: Owner) => unknown

/**
 * Another thread, as the home of a manager sees it. What it holds is freed when that thread ends: locks, its places in
 * queues, and items that it was given and has not got.
 */
export class Connection implements Owner {
  readonly isRemote = true
  readonly onGone = new Set<() => void>()
  readonly #names = new NamesAtHome()
  readonly #exchange = new Exchange('task', 'out of a Manager', this.#names)
  readonly #port: MessagePort
  readonly #perform: Perform
  readonly #turns = new Turns()
  /** Items that are on their way, by the number of the operation. */
  readonly #handed = new Map<number, () => void>()
  #replies: Reply[] = []
  #isPosting = false
  #isOpen = true

  /** @param onClose - Called when the other thread has let go, or has ended. */
  constructor(port: MessagePort, perform: Perform, onClose: () => void) {
    this.#port = port
    this.#perform = perform
    port.on('message', (message: ToHome) => this.#turns.take(() => this.#read(message)))
    // What cannot be read is gone, and nobody knows what it was: who waits for it is told by the end.
    port.on('messageerror', () => port.close())
    port.on('close', () => {
      this.#turns.take(() => this.#lose())
      onClose()
    })
    port.unref()
  }

  /** The last word, behind all that was done. */
  close(): void {
    if (!this.#isOpen) return
    this.#post(true)
    this.#letGo()
    this.#port.close()
  }

  #read(message: ToHome): Promise<void> | void {
    for (const number of message.received) this.#handed.delete(number)
    if (message.known) this.#names.hear(message.known)
    const parcels = message.operations.map(({ args }) => args)
    return this.#exchange.open(message, parcels, (refused) => {
      for (const operation of message.operations) this.#begin(operation, refused)
      if (message.isAsking || this.#replies.length > 0) this.#post()
      if (message.isLeaving && this.onGone.size === 0) this.#port.close()
    })
  }

  #begin({ number, object, method, args }: Operation, refused: unknown): void {
    if (!this.#isOpen) return
    try {
      if (refused !== undefined && hasGraph(args)) throw unsendable(refused, method, 'args[0]')
      const result = this.#perform(object, method, this.#exchange.values(args), this)
      if (!types.isPromise(result)) this.#reply(number, method, result)
      else
        result.then(
          (value) => {
            this.#reply(number, method, value)
            this.#postSoon()
          },
          (error) => {
            this.#refuse(number, error)
            this.#postSoon()
          },
        )
    } catch (error) {
      this.#refuse(number, error)
    }
  }

  #reply(number: number, method: string, result: unknown): void {
    const isHanded = result instanceof Handed
    if (isHanded) this.#handed.set(number, result.takeBack)
    try {
      const outcome = this.#exchange.parcel([isHanded ? result.value : result], method, () => 'result')
      this.#replies.push({ number, outcome, isHanded })
    } catch (error) {
      this.#refuse(number, error)
    }
  }

  #refuse(number: number, error: unknown): void {
    this.#replies.push({ number, outcome: refusalOf(error) })
  }

  #postSoon(): void {
    if (this.#isPosting) return
    this.#isPosting = true
    queueMicrotask(() => {
      if (this.#replies.length > 0) this.#post()
    })
  }

  #post(isClosed = false): void {
    this.#isPosting = false
    if (!this.#isOpen) return
    const replies = this.#replies
    this.#replies = []
    try {
      this.#exchange.post<FromHome>(this.#port, { replies, isClosed })
    } catch (error) {
      // Structured clone refuses one of them, and does not say which.
      const refused = replies.map(({ number }) => ({ number, outcome: refusalOf(error) }))
      this.#exchange.post<FromHome>(this.#port, { replies: refused, isClosed })
    }
  }

  #letGo(): void {
    this.#isOpen = false
    // What is freed may be given to this very thread, which waits for it too: that is gone through then as well.
    for (const free of this.onGone) free()
  }

  #lose(): void {
    this.#letGo()
    // The last one first: each goes to the front of its queue.
    for (const takeBack of [...this.#handed.values()].reverse()) takeBack()
    this.#handed.clear()
  }
}
