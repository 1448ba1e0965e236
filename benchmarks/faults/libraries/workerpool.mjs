import { fileURLToPath } from 'node:url'
import workerpool from 'workerpool'
import { settled } from '../settled.mjs'

export const name = 'workerpool'

const script = fileURLToPath(new URL('../workerpool-worker.mjs', import.meta.url))

export async function create({ file, workers, timeout, execArgv, resourceLimits }) {
  const pool = workerpool.pool(script, {
    workerType: 'thread',
    minWorkers: workers,
    maxWorkers: workers,
    workerThreadOpts: { workerData: file, ...(execArgv && { execArgv }), ...(resourceLimits && { resourceLimits }) },
  })
  return {
    run: (tasks, { signal } = {}) =>
      tasks.map(([name, arg]) =>
        settled(() => {
          const promise = pool.exec(name, [arg])
          signal?.addEventListener('abort', () => void promise.cancel())
          return timeout ? promise.timeout(timeout) : promise
        }),
      ),
    close: () => pool.terminate(),
    destroy: () => pool.terminate(true),
  }
}
