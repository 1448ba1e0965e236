import { types } from 'node:util'
import { SerializationError } from '../errors'
import { buffersOf, isDetached } from '../serialization/bytes'
import type { Message } from '../serialization/message'
import type { Parcel, Unit } from '../serialization/wire'

interface Kept {
  /** The index of the task: a task may be in a call more than once. */
  readonly index: number
  readonly parcel: Parcel
  /** What the worker must have for it. */
  readonly units: readonly Unit[]
}

/**
 * What tasks of a call were sent with that give away what they are called with: it cannot be read again. Until it is on its
 * way, and when it has come back, it is sent as it was.
 */
export class GivenAway {
  readonly #kept = new WeakMap<readonly unknown[], Kept>()

  /**
   * @param args of the task
   * @param path of the first value that is given away
   * @param encode makes the parcel, once
   * @throws SerializationError when it is at another worker, or went there
   */
  parcel(args: readonly unknown[], index: number, message: Message, path: () => string, encode: () => Parcel): Parcel {
    const kept = this.#kept.get(args)
    // Of another task with the same arguments nothing is left: the encoder says so.
    if (kept?.index !== index) {
      const parcel = encode()
      this.#kept.set(args, { index, parcel, units: [...message.units] })
      return parcel
    }
    if ('graph' in kept.parcel && buffersOf(kept.parcel.graph).some(isDetached))
      throw new SerializationError(
        `Cannot send ${path()} to a worker again: it was handed over with transfer to one that was lost before it had ` +
          'task was done. Without transfer it is copied, and the task can run again.',
        { side: 'task', path: path() },
      )
    message.add(kept.parcel, kept.units)
    return kept.parcel
  }

  /** They have come back: nothing of the task has run. */
  returned(args: readonly unknown[], buffers: readonly ArrayBuffer[]): void {
    const parcel = this.#kept.get(args)?.parcel
    if (!parcel || !('graph' in parcel)) return
    const { beside } = parcel.graph
    let next = 0
    for (const [n, value] of beside.entries()) if (types.isArrayBuffer(value)) beside[n] = buffers[next++]
  }
}
