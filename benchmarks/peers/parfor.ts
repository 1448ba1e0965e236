import { delayed, Parallel, type ParallelOptions, type Task } from 'parfor'
import type { Peer, Pool } from './peer'

export const parfor: Peer = {
  name: 'parfor',
  async open<T, R>(fn: (item: T) => R, workers: number) {
    const task = delayed(fn) as (item: unknown) => Task<R> // for all that `delayed` can know, an item may be `kwargs`
    return openParfor<T, R>(task, { nJobs: workers, backend: 'threads' })
  },
}

/** For what is not just a function of an item: several arguments, other options. */
export function openParfor<T, R>(task: (item: T) => Task<R>, options: ParallelOptions): Pool<T, R> {
  const parallel = Parallel(options)
  function* tasks(items: Iterable<T>) {
    for (const item of items) yield task(item)
  }
  return {
    map: (items) => parallel(Array.isArray(items) ? items.map((item) => task(item)) : tasks(items)) as Promise<R[]>,
    [Symbol.asyncDispose]: () => parallel.close(),
  }
}
