/** How many tasks of a call are completed. */
export interface Counted {
  /** Tasks that are completed, failed ones included. */
  readonly completed: number
  readonly failed: number
  /** All of them, as far as that is known. */
  readonly total: number | undefined
}

/** Where a call stands. */
export interface Standing extends Counted {
  /** It runs, all its tasks are completed, or it was ended before. */
  readonly state: 'running' | 'ended' | 'failed'
  /** Milliseconds since it began. */
  readonly elapsed: number
  /** Milliseconds that the rest will take at the pace so far. */
  readonly remaining: number | undefined
}

/** Looks at a call, which begins now, whenever somebody wants to know where it stands. */
export function startLooking(look: () => Counted, now: () => number): (state: Standing['state']) => Standing {
  const start = now()
  let seen = 0
  /** When tasks were last seen to be completed: a pace that is measured later would slow down while one task runs. */
  let seenAt = 0

  return (state) => {
    const { completed, failed, total } = look()
    const elapsed = now() - start
    if (completed !== seen) seenAt = elapsed
    seen = completed
    const isForeseen = state === 'running' && total !== undefined && completed > 0
    const remaining = isForeseen ? (seenAt / completed) * Math.max(0, total - completed) : undefined
    return { completed, failed, total, state, elapsed, remaining }
  }
}
