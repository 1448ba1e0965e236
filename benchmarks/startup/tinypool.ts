import { join } from 'node:path'
import { Tinypool } from 'tinypool'

const pool = new Tinypool({ filename: join(__dirname, 'workers/add.js'), minThreads: 2, maxThreads: 2 })
void Promise.all([1, 2].map((n) => pool.run(n)))
  .then((results) => console.log(results))
  .then(() => pool.destroy())
