import type { ParallelBackend } from '../backend'
import type { Places } from '../config/budget'
import type { BackendName } from '../config/options'
import type { Settings } from '../config/settings'

type Asked = Pick<Settings, 'worker' | 'pool'>

/** Makes a backend. Its module is loaded only then: most programs use one. */
const factories: Record<BackendName, (asked: Asked, places?: Places) => ParallelBackend> = {
  sequential: ({ worker: { initializer } }) => {
    const { SequentialBackend } =
      require('./sequential/sequential-backend') as typeof import('./sequential/sequential-backend')
    return new SequentialBackend(initializer)
  },
  threads: ({ worker, pool }, places) => {
    const { ThreadsBackend } = require('./threads/threads-backend') as typeof import('./threads/threads-backend')
    return new ThreadsBackend(worker, pool, places)
  },
}

/**
 * The backend that these settings name: a new one for a name, and a user's own as it is.
 *
 * @param places those that it has for its workers, inside a task
 */
export function resolveBackend(settings: Asked & Pick<Settings, 'backend'>, places?: Places): ParallelBackend {
  const { backend } = settings
  return typeof backend === 'string' ? factories[backend](settings, places) : backend
}
