import { callWith, partialParts } from './partial'
import type { Task } from './task'

/**
 * Runs a task, here and now: `fn` with `args`, then the named arguments as one object when there are any.
 *
 * @returns What `fn` returns, a promise when it is async.
 */
export function runTask({ fn, args, kwargs }: Task): unknown {
  const bound = partialParts(fn)
  return bound === undefined
    ? callWith(fn, args, kwargs)
    : callWith(bound.fn, [...bound.args, ...args], { ...bound.kwargs, ...kwargs })
}

/** Whether what a task gave is to be waited for: a promise, or anything like one. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    value !== null &&
    (typeof value === 'object' || typeof value === 'function') &&
    typeof (value as { then?: unknown }).then === 'function'
  )
}
