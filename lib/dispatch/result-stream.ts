/// <reference lib="esnext.disposable" preserve="true" />
import type { StreamOfResults } from './results'

/** Where async generators have their methods from: `Symbol.asyncIterator`, and what later versions of Node add. */
const AsyncIterator = Object.getPrototypeOf(Object.getPrototypeOf(async function* () {}.prototype as object)) as object

/**
 * Results as an async generator: that a program can end early, by `break`, `return()`, `throw()` or disposal, or by
 * forgetting it.
 */
export class ResultStream<R> implements AsyncGenerator<R, void, undefined> {
  readonly #results: StreamOfResults
  readonly #stop: () => void

  /** @param stop Ends the call, when its results are not wanted any more. It must not hold the stream. */
  constructor(results: StreamOfResults, stop: () => void) {
    this.#results = results
    this.#stop = stop
    forgotten.register(this, stop, this)
  }

  next(): Promise<IteratorResult<R, void>> {
    return this.#results.next(this) as Promise<IteratorResult<R, void>>
  }

  async return(value?: unknown): Promise<IteratorResult<R, void>> {
    this.#end()
    return { value: (await value) as undefined, done: true }
  }

  async throw(error: unknown): Promise<IteratorResult<R, void>> {
    this.#end()
    throw error
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end()
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  #end(): void {
    forgotten.unregister(this)
    this.#results.close()
    this.#stop()
  }
}

Object.setPrototypeOf(ResultStream.prototype, AsyncIterator)
// Shared with other copies of this library: a task that is given one is told what it is.
Object.defineProperty(ResultStream.prototype, Symbol.for('parfor.results'), { value: true })
Object.defineProperty(ResultStream.prototype, Symbol.toStringTag, { value: 'AsyncGenerator', configurable: true })

/** A stream that can be asked for nothing any more is as good as ended. */
const forgotten = new FinalizationRegistry<() => void>((stop) => stop())
