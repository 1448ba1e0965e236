import { mapStack } from '../serialization/functions/original-position'
import { installed } from '../system/installed'

/** Where the sources of the worker program are, to which source maps lead. */
const SOURCES = installed()?.lib.replaceAll('\\', '/')

/** A frame of the worker program: beside us in `dist/`, or the text that a bundler left us with. */
const OURS = /[\\/(]parfor\.worker(?:\.\w+)?\.cjs:\d+|\[worker eval\]/
const INTERNAL = /\(node:(?:internal\/|async_hooks:)/
/** The engine's, behind a step of the worker program. */
const STEP = /\.next \(<anonymous>\)$/

/**
 * Makes the stacks of an error, and of the errors in it, read as at home: frames of transformed code are those of the
 * source the user wrote, and what called the task, the worker program, is left out.
 */
export function cleanStacks(error: unknown, done = new Set<unknown>()): unknown {
  if (typeof error !== 'object' || error === null || done.has(error)) return error
  done.add(error)
  try {
    const { stack, cause, errors } = error as { stack?: unknown; cause?: unknown; errors?: unknown }
    if (typeof stack === 'string')
      Object.defineProperty(error, 'stack', { ...HIDDEN, value: withoutCaller(mapStack(stack)) })
    cleanStacks(cause, done)
    if (Array.isArray(errors)) for (const each of errors) cleanStacks(each, done)
  } catch {
    // An accessor of the user's, or an error that is frozen: it stays as it is.
  }
  return error
}

const HIDDEN = { configurable: true, writable: true, enumerable: false }

function withoutCaller(stack: string): string {
  const lines = stack.split('\n')
  const first = lines.findIndex(isOurs)
  if (first < 0) return stack
  const isCaller = (line: string, n: number) =>
    isOurs(line) || INTERNAL.test(line) || (STEP.test(line) && isOurs(lines[n - 1] ?? ''))
  return lines.filter((line, n) => n < first || !isCaller(line, n)).join('\n')
}

const isOurs = (line: string): boolean =>
  OURS.test(line) || (SOURCES !== undefined && line.replaceAll('\\', '/').includes(`${SOURCES}/`))
