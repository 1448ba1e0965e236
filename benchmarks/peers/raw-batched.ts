/** As raw.ts, with a thousand tasks to a message: about what can be reached by messages at all. */
import type { Peer } from './peer'
import { openWorkers } from './raw'

const size = 1000

export const rawBatched: Peer = {
  name: 'raw, 1000 per message',
  async open(fn, workers) {
    const eachOf = `(items) => items.map(${fn})`
    const { map, close } = await openWorkers<number[], number[]>(eachOf, workers, 2)
    return {
      map: async (items) => (await map(batches(items))).flat(),
      [Symbol.asyncDispose]: close,
    }
  },
}

function* batches(items: Iterable<number>) {
  let batch: number[] = []
  for (const item of items) {
    if (batch.push(item) < size) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}
