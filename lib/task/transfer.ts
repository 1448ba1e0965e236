import { inspect, types } from 'node:util'
import type { Task } from './task'

/** What is to be handed over, and not sent yet. */
interface Marks {
  readonly values: WeakSet<object>
  /** Whether there ever was any: most programs never use it. */
  isUsed: boolean
}

/**
 * Hands the memory of an argument or a result over instead of copying it: write it around the value,
 * `delayed(f)(transfer(array))` or `return transfer(array)`. However large it is, that takes some microseconds. The buffers
 * of the sender are detached then: its arrays have the length 0.
 *
 * All buffers in the value are handed over, whole, whatever part of them it shows. Copied, as always, are what else it holds,
 * a `Buffer` that has only a part of its memory (as small ones have), and memory that cannot be detached, of WebAssembly.
 * What is in shared memory stays shared. Ports and streams cannot be sent, handed over or not.
 *
 * A buffer can be handed over once: a second task that gets it is a `SerializationError`, and so is one whose worker was
 * lost before it was done, when it is to run again. In the calling thread, `nJobs: 1`, the task gets the value itself.
 *
 * @returns the value itself
 * @throws TypeError for what can hold no buffer: a number, a text, a function.
 *
 * @example
 * ```ts
 * import { delayed, Parallel, transfer } from 'parfor'
 *
 * const doubled = delayed((samples: Float64Array) => transfer(samples.map((sample) => sample * 2)))
 * const samples = new Float64Array(1_000_000).fill(0.5)
 * const [result] = await Parallel(2)([doubled(transfer(samples))])
 * console.log(result.length, result[0], samples.length) //=> 1000000 1 0
 * ```
 */
export function transfer<T extends object>(value: T): T {
  if (typeof value !== 'object' || value === null)
    throw new TypeError(
      `transfer takes a typed array, a buffer, or an object that holds some; got ${inspect(value, { depth: 0 })}`,
    )
  if (types.isProxy(value) || types.isPromise(value))
    throw new TypeError(
      types.isPromise(value)
        ? 'transfer takes what a promise gives, and not the promise: transfer(await promise)'
        : 'transfer cannot hand over a Proxy. Give it the target',
    )
  const marks = marksOfThread()
  marks.isUsed = true
  marks.values.add(value)
  return value
}

/**
 * Of the thread, and not of this module: a worker has a copy of this library of its own, beside the one that tasks import;
 * and this function may go there by value.
 */
function marksOfThread(): Marks {
  const key = Symbol.for('parfor.transfers')
  const global = globalThis as unknown as Record<symbol, Marks | undefined>
  const marks = global[key] ?? { values: new WeakSet(), isUsed: false }
  if (global[key] === undefined) Object.defineProperty(global, key, { value: marks })
  return marks
}

const marks = marksOfThread()

/** Values among the arguments of tasks, by these, that are to be handed over. */
const given = new WeakMap<readonly unknown[], Set<object>>()

/**
 * @internal The marks of the arguments are for this task, and no other one: also when it gets the same array without
 * `transfer`.
 */
export function claimArguments(args: readonly unknown[], kwargs: Readonly<Record<string, unknown>>): void {
  if (!marks.isUsed) return
  const found = new Set<object>()
  for (const value of [...args, ...Object.values(kwargs)]) claim(value, found)
  if (found.size > 0) given.set(args, found)
}

/** @internal What a task hands over of its arguments; `undefined` when it is nothing. */
export function transfersOf({ args, kwargs }: Task): ReadonlySet<object> | undefined {
  if (!marks.isUsed) return undefined
  const known = given.get(args)
  const found = new Set(known)
  // Deeper inside, and of tasks that are made by hand.
  claimAll([args, kwargs], found)
  if (found.size > 0) given.set(args, found)
  return found.size > 0 ? found : undefined
}

/** @internal What a task hands over of its result; `undefined` when it is nothing. */
export function transfersOfResult(result: unknown): ReadonlySet<object> | undefined {
  if (!marks.isUsed || typeof result !== 'object' || result === null) return undefined
  const found = new Set<object>()
  claimAll([result], found)
  return found.size > 0 ? found : undefined
}

function claim(value: unknown, found: Set<object>): void {
  if (typeof value === 'object' && value !== null && marks.values.delete(value)) found.add(value)
}

/** Looks into everything that is reached without running code of the user's. */
function claimAll(roots: readonly unknown[], found: Set<object>): void {
  const seen = new Set<unknown>(roots)
  const visit = (value: unknown) => {
    if (typeof value === 'object' && value !== null) seen.add(value)
  }
  for (const object of seen) {
    if (typeof object !== 'object' || object === null) continue
    claim(object, found)
    if (ArrayBuffer.isView(object) || types.isAnyArrayBuffer(object) || types.isProxy(object)) continue
    if (types.isMap(object)) for (const entry of Map.prototype.entries.call(object)) entry.forEach(visit)
    else if (types.isSet(object)) Set.prototype.forEach.call(object, visit)
    else if (Array.isArray(object)) object.forEach(visit)
    else for (const key of Object.keys(object)) visit(Object.getOwnPropertyDescriptor(object, key)?.value)
  }
}
