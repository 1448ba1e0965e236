import type { ParallelBackend } from '../backend'
import { debug } from '../debug'

type State =
  | { readonly is: 'closed' | 'open' }
  | { readonly is: 'opening'; readonly opened: Promise<void> }
  | { readonly is: 'closing'; readonly closed: Promise<void> }

/** What becomes of a backend, which several may use: the first one opens it, and the last one closes it. */
interface Entry {
  readonly users: Set<object>
  state: State
}

const entries = new WeakMap<ParallelBackend, Entry>()

/**
 * Opens a backend for a user, unless it is open.
 *
 * @returns `undefined` when it is open: then nobody waits. A promise that rejects when it does not open; the next
 * call tries again.
 */
export function open(backend: ParallelBackend, nJobs: number, user: object): Promise<void> | undefined {
  let entry = entries.get(backend)
  if (entry === undefined) {
    entry = { users: new Set(), state: { is: 'closed' } }
    entries.set(backend, entry)
  }
  entry.users.add(user)
  if (entry.state.is === 'open') return undefined
  if (entry.state.is === 'opening') return entry.state.opened
  if (entry.state.is === 'closing') {
    const { closed } = entry.state
    const start = () => (entry.state === state ? backend.open(nJobs) : undefined)
    const state = opening(closed.then(start, start), entry)
    return state.opened
  }
  const opened = backend.open(nJobs)
  if (opened !== undefined) return opening(Promise.resolve(opened), entry).opened
  entry.state = { is: 'open' }
  return undefined
}

function opening(opened: Promise<void>, entry: Entry): State & { is: 'opening' } {
  const state: State & { is: 'opening' } = {
    is: 'opening',
    opened: opened.then(
      () => {
        if (entry.state === state) entry.state = { is: 'open' }
      },
      (error) => {
        if (entry.state === state) entry.state = { is: 'closed' }
        throw error
      },
    ),
  }
  entry.state = state
  return state
}

/** Closes a backend when its last user does; with force also one that is closing already, and takes its time. */
export async function close(backend: ParallelBackend, user: object, options?: { force: boolean }): Promise<void> {
  const entry = entries.get(backend)
  entry?.users.delete(user)
  if (entry === undefined || entry.users.size > 0 || entry.state.is === 'closed') return
  if (entry.state.is === 'closing' && !options?.force) return entry.state.closed
  const state: State = { is: 'closing', closed: closing(backend, entry.state, options) }
  entry.state = state
  try {
    await state.closed
  } finally {
    if (entry.state === state) entry.state = { is: 'closed' }
  }
}

async function closing(backend: ParallelBackend, before: State, options?: { force: boolean }): Promise<void> {
  const close = () => backend.close(options)
  if (before.is === 'opening') {
    // What is open only then is closed then.
    const closed = before.opened.then(close, () => {})
    if (!options?.force) return closed
    closed.catch((error) => debug.workers('backend %s cannot be closed: %O', backend.name, error))
  }
  await Promise.all([before.is === 'closing' ? before.closed : undefined, close()])
}
