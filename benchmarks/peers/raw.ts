/**
 * `node:worker_threads` by hand: one message per task, and nothing that could go wrong is looked after. The worker's
 * half is below.
 */
import { once } from 'node:events'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import type { Peer } from './peer'

/**
 * `inFlight` is how many messages a worker has: with 2 the next one is there when it has answered one. More make
 * trivial tasks quicker, since messages are then received in bulk, and leave long ones waiting for a busy worker.
 * With `transfer`, results are typed arrays, and their buffers are handed over.
 */
export function raw(inFlight: number, { transfer = false } = {}): Peer {
  return {
    name: 'raw worker_threads',
    async open<T, R>(fn: (item: T) => R, workers: number) {
      const { run, close } = await openWorkers<T, R>(String(fn), workers, inFlight, transfer)
      return {
        async map(items: Iterable<T>) {
          const results: R[] = []
          await run(items, (result, index) => {
            results[index] = result
          })
          return results
        },
        [Symbol.asyncDispose]: close,
      }
    },
  }
}

/** Workers that answer each message with what the function makes of it. */
export async function openWorkers<T, R>(source: string, count: number, inFlight: number, transfer = false) {
  const workers = Array.from({ length: count }, () => new Worker(__filename, { workerData: { source, transfer } }))
  await Promise.all(workers.map((worker) => once(worker, 'online')))

  /** Sends all items; each result goes to `take` when it comes. */
  async function run(items: Iterable<T>, take: (result: R, index: number) => void): Promise<void> {
    const input = items[Symbol.iterator]()
    let index = 0

    const drain = (worker: Worker) =>
      new Promise<void>((resolve) => {
        /** Where the answers belong: they come in the order of the messages. */
        const sent: number[] = []
        const send = () => {
          const next = input.next()
          if (next.done) return
          sent.push(index++)
          worker.postMessage(next.value)
        }
        const receive = (result: R) => {
          take(result, sent.shift() as number)
          send()
          if (sent.length === 0) finish()
        }
        const finish = () => {
          worker.off('message', receive)
          resolve()
        }
        worker.on('message', receive)
        for (let i = 0; i < inFlight; i++) send()
        if (sent.length === 0) finish()
      })
    await Promise.all(workers.map(drain))
  }

  async function close() {
    await Promise.all(workers.map((worker) => worker.terminate()))
  }
  return { run, close }
}

if (!isMainThread && workerData?.source) {
  const fn = new Function(`return ${workerData.source}`)()
  const answer = workerData.transfer
    ? (result: NodeJS.TypedArray) => parentPort?.postMessage(result, [result.buffer as ArrayBuffer])
    : (result: unknown) => parentPort?.postMessage(result)
  parentPort?.on('message', (item) => answer(fn(item)))
}
