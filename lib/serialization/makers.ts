/** Functions by their `prototype`, where that does not name them: after `Point.prototype = { … }`. */
const makers = new WeakMap<object, Function>()

/** Remembers that this function makes instances, for when one of them is met. */
export function noteMaker(fn: Function): void {
  const prototype: unknown = Object.getOwnPropertyDescriptor(fn, 'prototype')?.value
  if (typeof prototype !== 'object' || prototype === null || Object.hasOwn(prototype, 'constructor')) return
  if (!makers.has(prototype)) makers.set(prototype, fn)
}

/** The function whose instances have this prototype, by `constructor` or as far as it was noted. */
export function makerOf(prototype: object): Function | undefined {
  const named: unknown = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value
  return [named, makers.get(prototype)].find(
    (maker): maker is Function => typeof maker === 'function' && maker.prototype === prototype,
  )
}
