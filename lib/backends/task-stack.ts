import { mapStack } from '../serialization/functions/original-position'

/** A frame of the worker program: beside us in `dist/`, or the text that a bundler left us with. */
const OURS = /[\\/(]parfor\.worker\.cjs:\d+|\[worker eval\]/
const INTERNAL = /\(node:internal\//

/**
 * Makes the stacks of an error, and of the errors in it, read as at home: frames of transformed code are those of the
 * source the user wrote, and what called the task, the worker program, is left out.
 */
export function cleanStacks(error: unknown, done = new Set<unknown>()): unknown {
  if (typeof error !== 'object' || error === null || done.has(error)) return error
  done.add(error)
  const { stack, cause, errors } = error as { stack?: unknown; cause?: unknown; errors?: unknown }
  if (typeof stack === 'string')
    Object.defineProperty(error, 'stack', {
      value: withoutCaller(mapStack(stack)),
      configurable: true,
      writable: true,
      enumerable: false,
    })
  cleanStacks(cause, done)
  if (Array.isArray(errors)) for (const each of errors) cleanStacks(each, done)
  return error
}

function withoutCaller(stack: string): string {
  const lines = stack.split('\n')
  const first = lines.findIndex((line) => OURS.test(line))
  if (first < 0) return stack
  return lines.filter((line, n) => n < first || !(OURS.test(line) || INTERNAL.test(line))).join('\n')
}
