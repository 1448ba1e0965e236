import { Worker, type WorkerOptions } from 'node:worker_threads'
import type * as Threads from 'threads'

type Listener = (event: { data: unknown }) => void

/**
 * What `spawn()` of npm `threads` needs of a worker. Not that package's own `Worker`: it refuses absolute paths and
 * URLs, and keeps every worker ever made alive.
 */
export class SpawnableWorker extends Worker {
  readonly #wrapped = new WeakMap<Listener, (data: unknown) => void>()

  addEventListener(name: string, listener: Listener): void {
    const wrapped = (data: unknown) => listener({ data })
    this.#wrapped.set(listener, wrapped)
    this.on(name, wrapped)
  }

  removeEventListener(name: string, listener: Listener): void {
    const wrapped = this.#wrapped.get(listener)
    if (wrapped) this.off(name, wrapped)
  }
}

export type { WorkerOptions }

let threads: typeof Threads | undefined

/**
 * The package, loaded when the first worker is started. Its import adds SIGINT and SIGTERM handlers that exit with
 * code 0: they are taken off, so that Ctrl-C ends a program as Node does.
 */
export function npmThreads(): typeof Threads {
  if (!threads) {
    const signals = ['SIGINT', 'SIGTERM'] as const
    const before = signals.map((signal) => new Set<unknown>(process.listeners(signal)))
    threads = require('threads') as typeof Threads
    for (const [n, signal] of signals.entries())
      for (const listener of process.listeners(signal)) if (!before[n]?.has(listener)) process.off(signal, listener)
  }
  return threads
}
