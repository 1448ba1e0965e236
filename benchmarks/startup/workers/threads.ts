import { expose } from 'threads/worker'

const offset = 1
expose((n: number) => n + offset)
