import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Worker } from 'node:worker_threads'

/** The threads that are started from now on. */
export interface StartedThreads extends Disposable {
  readonly count: number
  /** Resolves when one of them has exited. */
  exited(id: number): Promise<unknown>
  /** Resolves when all have. */
  allExited(): Promise<unknown>
  /** One of them, to be ended behind the back of who has started it. */
  worker(id: number): Worker
}

export function threadExits(): StartedThreads {
  const exits = new Map<number, Promise<unknown>>()
  const workers = new Map<number, Worker>()
  const onThread = (message: unknown) => {
    const { worker } = message as { worker: Worker }
    workers.set(worker.threadId, worker)
    exits.set(worker.threadId, new Promise((resolve) => worker.once('exit', resolve)))
  }
  const known = (id: number): Worker => {
    const worker = workers.get(id)
    if (worker === undefined) throw new Error(`Thread ${id} is none of ${[...workers.keys()]}`)
    return worker
  }
  subscribe('worker_threads', onThread)
  return {
    get count() {
      return exits.size
    },
    async exited(id) {
      known(id)
      await exits.get(id)
    },
    allExited: () => Promise.all(exits.values()),
    worker: known,
    [Symbol.dispose]: () => void unsubscribe('worker_threads', onThread),
  }
}
