import { getHeapStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Bytes that this thread's JavaScript holds: its heap, and what typed arrays have outside of it. */
export function usedMemory(): number {
  const { used_heap_size, external_memory } = getHeapStatistics()
  return used_heap_size + external_memory
}

/** The same without garbage: that is collected first, which takes its time. */
export function livingMemory(): number {
  // The flag is there for contexts that are made meanwhile, and for no others.
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  setFlagsFromString('--no-expose-gc')
  collect()
  // What typed arrays had is given back while the first collection ends.
  collect()
  return usedMemory()
}
