import { join } from 'node:path'
import { pool as open } from 'workerpool'

const pool = open(join(__dirname, 'workers/workerpool.js'), { workerType: 'thread', minWorkers: 2, maxWorkers: 2 })
void Promise.all([1, 2].map((n) => pool.exec('add', [n])))
  .then((results) => console.log(results))
  .then(() => pool.terminate())
