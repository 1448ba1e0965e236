// A module of tasks that cannot be loaded in a worker.
import { isMainThread } from 'node:worker_threads'

if (!isMainThread) throw new Error('no such setting')

export const double = (n) => 2 * n
