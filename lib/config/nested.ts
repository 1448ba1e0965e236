import { AsyncLocalStorage } from 'node:async_hooks'
import { NestingError } from '../errors'
import type { NestedConfig } from '../task/task'

/** A call in a task in a call … ten times over is a recursion that was not meant; joblib's limit. */
const deepest = 10

/**
 * Where a worker thread keeps the config of the task it runs. It runs one at a time, so one place is enough; and it
 * is a well-known one, because the tasks of a worker load a copy of this library that is not the worker's own.
 */
const ofThisThread = Symbol.for('parfor.nested')

/** Where a worker thread keeps the way to tell its caller of calls that have fewer workers than they ask for. */
const onLimited = Symbol.for('parfor.onLimited')

/** For tasks in the calling thread: other code runs there between two steps of an async one. */
const ofThisStretch = new AsyncLocalStorage<NestedConfig>()

/** The config of the task that this code runs in; `undefined` outside of every task. */
export function currentNested(): NestedConfig | undefined {
  return ofThisStretch.getStore() ?? (globalThis as { [ofThisThread]?: NestedConfig })[ofThisThread]
}

/** Whether this code runs in a task on a worker thread. */
export function isOnWorker(): boolean {
  return (globalThis as { [ofThisThread]?: NestedConfig })[ofThisThread] !== undefined
}

/** Calls `run`, and lets all that comes of it, across awaits, see `config` as its own. */
export function withNested<A extends unknown[], R>(config: NestedConfig, run: (...args: A) => R, ...args: A): R {
  return ofThisStretch.run(config, run, ...args)
}

/**
 * The config for the tasks of a call that is made here.
 *
 * @throws NestingError when that call is deeper than 10 levels; the outermost is level 1.
 */
export function nextNested(): NestedConfig {
  const { level: above = 0, place } = currentNested() ?? {}
  const level = above + 1
  if (level > deepest) {
    throw new NestingError(
      `Parallel calls are nested deeper than ${deepest} levels. Does a task call the function that it is a task of?`,
    )
  }
  return place === undefined ? { level } : { level, place }
}

/** For a worker: the config of the tasks that this thread runs from now on. */
export function setNestedOfThread(config: NestedConfig | undefined): void {
  ;(globalThis as { [ofThisThread]?: NestedConfig | undefined })[ofThisThread] = config
}

/** For a worker: how its caller is told of a call in this thread that has fewer workers than it asks for. */
export function setOnLimited(tell: (reason: string) => void): void {
  ;(globalThis as { [onLimited]?: typeof tell })[onLimited] = tell
}

/** Tells the caller of this thread, if there is one, that a call has fewer workers than it asks for. */
export function tellLimited(reason: string): void {
  ;(globalThis as { [onLimited]?: (reason: string) => void })[onLimited]?.(reason)
}
