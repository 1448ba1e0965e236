import { types } from 'node:util'
import { isViewPrototype } from './plain-data'
import { isStandIn } from './stand-in'

type View = Uint8Array | DataView

/**
 * What a task is called with, where arrays in shared memory stand by themselves: with arrays of its own in their places, which show the
 * same memory. So structured clone can take them, and tasks of one message have none in common.
 *
 * @returns the values themselves, when there is none
 */
export function withOwnViews(values: readonly unknown[]): readonly unknown[] {
  let own: Map<unknown, View> | undefined
  for (const value of values) {
    if (!isSharedView(value)) continue
    own ??= new Map()
    // An array that is there twice is one array for the task, too.
    if (!own.has(value)) own.set(value, twin(value))
  }
  return own === undefined ? values : values.map((value) => own.get(value) ?? value)
}

/** Whether it is nothing but a view of shared memory, of a length that stays. */
function isSharedView(value: unknown): value is View {
  if (!ArrayBuffer.isView(value) || types.isProxy(value) || !types.isSharedArrayBuffer(value.buffer)) return false
  return (
    isViewPrototype(Object.getPrototypeOf(value)) &&
    Object.isExtensible(value) &&
    (value.buffer as { growable?: boolean }).growable !== true &&
    !isStandIn(value.buffer)
  )
}

function twin(view: View): View {
  // The prototype is a standard one: that it has a `constructor` of the user's own is not looked for.
  const View = Object.getPrototypeOf(view).constructor as new (
    buffer: ArrayBufferLike,
    at: number,
    length: number,
  ) => View
  return new View(view.buffer, view.byteOffset, types.isDataView(view) ? view.byteLength : view.length)
}
