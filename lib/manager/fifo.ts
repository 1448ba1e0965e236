/** How many places may be empty at its front before it is made shorter. */
const MOST_EMPTY = 1000

/** First in, first out; `shift` of a long array would move all of it. */
export class Fifo<T> {
  #items: T[] = []
  #front = 0

  get length(): number {
    return this.#items.length - this.#front
  }

  push(item: T): void {
    this.#items.push(item)
  }

  /** To the front: the next to go. */
  unshift(item: T): void {
    if (this.#front > 0) {
      this.#front -= 1
      this.#items[this.#front] = item
    } else this.#items.unshift(item)
  }

  /** Of one that is not empty. */
  shift(): T {
    const item = this.#items[this.#front] as T
    this.#items[this.#front] = undefined as T
    this.#front += 1
    if (this.#front > MOST_EMPTY && this.#front * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#front)
      this.#front = 0
    }
    return item
  }
}
