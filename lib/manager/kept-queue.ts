import { DisposedError } from '../errors'
import { Fifo } from './fifo'
import { type Owner, Waiters } from './waiters'

/** What a queue gives: one item, or none where it is at its end. */
export type Taken = readonly unknown[]

/** An item for another thread: it is taken back when that ends before it has it. */
export class Handed {
  readonly value: Taken
  readonly takeBack: () => void

  constructor(value: Taken, takeBack: () => void) {
    this.value = value
    this.takeBack = takeBack
  }
}

/** A queue, where it lives. */
export class KeptQueue {
  readonly #items = new Fifo<unknown>()
  readonly #getters = new Waiters<Taken | Handed>()
  readonly #putters = new Waiters<void, unknown>()
  readonly #maxSize: number
  #isClosed = false

  constructor(maxSize: number) {
    this.#maxSize = maxSize
  }

  put(value: unknown, timeout: number | undefined, owner: Owner): void | Promise<void> {
    if (!this.tryPut(value)) return this.#putters.wait(owner, 'queue.put', timeout, value)
  }

  /** @returns false when there is no room */
  tryPut(value: unknown): boolean {
    if (this.#isClosed) throw closedQueue('put')
    if (this.#getters.next((owner) => this.#handTo(owner, value))) return true
    if (this.full()) return false
    this.#items.push(value)
    return true
  }

  get(timeout: number | undefined, owner: Owner): Taken | Handed | Promise<Taken | Handed> {
    if (this.#items.length > 0) return this.tryGet(owner)
    return this.#isClosed ? [] : this.#getters.wait(owner, 'queue.get', timeout, undefined)
  }

  tryGet(owner: Owner): Taken | Handed {
    if (this.#items.length === 0) return []
    const value = this.#items.shift()
    this.#letIn()
    return this.#handTo(owner, value)
  }

  size(): number {
    return this.#items.length
  }

  full(): boolean {
    return this.#items.length >= this.#maxSize
  }

  /** What is in it can still be taken. */
  close(): void {
    this.#isClosed = true
    while (this.#getters.next(() => []));
    this.#putters.failAll(() => closedQueue('put'))
  }

  #letIn(): void {
    if (!this.full()) this.#putters.next((_, value) => void this.#items.push(value))
  }

  #handTo(owner: Owner, value: unknown): Taken | Handed {
    return owner.isRemote ? new Handed([value], () => this.#takeBack(value)) : [value]
  }

  #takeBack(value: unknown): void {
    if (!this.#getters.next((owner) => this.#handTo(owner, value))) this.#items.unshift(value)
  }
}

/** @param operation - `put` */
export function closedQueue(operation: string): DisposedError {
  return new DisposedError(`queue.${operation}: the queue is closed${operation === 'get' ? ' and empty' : ''}`)
}
