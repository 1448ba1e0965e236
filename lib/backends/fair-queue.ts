/** Work of several owners that waits, and is given out in turn. */
export class FairQueue<K, T> {
  readonly #lines = new Map<K, { readonly items: T[]; running: number }>()
  #size = 0

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
    let least: [owner: K, line: { readonly items: T[]; running: number }] | undefined
    for (const entry of this.#lines)
      if (entry[1].items.length > 0 && (least === undefined || entry[1].running < least[1].running)) least = entry
    if (least === undefined) return undefined
    const [owner, line] = least
    this.#lines.delete(owner)
    this.#lines.set(owner, line)
    line.running += 1
    this.#size -= 1
    return line.items.shift()
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

  #line(owner: K) {
    let line = this.#lines.get(owner)
    if (line === undefined) {
      line = { items: [], running: 0 }
      this.#lines.set(owner, line)
    }
    return line
  }
}
