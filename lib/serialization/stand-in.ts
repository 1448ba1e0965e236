import { types } from 'node:util'

/** Shared memory that this thread was given in place of a buffer. */
const standIns = new WeakSet<object>()

/** Notes that this memory stands for a buffer: what a task returns of it is a copy, as it would be of the buffer. */
export function noteStandIn(shared: unknown): unknown {
  standIns.add(shared as object)
  return shared
}

/** Whether it is shared for speed only: the user's own shared memory stays shared wherever it goes. */
export function isStandIn(buffer: unknown): buffer is SharedArrayBuffer {
  return types.isSharedArrayBuffer(buffer) && standIns.has(buffer)
}
