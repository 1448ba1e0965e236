import type { Peer } from './peer'
import { workerFile } from './worker-file'

export const poolifier: Peer = {
  name: 'poolifier',
  async open<T, R>(fn: (item: T) => R, workers: number) {
    const { FixedThreadPool } = await import('poolifier')
    const file = workerFile(`module.exports = new (require('poolifier').ThreadWorker)(${fn})`)
    const pool = new FixedThreadPool<T, R>(workers, file)
    return {
      map: (items: Iterable<T>) => Promise.all(Array.from(items, (item) => pool.execute(item) as Promise<R>)),
      // Its destroy() sometimes never settles, so nobody waits for it.
      [Symbol.asyncDispose]: async () => void pool.destroy(),
    }
  },
}
