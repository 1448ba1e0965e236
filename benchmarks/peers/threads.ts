/** The Pool of npm `threads`. Its time for a task grows with the number of tasks, so it is given few. */
import type * as Threads from 'threads'
import type { Peer } from './peer'
import { beside, workerFile } from './worker-file'

export const threads: Peer = {
  name: "threads' Pool",
  async open<T, R>(fn: (item: T) => R, workers: number) {
    const { Pool, spawn, Worker } = require('threads') as typeof Threads
    const file = beside(workerFile(`require('threads/worker').expose(${fn})`))
    const pool = Pool(() => spawn<(item: unknown) => Promise<R>>(new Worker(file)), workers)
    return {
      map: async (items: Iterable<T>) => Promise.all(Array.from(items, (item) => pool.queue((call) => call(item)))),
      [Symbol.asyncDispose]: async () => void (await pool.terminate(true)),
    }
  },
}
