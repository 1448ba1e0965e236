import { join } from 'node:path'
import { FixedThreadPool } from 'poolifier'

const pool = new FixedThreadPool<number, number>(2, join(__dirname, 'workers/poolifier.js'))
void Promise.all([1, 2].map((n) => pool.execute(n)))
  .then((results) => console.log(results))
  .then(() => process.exit()) // its destroy() sometimes never settles
