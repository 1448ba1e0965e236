import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Worker } from 'node:worker_threads'

/** The threads that are started from now on, by id: each a promise that it has exited. */
export function threadExits(): { exits: ReadonlyMap<number, Promise<unknown>>; [Symbol.dispose](): void } {
  const exits = new Map<number, Promise<unknown>>()
  const onThread = (message: unknown) => {
    const { worker } = message as { worker: Worker }
    exits.set(worker.threadId, new Promise((resolve) => worker.once('exit', resolve)))
  }
  subscribe('worker_threads', onThread)
  return { exits, [Symbol.dispose]: () => void unsubscribe('worker_threads', onThread) }
}
