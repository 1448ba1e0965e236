import { inspect, types } from 'node:util'
import type { Task } from './task'

/** What is to be handed over, and not sent yet. */
interface Transfers {
  readonly marked: WeakSet<object>
  /** Values among the arguments of tasks, by these. */
  readonly ofArguments: WeakMap<readonly unknown[], ReadonlySet<object>>
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
  const transfers = ofThread() ?? { marked: new WeakSet(), ofArguments: new WeakMap() }
  Object.defineProperty(globalThis, key, { value: transfers, configurable: true })
  transfers.marked.add(value)
  return value
}

const key = Symbol.for('parfor.transfers')

/**
 * `undefined` until the first `transfer` in this thread. Of the thread, and not of this module: a worker has a copy of this
 * library of its own, beside the one that tasks import; and the functions here go there by value, with what captures a
 * function that `delayed` gave.
 */
function ofThread(): Transfers | undefined {
  return (globalThis as { [key]?: Transfers })[key]
}

/**
 * @internal The marks of the arguments are for this task, and no other one: also when it gets the same array without
 * `transfer`.
 */
export function claimArguments(args: readonly unknown[], kwargs: Readonly<Record<string, unknown>>): void {
  const found = claimed(args, kwargs)
  if (found) ofThread()?.ofArguments.set(args, found)
}

/** @internal @throws TypeError when one of them is to be handed over: what is bound is for many tasks. */
export function refuseTransfers(args: readonly unknown[], kwargs: Readonly<Record<string, unknown>>): void {
  if (claimed(args, kwargs))
    throw new TypeError(
      'partial() binds an argument for every task, and transfer hands it over to one. Give it to the task: ' +
        'delayed(partial(fn, ...bound))(transfer(array))',
    )
}

function claimed(args: readonly unknown[], kwargs: Readonly<Record<string, unknown>>): Set<object> | undefined {
  const transfers = ofThread()
  if (transfers === undefined) return undefined
  const all = [...args, ...Object.values(kwargs)]
  const found = all.filter((value) => transfers.marked.delete(value as object)) as object[]
  return found.length > 0 ? new Set(found) : undefined
}

/** @internal What a task hands over of its arguments; `undefined` when it is nothing. */
export function transfersOf({ args, kwargs }: Task): ReadonlySet<object> | undefined {
  const transfers = ofThread()
  if (transfers === undefined) return undefined
  const found = new Set(transfers.ofArguments.get(args))
  // Deeper inside, and of tasks that are made by hand.
  claimAll([args, kwargs], transfers, found)
  if (found.size === 0) return undefined
  transfers.ofArguments.set(args, found)
  return found
}

/** @internal What a task hands over of its result; `undefined` when it is nothing. */
export function transfersOfResult(result: unknown): ReadonlySet<object> | undefined {
  if (typeof result !== 'object' || result === null) return undefined
  const transfers = ofThread()
  if (transfers === undefined) return undefined
  const found = new Set<object>()
  claimAll([result], transfers, found)
  return found.size > 0 ? found : undefined
}

/** Looks into everything that is reached without running code of the user's. */
function claimAll(roots: readonly unknown[], { marked }: Transfers, found: Set<object>): void {
  const seen = new Set<unknown>(roots)
  const visit = (value: unknown) => {
    if (typeof value === 'object' && value !== null) seen.add(value)
  }
  for (const object of seen) {
    if (typeof object !== 'object' || object === null) continue
    if (marked.delete(object)) found.add(object)
    if (ArrayBuffer.isView(object) || types.isAnyArrayBuffer(object) || types.isProxy(object)) continue
    if (types.isMap(object)) for (const entry of Map.prototype.entries.call(object)) entry.forEach(visit)
    else if (types.isSet(object)) Set.prototype.forEach.call(object, visit)
    else if (Array.isArray(object)) object.forEach(visit)
    else for (const key of Object.keys(object)) visit(Object.getOwnPropertyDescriptor(object, key)?.value)
  }
}
