import { type Captured, describe } from './functions/capture'

interface Copies {
  count: number
  bytes: number
}

/** Fewer functions of one place, or fewer bytes in all, are not worth a word. */
const MANY = 10
const MUCH = 100_000_000

/** Places that were warned of, by now. */
const warned = new Set<string>()

/**
 * Notices where a closure is made anew for each task, and takes much along each time: the results are right, and the
 * time and the memory go into copies.
 */
export class CopiesByPlace {
  readonly #places = new Map<string, Copies>()

  /** A function was encoded, with so many bytes. */
  add(captured: Captured, bytes: number): void {
    const { scriptId, line, column } = captured.details
    if (scriptId === undefined) return
    const place = `${scriptId}:${line}:${column}`
    const copies = this.#places.get(place) ?? { count: 0, bytes: 0 }
    this.#places.set(place, copies)
    copies.count += 1
    copies.bytes += bytes
    if (copies.count < MANY || copies.bytes < MUCH || warned.has(place)) return
    warned.add(place)
    process.emitWarning(
      `${describe(captured)} was made ${copies.count} times in one call of Parallel, and each takes along its own copy of ` +
        `what it captures: ${Math.round(copies.bytes / 1e6)} MB so far. Write delayed(fn) once, outside of the loop, ` +
        'and pass what varies as an argument.',
      { type: 'ParforWarning', code: 'PARFOR_COPIES' },
    )
  }
}
