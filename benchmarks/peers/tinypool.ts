import type { Peer } from './peer'
import { workerFile } from './worker-file'

export const tinypool: Peer = {
  name: 'tinypool',
  async open(fn, workers) {
    const { Tinypool } = await import('tinypool')
    const filename = workerFile(`module.exports = ${fn}`)
    const pool = new Tinypool({ filename, minThreads: workers, maxThreads: workers })
    return {
      map: (items) => Promise.all(Array.from(items, (item) => pool.run(item))),
      [Symbol.asyncDispose]: () => pool.destroy(),
    }
  },
}
