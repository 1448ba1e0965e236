import { Pool as ParforPool } from 'parfor'
import type { Peer } from './peer'

export const parforPool: Peer = {
  name: 'parfor, Pool.map',
  async open(fn, workers) {
    const pool = new ParforPool(workers)
    return {
      map: (items) => pool.map(fn, items) as Promise<never>,
      [Symbol.asyncDispose]: () => pool.close(),
    }
  },
}
