import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Worker } from 'node:worker_threads'

/** The threads that are started from now on. */
export interface StartedThreads extends Disposable {
  readonly count: number
  /** Resolves when one of them has exited. */
  exited(id: number): Promise<unknown>
}

export function threadExits(): StartedThreads {
  const exits = new Map<number, Promise<unknown>>()
  const onThread = (message: unknown) => {
    const { worker } = message as { worker: Worker }
    exits.set(worker.threadId, new Promise((resolve) => worker.once('exit', resolve)))
  }
  subscribe('worker_threads', onThread)
  return {
    get count() {
      return exits.size
    },
    async exited(id) {
      if (!exits.has(id)) throw new Error(`Thread ${id} is none of ${[...exits.keys()]}`)
      await exits.get(id)
    },
    [Symbol.dispose]: () => void unsubscribe('worker_threads', onThread),
  }
}
