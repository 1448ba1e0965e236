/** Items that wait to be taken, one by one. */
export interface Waiting<T> {
  /** @param count how many indices, from this one on, the item stands for; one, when left out */
  add(index: number, item: T, count?: number): void
  /** The next one; `undefined` while it is not there. */
  take(): T | undefined
  /** Whether nothing waits, not even for its turn. */
  readonly isEmpty: boolean
  clear(): void
}

/** Gives items in the order of their indices, whatever order they come in: one that is early waits for those before it. */
export function inOrder<T extends object>(): Waiting<T> {
  interface Entry {
    readonly item: T
    readonly count: number
  }
  let items: (Entry | undefined)[] = []
  /** The index of the first of `items`, and where among them the next one is. */
  let first = 0
  let head = 0

  return {
    add(index, item, count = 1) {
      const at = index - first
      // Filled up to the index, since an array with a gap of some thousand would be turned into a slow hash table.
      while (items.length < at + count) items.push(undefined)
      items[at] = { item, count }
    },

    take() {
      const entry = items[head]
      if (entry === undefined) return undefined
      items[head] = undefined
      head += entry.count
      // Let go of what was taken, half of it at once, which costs each item one move.
      if (head * 2 >= items.length) {
        items = items.slice(head)
        first += head
        head = 0
      }
      return entry.item
    },

    get isEmpty() {
      return head === items.length
    },

    clear() {
      items = []
      head = 0
    },
  }
}

/** Gives items in the order they come in. */
export function asCompleted<T extends object>(): Waiting<T> {
  const waiting = inOrder<T>()
  let count = 0
  return {
    add: (_, item) => waiting.add(count++, item),
    take: () => waiting.take(),
    clear: () => waiting.clear(),
    get isEmpty() {
      return waiting.isEmpty
    },
  }
}
