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
