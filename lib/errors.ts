// biome-ignore-all lint/complexity/noThisInStatic: a bundler renames a class that names itself
/** What is known of the task that an error comes from. */
export interface TaskInfo {
  /** The task's place among the tasks of its call, from 0. */
  readonly index: number
  /** The name of the task's function; empty when it has none. */
  readonly name: string
  /** The worker that ran it; `undefined` in the calling thread, and for a task that never reached a worker. */
  readonly workerId: number | undefined
}

/** On the prototype of each class below, its name. Shared with other copies of this library. */
const KIND = Symbol.for('parfor.error')

/**
 * The class of every error that parfor itself makes. `code` names the kind. `instanceof` holds for an error of another
 * copy of this library, too: a worker has one of its own, beside the one that tasks import.
 */
export class ParforError extends Error {
  readonly code: string = 'PARFOR'
  static override [Symbol.hasInstance](value: unknown): boolean {
    if (Function.prototype[Symbol.hasInstance].call(this, value)) return true
    const kind = kindOf(this.prototype)
    if (kind === undefined || typeof value !== 'object' || value === null) return false
    for (let p: object | null = Object.getPrototypeOf(value); p; p = Object.getPrototypeOf(p))
      if (kindOf(p) === kind) return true
    return false
  }
  static {
    this.prototype.name = 'ParforError'
  }
}

/** A task threw something that is not an error; `cause` is what it threw. */
export class TaskError extends ParforError {
  override readonly code = 'PARFOR_TASK'
  static {
    this.prototype.name = 'TaskError'
  }
}

/**
 * Something took longer than `timeout` milliseconds: a task, a result that `get()` of an `AsyncResult` waited for, or a queue
 * or lock of a `Manager`.
 */
export class TimeoutError extends ParforError {
  override readonly code = 'PARFOR_TIMEOUT'
  readonly timeout: number
  constructor(message: string, details: { timeout: number }) {
    super(message)
    this.timeout = details.timeout
  }
  static {
    this.prototype.name = 'TimeoutError'
  }
}

/** A task ran longer than `timeout` milliseconds; the worker that ran it was ended. */
export class TaskTimeoutError extends TimeoutError {
  readonly taskIndex: number
  constructor(message: string, details: { taskIndex: number; timeout: number }) {
    super(message, details)
    this.taskIndex = details.taskIndex
  }
  static {
    this.prototype.name = 'TaskTimeoutError'
  }
}

/** The worker that ran a task is gone: it exited, ran out of memory, or was ended from outside. */
export class WorkerLostError extends ParforError {
  override readonly code = 'PARFOR_WORKER_LOST'
  readonly taskIndex: number
  readonly exitCode: number | undefined
  readonly signal: string | undefined
  readonly reason: string
  constructor(
    message: string,
    details: {
      taskIndex: number
      exitCode?: number | undefined
      signal?: string | undefined
      reason: string
      cause?: unknown
    },
  ) {
    super(message, 'cause' in details && details.cause !== undefined ? { cause: details.cause } : undefined)
    this.taskIndex = details.taskIndex
    this.exitCode = details.exitCode
    this.signal = details.signal
    this.reason = details.reason
  }
  static {
    this.prototype.name = 'WorkerLostError'
  }
}

/** Which way a value could not be sent: with the task to a worker, or with its result back. */
export type Side = 'task' | 'result'

/**
 * A value cannot be sent. `path` tells where it is: `db.conn` for a captured variable, `args[0].q`, `kwargs.k`,
 * `result.a`.
 */
export class SerializationError extends ParforError {
  override readonly code = 'PARFOR_UNSERIALIZABLE'
  readonly side: Side
  readonly path: string
  taskIndex: number | undefined
  constructor(message: string, details: { side: Side; path: string; taskIndex?: number | undefined; cause?: unknown }) {
    super(message, 'cause' in details && details.cause !== undefined ? { cause: details.cause } : undefined)
    this.side = details.side
    this.path = details.path
    this.taskIndex = details.taskIndex
  }
  static {
    this.prototype.name = 'SerializationError'
  }
}

/** The `initializer` failed in a worker; `cause` is the error it threw. */
export class InitializerError extends ParforError {
  override readonly code = 'PARFOR_INITIALIZER'
  static {
    this.prototype.name = 'InitializerError'
  }
}

/** Parallel calls are nested deeper than 10 levels. */
export class NestingError extends ParforError {
  override readonly code = 'PARFOR_NESTING'
  static {
    this.prototype.name = 'NestingError'
  }
}

/** A `Parallel` or a `Pool` was used after `close()` or `terminate()`, or was terminated during a call; or a `Manager` is closed. */
export class DisposedError extends ParforError {
  override readonly code = 'PARFOR_DISPOSED'
  static {
    this.prototype.name = 'DisposedError'
  }
}

/** A backend cannot run tasks: its workers do not start. */
export class BackendError extends ParforError {
  override readonly code = 'PARFOR_BACKEND'
  static {
    this.prototype.name = 'BackendError'
  }
}

type ErrorClass = abstract new (...args: never[]) => ParforError

const classes: readonly ErrorClass[] = [
  ...[ParforError, TaskError, TimeoutError, TaskTimeoutError, WorkerLostError, SerializationError, InitializerError],
  ...[NestingError, DisposedError, BackendError],
]
for (const { prototype } of classes) Object.defineProperty(prototype, KIND, { value: prototype.name })

function kindOf(prototype: object): unknown {
  return Object.hasOwn(prototype, KIND) ? (prototype as { [KIND]?: unknown })[KIND] : undefined
}

/** @internal The classes of this copy, by name, for an error that comes from another one. */
export const errorClasses: ReadonlyMap<string, object> = new Map(
  classes.map((Class) => [(Class.prototype as ParforError).name, Class]),
)

const names: ReadonlyMap<unknown, string> = new Map([...errorClasses].map(([name, Class]) => [Class, name]))

/** @internal The name of a class of this copy; `undefined` of anything else. */
export function nameOfErrorClass(value: unknown): string | undefined {
  return names.get(value)
}

/** @internal What a failed initializer makes of a call. */
export function initializerFailed(cause: unknown): InitializerError {
  return new InitializerError(`The initializer failed: ${messageOf(cause)}`, { cause })
}

/** @internal What becomes of a task that runs for longer than it may. */
export function timedOut(index: number, name: string, timeout: number): TaskTimeoutError {
  const task = name === '' ? `Task ${index}` : `Task ${index} (${name})`
  return new TaskTimeoutError(`${task} ran for longer than its timeout of ${timeout} ms`, { taskIndex: index, timeout })
}

/** @internal What went wrong, in words: of whatever was thrown, even where asking it throws again. */
export function messageOf(thrown: unknown): string {
  try {
    const { message } = Object(thrown) as { message?: unknown }
    if (message === 'Maximum call stack size exceeded') return 'it is nested too deep'
    return typeof message === 'string' ? message : String(thrown)
  } catch {
    return 'something that cannot be shown'
  }
}

const infos = new WeakMap<object, TaskInfo>()

/**
 * Which task an error of a call comes from.
 *
 * @returns `undefined` for an error that comes from no task: of the input, of an abort, of wrong options.
 *
 * @example
 * ```ts
 * import { delayed, Parallel, taskInfo } from 'parfor'
 *
 * const half = delayed((n: number) => { if (n % 2) throw new RangeError(`${n} is odd`); return n / 2 })
 * try {
 *   await Parallel(2)([half(4), half(7)])
 * } catch (error) {
 *   console.log(taskInfo(error)?.index) //=> 1
 * }
 * ```
 */
export function taskInfo(error: unknown): TaskInfo | undefined {
  return typeof error === 'object' && error !== null ? infos.get(error) : undefined
}

/** @internal Remembers the task that an error comes from; the task of the latest call, when it was thrown again. */
export function setTaskInfo(error: object, info: TaskInfo): void {
  infos.set(error, info)
}
