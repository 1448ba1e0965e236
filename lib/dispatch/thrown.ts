import { inspect, types } from 'node:util'
import { TaskError } from '../errors'

/** What a task threw, as an error: itself when it is one, otherwise as the `cause` of a `TaskError`. */
export function asError(thrown: unknown, index: number, name: string): object {
  if (isError(thrown)) return thrown
  const task = name === '' ? `Task ${index}` : `Task ${index} (${name})`
  return new TaskError(`${task} threw ${shown(thrown)}, which is not an error`, { cause: thrown })
}

function shown(thrown: unknown): string {
  try {
    return inspect(thrown, { depth: 1, maxStringLength: 200 })
  } catch {
    return `an ${typeof thrown} that cannot be shown`
  }
}

/**
 * By brand, as `instanceof` is false for an error of another realm, such as a `vm` context's; and by `instanceof`, as
 * what a constructor of ES5 makes has no brand.
 */
function isError(thrown: unknown): thrown is object {
  if (types.isNativeError(thrown)) return true
  return Object.prototype.toString.call(thrown) === '[object DOMException]' || thrown instanceof Error
}
