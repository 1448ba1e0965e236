import type { AsyncOptions } from './config/options'
import { checkTimeout } from './config/settings'
import { ParforError, TimeoutError } from './errors'

type State<R> =
  | { readonly is: 'pending' }
  | { readonly is: 'fulfilled'; readonly value: R }
  | { readonly is: 'rejected'; readonly reason: unknown }

/**
 * What comes of `applyAsync`, `mapAsync` and `starmapAsync` of a `Pool`, as Python's `AsyncResult`: it can be looked at, waited for
 * with a limit, and asked any number of times. It is no promise: `await result.get()`.
 *
 * An error is kept for `get()`, and told to `errorCallback`. When nobody asks it is lost, as in Python: it is no unhandled rejection.
 *
 * @example
 * ```ts
 * import { Pool } from 'parfor'
 *
 * await using pool = new Pool(2)
 * const result = pool.applyAsync(Math.hypot, [3, 4])
 * console.log(await result.get(10_000)) //=> 5
 * console.log(result.ready(), result.successful()) //=> true true
 * ```
 */
export class AsyncResult<R> {
  #state: State<R> = { is: 'pending' }
  readonly #waiting = new Set<() => void>()

  /** @internal */
  constructor(result: Promise<R>, { callback, errorCallback }: AsyncOptions<R> = {}) {
    result.then(
      (value) => this.#settle({ is: 'fulfilled', value }, () => callback?.(value)),
      (reason) => this.#settle({ is: 'rejected', reason }, () => errorCallback?.(reason)),
    )
  }

  /**
   * The result, as soon as it is there.
   *
   * @param timeout - Milliseconds to wait for it; without, no limit. The call goes on after that.
   * @throws TimeoutError when it is not there in time; the error of the call; TypeError or RangeError for a wrong timeout.
   */
  async get(timeout?: number): Promise<R> {
    await this.wait(timeout)
    const state = this.#state
    if (state.is === 'fulfilled') return state.value
    if (state.is === 'rejected') throw state.reason
    const limit = timeout as number
    throw new TimeoutError(
      `The result is not ready after ${limit} ms. The call goes on: ask again, or terminate() the pool`,
      {
        timeout: limit,
      },
    )
  }

  /**
   * Waits until the result is there, or the call has failed, or the time is over: `ready()` tells.
   *
   * @param timeout - Milliseconds; without, no limit.
   * @throws TypeError or RangeError for a wrong timeout.
   */
  async wait(timeout?: number): Promise<void> {
    const limit = timeout === undefined ? undefined : checkTimeout(timeout, 'timeout')
    if (this.ready()) return
    await new Promise<void>((resolve) => {
      const done = () => {
        clearTimeout(timer)
        this.#waiting.delete(done)
        resolve()
      }
      const timer = limit === undefined ? undefined : setTimeout(done, limit)
      this.#waiting.add(done)
    })
  }

  /** Whether the call is over, one way or the other. */
  ready(): boolean {
    return this.#state.is !== 'pending'
  }

  /**
   * Whether the call is over and did not fail.
   *
   * @throws ParforError while it is not over, as Python's `ValueError`.
   */
  successful(): boolean {
    if (!this.ready()) throw new ParforError('The result is not ready: ask ready() first, or await wait()')
    return this.#state.is === 'fulfilled'
  }

  /** Whoever waits goes on when the callback is done with. */
  #settle(state: State<R>, tell: () => void) {
    this.#state = state
    try {
      tell()
    } catch (error) {
      // It is nobody's here: not of the call, which is over, nor of those who wait for it.
      queueMicrotask(() => {
        throw error
      })
    }
    for (const done of this.#waiting) done()
  }
}

Object.defineProperty(AsyncResult.prototype, Symbol.for('parfor.refused'), {
  value: {
    what: 'it is an AsyncResult, whose call belongs to this thread',
    remedy: 'Take its result first, with get().',
  },
})
