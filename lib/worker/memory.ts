import { getHeapStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Bytes that this thread's JavaScript holds: its heap, and what typed arrays have outside of it. */
export function usedMemory(): number {
  const { used_heap_size, external_memory } = getHeapStatistics()
  return used_heap_size + external_memory
}

/** The same without garbage: that is collected first, which takes its time. */
export function livingMemory(): number {
  // Who runs with --expose-gc has it, and is to keep it.
  collector ??= (globalThis as { gc?: () => void }).gc ?? findCollector()
  collector?.()
  // What typed arrays had is given back while the first collection ends.
  collector?.()
  return usedMemory()
}

let collector: (() => void) | undefined

function findCollector(): (() => void) | undefined {
  // The flag is the process's: another thread, which does the same, may have taken it back before the context is made.
  for (let tries = 0; tries < 100; tries += 1) {
    // It is there for contexts that are made meanwhile, and for no others.
    setFlagsFromString('--expose-gc')
    const { gc } = runInNewContext('globalThis') as { gc?: () => void }
    setFlagsFromString('--no-expose-gc')
    if (gc !== undefined) return gc
  }
  return undefined
}
