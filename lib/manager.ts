/// <reference lib="esnext.disposable" preserve="true" />
import { checkEntries, checkIterable, checkMaxSize } from './manager/arguments'
import type { ManagedDict, ManagedEntries, ManagedKey } from './manager/dict'
import { Home } from './manager/home'
import { KeptDict } from './manager/kept-dict'
import { KeptList } from './manager/kept-list'
import { KeptLock } from './manager/kept-lock'
import { KeptQueue } from './manager/kept-queue'
import { KeptValue } from './manager/kept-value'
import type { ManagedList } from './manager/list'
import type { ManagedLock } from './manager/lock'
import type { ManagedQueue } from './manager/queue'
import type { ManagedValue } from './manager/value'
import { MANAGER } from './serialization/managed'

/**
 * Makes objects that all tasks share, whatever thread they run in: lists, dicts, queues, values and locks. They live in the
 * thread that made the manager. What stands for one can be an argument of a task, be captured, or returned, and be in
 * other values; its methods are promises. After `multiprocessing.Manager`.
 *
 * Each operation is a message to that thread and back. Where a task can return what it has found instead, let it.
 *
 * @example
 * ```ts
 * import { delayed, Manager, Parallel } from 'parfor'
 *
 * await using manager = new Manager()
 * const counts = manager.dict<string, number>()
 * const count = delayed(async (text: string) => {
 *   for (const letter of text) await counts.add(letter, 1)
 * })
 * await Parallel(2)(['abba', 'cab'].map((text) => count(text)))
 * console.log(await counts.get('a'), await counts.get('b'), await counts.get('c')) //=> 3 3 1
 * ```
 */
export class Manager {
  readonly #home = new Home()

  static {
    Object.defineProperty(Manager.prototype, MANAGER, { value: true })
  }

  /** A list, with what an iterable gives. */
  list<T = unknown>(values?: readonly []): ManagedList<T>
  list<T = unknown>(values: Iterable<T>): ManagedList<T>
  list<T = unknown>(values: Iterable<T> = []): ManagedList<T> {
    const items = checkIterable<T>(values, 'manager.list')
    return this.#home.add('list', new KeptList(this.#home.copied(items, 'manager.list')))
  }

  /** A dict, with what is in a `Map`, in pairs or in an object. */
  dict<K extends ManagedKey, V>(entries: ReadonlyMap<K, V>): ManagedDict<K, V>
  dict<V>(entries: Iterable<readonly [string, V]>): ManagedDict<string, V>
  dict<V>(entries: Iterable<readonly [number, V]>): ManagedDict<number, V>
  dict<V>(entries: Readonly<Record<string, V>>): ManagedDict<string, V>
  dict<K extends ManagedKey = string, V = unknown>(entries?: ManagedEntries<K, V>): ManagedDict<K, V>
  dict<K extends ManagedKey = string, V = unknown>(entries: ManagedEntries<K, V> = []): ManagedDict<K, V> {
    const pairs = checkEntries(entries, 'manager.dict')
    return this.#home.add('dict', new KeptDict(this.#home.copied(pairs, 'manager.dict')))
  }

  /**
   * A queue.
   *
   * @param maxSize - How many items it holds at most: `put` waits for room. Any number, when left out or 0.
   */
  queue<T = unknown>(maxSize?: number): ManagedQueue<T> {
    return this.#home.add('queue', new KeptQueue(checkMaxSize(maxSize)))
  }

  /** One value. */
  value<T>(initial: T): ManagedValue<T> {
    return this.#home.add('value', new KeptValue(this.#home.copied([initial], 'manager.value')[0]))
  }

  /** A lock, which nobody holds. */
  lock(): ManagedLock {
    return this.#home.add('lock', new KeptLock())
  }

  /** Ends all that it has made: operations that wait, and later ones, reject with `DisposedError`, in every thread. */
  async close(): Promise<void> {
    this.#home.close()
  }

  /** `close()`, at the end of a block with `using`. */
  [Symbol.dispose](): void {
    this.#home.close()
  }

  /** `close()`, at the end of a block with `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
