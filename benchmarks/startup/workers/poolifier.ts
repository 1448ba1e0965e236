import { ThreadWorker } from 'poolifier'

const offset = 1
export = new ThreadWorker((n?: number) => (n ?? 0) + offset)
