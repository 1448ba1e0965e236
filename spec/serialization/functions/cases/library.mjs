import { EventEmitter } from 'node:events'

export const half = (x) => x / 2
export function twice(x) {
  return x * 2
}
export { hidden as renamed, hidden as default }

function hidden(x) {
  return `hidden ${x}`
}
export let version = 1
export const setVersion = (value) => {
  version = value
}
export const readVersion = () => version
export const settings = { depth: 1, list: [1, 2] }
export class Shape {
  static made = 0
  sides = 4
  area(a) {
    Shape.made += 1
    return a * a
  }
}
export const bestShape = new Shape()
export const isBest = (shape) => shape === bestShape
/** Cannot be copied: it goes by its import. */
export const registry = new (class Registry extends EventEmitter {
  #items = new WeakMap()
  put(key, value) {
    this.#items.set(key, value)
    return this.#items.get(key)
  }
})()
export const skip = Symbol('skip')
export const withoutSkips = (list) => list.filter((item) => item !== skip)
export const callbacks = { list: [(x) => x + 1], byName: { add: (a, b) => a + b } }
export { sep as separator } from 'node:path'
export * from './more.mjs'
export * as more from './more.mjs'
