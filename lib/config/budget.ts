import type { Place } from '../task/task'

/** Where a pool enters its workers, so that they and those of calls inside their tasks are no more than there may be. */
export interface Places {
  readonly hasRoom: boolean
  /**
   * Enters another worker.
   *
   * @param isFirst whether the pool has no other: that one is let in, whatever calls inside tasks have left behind
   * @returns its place; `undefined` when all are taken
   */
  enter(isFirst: boolean): number | undefined
  /** A worker is on its way out: another one may have its place. */
  leave(id: number): void
  /** Gives the places back to the outermost call, when these are a share. */
  release?(): void
  readonly table: Table
}

/** Places that a call inside a task has for its workers, while it lasts. */
export interface Share extends Places {
  readonly size: number
  release(): void
}

/** No machine runs more workers than that: it bounds the table. */
const MOST = 10_000

/** The word before the places: the last id that was given. None is given twice. */
const LAST_ID = 0
const FIRST = 1

/**
 * All workers of a pool that is in no task, and of the calls inside its tasks, at any depth: a word for each that there
 * may be. It is in memory that they share, and tells in whose task a worker was started, because a thread that is killed
 * tells nobody of those that end with it.
 */
export class Table {
  readonly words: BigInt64Array

  constructor(words: BigInt64Array) {
    this.words = words
  }

  static ofSize(size: number): Table {
    return new Table(new BigInt64Array(new SharedArrayBuffer(8 * (FIRST + Math.min(size, MOST)))))
  }

  get hasRoom(): boolean {
    return this.words.indexOf(0n, FIRST) > 0
  }

  newId(): number {
    return Number(Atomics.add(this.words, LAST_ID, 1n)) + 1
  }

  /** @param parent the worker whose task starts it; 0 for none */
  enter(parent: number): number | undefined {
    const id = this.newId()
    for (let n = FIRST; n < this.words.length; n += 1)
      if (Atomics.compareExchange(this.words, n, 0n, entry(id, parent)) === 0n) return id
    return undefined
  }

  leave(id: number): void {
    const n = this.#find(id)
    if (n !== undefined) Atomics.store(this.words, n, 0n)
  }

  /** @returns its new id; `undefined` when it has no place */
  rename(id: number): number | undefined {
    const n = this.#find(id)
    if (n === undefined) return undefined
    const next = this.newId()
    Atomics.store(this.words, n, entry(next, parentIn(Atomics.load(this.words, n))))
    return next
  }

  /** Those that calls inside its tasks have started. */
  below(parent: number): number[] {
    return this.#entries()
      .filter((word) => parentIn(word) === parent)
      .map(idIn)
  }

  #entries(): bigint[] {
    return [...this.words.subarray(FIRST)].filter((word) => word !== 0n)
  }

  /** A worker is gone, and with it those below. */
  clearBelow(parent: number): void {
    for (const id of this.below(parent)) {
      this.clearBelow(id)
      this.leave(id)
    }
  }

  /**
   * How many the calls inside the tasks of a worker may start, so that there are as many for each worker that was started
   * beside it.
   */
  fairShare(id: number): number {
    const n = this.#find(id)
    const siblings = this.below(n === undefined ? 0 : parentIn(Atomics.load(this.words, n)))
    const free = this.words.length - FIRST - this.#entries().length
    const theirs = siblings.reduce((sum, sibling) => sum + this.below(sibling).length, free)
    return Math.floor(theirs / Math.max(1, siblings.length)) - this.below(id).length
  }

  #find(id: number): number | undefined {
    for (let n = FIRST; n < this.words.length; n += 1) if (idIn(Atomics.load(this.words, n)) === id) return n
    return undefined
  }
}

/** In one word: between two operations the thread may be ended. */
function entry(id: number, parent: number): bigint {
  return (BigInt(id) << 32n) | BigInt(parent)
}

function idIn(word: bigint): number {
  return Number(word >> 32n)
}

function parentIn(word: bigint): number {
  return Number(word & 0xffff_ffffn)
}

/** The places of a pool that is in no task. */
export function ownPlaces(size: number): Places {
  const table = Table.ofSize(size)
  return {
    table,
    get hasRoom() {
      return table.hasRoom
    },
    enter: (isFirst) => table.enter(0) ?? (isFirst ? table.newId() : undefined),
    leave: (id) => table.leave(id),
  }
}

/** Fewer would be no gain: while the thread of a task waits for its call, it does nothing. */
export const WORTH_HAVING = 2

/** Takes places for a call inside a task: at most so many, a fair share of those that are left, and perhaps none. */
export function takeShare(place: Place, asked: number): Share {
  const table = new Table(place.table)
  const most = Math.min(asked, Math.max(WORTH_HAVING, table.fairShare(place.id)))
  const own = new Set<number>()
  while (own.size < most) {
    const id = table.enter(place.id)
    if (id === undefined) break
    own.add(id)
  }
  const free = [...own]
  return {
    table,
    size: own.size,
    get hasRoom() {
      return free.length > 0
    },
    enter: () => free.pop(),
    leave(id) {
      // Its place stays with this call, under another id: who is on its way out may still enter workers of its own.
      const next = own.delete(id) ? table.rename(id) : undefined
      if (next === undefined) return
      own.add(next)
      free.push(next)
    },
    release() {
      for (const id of own) table.leave(id)
      own.clear()
      free.length = 0
    },
  }
}
