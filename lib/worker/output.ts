/**
 * Waits until what tasks have printed is on its way to the caller: it would be lost if the worker, or the process,
 * ended with the call. `undefined` when there is nothing to wait for.
 */
export function flushOutput(): Promise<void> | undefined {
  const waiting = [process.stdout, process.stderr].filter(
    // What a task holds back by `cork()` stays where it is.
    (stream) => stream.writableLength > 0 && stream.writableCorked === 0,
  )
  if (waiting.length === 0) return undefined
  return Promise.all(waiting.map((stream) => new Promise<void>((resolve) => stream.write('', () => resolve())))).then(
    () => undefined,
  )
}
