interface Line<T> {
  readonly items: T[]
  /** How many of it were given out, and are not done. */
  running: number
}

/** Work of several owners that waits, and is given out in turn. */
export class FairQueue<K, T> {
  /** In the order in which they were served. There may be as many as calls, and most of them may wait. */
  readonly #lines = new Map<K, Line<T>>()
  /** Who was served just now. */
  #last: K | undefined
  /** How much waits. */
  size = 0

  /** At the end of its owner's line; or at the front, for what has waited before. */
  add(owner: K, items: readonly T[], { atFront = false } = {}): void {
    const line = this.#line(owner)
    if (atFront) line.items.unshift(...items)
    else line.items.push(...items)
    this.size += items.length
  }

  /** Of the owner that has the least running; of several, of the one that was not served for longest. */
  next(): T | undefined {
    let first: Line<T> | undefined
    let of: K | undefined
    for (const [owner, line] of this.#lines) {
      if (line.items.length === 0 || (first !== undefined && line.running >= first.running)) continue
      first = line
      of = owner
      if (line.running === 0) break
    }
    if (first === undefined) return undefined
    this.#last = of
    if (this.#lines.size > 1) this.#toEnd(of as K, first)
    first.running += 1
    this.size -= 1
    return first.items.shift()
  }

  /** What `next` gave runs no more. */
  done(owner: K): void {
    const line = this.#line(owner)
    line.running -= 1
    if (line.running === 0 && line.items.length === 0) this.#forget(owner)
  }

  /** Takes out what waits and is no longer wanted: of one owner, if one is named. */
  remove(isUnwanted: (item: T) => boolean, of?: K): T[] {
    const removed: T[] = []
    for (const owner of of === undefined ? [...this.#lines.keys()] : [of]) {
      const line = this.#lines.get(owner)
      if (line === undefined) continue
      const left = line.items.filter((item) => !isUnwanted(item))
      removed.push(...line.items.filter(isUnwanted))
      line.items.splice(0, line.items.length, ...left)
      if (line.running === 0 && left.length === 0) this.#forget(owner)
    }
    this.size -= removed.length
    return removed
  }

  #line(owner: K): Line<T> {
    let line = this.#lines.get(owner)
    if (line === undefined) {
      // Before the one that was served just now, and behind all others: who comes often does not go before who waits.
      line = { items: [], running: 0 }
      this.#lines.set(owner, line)
      const last = this.#last === undefined ? undefined : this.#lines.get(this.#last)
      if (last !== undefined && last !== line) this.#toEnd(this.#last as K, last)
    }
    return line
  }

  #forget(owner: K): void {
    this.#lines.delete(owner)
    if (this.#last === owner) this.#last = undefined
  }

  #toEnd(owner: K, line: Line<T>): void {
    this.#lines.delete(owner)
    this.#lines.set(owner, line)
  }
}
