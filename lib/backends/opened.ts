import type { ParallelBackend } from '../backend'

/** By backend, not by `Parallel`: two of these may be given the same backend, which is opened once. */
const openings = new WeakMap<ParallelBackend, { is: 'opening'; opened: Promise<void> } | { is: 'open' }>()

/**
 * Opens a backend, unless it is open.
 *
 * @returns `undefined` when it is open: then nobody waits. A promise that rejects when it does not open; the next
 * call tries again.
 */
export function open(backend: ParallelBackend, nJobs: number): Promise<void> | undefined {
  const opening = openings.get(backend)
  if (opening !== undefined) return opening.is === 'open' ? undefined : opening.opened

  const opened = Promise.resolve(backend.open(nJobs)).then(
    () => {
      if (openings.get(backend) === entry) openings.set(backend, { is: 'open' })
    },
    (error) => {
      if (openings.get(backend) === entry) openings.delete(backend)
      throw error
    },
  )
  const entry = { is: 'opening' as const, opened }
  openings.set(backend, entry)
  return opened
}

/** Closes a backend, when it was opened. */
export async function close(backend: ParallelBackend, options?: { force: boolean }): Promise<void> {
  if (openings.delete(backend)) await backend.close(options)
}
