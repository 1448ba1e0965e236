import type { ParallelBackend } from '../backend'
import type { BackendName, WorkerOptions } from '../config/options'
import type { Settings } from '../config/settings'

/** Makes a backend. Its module is loaded only then: most programs use one. */
const factories: Record<BackendName, (worker: WorkerOptions) => ParallelBackend> = {
  sequential: ({ initializer }) => {
    const { SequentialBackend } =
      require('./sequential/sequential-backend') as typeof import('./sequential/sequential-backend')
    return new SequentialBackend(initializer)
  },
  threads: (worker) => {
    const { ThreadsBackend } = require('./threads/threads-backend') as typeof import('./threads/threads-backend')
    return new ThreadsBackend(worker)
  },
}

/** The backend that these settings name: a new one for a name, and a user's own as it is. */
export function resolveBackend({ backend, worker }: Pick<Settings, 'backend' | 'worker'>): ParallelBackend {
  return typeof backend === 'string' ? factories[backend](worker) : backend
}
