import { worker } from 'workerpool'

const offset = 1
worker({ add: (n: number) => n + offset })
