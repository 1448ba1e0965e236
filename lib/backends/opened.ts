import type { ParallelBackend } from '../backend'

type Opening =
  | { readonly is: 'opening'; readonly opened: Promise<void> }
  | { readonly is: 'open' }
  | { readonly is: 'closing'; readonly closed: Promise<void> }

/** By backend, not by `Parallel`: two of these may be given the same backend, which is opened once. */
const openings = new WeakMap<ParallelBackend, Opening>()

/**
 * Opens a backend, unless it is open.
 *
 * @returns `undefined` when it is open: then nobody waits. A promise that rejects when it does not open; the next
 * call tries again.
 */
export function open(backend: ParallelBackend, nJobs: number): Promise<void> | undefined {
  const opening = openings.get(backend)
  if (opening?.is === 'open') return undefined
  if (opening?.is === 'opening') return opening.opened

  const start = () => backend.open(nJobs)
  const opened = (opening === undefined ? Promise.resolve(start()) : opening.closed.then(start, start)).then(
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

/** Closes a backend, when it was opened; with force also one that is closing, and takes its time. */
export async function close(backend: ParallelBackend, options?: { force: boolean }): Promise<void> {
  const opening = openings.get(backend)
  if (opening === undefined) return
  const before = opening.is === 'closing' ? opening.closed : undefined
  if (before && !options?.force) return before
  const closed = Promise.all([before, backend.close(options)]).then(() => {})
  const entry = { is: 'closing' as const, closed }
  openings.set(backend, entry)
  try {
    await closed
  } finally {
    if (openings.get(backend) === entry) openings.delete(backend)
  }
}
