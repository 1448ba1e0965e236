/** Decides how many tasks travel together. */
export interface BatchSize {
  /** Tasks for the next batch. `left`: how many are still to be sent, when that is known. */
  next(left: number | undefined): number
  /** A batch of `size` tasks kept its worker busy for so many milliseconds. */
  measured(size: number, duration: number): void
}

/**
 * Milliseconds that a batch should keep a worker busy. A message costs from 0.03 ms, while everybody is at work, to
 * 0.5 ms when it has to wake a thread; a longer batch would gain nothing, but fix what is in it early. (joblib aims at
 * 200 ms: its messages cost more.) Chosen with benchmarks/auto-batching.bench.ts.
 */
const target = 40

/** With 1024 tasks to a message each bears 0.03 µs of it: nothing, beside what it costs to write and read a task. */
const largest = 1024

/**
 * The rest is shared out so that no batch has more than an eighth of a worker's fair part: when tasks turn out slow
 * at the very end, the others can still take most of them.
 */
const shares = 8

export function fixedBatchSize(size: number): BatchSize {
  return { next: () => size, measured: () => {} }
}

/**
 * Batches that keep a worker busy for about 40 ms each, as learned from those that came back. Begins with single
 * tasks. Grows at most to the double of what has been measured, since the first tasks may be the quick ones; a slow
 * batch brings it down at once.
 */
export function autoBatchSize(workers: number): BatchSize {
  let size = 1
  /** Milliseconds for one task. */
  let cost = Number.POSITIVE_INFINITY

  return {
    next(left) {
      if (left === undefined) return size
      return Math.max(1, Math.min(size, Math.ceil(left / (workers * shares))))
    },

    measured(tasks, duration) {
      const measured = duration / tasks
      if (!(measured >= 0)) return
      // Slower counts at once, faster by half: a batch too small costs little, one too large a worker's time.
      cost = measured >= cost || cost === Number.POSITIVE_INFINITY ? measured : (cost + measured) / 2
      const ideal = cost === 0 ? largest : Math.max(1, Math.floor(target / cost))
      size = Math.min(ideal, largest, Math.max(size, 2 * tasks))
    },
  }
}
