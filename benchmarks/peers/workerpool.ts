import type { Peer } from './peer'
import { workerFile } from './worker-file'

export const workerpool: Peer = {
  name: 'workerpool',
  async open(fn, workers) {
    const { pool: open } = await import('workerpool')
    const script = workerFile(`require('workerpool').worker({ fn: ${fn} })`)
    const pool = open(script, { workerType: 'thread', minWorkers: workers, maxWorkers: workers })
    return {
      map: async (items) => Promise.all(Array.from(items, (item) => pool.exec('fn', [item]))),
      [Symbol.asyncDispose]: async () => void (await pool.terminate()),
    }
  },
}
