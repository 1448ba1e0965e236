import { Worker } from 'node:worker_threads'

const start = performance.now()
const worker = new Worker("require('node:worker_threads').parentPort.postMessage(2)", { eval: true })
worker.once('message', (two) => console.log(two, performance.now() - start))
