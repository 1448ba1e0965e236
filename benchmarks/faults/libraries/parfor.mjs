import { delayed, Parallel } from 'parfor'

export const name = 'parfor'

/**
 * Every file in this folder exports a `name` and `create()`, which makes a pool of so many threads, as the library's own
 * documentation says, whose tasks are what `file` exports. A pool can
 *
 * - `run(tasks, { signal })`: tasks are `[name, argument]`; gives a promise of the outcome of each, as `Promise.allSettled` has it.
 * - `close()`: what the documentation calls when a pool is no longer needed.
 * - `destroy()`: the same, without waiting for tasks that run.
 *
 * `onError` is told of errors that belong to no task, where a library has a way to tell.
 */
export async function create({ file, workers, timeout, execArgv, resourceLimits }) {
  const functions = await import(file)
  const parallel = Parallel({
    nJobs: workers,
    onError: 'settle',
    ...(timeout && { timeout }),
    ...(execArgv && { execArgv }),
    ...(resourceLimits && { resourceLimits }),
  })
  return {
    run(tasks, { signal } = {}) {
      const call = parallel(
        tasks.map(([name, arg]) => delayed(functions[name])(arg)),
        { signal },
      ).catch((reason) => tasks.map(() => ({ status: 'rejected', reason })))
      return tasks.map((_, n) => call.then((outcomes) => outcomes[n]))
    },
    close: () => parallel.close(),
    destroy: () => parallel.terminate(),
  }
}
