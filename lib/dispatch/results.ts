import type { Outcome } from '../task/task'
import type { Place, Receiver } from './dispatch'
import { asCompleted, inOrder } from './in-order'

/** What is told of each completion before anybody gets it. What it throws fails the call. */
export type OnCompletion = (failed: boolean, total: number | undefined) => void

/** V8 makes a slow hash table of a longer list, unless it grows one by one; and of one that gets an element far behind its end. */
const MOST_AT_ONCE = 2 ** 24

/** A list of results in the making. */
export interface ListOfResults extends Receiver {
  /** One result per task, in the order of the tasks: values, or settled results. Rejects as the call fails. */
  readonly list: Promise<unknown[]>
}

/**
 * Collects the completions of a call into a list. Each counts as consumed when it is there.
 *
 * @param settled - Whether the list holds settled results rather than values.
 */
export function collectList(settled: boolean, onCompletion?: OnCompletion): ListOfResults {
  const results: unknown[] = []
  /** Those that came together. A list that has its length before they are put into it costs a third of one that grows. */
  const rows: (readonly [first: number, values: ArrayLike<unknown>])[] = []
  let resolve: (results: unknown[]) => void
  let reject: (error: unknown) => void
  const list = new Promise<unknown[]>((onResolve, onReject) => {
    resolve = onResolve
    reject = onReject
  })

  const fulfilled: Receiver['fulfilled'] = (first, values, place) => {
    rows.push([first, values])
    place.consumed(values.length)
  }

  const grow = (length: number) => {
    if (results.length < length && length <= MOST_AT_ONCE) results.length = length
    while (results.length < length) results.push(undefined)
  }

  const putRows = () => {
    grow(rows.reduce((most, [first, { length }]) => Math.max(most, first + length), 0))
    for (const [first, values] of rows)
      for (let n = 0; n < values.length; n += 1) {
        const value = values[n]
        results[first + n] = settled ? { status: 'fulfilled', value } : value
      }
  }

  return {
    list,

    completed(index, outcome, total, place) {
      const result = resultOf(outcome, settled)
      if (index > results.length) grow(index)
      if (index === results.length) results.push(result)
      else results[index] = result
      place.consumed()
      onCompletion?.(outcome.status === 'rejected', total)
    },

    fulfilled: onCompletion === undefined ? fulfilled : undefined,

    ended() {
      putRows()
      resolve(results)
    },
    failed: (error) => reject(error),
    stopped: (error) => reject(error),
  }
}

/** Results of a call as they are asked for, one by one. */
export interface StreamOfResults extends Receiver {
  /** The next result. One that is given is consumed. `holder` is held as long as it waits. */
  next(holder: object): Promise<IteratorResult<unknown, void>>
  /** Gives no more. */
  close(): void
  /** Whether somebody waits for a result now, and how often one was asked for. */
  readonly isWaitedFor: boolean
  readonly asked: number
}

/** How a stream is shaped. */
export interface StreamOptions {
  /** Whether results are given in the order of the tasks, or as they come. */
  readonly ordered: boolean
  /** Whether they are settled results rather than values. */
  readonly settled: boolean
  readonly onCompletion?: OnCompletion | undefined
  /** Called when somebody waits, and when nobody does any more. */
  readonly onWaiting?: ((isWaiting: boolean) => void) | undefined
  /** Called once, when what happens from then on changes nothing of what is given. */
  readonly onOver: () => void
}

/**
 * Keeps the completions of a call until they are asked for. When a task fails, or the input, what can be given before
 * that error still is: all that came before it; in the order of the tasks, what no gap divides from what was given.
 */
export function streamResults(options: StreamOptions): StreamOfResults {
  const { ordered, settled, onCompletion, onWaiting, onOver } = options
  type End = { is: 'to come' } | { is: 'reached' } | { is: 'failed'; error: unknown } | { is: 'told' }
  interface Waiter {
    readonly holder: object
    resolve(result: IteratorResult<unknown, void>): void
    reject(error: unknown): void
  }
  const ready = ordered ? inOrder<Ready>() : asCompleted<Ready>()
  const waiters: Waiter[] = []
  let end: End = { is: 'to come' }
  /** What is being given, one by one. */
  let giving: Ready | undefined
  let isOver = false
  let isWaitedFor = false
  let asked = 0

  return {
    get isWaitedFor() {
      return isWaitedFor
    },
    get asked() {
      return asked
    },

    next(holder) {
      asked += 1
      const found = waiters.length === 0 ? nextReady() : undefined
      if (found !== undefined) {
        const result = Promise.resolve(resultIn(found))
        found.place.consumed()
        conclude()
        return result
      }
      return new Promise((resolve, reject) => {
        waiters.push({ holder, resolve, reject })
        give()
      })
    },

    close() {
      drop()
      endWith({ is: 'reached' })
    },

    completed(index, outcome, total, place) {
      if (isOver) return
      if (settled || outcome.status === 'fulfilled')
        ready.add(index, { results: [resultOf(outcome, settled)], place, given: 0 })
      onCompletion?.(outcome.status === 'rejected', total)
      give()
    },

    fulfilled: onCompletion === undefined ? fulfilled : undefined,

    ended: () => endWith({ is: 'reached' }),
    failed: (error) => endWith({ is: 'failed', error }),

    stopped(error) {
      if (end.is === 'failed' || isOver) return
      drop()
      endWith({ is: 'failed', error })
    },
  }

  function fulfilled(first: number, values: ArrayLike<unknown>, place: Place) {
    if (isOver) return
    const results = settled ? Array.from(values, (value) => ({ status: 'fulfilled', value })) : values
    ready.add(first, { results, place, given: 0 }, values.length)
    give()
  }

  function drop() {
    ready.clear()
    giving = undefined
  }

  function endWith(how: End) {
    if (end.is !== 'told') end = how
    give()
  }

  /** Gives those who wait what there is. To take a result lets the call go on, and so may bring the next one. */
  function give() {
    for (let found = nextReady(); found !== undefined && waiters.length > 0; found = nextReady()) {
      waiters.shift()?.resolve(resultIn(found))
      found.place.consumed()
    }
    conclude()
  }

  function nextReady(): Ready | undefined {
    giving ??= ready.take()
    return giving
  }

  /** The next one of them. */
  function resultIn(found: Ready): IteratorResult<unknown, void> {
    const value = found.results[found.given]
    found.given += 1
    if (found.given === found.results.length) giving = undefined
    return { value, done: false }
  }

  /** Tells those who wait of the end, and others that nothing changes any more. */
  function conclude() {
    if (waiters.length > 0 && end.is !== 'to come') {
      if (end.is === 'failed') waiters.shift()?.reject(end.error)
      end = { is: 'told' }
      for (const waiter of waiters.splice(0)) waiter.resolve({ value: undefined, done: true })
    }
    if (isWaitedFor !== waiters.length > 0) {
      isWaitedFor = waiters.length > 0
      onWaiting?.(isWaitedFor)
    }
    if (isOver || end.is === 'to come' || (end.is === 'reached' && !(ready.isEmpty && giving === undefined))) return
    isOver = true
    onOver()
  }
}

/** Results that follow each other. */
interface Ready {
  readonly results: ArrayLike<unknown>
  readonly place: Place
  /** How many of them were given. */
  given: number
}

function resultOf(outcome: Outcome, settled: boolean): unknown {
  return settled || outcome.status === 'rejected' ? outcome : outcome.value
}
