/** As raw.ts, with a thousand tasks to a message: about what can be reached by messages at all. */
import type { Peer } from './peer'
import { openWorkers } from './raw'

const size = 1000

export const rawBatched: Peer = {
  name: 'raw, 1000 per message',
  async open<T, R>(fn: (item: T) => R, workers: number) {
    const { run, close } = await openBatched<T, R>(fn, workers)
    return {
      async map(items: Iterable<T>) {
        const batches: R[][] = []
        await run(items, (results, index) => {
          batches[index] = results
        })
        return batches.flat()
      },
      [Symbol.asyncDispose]: close,
    }
  },
}

/** The results go to `take` as they come, a batch at a time. */
export async function openBatched<T, R>(fn: (item: T) => R, workers: number) {
  const { run, close } = await openWorkers<T[], R[]>(`(items) => items.map(${fn})`, workers, 2)
  return {
    run: (items: Iterable<T>, take: (results: R[], index: number) => void) => run(batches(items), take),
    close,
  }
}

function* batches<T>(items: Iterable<T>) {
  let batch: T[] = []
  for (const item of items) {
    if (batch.push(item) < size) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}
