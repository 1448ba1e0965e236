import type { Task } from '../task/task'
import type { KnownCosts } from './known-costs'

/** Decides how many tasks travel together. */
export interface BatchSize {
  /** The first task of the call is known: `fn` is what it calls. */
  begins?(fn: Task['fn']): void
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
const target = 80

/** With 1024 tasks to a message each bears 0.03 µs of it: nothing, beside what it costs to write and read a task. */
const LARGEST = 1024

/**
 * In a list nobody has to take the results, so that more of them can travel together: a quarter less for a million numbers in
 * benchmarks/pool-map.bench.ts. More than that would not help.
 */
const LARGEST_OF_LIST = 4096

/**
 * The rest is shared out so that no batch has more than half of a worker's fair part: when tasks turn out slow, there is
 * something left to share; and who is free takes from others, which costs less than many small batches.
 */
const shares = 2

/** But by so many milliseconds of work it is not worth to be parted: a message may cost as much. */
const least = 1

/**
 * Milliseconds that the first batches of a call may take, by what an earlier one has learned of the same function: no more than
 * a message costs. Should these tasks be other ones, not much is fixed by it, and who is free takes from it.
 */
const onTrust = 0.1

/** A batch that was short says little of what follows; but to learn it in small steps costs a message for each. */
const growth = 4

export function fixedBatchSize(size: number): BatchSize {
  return { next: () => size, measured: () => {} }
}

/**
 * Batches that keep a worker busy for about 80 ms each, as learned from those that came back. Begins with single tasks, or with
 * what is known of them, and grows at most to four times of what has been measured, since the first tasks may be the quick ones.
 * What was learned counts half for each 80 ms of work since: a slow batch brings the size down at once, a slow task among quick
 * ones does not.
 *
 * @param isList - Whether the results are given as a list, and wait for nobody to take them.
 * @param known - What earlier calls have learned, and learn from this one.
 */
export function autoBatchSize(workers: number, isList = false, known?: KnownCosts): BatchSize {
  const largest = isList ? LARGEST_OF_LIST : LARGEST
  let size = 1
  /** Tasks that were measured, and the milliseconds that they took, of late. */
  let count = 0
  let time = 0
  let first: Task['fn'] | undefined
  /** What is known of it, at least. */
  let floor = 0

  return {
    begins(fn) {
      first = fn
      const cost = known?.of(fn)
      if (cost === undefined) return
      // Tasks that are long now and then are not taken for short ones by the calls in between.
      floor = cost / 2
      size = Math.max(1, Math.min(largest, Math.floor(onTrust / cost)))
    },

    next(left) {
      if (left === undefined) return size
      const fair = Math.ceil(left / (workers * shares))
      return Math.max(1, Math.min(size, left, Math.max(fair, count === 0 ? size : tasksIn(least))))
    },

    measured(tasks, duration) {
      if (!(duration >= 0)) return
      const kept = 0.5 ** (duration / target)
      count = kept * count + tasks
      time = kept * time + duration
      size = Math.min(Math.max(1, tasksIn(target)), largest, Math.max(size, growth * tasks))
      if (first !== undefined) known?.note(first, Math.max(time / count, floor))
    },
  }

  /** How many tasks take so many milliseconds, by what was measured. */
  function tasksIn(ms: number): number {
    return time > 0 ? Math.floor((ms * count) / time) : largest
  }
}
