/** Shared memory in place of the buffers of one call. */
interface Memory {
  readonly shared: SharedArrayBuffer
  /** Where it has what the buffer had: from, to; in order, with gaps between them. */
  readonly copied: [from: number, to: number][]
}

/**
 * Which arrays of a call are put aside, into memory that the caller and all workers share, and what stands in for them
 * there: `maxNbytes`. Each buffer has one memory, however many arrays show parts of it, and however many tasks get them.
 *
 * Only what is shown of a buffer is copied, each byte once: what a task sees stays as it was when it was first sent. The
 * memory is as long as the buffer, so that every array is at its place in it; what nothing was copied to costs nothing, since no
 * system gives memory to what was never written.
 */
export class LargeArrays {
  /** An array is large that has more bytes. */
  readonly above: number
  /** Bytes that were copied, each counted once. */
  bytesRead = 0
  /** Weak, so that an input of many arrays is not held until the end of the call. */
  readonly #memories = new WeakMap<ArrayBufferLike, Memory>()

  constructor(above: number) {
    this.above = above
  }

  /**
   * The memory that stands for a buffer, with these bytes of it.
   *
   * @returns `undefined` when there is no memory to be had
   */
  share(buffer: ArrayBuffer, offset: number, length: number): SharedArrayBuffer | undefined {
    let memory = this.#memories.get(buffer)
    if (memory === undefined) {
      const shared = allocate(buffer.byteLength)
      if (shared === undefined) return undefined
      memory = { shared, copied: [] }
      this.#memories.set(buffer, memory)
    }
    this.#copy(buffer, memory, offset, offset + length)
    return memory.shared
  }

  /** Copies from `from` to `to` what is not there yet. */
  #copy(buffer: ArrayBuffer, { shared, copied }: Memory, from: number, to: number): void {
    // The ranges that meet this one are united with it.
    const first = firstThat(copied, ([, end]) => end >= from)
    let [at, last] = [from, first]
    for (let range = copied[last]; range !== undefined && range[0] <= to; range = copied[last]) {
      this.#copyGap(buffer, shared, at, range[0])
      at = Math.max(at, range[1])
      last += 1
    }
    this.#copyGap(buffer, shared, at, to)
    const start = Math.min(from, copied[first]?.[0] ?? from)
    copied.splice(first, last - first, [start, Math.max(at, to)])
  }

  #copyGap(buffer: ArrayBuffer, shared: SharedArrayBuffer, from: number, to: number): void {
    if (from >= to) return
    new Uint8Array(shared, from, to - from).set(new Uint8Array(buffer, from, to - from))
    this.bytesRead += to - from
  }
}

function allocate(length: number): SharedArrayBuffer | undefined {
  try {
    return new SharedArrayBuffer(length)
  } catch (error) {
    if ((error as Error).name === 'RangeError') return undefined
    throw error
  }
}

/** The index of the first element that is so, where all behind it are so too; the length when there is none. */
function firstThat<T>(list: readonly T[], isSo: (element: T) => boolean): number {
  let [low, high] = [0, list.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (isSo(list[middle] as T)) high = middle
    else low = middle + 1
  }
  return low
}
