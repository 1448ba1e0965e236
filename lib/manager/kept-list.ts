import { isDeepStrictEqual } from 'node:util'
import { shown } from './arguments'

/** A list, where it lives. */
export class KeptList {
  readonly #items: unknown[]

  constructor(items: readonly unknown[]) {
    this.#items = [...items]
  }

  append(value: unknown): void {
    this.#items.push(value)
  }

  /** @returns how many there are */
  extend(values: readonly unknown[]): number {
    for (const value of values) this.#items.push(value)
    return this.#items.length
  }

  insert(index: number, value: unknown): void {
    this.#items.splice(index, 0, value)
  }

  get(index: number): unknown {
    return this.#items.at(index)
  }

  set(index: number, value: unknown): void {
    this.#items[this.#place(index, 'list.set')] = value
  }

  /** @returns what was taken out; nothing when there is nothing */
  pop(index: number): readonly unknown[] {
    if (this.#items.length === 0) return []
    return index === -1 ? [this.#items.pop()] : this.#items.splice(this.#place(index, 'list.pop'), 1)
  }

  remove(value: unknown): boolean {
    const index = this.indexOf(value)
    if (index >= 0) this.#items.splice(index, 1)
    return index >= 0
  }

  indexOf(value: unknown): number {
    return this.#items.findIndex((item) => isDeepStrictEqual(item, value))
  }

  slice(start: number | undefined, end: number | undefined): unknown[] {
    return this.#items.slice(start, end)
  }

  length(): number {
    return this.#items.length
  }

  /** @returns what was in it */
  clear(): unknown[] {
    return this.#items.splice(0)
  }

  #place(index: number, operation: string): number {
    const { length } = this.#items
    const place = index < 0 ? index + length : index
    if (place < 0 || place >= length)
      throw new RangeError(`${operation}: there is no place ${shown(index)} in a list of ${length}`)
    return place
  }
}
