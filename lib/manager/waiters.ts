import { timedOut } from './refusals'

/** Who asks for something to be done: a thread, as its connection shows it. */
export interface Owner {
  /** Called when it is gone: it waits for nothing then, and holds nothing. */
  readonly onGone: Set<() => void>
  /** Whether it is another thread. */
  readonly isRemote: boolean
}

interface Waiter<T, Item> {
  readonly owner: Owner
  readonly item: Item
  settle(result: T): void
  fail(error: Error): void
}

/** Those who wait for one thing, in the order they came; each may have brought an item. */
export class Waiters<T, Item = undefined> {
  readonly #all = new Set<Waiter<T, Item>>()

  get count(): number {
    return this.#all.size
  }

  /**
   * Waits for its turn. Who is gone waits no longer: that promise stays pending.
   *
   * @param operation - `queue.get`
   * @param timeout - Milliseconds.
   * @throws TimeoutError
   */
  wait(owner: Owner, operation: string, timeout: number | undefined, item: Item): Promise<T> {
    return new Promise((resolve, reject) => {
      let timer: NodeJS.Timeout | undefined
      const leave = () => {
        clearTimeout(timer)
        owner.onGone.delete(leave)
        this.#all.delete(waiter)
      }
      const waiter: Waiter<T, Item> = {
        owner,
        item,
        settle(result) {
          leave()
          resolve(result)
        },
        fail(error) {
          leave()
          reject(error)
        },
      }
      this.#all.add(waiter)
      owner.onGone.add(leave)
      if (timeout === undefined) return
      timer = setTimeout(() => waiter.fail(timedOut(operation, timeout)), timeout)
      // Another thread keeps itself alive.
      if (owner.isRemote) timer.unref()
    })
  }

  /** It is the turn of who has waited for longest; false when nobody waits. */
  next(give: (owner: Owner, item: Item) => T): boolean {
    const [first] = this.#all
    first?.settle(give(first.owner, first.item))
    return first !== undefined
  }

  failAll(error: () => Error): void {
    for (const waiter of [...this.#all]) waiter.fail(error())
  }
}
