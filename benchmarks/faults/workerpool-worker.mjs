// The worker's side of workerpool: it is given the tasks, and offers them.
import { workerData } from 'node:worker_threads'
import workerpool from 'workerpool'

workerpool.worker({ ...(await import(workerData)) })
