import { setMaxListeners } from 'node:events'

let never: AbortSignal | undefined

/** A signal that does not abort: to make one, and to listen to it, costs more than a small call. */
export function neverAborting(): AbortSignal {
  if (never === undefined) {
    never = new AbortController().signal
    // Who listens all the same does so for each batch.
    setMaxListeners(Number.POSITIVE_INFINITY, never)
  }
  return never
}

/** Who is told of a signal: one listener for all, since Node warns of a signal that has more than ten. */
const stops = new WeakMap<
  AbortSignal,
  { readonly all: Set<(reason: unknown) => void>; readonly listener: () => void }
>()

/**
 * Calls `stop` with the reason when one of these signals aborts.
 *
 * @returns Listens no more.
 */
export function onAbort(signals: readonly AbortSignal[], stop: (reason: unknown) => void): () => void {
  // Another function each time: the same may be given twice.
  const own = (reason: unknown) => stop(reason)
  if (signals.length === 0 || (signals.length === 1 && signals[0] === never)) return () => {}
  for (const signal of signals) listen(signal, own)
  return () => {
    for (const signal of signals) unlisten(signal, own)
  }
}

function listen(signal: AbortSignal, stop: (reason: unknown) => void): void {
  let entry = stops.get(signal)
  if (entry === undefined) {
    const all = new Set<(reason: unknown) => void>()
    entry = {
      all,
      listener() {
        for (const one of [...all]) one(signal.reason)
      },
    }
    stops.set(signal, entry)
    signal.addEventListener('abort', entry.listener)
  }
  entry.all.add(stop)
}

function unlisten(signal: AbortSignal, stop: (reason: unknown) => void): void {
  const entry = stops.get(signal)
  if (!entry?.all.delete(stop) || entry.all.size > 0) return
  stops.delete(signal)
  signal.removeEventListener('abort', entry.listener)
}
