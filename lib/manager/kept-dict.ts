import { addTo } from './kept-value'

/** A value, and which of all that were ever written it is. */
interface Entry {
  readonly value: unknown
  readonly version: number
}

/** Of what is not there. */
const NONE = 0

/** A dict, where it lives. */
export class KeptDict {
  readonly #entries = new Map<unknown, Entry>()
  #version = NONE

  constructor(entries: readonly (readonly [unknown, unknown])[]) {
    this.setAll(entries)
  }

  get(key: unknown): readonly unknown[] {
    const entry = this.#entries.get(key)
    return entry ? [entry.value] : []
  }

  set(key: unknown, value: unknown): void {
    this.#version += 1
    this.#entries.set(key, { value, version: this.#version })
  }

  setAll(entries: readonly (readonly [unknown, unknown])[]): void {
    for (const [key, value] of entries) this.set(key, value)
  }

  /** @returns the value that it has then */
  setDefault(key: unknown, value: unknown): unknown {
    const entry = this.#entries.get(key)
    if (entry) return entry.value
    this.set(key, value)
    return value
  }

  add(key: unknown, addend: number | bigint): number | bigint {
    const zero = typeof addend === 'bigint' ? 0n : 0
    const sum = addTo(this.#entries.has(key) ? this.#entries.get(key)?.value : zero, addend, 'dict.add')
    this.set(key, sum)
    return sum
  }

  has(key: unknown): boolean {
    return this.#entries.has(key)
  }

  pop(key: unknown): readonly unknown[] {
    const found = this.get(key)
    this.#entries.delete(key)
    return found
  }

  delete(key: unknown): boolean {
    return this.#entries.delete(key)
  }

  keys(): unknown[] {
    return [...this.#entries.keys()]
  }

  values(): unknown[] {
    return [...this.#entries.values()].map(({ value }) => value)
  }

  entries(): [unknown, unknown][] {
    return [...this.#entries].map(([key, { value }]) => [key, value])
  }

  size(): number {
    return this.#entries.size
  }

  clear(): void {
    this.#entries.clear()
  }

  /** What there is, for an `update`. */
  toUpdate(key: unknown): readonly [version: number, value: unknown] {
    const { version, value } = this.#entries.get(key) ?? { version: NONE, value: undefined }
    return [version, value]
  }

  /** @returns false when there is something else by now */
  update(key: unknown, version: number, value: unknown): boolean {
    if (this.toUpdate(key)[0] !== version) return false
    this.set(key, value)
    return true
  }
}
