/** How far a call has come, in tasks. */
export interface Counts {
  /** Tasks that are completed. */
  readonly completed: number
  /** Tasks that were sent to workers so far. */
  readonly dispatched: number
  /** Number of tasks, when it is known from the start: of an array, a set or a map. */
  readonly total: number | undefined
  /** The input has not ended yet, as far as the call has asked: what is dispatched may not be all. */
  readonly isDispatching: boolean
  /** All tasks are completed. */
  readonly isOver: boolean
}

/** The text of joblib's progress line, for a call that began `elapsed` milliseconds ago. */
export function progressLine({ completed, dispatched, total, isDispatching, isOver }: Counts, elapsed: number): string {
  // So that lines of one call stand under each other. joblib's guess for an input of unknown length is 3 digits.
  const width = total ? String(total).length : 3
  const count = (tasks: number) => String(tasks).padStart(width)
  const seconds = elapsed / 1000
  const outOf = (tasks: number) => `Done ${count(completed)} out of ${count(tasks)} | elapsed: ${shortTime(seconds)}`

  if (isOver) return `${outOf(completed)} finished`
  if (isDispatching) {
    if (total !== undefined) return outOf(total)
    // As wide as `out of  20`.
    return `Done ${count(completed)} tasks      | elapsed: ${shortTime(seconds)}`
  }
  return `${outOf(dispatched)} remaining: ${shortTime((seconds / completed) * (dispatched - completed))}`
}

/** joblib's first line: what runs the tasks of a call. It has none for a call that has no workers. */
export function usingBackend(name: string, workers: number): string {
  return `Using backend ${name} with ${workers} concurrent workers.`
}

/** A line, with the call that it is about: `[Parallel(n_jobs=2)]: Done …`. */
export function labelled(label: string, text: string): string {
  return `[${label}]: ${text}`
}

/** Seven characters for any time below 100 minutes: `   0.6s`, ` 1.1min`. */
function shortTime(seconds: number): string {
  if (seconds > 60) return `${(seconds / 60).toFixed(1).padStart(4)}min`
  return ` ${seconds.toFixed(1).padStart(5)}s`
}
