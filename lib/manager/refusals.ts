import { types } from 'node:util'
import { DisposedError, ParforError, SerializationError, TimeoutError } from '../errors'
import type { ManagedKind } from '../serialization/managed'

/**
 * An error of an operation, as another thread is told of it: classes stay at home. What awaits it makes the error, so
 * that the stack leads to who has called.
 */
export interface Refusal {
  readonly name: string
  readonly message: string
  /** Of a `SerializationError`. */
  readonly path?: string
  /** Of a `TimeoutError`. */
  readonly timeout?: number
}

export function isRefusal(thrown: unknown): thrown is Refusal {
  return typeof thrown === 'object' && thrown !== null && !types.isNativeError(thrown) && 'name' in thrown
}

export function refusalOf(error: unknown): Refusal {
  const { name, message } = error as Error
  if (error instanceof SerializationError) return { name, message, path: error.path }
  return error instanceof TimeoutError ? { name, message, timeout: error.timeout } : { name, message }
}

/** The error that a refusal tells of. */
export function errorOf({ name, message, path = '', timeout = 0 }: Refusal): Error {
  switch (name) {
    case 'TypeError':
      return new TypeError(message)
    case 'RangeError':
      return new RangeError(message)
    case 'TimeoutError':
      return new TimeoutError(message, { timeout })
    case 'SerializationError':
      return new SerializationError(message, { side: 'result', path })
    case 'DisposedError':
      return new DisposedError(message)
    default:
      return new ParforError(message)
  }
}

/** @param operation - `lock.acquire` */
export function timedOut(operation: string, timeout: number): TimeoutError {
  return new TimeoutError(`${operation} took longer than its timeout of ${timeout} ms`, { timeout })
}

/** @param operation - `list.append` */
export function closed(operation: string): DisposedError {
  return new DisposedError(`${operation}: the Manager of this ${kindOf(operation)} is closed`)
}

export function threadGone(operation: string): DisposedError {
  return new DisposedError(`${operation}: the thread that the Manager of this ${kindOf(operation)} lived in has ended`)
}

/** Nobody was there: nobody knows why. */
export function notThere(operation: string): DisposedError {
  return new DisposedError(
    `${operation}: the Manager of this ${kindOf(operation)} is closed, or the thread that it lived in has ended`,
  )
}

const kindOf = (operation: string) => operation.split('.')[0] as ManagedKind | 'manager'
