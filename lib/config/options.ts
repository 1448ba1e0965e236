import type { ParallelBackend } from '../backend'
import type { Task } from '../task/task'

/** What happens when a task fails: the call fails at once, or every task is settled. */
export type OnError = 'throw' | 'settle'

/** What a call gives: all results at once, or one by one, in the order of the tasks or as they come. */
export type ReturnAs = 'list' | 'generator' | 'generator_unordered'

/** The backends that come with the library. */
export type BackendName = 'threads' | 'sequential'

/** How far a call has come. */
export interface Progress {
  /** Tasks that are completed, failed ones included. */
  readonly done: number
  /** Tasks that are completed and failed. */
  readonly failed: number
  /** All tasks of the call, once that is known: from the start for an array, a set or a map, otherwise when the input has ended. */
  readonly total?: number
  /** Milliseconds since the call. */
  readonly elapsed: number
  /** Milliseconds that the rest will take at the pace so far; known when `total` is. */
  readonly remaining?: number
}

/** Is told of every completed task. What it throws, or a promise of it rejects with, fails the call. */
export type OnProgress = (progress: Progress) => void

/** What became of a worker. */
export interface WorkerEvent {
  /**
   * `'spawned'`: it is started. Each one that is ends with one of two: `'exited'`, it was ended; `'lost'`, it ended by itself.
   * `'recycled'`: it is to be replaced, for `maxTasksPerWorker` or `maxWorkerMemory`, or for an error that a task has left
   * behind. `'limited'`: a call inside one of its tasks has fewer workers than it asks for.
   */
  readonly type: 'spawned' | 'exited' | 'lost' | 'recycled' | 'limited'
  /** The worker, as `taskInfo(error).workerId` names it. */
  readonly workerId: number
  /** Why, in words; nothing for `'spawned'`. */
  readonly reason?: string | undefined
  /** The task that it was ended for, or that was lost with it. */
  readonly taskIndex?: number | undefined
}

/** Is told what becomes of workers. What it throws is an uncaught error, as for listeners of events. */
export type OnWorkerEvent = (event: WorkerEvent) => void

/** How many batches may be taken from the input beyond what is finished and consumed. */
export type PreDispatch =
  | number
  | 'all'
  | 'nJobs'
  | `${number}*nJobs`
  | `${number} * nJobs`
  | ((nJobs: number) => number)

/** Options of `Parallel`. The names are joblib's, in camelCase. Times are milliseconds. */
export interface ParallelOptions<E extends OnError = 'throw', A extends ReturnAs = 'list'> {
  /**
   * Workers. -1 is every CPU, -2 all but one, … never below 1. 1 runs in the calling thread, unless `backend` is given.
   * Inside a task, where 1 is the default, it is a wish: calls there share those of the outermost call's `nJobs` workers
   * that it does not use itself, and run in the thread of their task when these are fewer than two.
   * @defaultValue `-1`; `1` inside a task
   */
  nJobs?: number | undefined
  /**
   * Where tasks run: in worker threads, one after the other in the calling thread, or in a backend of your own, by the name
   * that `registerParallelBackend` gave it, or itself.
   * @defaultValue `'threads'`, or what was registered with `makeDefault`
   */
  backend?: BackendName | (string & {}) | ParallelBackend | undefined
  /** A hint, for when no `backend` is given. */
  prefer?: 'threads' | 'processes' | undefined
  /** Is binding: tasks can see memory that the caller sees, if only through a `SharedArrayBuffer`. */
  require?: 'sharedmem' | undefined
  /**
   * What a call gives. `'list'`: a promise of all results, in the order of the tasks. `'generator'`: an async generator
   * of them, in that order, `'generator_unordered'`: as they come. Work begins with the call; a consumer that is slow
   * slows it down, and one that leaves ends it.
   * @defaultValue `'list'`
   */
  returnAs?: A | undefined
  /**
   * Tasks that travel together. Nothing but speed depends on it.
   * @defaultValue `'auto'`: as many as a worker runs in a few milliseconds, by what the call's tasks take
   */
  batchSize?: 'auto' | number | undefined
  /**
   * How many batches may be taken from the tasks beyond what is finished and consumed: a number ≥ 1, `'all'`,
   * `'k*nJobs'`, or a function of the number of workers. In a list, what is finished is consumed.
   * @defaultValue `'2*nJobs'`
   */
  preDispatch?: PreDispatch | undefined
  /**
   * `'throw'`: the first error, in time, rejects the call at once, and running tasks are killed.
   * `'settle'`: every task runs, and gives a `PromiseSettledResult`.
   * @defaultValue `'throw'`
   */
  onError?: E | undefined
  /**
   * Milliseconds that a task may run, from when it starts on its worker. One that runs for longer fails with a
   * `TaskTimeoutError`, and its worker is ended. In the calling thread nothing can end a task: one that blocks it fails
   * when it is done, and one that waits is left to itself.
   * @defaultValue no limit
   */
  timeout?: number | undefined
  /**
   * How often a task is run again after the worker that ran it died: by `process.exit`, out of memory, by an error that
   * nothing caught. A task that throws, or takes longer than `timeout`, is not run again.
   * @defaultValue `0`
   */
  retries?: number | undefined
  /** Ends every call when it aborts: they reject with `signal.reason`, and running tasks are killed. */
  signal?: AbortSignal | undefined
  /**
   * joblib's progress lines, on stderr: none at 0, ever more up to 10, of nearly every batch above. `true` is 1.
   * @defaultValue `0`
   */
  verbose?: number | boolean | undefined
  /**
   * Shows on stderr how far each call has come: by a bar on a terminal, elsewhere by a line now and then. Calls inside tasks
   * on workers show nothing.
   * @defaultValue `false`
   */
  progress?: boolean | undefined
  /** Is told of every completed task, on every backend. */
  onProgress?: OnProgress | undefined
  /**
   * A task that every worker runs once, before its first task: to open a connection, or to load a model. When it fails,
   * the call rejects with an `InitializerError`. With `nJobs: 1` the calling thread runs it, once for a `Parallel`.
   */
  initializer?: Task | undefined
  /**
   * Typed arrays (`Buffer` and `DataView` too) with more bytes than that are put into memory that all tasks of a call share, once
   * for each buffer, instead of being copied to each task: a number, or a text as `'1M'`. No task may write to them. It holds
   * for arguments and captured variables, however deep inside; what a task returns of them is a copy.
   * In the calling thread nothing is copied anyway, and backends whose tasks share no memory copy as always.
   * @defaultValue `null`: each task has its own copy
   */
  maxNbytes?: number | string | null | undefined
  /** A name for this `Parallel`, shown in errors and progress lines. */
  name?: string | undefined
  /**
   * Milliseconds after which idle workers stop. They never keep the process alive.
   * @defaultValue `300_000`
   */
  idleTimeout?: number | undefined
  /** A worker that has run so many tasks is replaced by a new one. @defaultValue never */
  maxTasksPerWorker?: number | undefined
  /**
   * A worker whose JavaScript holds more bytes than that, garbage not counted, is replaced by a new one, between two tasks: a
   * number, or a text as `'512M'`.
   * @defaultValue never
   */
  maxWorkerMemory?: number | string | undefined
  /**
   * Is told of every worker that is started, ended, lost or replaced, and of calls inside tasks, at any depth, that have fewer
   * than they ask for. In the calling thread there is nothing to tell.
   */
  onWorkerEvent?: OnWorkerEvent | undefined
  /** Environment variables of the workers. @defaultValue the caller's */
  env?: Readonly<Record<string, string | undefined>> | undefined
  /** Options of Node.js for the workers, as `['--no-deprecation']`. @defaultValue the caller's */
  execArgv?: readonly string[] | undefined
  /**
   * Memory limits of each worker: one that reaches them ends, alone. With `maxOldGenerationSizeMb` set
   * `maxYoungGenerationSizeMb` to a tenth of it, or Node.js may not end the worker in time, and the process dies. So it does
   * with a `stackSizeMb` that is too small to start a thread.
   * @defaultValue those of Node.js
   */
  resourceLimits?: ResourceLimits | undefined
}

/**
 * Options of `Pool`: those of `Parallel` that are not said by a method of it. `initializer` takes a task, which says the
 * arguments too: `delayed(fn)(...args)` is Python's `initializer=fn, initargs=args`. `maxTasksPerWorker` is its `maxtasksperchild`.
 */
export interface PoolOptions
  extends Omit<ParallelOptions, 'nJobs' | 'returnAs' | 'batchSize' | 'onError' | 'prefer' | 'require'> {}

/** Options of a call of a `Pool` for many items. */
export interface MapOptions<E extends OnError = 'throw'> extends CallOptions {
  /**
   * Items that travel together. Nothing but speed depends on it: each is a task of its own.
   * @defaultValue as many as a worker runs in a few milliseconds, by what the call's tasks take
   */
  chunkSize?: number | undefined
  /**
   * `'throw'`: the first error, in time, rejects the call at once, and running tasks are killed.
   * `'settle'`: every item is run, and gives a `PromiseSettledResult`.
   * @defaultValue `'throw'`
   */
  onError?: E | undefined
}

/** Who is told of what comes of a call of a `Pool`. */
export interface AsyncOptions<R> {
  /** Is given the result. What it throws is an uncaught error, as for listeners of events. */
  callback?: ((result: R) => void) | undefined
  /** Is given the error, when the call fails. What it throws is an uncaught error. */
  errorCallback?: ((error: unknown) => void) | undefined
}

/** Memory limits of a worker, as Node.js names them. */
export interface ResourceLimits {
  maxYoungGenerationSizeMb?: number
  maxOldGenerationSizeMb?: number
  codeRangeSizeMb?: number
  stackSizeMb?: number
}

/** Options of one call. */
export interface CallOptions {
  /** Ends the call when it aborts: the call rejects with `signal.reason`, and running tasks are killed. */
  signal?: AbortSignal | undefined
  /** Is told of every completed task of this call, in place of the `onProgress` of the `Parallel`. */
  onProgress?: OnProgress | undefined
}

/** What workers are started with. Workers started alike can take each other's tasks. */
export interface WorkerOptions {
  env?: Record<string, string | undefined>
  execArgv?: string[]
  resourceLimits?: ResourceLimits
  initializer?: Task
  /** Milliseconds, at most what a timer can count. */
  idleTimeout: number
}

/** What a pool does with its workers, however they were started. */
export interface WorkerPoolOptions {
  /** A worker that has run so many tasks is replaced; none when left out. */
  readonly maxTasks?: number | undefined
  /** A worker that holds more bytes is replaced; none when left out. */
  readonly maxMemory?: number | undefined
  readonly onWorkerEvent?: OnWorkerEvent | undefined
}

/** What a registered backend is made with: the options of the `Parallel` that names it, checked, as far as workers have to do with them. */
export interface BackendOptions extends Readonly<WorkerOptions> {
  /** Workers that the call asks for. `open` is told too. */
  readonly nJobs: number
  readonly maxTasksPerWorker?: number
  /** Bytes. */
  readonly maxWorkerMemory?: number
  readonly onWorkerEvent?: OnWorkerEvent
}
