import type { Writable } from 'node:stream'

let streams: readonly Writable[] | undefined

/**
 * Waits until what tasks have printed is on its way to the caller: it would be lost if the worker, or the process,
 * ended with the call. `undefined` when there is nothing to wait for.
 */
export function flushOutput(): Promise<void> | undefined {
  // Had once: a thread looks for them at each use.
  streams ??= [process.stdout, process.stderr]
  let waiting: Writable[] | undefined
  for (const stream of streams) {
    // What a task holds back by `cork()` stays where it is.
    if (stream.writableLength === 0 || stream.writableCorked > 0) continue
    waiting ??= []
    waiting.push(stream)
  }
  if (waiting === undefined) return undefined
  return Promise.all(waiting.map((stream) => new Promise<void>((resolve) => stream.write('', () => resolve())))).then(
    () => undefined,
  )
}
