import { checkAddend, checkEntries, checkFunction, checkKey } from './arguments'
import type { KeptDict } from './kept-dict'
import { Managed } from './managed'
import { Updates } from './updates'

/** What a managed dict can have as keys: what equals its copies. */
export type ManagedKey = string | number | bigint | boolean | null | undefined

/** What a dict can be filled with. */
export type ManagedEntries<K, V> = Iterable<readonly [K, V]> | (K extends string ? Readonly<Record<K, V>> : never)

/**
 * A `Map` that lives with its `Manager`, and what stands for it in tasks. Values are copied in and out: what is done to a
 * value that was got changes nothing in the dict. Every method is one step, which nothing of others comes between. Keys
 * keep the order in which they came.
 */
export class ManagedDict<K extends ManagedKey, V> extends Managed<KeptDict> {
  readonly #updates = new Map<K, Updates<V | undefined>>()

  /** @returns `fallback`, `undefined` when left out, for a key that is not there */
  async get(key: K): Promise<V | undefined>
  async get<D>(key: K, fallback: D): Promise<V | D>
  async get(key: K, fallback?: unknown): Promise<unknown> {
    checkKey(key, 'dict.get')
    return firstOf(await this.operate('get', key), fallback)
  }

  async set(key: K, value: V): Promise<void> {
    checkKey(key, 'dict.set')
    await this.operate('set', key, value)
  }

  /** Sets the value of a key that has none. @returns the value that it has then */
  async setDefault(key: K, value: V): Promise<V> {
    checkKey(key, 'dict.setDefault')
    return this.operate('setDefault', key, value) as Promise<V>
  }

  /** Adds a number to the value of a key, which is 0 when it is not there. @returns the sum */
  async add(key: K, addend: V & (number | bigint)): Promise<V> {
    checkKey(key, 'dict.add')
    checkAddend(addend, 'dict.add')
    return this.operate('add', key, addend) as Promise<V>
  }

  /** Sets many values at once: of a `Map`, of pairs, or of an object. */
  async update(entries: ManagedEntries<K, V>): Promise<void>
  /**
   * Changes the value of a key by a function that is called here with what it is, `undefined` when it is not there, and
   * gives what it is to be. It may be called again when others write meanwhile, and cannot be async.
   *
   * @returns what it has given
   */
  async update(key: K, fn: (value: V | undefined) => V): Promise<V>
  async update(...args: [entries: unknown] | [key: K, fn: (value: V | undefined) => V]): Promise<unknown> {
    if (args.length === 1) {
      await this.operate('setAll', checkEntries(args[0], 'dict.update'))
      return undefined
    }
    const [key, fn] = args
    checkKey(key, 'dict.update')
    checkFunction(fn, 'dict.update')
    const updates = this.#updatesOf(key)
    try {
      return await updates.add(fn as (value: V | undefined) => V | undefined)
    } finally {
      if (updates.isIdle) this.#updates.delete(key)
    }
  }

  async has(key: K): Promise<boolean> {
    checkKey(key, 'dict.has')
    return this.operate('has', key)
  }

  /** @returns whether it was there */
  async delete(key: K): Promise<boolean> {
    checkKey(key, 'dict.delete')
    return this.operate('delete', key)
  }

  /** Takes a key out. @returns its value; `fallback`, `undefined` when left out, for a key that is not there */
  async pop(key: K): Promise<V | undefined>
  async pop<D>(key: K, fallback: D): Promise<V | D>
  async pop(key: K, fallback?: unknown): Promise<unknown> {
    checkKey(key, 'dict.pop')
    return firstOf(await this.operate('pop', key), fallback)
  }

  async keys(): Promise<K[]> {
    return this.operate('keys') as Promise<K[]>
  }

  async values(): Promise<V[]> {
    return this.operate('values') as Promise<V[]>
  }

  async entries(): Promise<[K, V][]> {
    return this.operate('entries') as Promise<[K, V][]>
  }

  /** All of it. */
  async toMap(): Promise<Map<K, V>> {
    return new Map(await this.entries())
  }

  async size(): Promise<number> {
    return this.operate('size')
  }

  async clear(): Promise<void> {
    await this.operate('clear')
  }

  /** The entries that are there when the loop begins. */
  async *[Symbol.asyncIterator](): AsyncGenerator<[K, V], void, undefined> {
    yield* await this.entries()
  }

  #updatesOf(key: K): Updates<V | undefined> {
    let updates = this.#updates.get(key)
    if (updates === undefined) {
      updates = new Updates(
        () => this.operate('toUpdate', key) as Promise<readonly [number, V | undefined]>,
        (version, value) => this.operate('update', key, version, value),
      )
      this.#updates.set(key, updates)
    }
    return updates
  }
}

/** What was found under a key, which may be `undefined`, or what is to be had when nothing was. */
function firstOf(found: readonly unknown[], fallback: unknown): unknown {
  return found.length > 0 ? found[0] : fallback
}
