import type { Peer } from './peer'
import { workerFile } from './worker-file'

/** What piscina has in common with tinypool, which was made of it. */
type PoolOf = new (options: {
  filename: string
  minThreads: number
  maxThreads: number
}) => { run(item: unknown): Promise<unknown>; destroy(): Promise<void> }

/** @param load gives its class; it is loaded when it is measured */
export function piscinaLike(name: string, load: () => Promise<PoolOf>): Peer {
  return {
    name,
    async open(fn, workers) {
      const Pool = await load()
      const filename = workerFile(`module.exports = ${fn}`)
      const pool = new Pool({ filename, minThreads: workers, maxThreads: workers })
      return {
        map: (items) => Promise.all(Array.from(items, (item) => pool.run(item))) as never,
        [Symbol.asyncDispose]: () => pool.destroy(),
      }
    },
  }
}

export const piscina = piscinaLike('piscina', async () => (await import('piscina')).Piscina)
