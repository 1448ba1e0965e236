import { join } from 'node:path'
import { Piscina } from 'piscina'

const pool = new Piscina({ filename: join(__dirname, 'workers/add.js'), minThreads: 2, maxThreads: 2 })
void Promise.all([1, 2].map((n) => pool.run(n)))
  .then((results) => console.log(results))
  .then(() => pool.destroy())
