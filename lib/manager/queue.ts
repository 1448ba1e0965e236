import { checkTimeout } from './arguments'
import { closedQueue, type KeptQueue, type Taken } from './kept-queue'
import { Managed } from './managed'

/**
 * A queue that lives with its `Manager`, and what stands for it in tasks: first in, first out, each item to one who
 * takes it, copied. Who waits for an item, or for room, has its turn in the order of coming. An item that was on its way
 * to a worker that died is given to the next one.
 */
export class ManagedQueue<T> extends Managed<KeptQueue> {
  /**
   * Adds an item, as soon as there is room.
   *
   * @param timeout - Milliseconds to wait for room at most.
   * @throws TimeoutError; DisposedError when the queue is closed
   */
  async put(item: T, timeout?: number): Promise<void> {
    await this.operate('put', item, checkTimeout(timeout, 'queue.put'))
  }

  /** Adds an item if there is room. @returns whether there was */
  async tryPut(item: T): Promise<boolean> {
    return this.operate('tryPut', item)
  }

  /**
   * Takes the next item, as soon as there is one.
   *
   * @param timeout - Milliseconds to wait for an item at most.
   * @throws TimeoutError; DisposedError when the queue is closed, and empty
   */
  async get(timeout?: number): Promise<T> {
    const taken = (await this.operate('get', checkTimeout(timeout, 'queue.get'))) as Taken
    if (taken.length === 0) throw closedQueue('get')
    return taken[0] as T
  }

  /** Takes the next item if there is one. @returns `undefined` when there is none */
  async tryGet(): Promise<T | undefined> {
    const [item] = (await this.operate('tryGet')) as Taken
    return item as T | undefined
  }

  async size(): Promise<number> {
    return this.operate('size')
  }

  async empty(): Promise<boolean> {
    return (await this.size()) === 0
  }

  async full(): Promise<boolean> {
    return this.operate('full')
  }

  /** No more comes in: `put` rejects, loops end, and `get` rejects when what is in it has been taken. */
  async close(): Promise<void> {
    await this.operate('close')
  }

  /** Takes items until the queue is closed, and empty. */
  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    for (;;) {
      const taken = (await this.operate('get', undefined)) as Taken
      if (taken.length === 0) return
      yield taken[0] as T
    }
  }
}
