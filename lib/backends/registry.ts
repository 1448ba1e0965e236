import { inspect } from 'node:util'
import { addBackend, type BackendFactory, isBuiltIn } from '../config/backend-names'

/**
 * Gives a backend a name, so that `Parallel({ backend: name })` and `parallelConfig` can ask for it. After joblib's
 * `register_parallel_backend`.
 *
 * A name may be registered again: a `Parallel` that has run something by then keeps what it has.
 *
 * @param factory - Makes a backend, at the first call of each `Parallel` that names it. It is given the options of that
 * `Parallel` which are about workers: `nJobs`, `env`, `initializer` … What takes time goes into the `open` of the backend.
 * @param options - With `makeDefault` it also runs the tasks of those who name no backend, unless they have `nJobs: 1`, or
 * `prefer: 'threads'`. `false` takes that back.
 * @throws TypeError when the name is no text, or that of a built-in backend, or `factory` is no function. What is wrong with
 * what the factory gives is a `BackendError` of the call.
 *
 * @example
 * ```ts
 * import { delayed, Parallel, type ParallelBackend, registerParallelBackend } from 'parfor'
 *
 * class OneByOne implements ParallelBackend {
 *   readonly name = 'one by one'
 *   readonly supportsSharedMemory = true
 *   effectiveNJobs = () => 1
 *   open() {}
 *   submit: ParallelBackend['submit'] = async ({ start, tasks }, onOutcome, signal) => {
 *     for (const [n, task] of tasks.entries()) {
 *       if (signal.aborted) return
 *       const [outcome] = await Promise.allSettled([(async () => task.fn(...(task.args as never[])))()])
 *       if (!signal.aborted) onOutcome(start + n, outcome)
 *     }
 *   }
 *   async close() {}
 * }
 *
 * registerParallelBackend('one-by-one', () => new OneByOne())
 * console.log(await Parallel({ backend: 'one-by-one' })([delayed(Math.sqrt)(16)])) //=> [ 4 ]
 * ```
 */
export function registerParallelBackend(
  name: string,
  factory: BackendFactory,
  options: { readonly makeDefault?: boolean | undefined } = {},
): void {
  if (typeof name !== 'string' || name === '')
    throw new TypeError(`The name of a backend is a text; got ${inspect(name, { depth: 0 })}`)
  if (isBuiltIn(name))
    throw new TypeError(`'${name}' is the name of a built-in backend, and cannot be given to another one`)
  if (typeof factory !== 'function') {
    const got = inspect(factory, { depth: 0 })
    throw new TypeError(`registerParallelBackend takes a function that makes a backend; got ${got} for '${name}'`)
  }
  const { makeDefault, ...others } = readOptions(options)
  const [other] = Object.keys(others)
  if (other !== undefined)
    throw new TypeError(`'${other}' is no option of registerParallelBackend. Its option is makeDefault`)
  if (makeDefault !== undefined && typeof makeDefault !== 'boolean')
    throw new TypeError(`makeDefault must be true or false; got ${inspect(makeDefault, { depth: 0 })}`)
  addBackend(name, factory, makeDefault)
}

function readOptions(options: unknown): { makeDefault?: unknown } {
  if (typeof options === 'object' && options !== null && !Array.isArray(options)) return options
  throw new TypeError(
    `The options of registerParallelBackend are an object, { makeDefault? }; got ${inspect(options, { depth: 0 })}`,
  )
}

/** Ends what a backend keeps for later calls. */
export type ShutdownHook = () => Promise<void>

const hooks = new Set<ShutdownHook>()

/** For a backend that keeps workers beyond the `Parallel` that made it: `hook` ends them, when `shutdown()` is called. */
export function onShutdown(hook: ShutdownHook): void {
  hooks.add(hook)
}

/**
 * Ends all workers that are kept for later calls. A later call starts new ones.
 *
 * @example
 * ```ts
 * import { delayed, Parallel, shutdown } from 'parfor'
 *
 * console.log(await Parallel(2)([delayed(Math.sqrt)(16)])) //=> [ 4 ]
 * await shutdown()
 * ```
 */
export async function shutdown(): Promise<void> {
  // A backend that was never used has no hook: nothing is loaded only to be ended.
  await Promise.all([...hooks].map((hook) => hook()))
}
