import type { Place } from '../task/task'

/** Where a pool enters its workers, so that they and those of calls inside their tasks are no more than there may be. */
export interface Places {
  readonly table: Table
  readonly hasRoom: boolean
  /**
   * Enters another worker.
   *
   * @param isFirst whether the pool has no other: that one is let in, whatever calls inside tasks have left behind
   * @returns its id; `undefined` when all places are taken
   */
  enter(isFirst: boolean): number | undefined
  /** The same for one that was here before, under that id, and knows it. */
  enterAgain(id: number, isFirst: boolean): number | undefined
  /** A worker is on its way out: another one may have its place. Those below it are known until it is cleared. */
  retire(id: number): void
  /** Gives the places back to the outermost call, when these are a share. */
  release?(): void
}

/** Places that a call inside a task has for its workers, while it lasts. */
export interface Share extends Places {
  readonly size: number
  release(): void
}

/** No machine runs more workers than that: it bounds the table. */
const MOST = 10_000

/** The words before the rows: the last id that was given, none is given twice; and how many places there are. */
const LAST_ID = 0
const PLACES = 1
const FIRST = 2

/**
 * All workers of a pool that is in no task, and of the calls inside its tasks, at any depth: a row for each that there
 * may be, and behind them rows for those that are on their way out. It is in memory that they share, and tells in whose
 * task a worker was started, because a thread that is killed tells nobody of those that end with it.
 */
export class Table {
  readonly words: BigInt64Array
  /** Where the rows of those begin that are on their way out. */
  readonly #retired: number

  constructor(words: BigInt64Array) {
    this.words = words
    this.#retired = FIRST + Number(words[PLACES])
  }

  static ofSize(size: number): Table {
    const places = Math.min(size, MOST)
    const words = new BigInt64Array(new SharedArrayBuffer(8 * (FIRST + 3 * places + 8)))
    words[PLACES] = BigInt(places)
    return new Table(words)
  }

  get hasRoom(): boolean {
    const at = this.words.indexOf(0n, FIRST)
    return at > 0 && at < this.#retired
  }

  newId(): number {
    return Number(Atomics.add(this.words, LAST_ID, 1n)) + 1
  }

  /** @param parent the worker whose task starts it; 0 for none */
  enter(parent: number): number | undefined {
    const id = this.newId()
    return this.#put(row(id, parent), FIRST, this.#retired) ? id : undefined
  }

  /** The same for one that had that id before. Returns whether there is a place. */
  enterAgain(id: number): boolean {
    return this.#put(row(id, 0), FIRST, this.#retired)
  }

  has(id: number): boolean {
    return this.#find(id) !== undefined
  }

  /** It needs its place no more, and is remembered. */
  retire(id: number): void {
    this.#leaveTo(id, () => 0n)
  }

  /** The same, and its place is for another one beside it. Returns the id of that; `undefined` when it had no place. */
  replace(id: number): number | undefined {
    const next = this.newId()
    return this.#leaveTo(id, (old) => row(next, parentIn(old))) ? next : undefined
  }

  /** @returns whether it had a place */
  #leaveTo(id: number, next: (old: bigint) => bigint): boolean {
    const at = this.#find(id)
    if (at === undefined || at >= this.#retired) return false
    const old = Atomics.load(this.words, at)
    // Without a row behind it keeps its place until it is gone.
    if (!this.#put(old, this.#retired, this.words.length)) return false
    Atomics.store(this.words, at, next(old))
    return true
  }

  /** It was in this table before, under that id, and knows it. */
  rename(id: number, before: number): void {
    const at = this.#find(id)
    if (at !== undefined) Atomics.store(this.words, at, row(before, parentIn(Atomics.load(this.words, at))))
  }

  /** It has nothing to do with this call any more. */
  remove(id: number): void {
    for (let at = this.#find(id); at !== undefined; at = this.#find(id, at + 1)) Atomics.store(this.words, at, 0n)
  }

  /** It is gone, and with it those below. */
  clear(id: number): void {
    for (const other of this.below(id)) this.clear(other)
    this.remove(id)
  }

  /** Those that calls inside its tasks have started. */
  below(parent: number): number[] {
    const found: number[] = []
    for (let at = FIRST; at < this.words.length; at += 1) {
      const word = Atomics.load(this.words, at)
      // Most are empty, and each call on a warm pool comes by here.
      if (word !== 0n && parentIn(word) === parent) found.push(idIn(word))
    }
    return found
  }

  /**
   * How many the calls inside the tasks of a worker may start, so that there are as many for each worker that was started
   * beside it.
   */
  fairShare(id: number): number {
    const at = this.#find(id)
    // Without those that are on their way out.
    const places = [...this.words.subarray(FIRST, this.#retired)]
    const below = (parent: number) => places.filter((each) => each !== 0n && parentIn(each) === parent).map(idIn)
    const siblings = below(at === undefined ? 0 : parentIn(Atomics.load(this.words, at)))
    const free = places.filter((each) => each === 0n).length
    const theirs = siblings.reduce((sum, sibling) => sum + below(sibling).length, free)
    return Math.floor(theirs / Math.max(1, siblings.length)) - below(id).length
  }

  #put(value: bigint, from: number, end: number): boolean {
    for (let at = from; at < end; at += 1) if (Atomics.compareExchange(this.words, at, 0n, value) === 0n) return true
    return false
  }

  #find(id: number, from = FIRST): number | undefined {
    for (let at = from; at < this.words.length; at += 1) {
      const word = Atomics.load(this.words, at)
      if (word !== 0n && idIn(word) === id) return at
    }
    return undefined
  }
}

/** In one word: between two operations the thread may be ended. */
function row(id: number, parent: number): bigint {
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
    enterAgain: (id, isFirst) => (table.enterAgain(id) || isFirst ? id : undefined),
    retire: (id) => table.retire(id),
  }
}

/** Fewer would be no gain: while the thread of a task waits for its call, it does nothing. */
export const WORTH_HAVING = 2

/** Takes places for a call inside a task: at most so many, a fair share of those that are left, and perhaps none. */
export function takeShare(place: Place, asked: number): Share {
  const table = new Table(place.table)
  const own = new Set<number>()
  const most = Math.min(asked, Math.max(WORTH_HAVING, table.fairShare(place.id)))
  while (own.size < most) {
    const id = table.enter(place.id)
    if (id === undefined) break
    own.add(id)
  }
  // Nobody would find what is below a worker that has left the call, or does so now.
  if (!table.has(place.id)) {
    for (const id of own) table.remove(id)
    own.clear()
  }
  const free = [...own]
  return {
    table,
    size: own.size,
    get hasRoom() {
      return free.length > 0
    },
    enter: (isFirst) => free.pop() ?? (isFirst ? table.newId() : undefined),
    // Here no worker rests: those of a call inside a task end with it.
    enterAgain: () => undefined,
    retire(id) {
      // Its place stays with this call.
      const next = own.delete(id) ? table.replace(id) : undefined
      if (next === undefined) return
      own.add(next)
      free.push(next)
    },
    release() {
      for (const id of free.splice(0)) table.remove(id)
      for (const id of own) table.retire(id)
      own.clear()
    },
  }
}
