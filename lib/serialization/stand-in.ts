import { types } from 'node:util'

/**
 * Shared memory that this thread was given in place of buffers. Of the thread, and not of this module: a worker has a copy of
 * this library of its own, beside the one that its tasks import and make calls with.
 */
const key = Symbol.for('parfor.standIns')

const ofThread = (): WeakSet<object> | undefined => (globalThis as { [key]?: WeakSet<object> })[key]

/** Notes that this memory stands for a buffer: what is sent on of it, or returned, is a copy, as it would be of the buffer. */
export function noteStandIn(shared: unknown): unknown {
  const standIns = ofThread() ?? new WeakSet()
  Object.defineProperty(globalThis, key, { value: standIns, configurable: true })
  standIns.add(shared as object)
  return shared
}

/** Whether it is shared for speed only: the user's own shared memory stays shared wherever it goes. */
export function isStandIn(buffer: unknown): buffer is SharedArrayBuffer {
  return types.isSharedArrayBuffer(buffer) && ofThread()?.has(buffer) === true
}
