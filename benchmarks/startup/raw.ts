import { once } from 'node:events'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'

if (isMainThread) {
  const workers = [1, 2].map((n) => new Worker(__filename, { workerData: n }))
  void Promise.all(workers.map((worker) => once(worker, 'message'))).then((results) => console.log(results.flat()))
} else {
  const offset = 1
  parentPort?.postMessage(workerData + offset)
}
