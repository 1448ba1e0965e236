/// <reference lib="esnext.disposable" preserve="true" />
import { checkFunction, checkTimeout } from './arguments'
import type { KeptLock } from './kept-lock'
import { Managed } from './managed'

/** A lock that is held: give it back with `release()`, or at the end of a block with `await using`. */
export interface LockGuard {
  /** Frees the lock. A second time, it does nothing. */
  release(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * A lock that lives with its `Manager`, and what stands for it in tasks: one holds it at a time, in any thread, and who
 * waits has its turn in the order of coming. It is not reentrant. A worker that dies frees what it holds; a task that
 * ends does not, so hold it with `withLock` or `await using`.
 */
export class ManagedLock extends Managed<KeptLock> {
  /**
   * Waits until the lock is free, and holds it.
   *
   * @param timeout - Milliseconds to wait at most.
   * @throws TimeoutError
   */
  async acquire(timeout?: number): Promise<LockGuard> {
    return this.#guard((await this.operate('acquire', checkTimeout(timeout, 'lock.acquire'))) as number)
  }

  /** Holds the lock if it is free. @returns `undefined` when it is not */
  async tryAcquire(): Promise<LockGuard | undefined> {
    const ticket = await this.operate('tryAcquire')
    return ticket === undefined ? undefined : this.#guard(ticket)
  }

  /**
   * Frees the lock, which was acquired in this thread.
   *
   * @throws ParforError when nobody holds it, or another thread
   */
  async release(): Promise<void> {
    await this.operate('release', undefined)
  }

  async locked(): Promise<boolean> {
    return this.operate('locked')
  }

  /** Holds the lock while `body` runs, until what it gives has settled. @returns what it gives */
  async withLock<R>(body: () => R | PromiseLike<R>, timeout?: number): Promise<Awaited<R>> {
    checkFunction(body, 'lock.withLock')
    const guard = await this.acquire(timeout)
    let result: Awaited<R>
    try {
      result = await body()
    } catch (error) {
      // The first error is the one that matters.
      await guard.release().catch(() => {})
      throw error
    }
    await guard.release()
    return result
  }

  #guard(ticket: number): LockGuard {
    let released: Promise<void> | undefined
    const release = () => {
      released ??= this.operate('release', ticket).then(() => {})
      return released
    }
    return { release, [Symbol.asyncDispose]: release }
  }
}
