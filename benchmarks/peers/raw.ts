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
 */
export function raw(inFlight: number): Peer {
  return {
    name: 'raw worker_threads',
    async open(fn, workers) {
      const { map, close } = await openWorkers<number, number>(String(fn), workers, inFlight)
      return { map, [Symbol.asyncDispose]: close }
    },
  }
}

/** Workers that answer each message with what the function makes of it. */
export async function openWorkers<T, R>(source: string, count: number, inFlight: number) {
  const workers = Array.from({ length: count }, () => new Worker(__filename, { workerData: source }))
  await Promise.all(workers.map((worker) => once(worker, 'online')))

  async function map(items: Iterable<T>): Promise<R[]> {
    const results: R[] = []
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
          results[sent.shift() as number] = result
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
    return results
  }

  async function close() {
    await Promise.all(workers.map((worker) => worker.terminate()))
  }
  return { map, close }
}

if (!isMainThread) {
  const fn = new Function(`return ${workerData}`)()
  parentPort?.on('message', (item) => parentPort?.postMessage(fn(item)))
}
