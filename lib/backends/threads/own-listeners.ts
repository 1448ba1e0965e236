import type { EventEmitter } from 'node:events'

/**
 * Runs `load`, then takes off the listeners that it has put on these events of the process: npm `threads` adds some
 * when it is imported.
 */
export function withoutItsListeners<T>(events: readonly string[], load: () => T): T {
  const emitter: EventEmitter = process
  const before = events.map((event) => new Set(emitter.listeners(event)))
  const loaded = load()
  for (const [n, event] of events.entries())
    for (const listener of emitter.listeners(event) as (() => void)[])
      if (!before[n]?.has(listener)) emitter.off(event, listener)
  return loaded
}
