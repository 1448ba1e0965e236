import { Worker } from 'node:worker_threads'
import type * as Threads from 'threads'
import { withoutItsListeners } from './own-listeners'

type Listener = (event: { data: unknown }) => void

/**
 * What `spawn()` of npm `threads` needs of a worker. Not that package's own `Worker`: it refuses absolute paths and
 * URLs, and keeps every worker ever made alive.
 */
export class SpawnableWorker extends Worker {
  readonly #wrapped = new WeakMap<Listener, (data: unknown) => void>()
  #first: { readonly data: unknown } | undefined
  /** Resolves when the worker has said that it is there. */
  readonly hasStarted = new Promise<void>((resolve) => {
    this.once('message', (data) => {
      this.#first = { data }
      resolve()
    })
  })

  /** A listener is told the first message too if it came before: `spawn()` waits for that one. */
  addEventListener(name: string, listener: Listener): void {
    const wrapped = (data: unknown) => listener({ data })
    this.#wrapped.set(listener, wrapped)
    this.on(name, wrapped)
    if (name === 'message' && this.#first) wrapped(this.#first.data)
  }

  removeEventListener(name: string, listener: Listener): void {
    const wrapped = this.#wrapped.get(listener)
    if (wrapped) this.off(name, wrapped)
  }
}

let threads: typeof Threads | undefined

/**
 * The package, loaded when the first worker is started. Its import adds SIGINT and SIGTERM handlers that exit with
 * code 0: they are taken off, so that Ctrl-C ends a program as Node does.
 */
export function npmThreads(): typeof Threads {
  threads ??= withoutItsListeners(['SIGINT', 'SIGTERM'], () => require('threads') as typeof Threads)
  return threads
}
