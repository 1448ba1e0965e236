import { shared } from 'parfor'

/*
 * Counters in memory that a spec and its tasks share, on threads: each waits for what the other has done, instead of for
 * a time that should be enough. Who waits for too long gives up with an error, so that a spec fails and does not hang.
 */

export function counters(count = 1): Int32Array {
  return shared(Int32Array, count)
}

/** Adds one, and wakes who waits for it: here, or in another thread. */
export function add(counters: Int32Array, at = 0): void {
  Atomics.add(counters, at, 1)
  Atomics.notify(counters, at)
}

/** Blocks its thread, so it is for tasks, until a counter has reached `value`. */
export function waitFor(counters: Int32Array, at = 0, value = 1): void {
  for (let now = Atomics.load(counters, at); now < value; now = Atomics.load(counters, at))
    if (Atomics.wait(counters, at, now, 10_000) === 'timed-out')
      throw new Error(`Counter ${at} is ${now}, and nobody makes it ${value}`)
}

type WaitAsync = (
  counters: Int32Array,
  at: number,
  value: number,
  timeout: number,
) => { value: string | Promise<string> }

/** Resolves when tasks have brought a counter to `value`. */
export async function reached(counters: Int32Array, at = 0, value = 1): Promise<void> {
  const { waitAsync } = Atomics as unknown as { waitAsync: WaitAsync } // typed from ES2024 on
  for (let now = Atomics.load(counters, at); now < value; now = Atomics.load(counters, at))
    if ((await waitAsync(counters, at, now, 10_000).value) === 'timed-out')
      throw new Error(`Counter ${at} is ${now}, and no task makes it ${value}`)
}

/** Keeps its thread busy for so long, or until a counter is no longer 0: it hears of nothing meanwhile. */
export function block(milliseconds: number, counters?: Int32Array, at = 0): void {
  const isCounted = () => counters !== undefined && Atomics.load(counters, at) > 0
  for (const until = performance.now() + milliseconds; performance.now() < until && !isCounted(); );
}
