/// <reference lib="esnext.disposable" preserve="true" />
import { inspect } from 'node:util'
import { AsyncResult } from './async-result'
import type { AsyncOptions, CallOptions, MapOptions, OnError, PoolOptions } from './config/options'
import { checkPoolCall, checkPoolOptions } from './config/pool-settings'
import { debug } from './debug'
import type { TaskOf } from './dispatch/source'
import { DisposedError, ParforError } from './errors'
import { type Asked, createRunner, type Runner, type RunnerState } from './runner'
import { delayed, makesTasks } from './task/delayed'
import { type Arguments, type Kwargs, kwargs, namedBy, noKwargs } from './task/kwargs'
import type { Task } from './task/task'
import { claimArguments } from './task/transfer'

/** What a call of a `Pool` takes its items from. It is read as workers become free. */
export type Items<T> = Iterable<T> | AsyncIterable<T> | (() => Iterable<T> | AsyncIterable<T>)

/** What a function that returns `R` comes to for one item: its result, or how it was settled with `onError: 'settle'`. */
export type Mapped<R, E extends OnError = 'throw'> = E extends 'settle' ? PromiseSettledResult<Awaited<R>> : Awaited<R>

/** Arguments of `apply(fn, args?, kwargs?, options?)` for a function with the parameters `A`, and what comes `Behind` them. */
export type Applied<A extends readonly unknown[], Behind extends readonly unknown[]> =
  | ([] extends A ? [args?: Readonly<Arguments<A>>, kwargs?: undefined, ...Behind] : never)
  | [args: Readonly<Arguments<A>>, kwargs?: undefined, ...Behind]
  | AppliedByName<Arguments<A>, Behind>

type AppliedByName<A, Behind extends readonly unknown[]> = A extends readonly [...infer Before, Kwargs<infer K>]
  ? [args: Readonly<Before>, kwargs: K, ...Behind]
  : never

type AnyFunction = (...args: never[]) => unknown

/**
 * Worker threads for the same function and many items, as Python's `multiprocessing.Pool`. Each item is a task of its own, with
 * copies of its own, as those of `Parallel`, on which all that is promised there holds here too: functions are sent by value, the
 * first error rejects a `map` at once, and a worker that dies is a `WorkerLostError` and hangs nobody.
 *
 * Workers start when they are needed, also a single one, and never keep the process alive. `await using` lets calls finish and then ends
 * the workers, where Python's `with` terminates; `using` terminates.
 *
 * @param processes - Workers, 1 or more. Inside a task, where 1 is the default, it is a wish, as `nJobs` of `Parallel` is.
 * By default every CPU.
 * @throws TypeError or RangeError that names the option, its value and the valid ones.
 *
 * @example
 * ```ts
 * import { Pool } from 'parfor'
 *
 * await using pool = new Pool(2)
 * console.log(await pool.map(Math.sqrt, [1, 4, 9])) //=> [ 1, 2, 3 ]
 * console.log(await pool.starmap(Math.hypot, [[3, 4], [5, 12]])) //=> [ 5, 13 ]
 * console.log(await pool.apply(Math.max, [2, 7, 1])) //=> 7
 *
 * let sum = 0
 * for await (const cube of pool.imap((n: number) => n ** 3, [1, 2, 3])) sum += cube // each as soon as it is there
 * console.log(sum) //=> 36
 * ```
 */
export class Pool {
  readonly #runner: Runner
  readonly #isOver: (state: RunnerState) => string
  #ended: Promise<unknown> = Promise.resolve()

  constructor(processes?: number, options?: PoolOptions) {
    const checked = checkPoolOptions(processes, options)
    const { name } = checked
    this.#isOver = (state) => {
      const self = name === undefined ? 'it' : `'${name}'`
      return `Pool not running: ${self} is ${state}. Make another to run more tasks`
    }
    this.#runner = createRunner(checked, {
      kind: 'Pool',
      label: (nJobs) => `Pool(processes=${nJobs ?? 'None'})`,
      // Of another library in Python, too: joblib's config has nothing to say to it.
      hasSurroundings: false,
      isOver: this.#isOver,
    })
  }

  /**
   * Calls `fn` with each item.
   *
   * @param items - An iterable or async iterable, read as workers become free; or a generator function.
   * @returns One result per item, in the order of the items. Rejects with the first error in time; with an error of `items` itself;
   * with `signal.reason`; with `DisposedError` ("Pool not running").
   */
  map<T, R, const E extends OnError = 'throw'>(
    fn: (item: T) => R,
    items: Items<T>,
    options?: MapOptions<E>,
  ): Promise<Mapped<R, E>[]> {
    return this.#runner.run(inputOf('map', items), 'list', () => mapCall('map', fn, items, options)) as never
  }

  /** As `map`, where each item is a list of arguments: `fn(...item)`. It may end in `kwargs({...})`. */
  starmap<A extends readonly unknown[], R, const E extends OnError = 'throw'>(
    fn: (...args: A) => R,
    items: Items<Readonly<Arguments<A>>>,
    options?: MapOptions<E>,
  ): Promise<Mapped<R, E>[]> {
    return this.#runner.run(inputOf('starmap', items), 'list', () => mapCall('starmap', fn, items, options)) as never
  }

  /**
   * As `map`, one by one: an async generator of the results, in the order of the items. Work begins with the call; a consumer that is
   * slow slows it down, and one that leaves ends it. Its first `next()` rejects when the call cannot begin.
   */
  imap<T, R, const E extends OnError = 'throw'>(
    fn: (item: T) => R,
    items: Items<T>,
    options?: MapOptions<E>,
  ): AsyncGenerator<Mapped<R, E>, void, undefined> {
    return this.#runner.run(inputOf('imap', items), 'generator', () => mapCall('imap', fn, items, options)) as never
  }

  /** As `imap`, in the order in which the results come. */
  imapUnordered<T, R, const E extends OnError = 'throw'>(
    fn: (item: T) => R,
    items: Items<T>,
    options?: MapOptions<E>,
  ): AsyncGenerator<Mapped<R, E>, void, undefined> {
    return this.#runner.run(inputOf('imapUnordered', items), 'generator_unordered', () =>
      mapCall('imapUnordered', fn, items, options),
    ) as never
  }

  /**
   * Calls `fn` once, with `args`, and `kwargs` as one object behind them. Behind these come options: `signal`, `onProgress`.
   *
   * @returns Its result. Nothing in Node.js blocks: Python's `apply` is `await pool.apply(…)`.
   */
  apply<A extends unknown[], R>(
    fn: (...args: A) => R,
    ...given: Applied<A, [options?: CallOptions]>
  ): Promise<Awaited<R>>
  apply(fn: AnyFunction, ...[args, named, given]: readonly unknown[]): Promise<unknown> {
    return this.#one(() => ({ ...applyCall('apply', fn, args, named), ...checkPoolCall('apply', 'apply', given) }))
  }

  /** As `apply`, with an `AsyncResult` of it. @throws DisposedError ("Pool not running"); TypeError for wrong arguments. */
  applyAsync<A extends unknown[], R>(
    fn: (...args: A) => R,
    ...given: Applied<A, [options?: CallOptions & AsyncOptions<Awaited<R>>]>
  ): AsyncResult<Awaited<R>>
  applyAsync(fn: AnyFunction, ...[args, named, given]: readonly unknown[]): AsyncResult<unknown> {
    this.#refuseIfOver()
    const { callback, errorCallback, ...options } = checkPoolCall('applyAsync', 'applyAsync', given)
    const asked = { ...applyCall('applyAsync', fn, args, named), ...options }
    return new AsyncResult(
      this.#one(() => asked),
      { callback, errorCallback } as AsyncOptions<unknown>,
    )
  }

  /** As `map`, with an `AsyncResult` of the list. @throws DisposedError ("Pool not running"); TypeError or RangeError for wrong arguments. */
  mapAsync<T, R, const E extends OnError = 'throw'>(
    fn: (item: T) => R,
    items: Items<T>,
    options?: MapOptions<E> & AsyncOptions<Mapped<R, E>[]>,
  ): AsyncResult<Mapped<R, E>[]> {
    return this.#list('mapAsync', fn, items, options)
  }

  /** As `starmap`, with an `AsyncResult` of the list. @throws as `mapAsync`. */
  starmapAsync<A extends readonly unknown[], R, const E extends OnError = 'throw'>(
    fn: (...args: A) => R,
    items: Items<Readonly<Arguments<A>>>,
    options?: MapOptions<E> & AsyncOptions<Mapped<R, E>[]>,
  ): AsyncResult<Mapped<R, E>[]> {
    return this.#list('starmapAsync', fn, items, options)
  }

  /**
   * Lets running calls finish, and then ends the workers. A later call is refused: "Pool not running". So is an `imap` that cannot go on
   * because nobody asks it for results.
   *
   * @returns a promise of their end, as `join()` gives; it need not be awaited
   */
  close(): Promise<void> {
    return this.#end(this.#runner.close())
  }

  /** Ends the workers now. Running calls, and later ones, reject with `DisposedError`. */
  terminate(): Promise<void> {
    return this.#end(this.#runner.terminate())
  }

  /** Waits until the workers have ended, after `close()` or `terminate()`. @throws ParforError ("Pool is still running") before. */
  async join(): Promise<void> {
    if (this.#runner.state === 'open')
      throw new ParforError('Pool is still running: call close() or terminate() before join()')
    await this.#ended
  }

  /** `close()`, at the end of a block with `await using`: calls that run are finished. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** `terminate()`, at the end of a block with `using`. */
  [Symbol.dispose](): void {
    void this.terminate()
  }

  #end(ending: Promise<void>): Promise<void> {
    this.#ended = Promise.all([this.#ended, ending])
    for (const one of [ending, this.#ended])
      one.catch((error) => debug.workers('the workers of a pool could not be ended: %O', error))
    return ending
  }

  async #one(ask: () => Asked): Promise<unknown> {
    const [result] = await this.#runner.run([undefined], 'list', ask)
    return result
  }

  #list<R>(method: 'mapAsync' | 'starmapAsync', fn: AnyFunction, items: unknown, given: unknown): AsyncResult<R> {
    this.#refuseIfOver()
    const { callback, errorCallback, ...options } = checkPoolCall('mapAsync', method, given)
    const asked = mapCall(method, fn, items, options)
    return new AsyncResult(this.#runner.run(inputOf(method, items), 'list', () => asked) as Promise<never>, {
      callback,
      errorCallback,
    })
  }

  #refuseIfOver(): void {
    const { state } = this.#runner
    if (state !== 'open') throw new DisposedError(this.#isOver(state))
  }
}

Object.defineProperty(Pool.prototype, Symbol.for('parfor.refused'), {
  value: {
    what: 'it is a Pool, whose workers belong to this thread',
    remedy: 'Make one inside the task: its workers are of those that this one does not use.',
  },
})

/** What a call for many items asks for. */
function mapCall(method: string, fn: AnyFunction, items: unknown, options: unknown): Asked {
  checkFn(method, fn)
  if (!isIterable(items) && typeof items !== 'function')
    throw new TypeError(`pool.${method}(fn, iterable) takes an iterable or async iterable; got ${shown(items)}`)
  const { chunkSize, ...asked } = checkPoolCall('map', method, options)
  const taskOf = method.startsWith('starmap') ? withArguments(method, fn) : withItem(fn as Task['fn'])
  return { ...asked, ...(chunkSize !== undefined && { batchSize: chunkSize }), taskOf }
}

/** What items are read from. A function is asked when the call begins. */
function inputOf(method: string, items: unknown): unknown {
  if (typeof items !== 'function') return items
  return () => {
    const given: unknown = items()
    if (isIterable(given)) return given
    throw new TypeError(
      `pool.${method}(fn, iterable): the function given for the iterable returned ${shown(given)}, which is none`,
    )
  }
}

function withItem(fn: Task['fn']): TaskOf {
  // Had once: what another file of the bundle exports is looked up at each use.
  const claim = claimArguments
  const none = noKwargs
  const make = (item: unknown) => {
    const args = [item]
    claim(args, none)
    return { fn, args, kwargs: none }
  }
  return Object.assign(make, { fn })
}

function withArguments(method: string, fn: AnyFunction): TaskOf {
  const task = delayed(fn as (...args: unknown[]) => unknown)
  return (item, index) => {
    if (isSyncIterable(item)) return task(...item)
    throw new TypeError(
      `Item ${index} of ${method} is no list of arguments but ${shown(item)}. Write [a, b] for fn(a, b)`,
    )
  }
}

/** What a call for one task asks for. */
function applyCall(method: string, fn: AnyFunction, args: unknown, named: unknown): Asked {
  checkFn(method, fn)
  if (args !== undefined && (typeof args === 'string' || !isSyncIterable(args)))
    throw new TypeError(`args of ${method} must be an array: pool.${method}(fn, [a, b]); got ${shown(args)}`)
  if (named !== undefined && (typeof named !== 'object' || named === null || Array.isArray(named)))
    throw new TypeError(`kwargs of ${method} must be an object: pool.${method}(fn, [a], { b }); got ${shown(named)}`)
  const behind = named === undefined ? [] : [namedBy(named) ? named : kwargs(named)]
  const task = delayed(fn as (...args: unknown[]) => unknown)(...(args ?? []), ...behind)
  return { taskOf: () => task }
}

function checkFn(method: string, fn: unknown): void {
  if (typeof fn !== 'function') throw new TypeError(`pool.${method} takes a function first; got ${shown(fn)}`)
  if (makesTasks(fn))
    throw new TypeError(
      `pool.${method} takes the function itself, and makes the tasks: write fn instead of delayed(fn)`,
    )
}

function isIterable(value: unknown): boolean {
  return isSyncIterable(value) || typeof (value as AsyncIterable<unknown> | null)?.[Symbol.asyncIterator] === 'function'
}

function isSyncIterable(value: unknown): value is Iterable<unknown> {
  return typeof (value as Iterable<unknown> | null | undefined)?.[Symbol.iterator] === 'function'
}

function shown(value: unknown): string {
  return inspect(value, { depth: 0, maxStringLength: 40 })
}
