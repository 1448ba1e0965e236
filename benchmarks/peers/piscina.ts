import type { Peer } from './peer'
import { workerFile } from './worker-file'

export const piscina: Peer = {
  name: 'piscina',
  async open(fn, workers) {
    const { Piscina } = await import('piscina')
    const filename = workerFile(`module.exports = ${fn}`)
    const pool = new Piscina({ filename, minThreads: workers, maxThreads: workers })
    return {
      map: (items) => Promise.all(Array.from(items, (item) => pool.run(item))),
      [Symbol.asyncDispose]: () => pool.destroy(),
    }
  },
}
