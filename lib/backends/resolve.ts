import type { ParallelBackend } from '../backend'
import { backendFor, factoryOf, isBuiltIn, whyNoBackend } from '../config/backend-names'
import type { Places } from '../config/budget'
import type { BackendName, BackendOptions } from '../config/options'
import { type Settings, sharesNoMemory } from '../config/settings'
import { BackendError, messageOf } from '../errors'

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

type Resolvable = Asked & Pick<Settings, 'backend'> & Partial<Pick<Settings, 'nJobs' | 'require' | 'isBackendOwn'>>

/**
 * The backend that these settings name: a new one for a name, and a user's own as it is.
 *
 * @param places those that it has for its workers, inside a task
 * @throws TypeError when it was named for this `Parallel`, and is not what `require` asks for. BackendError when a
 * registered one cannot be made.
 */
export function resolveBackend(settings: Resolvable, places?: Places): ParallelBackend {
  const { backend: name, nJobs = 1, require, isBackendOwn = true } = settings
  if (typeof name !== 'string') return name
  if (isBuiltIn(name)) return factories[name](settings, places)
  const backend = registered(name, { ...settings, nJobs })
  if (require !== 'sharedmem' || backend.supportsSharedMemory) return backend
  if (isBackendOwn) throw sharesNoMemory(backend)
  return factories[backendFor(nJobs, 'threads') as BackendName](settings, places)
}

function registered(name: string, settings: Asked & Pick<Settings, 'nJobs'>): ParallelBackend {
  const factory = factoryOf(name)
  if (factory === undefined) throw new BackendError(`Backend '${name}' is not registered`)
  let made: unknown
  try {
    made = factory(optionsOf(settings))
  } catch (cause) {
    throw new BackendError(`Backend '${name}' cannot be made: ${messageOf(cause)}`, { cause })
  }
  const why = whyNoBackend(made)
  if (why === undefined) return made as ParallelBackend
  const hint =
    typeof (made as PromiseLike<unknown> | undefined)?.then === 'function' ? '. What takes time goes into open()' : ''
  throw new BackendError(`The factory of backend '${name}' returned something ${why}${hint}`)
}

function optionsOf({ nJobs, worker, pool }: Asked & Pick<Settings, 'nJobs'>): BackendOptions {
  const { maxTasks, maxMemory, onWorkerEvent } = pool
  return {
    ...worker,
    nJobs,
    ...(maxTasks !== undefined && { maxTasksPerWorker: maxTasks }),
    ...(maxMemory !== undefined && { maxWorkerMemory: maxMemory }),
    ...(onWorkerEvent !== undefined && { onWorkerEvent }),
  }
}
