interface Line<T> {
  readonly items: T[]
  /** How many of it were given out, and are not done. */
  running: number
  /** When it was served last, as a count of all that were served. */
  served: number
}

/** Work of several owners that waits, and is given out in turn. */
export class FairQueue<K, T> {
  readonly #lines = new Map<K, Line<T>>()
  #size = 0
  #served = 0

  get size(): number {
    return this.#size
  }

  /** At the end of its owner's line; or at the front, for what has waited before. */
  add(owner: K, items: readonly T[], { atFront = false } = {}): void {
    const line = this.#line(owner)
    if (atFront) line.items.unshift(...items)
    else line.items.push(...items)
    this.#size += items.length
  }

  /** Of the owner that has the least running; of several, of the one that was not served for longest. */
  next(): T | undefined {
    let first: Line<T> | undefined
    for (const line of this.#lines.values())
      if (line.items.length > 0 && (first === undefined || isBefore(line, first))) first = line
    if (first === undefined) return undefined
    first.served = ++this.#served
    first.running += 1
    this.#size -= 1
    return first.items.shift()
  }

  /** What `next` gave runs no more. */
  done(owner: K): void {
    const line = this.#line(owner)
    line.running -= 1
    if (line.running === 0 && line.items.length === 0) this.#lines.delete(owner)
  }

  /** Takes out what waits and is no longer wanted. */
  remove(isUnwanted: (item: T) => boolean): T[] {
    const removed: T[] = []
    for (const [owner, line] of this.#lines) {
      const left = line.items.filter((item) => !isUnwanted(item))
      removed.push(...line.items.filter(isUnwanted))
      line.items.splice(0, line.items.length, ...left)
      if (line.running === 0 && left.length === 0) this.#lines.delete(owner)
    }
    this.#size -= removed.length
    return removed
  }

  #line(owner: K): Line<T> {
    let line = this.#lines.get(owner)
    if (line === undefined) {
      // Before the one that was served just now, and behind all others: who comes often does not go before who waits.
      line = { items: [], running: 0, served: this.#served - 0.5 }
      this.#lines.set(owner, line)
    }
    return line
  }
}

function isBefore(a: Line<unknown>, b: Line<unknown>): boolean {
  return a.running < b.running || (a.running === b.running && a.served < b.served)
}
