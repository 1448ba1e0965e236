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

/** By brand: `instanceof` is false for an error of another realm, such as a worker's or a `vm` context's. */
function isError(thrown: unknown): thrown is object {
  return types.isNativeError(thrown) || Object.prototype.toString.call(thrown) === '[object DOMException]'
}
