import { Pool, spawn, Worker } from 'threads'

const pool = Pool(() => spawn<(n: number) => Promise<number>>(new Worker('./workers/threads.js')), 2)
void Promise.all([1, 2].map((n) => pool.queue((add) => add(n))))
  .then((results) => console.log(results))
  .then(() => pool.terminate())
