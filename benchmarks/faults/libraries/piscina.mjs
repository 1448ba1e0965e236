import { Piscina } from 'piscina'
import { settled } from '../settled.mjs'

export const name = 'piscina'

export async function create({ file, workers, timeout, execArgv, resourceLimits, onError }) {
  const pool = new Piscina({
    filename: file,
    minThreads: workers,
    maxThreads: workers,
    ...(execArgv && { execArgv }),
    ...(resourceLimits && { resourceLimits }),
  })
  pool.on('error', onError)
  // There is no time limit but this: it counts from the call, also while the task waits for a thread.
  const limit = () => (timeout ? AbortSignal.timeout(timeout) : undefined)
  return {
    run: (tasks, { signal } = {}) =>
      tasks.map(([name, arg]) => settled(() => pool.run(arg, { name, signal: signal ?? limit() }))),
    close: () => pool.close(),
    destroy: () => pool.destroy(),
  }
}
