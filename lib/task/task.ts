/** One deferred call: what `delayed(fn)(...args)` returns and what a worker runs. */
export interface Task<R = unknown> {
  readonly fn: (...args: never[]) => R | PromiseLike<R>
  readonly args: readonly unknown[]
  /** Named arguments: given to `fn` as one object after `args`, when there are any. */
  readonly kwargs?: Readonly<Record<string, unknown>> | undefined
}

/** How a task ended, in the language's own words. */
export type Outcome<R = unknown> = PromiseSettledResult<R>

/** What a task that is itself parallel may use: its share of the outermost call's budget. */
export interface NestedConfig {
  /** How deep the calls are that this task runs in; 1 is a task of the outermost call. */
  readonly level: number
  /** Where the workers of calls inside this task are entered; none when it runs in the thread of the outermost call. */
  readonly place?: Place | undefined
}

/** The place of a worker among all those of an outermost call, and of the calls inside its tasks. */
export interface Place {
  /** See lib/config/budget.ts. */
  readonly table: BigInt64Array
  readonly id: number
  /** The worker, as errors and events name it. */
  readonly workerId: number
}

/**
 * What the batches of one call have in common. Its identity is the call's: backends key what lives as long as
 * the call (snapshots of captured variables) by it.
 */
export interface Call {
  readonly nested: NestedConfig
  /** Milliseconds that a task may run; no limit when left out. */
  readonly timeout?: number | undefined
  /** How often a task is run again when the worker that ran it died; never when left out. */
  readonly retries?: number | undefined
  /** Nobody hears of each outcome as it comes: they may be told together, a little later. */
  readonly isPatient?: boolean | undefined
  /** Typed arrays with more bytes go into memory that all tasks of the call share; all are copied when left out. */
  readonly maxNbytes?: number | undefined
}

/** Tasks that travel together, so that the cost of the trip is paid once. */
export interface Batch {
  readonly call: Call
  /** The index of the first task among the call's tasks; the others follow it. */
  readonly start: number
  readonly tasks: readonly Task[]
  /** No task follows it, as far as is known: for another one no worker needs to be started ahead. */
  readonly isLast?: boolean
}

/** The index of an initializer, which is none of the call's tasks. */
export const INITIALIZER = -1

/** What a task's function is called; `''` when it has no name that can be shown. */
export function nameOf(task: Task | undefined): string {
  try {
    const name: unknown = task?.fn.name
    return typeof name === 'string' ? name : ''
  } catch {
    return ''
  }
}
