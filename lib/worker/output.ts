/**
 * Waits until what tasks have printed is with the caller: a worker's output travels apart from its outcomes, and
 * would be lost when the process ends with the call. `undefined` when there is nothing to wait for.
 */
export function flushOutput(): Promise<void> | undefined {
  const waiting = [process.stdout, process.stderr].filter((stream) => stream.writableLength > 0)
  if (waiting.length === 0) return undefined
  return Promise.all(waiting.map((stream) => new Promise<void>((resolve) => stream.write('', () => resolve())))).then(
    () => undefined,
  )
}
