import { delayed, Parallel } from 'parfor'
import type { Peer } from './peer'

export const parfor: Peer = {
  name: 'parfor',
  async open(fn, workers) {
    const parallel = Parallel({ nJobs: workers, backend: 'threads' })
    const call = delayed(fn)
    function* tasks(items: Iterable<number>) {
      for (const item of items) yield call(item)
    }
    return {
      map: (items) => parallel(Array.isArray(items) ? items.map((item) => call(item)) : tasks(items)),
      [Symbol.asyncDispose]: () => parallel.close(),
    }
  },
}
