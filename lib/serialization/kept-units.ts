import type { Unit } from './wire'

const MOST = 1000
const LONG = 10_000

/**
 * Units of functions that come again in other calls, as a worker keeps them; and what its caller knows of that. Both do the
 * same with each message, in the order of the messages, so that one knows what the other one has.
 */
export class KeptUnits<T> {
  readonly #kept = new Map<number, T>()

  get(id: number): T | undefined {
    return this.#kept.get(id)
  }

  has(id: number): boolean {
    return this.#kept.has(id)
  }

  /** Keeps what is made of a unit that was sent, if it is one of those. */
  add({ id, bytes }: Unit, made: T): void {
    if (id >= 0 || bytes.length >= LONG) return
    if (this.#kept.size >= MOST && !this.#kept.has(id)) this.#kept.clear()
    this.#kept.set(id, made)
  }

  /** Nobody knows what is there. */
  clear(): void {
    this.#kept.clear()
  }
}
