import { checkEnd, checkIndex, checkIterable } from './arguments'
import type { KeptList } from './kept-list'
import { Managed } from './managed'

/**
 * A list that lives with its `Manager`, and what stands for it in tasks. Values are copied in and out: what is done to a
 * value that was got changes nothing in the list. Every method is one step, which nothing of others comes between.
 * Indexes below 0 count from the end.
 */
export class ManagedList<T> extends Managed<KeptList> {
  /** Adds a value at the end. */
  async append(value: T): Promise<void> {
    await this.operate('append', value)
  }

  /** Adds values at the end, next to each other. @returns how many the list has then */
  async push(...values: T[]): Promise<number> {
    return this.operate('extend', values)
  }

  /** Adds all values of an iterable at the end, next to each other. */
  async extend(values: Iterable<T>): Promise<void> {
    await this.operate('extend', checkIterable(values, 'list.extend'))
  }

  /** Puts a value before the one at `index`; at the end when there is none. */
  async insert(index: number, value: T): Promise<void> {
    await this.operate('insert', checkIndex(index, 'list.insert'), value)
  }

  /** @returns `undefined` when there is no such place */
  async get(index: number): Promise<T | undefined> {
    return this.operate('get', checkIndex(index, 'list.get')) as Promise<T | undefined>
  }

  /** @throws RangeError when there is no such place */
  async set(index: number, value: T): Promise<void> {
    await this.operate('set', checkIndex(index, 'list.set'), value)
  }

  /**
   * Takes a value out, the last one when no index is given.
   *
   * @returns `undefined` when the list is empty
   * @throws RangeError when there are values, but no such place
   */
  async pop(index = -1): Promise<T | undefined> {
    const [value] = await this.operate('pop', checkIndex(index, 'list.pop'))
    return value as T | undefined
  }

  /** Takes the first value out. @returns `undefined` when the list is empty */
  async shift(): Promise<T | undefined> {
    return this.pop(0)
  }

  /** Takes out the first value that equals this one, deeply. @returns whether there was one */
  async remove(value: T): Promise<boolean> {
    return this.operate('remove', value)
  }

  /** The place of the first value that equals this one, deeply; -1 when there is none. */
  async indexOf(value: T): Promise<number> {
    return this.operate('indexOf', value)
  }

  /** Whether a value equals this one, deeply. */
  async includes(value: T): Promise<boolean> {
    return (await this.indexOf(value)) >= 0
  }

  /** Values from `start` up to `end`, and without the one there, as with arrays. */
  async slice(start?: number, end?: number): Promise<T[]> {
    const [from, to] = [checkEnd(start, 'list.slice'), checkEnd(end, 'list.slice')]
    return this.operate('slice', from, to) as Promise<T[]>
  }

  /** All values. */
  async toArray(): Promise<T[]> {
    return this.slice()
  }

  async length(): Promise<number> {
    return this.operate('length')
  }

  /** Empties the list. @returns what was in it */
  async clear(): Promise<T[]> {
    return this.operate('clear') as Promise<T[]>
  }

  /** The values that are there when the loop begins. */
  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    yield* await this.toArray()
  }
}
