import { AsyncLocalStorage } from 'node:async_hooks'
import { messageOf } from '../errors'

/** Which task it is, for an error that it leaves behind. */
export interface TaskName {
  /** The id of its call. */
  readonly call: number
  readonly index: number
  /** The name of its function. */
  readonly name: string
}

/** An error of a task that is over: nothing caught it. */
export interface LateError extends TaskName {
  /** `RangeError: no`, or what was thrown instead of an error. */
  readonly what: string
  readonly stack: string
}

/** What a task starts runs in its context, also when the task is long over. */
const contexts = new AsyncLocalStorage<TaskName>()

/** From here on, everything that is started is the task's. */
export function enterContext(task: TaskName): void {
  contexts.enterWith(task)
}

/** The task that has started what runs now; `undefined` when that is not known. */
export function taskOfContext(): TaskName | undefined {
  return contexts.getStore()
}

export function lateError(task: TaskName, error: unknown): LateError {
  const { name, stack } = Object(error) as { name?: unknown; stack?: unknown }
  const message = messageOf(error)
  return {
    ...task,
    what: typeof name === 'string' ? `${name}: ${message}` : message,
    stack: typeof stack === 'string' ? stack : '',
  }
}
