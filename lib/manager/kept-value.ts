import { isDeepStrictEqual } from 'node:util'
import { shown } from './arguments'

/** A value, where it lives. */
export class KeptValue {
  #value: unknown
  /** How often it was written. */
  #version = 0

  constructor(value: unknown) {
    this.#value = value
  }

  get(): unknown {
    return this.#value
  }

  set(value: unknown): void {
    this.#value = value
    this.#version += 1
  }

  add(addend: number | bigint): number | bigint {
    const sum = addTo(this.#value, addend, 'value.add')
    this.set(sum)
    return sum
  }

  compareAndSet(expected: unknown, value: unknown): boolean {
    if (!isDeepStrictEqual(this.#value, expected)) return false
    this.set(value)
    return true
  }

  /** What there is, for an `update`. */
  toUpdate(): readonly [version: number, value: unknown] {
    return [this.#version, this.#value]
  }

  /** @returns false when there is something else by now */
  update(version: number, value: unknown): boolean {
    if (version !== this.#version) return false
    this.set(value)
    return true
  }
}

export function addTo(value: unknown, addend: number | bigint, operation: string): number | bigint {
  if (typeof value !== typeof addend)
    throw new TypeError(`${operation}: a ${typeof addend} cannot be added to ${shown(value)}`)
  return ((value as number) + (addend as number)) as number | bigint
}
