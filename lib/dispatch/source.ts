import { performance } from 'node:perf_hooks'
import { inspect, types } from 'node:util'
import { debug } from '../debug'
import { namedBy } from '../task/kwargs'
import type { Task } from '../task/task'
import type { Sink } from './batches'

/** What a call takes its tasks from. */
export type TaskSource<T extends Task = Task> = Iterable<T> | AsyncIterable<T> | (() => Iterable<T> | AsyncIterable<T>)

/** Makes a task of an element of an input. What it throws is the input's error. */
export interface TaskOf {
  (value: unknown, index: number): Task
  /** The function that the task calls with the element alone, if it is a primitive: then no task has to be made of it. */
  readonly fn?: Task['fn']
}

/** The tasks of one call, asked for one by one and never two at a time. */
export interface Source {
  /** How many there are: known from the start for an array, a set or a map, otherwise at the end. */
  readonly total: number | undefined
  readonly ended: boolean
  /** Whether its elements are there: to take one takes no time. */
  readonly isAtHand: boolean
  /**
   * Puts as many as `wanted` tasks into `sink`: fewer when the input ends, when it must be waited for (`onArrival` is
   * called when to try again), or when `until` has passed. (With nothing wanted it only throws what is to be thrown.)
   *
   * @param until - A time of `performance.now()`: from then on an input that is slow is not asked.
   * @returns Whether it stopped for the time.
   * @throws what the input throws, or what makes a task of an element.
   */
  take(wanted: number, sink: Sink, until?: number): boolean
  /** No more is asked for. The input is told by its `return()`, once, unless it has ended or failed itself. */
  close(): void
}

/**
 * Opens what a call was given.
 *
 * @param onArrival - Called when an asynchronous input has an element, or its end, or its error, to be taken.
 * @param taskOf - By default an element is a task: TypeError for one that is not.
 * @throws TypeError when it is nothing to take tasks from; what a function given in its place throws.
 */
export function openSource(given: unknown, onArrival: () => void, taskOf: TaskOf = asTask): Source {
  const tasks = typeof given === 'function' ? given() : given
  const make = methodOf(tasks, Symbol.asyncIterator)
  if (make) return asyncSource(make.call(tasks) as AsyncIterator<unknown>, onArrival, taskOf)
  const makeSync = methodOf(tasks, Symbol.iterator)
  if (makeSync) {
    const isUsual = Array.isArray(tasks) && makeSync === Array.prototype.values
    const iterator = isUsual ? elementsOf(tasks) : (makeSync.call(tasks) as Iterator<unknown>)
    return new SyncSource(iterator, lengthOf(tasks), isUsual, taskOf)
  }
  const isTask = typeof tasks === 'object' && tasks !== null && 'fn' in tasks && 'args' in tasks
  if (isTask) throw new TypeError('Parallel runs an iterable of tasks; got one task: put it in an array')
  const what = typeof given === 'function' ? `a function that returns ${described(tasks)}` : described(tasks)
  throw new TypeError(`Parallel runs an iterable or async iterable of tasks, or a generator function; got ${what}`)
}

/** As an array's own iterator, with one result for all, which is nobody else's: to make one for each costs as much as all the rest. */
function elementsOf(list: readonly unknown[]): Iterator<unknown> {
  const result: { value: unknown; done: boolean } = { value: undefined, done: false }
  let n = 0
  return {
    next() {
      if (n < list.length) result.value = list[n++]
      else result.done = true
      return result as IteratorResult<unknown>
    },
  }
}

/** Milliseconds: an element that took less was quick, and the next one most likely is. */
const quick = 0.02

/** So many quick ones are taken between two looks at the clock, which costs more than one of them. */
const atOnce = 4

class SyncSource implements Source {
  readonly isAtHand: boolean
  readonly #iterator: Iterator<unknown>
  readonly #length: number | undefined
  readonly #taskOf: TaskOf
  #state: 'open' | 'asking' | 'ended' | 'closed while asking' = 'open'
  #taken = 0
  /** How many elements have taken long, one after the other. One may be the machine, which had something else to do. */
  #slow = 0
  /** How many elements are taken until the next look at the clock. */
  #unlooked = 0

  constructor(iterator: Iterator<unknown>, length: number | undefined, isAtHand: boolean, taskOf: TaskOf) {
    this.#iterator = iterator
    this.#length = length
    this.isAtHand = isAtHand
    this.#taskOf = taskOf
  }

  get total(): number | undefined {
    return this.#state === 'ended' ? this.#taken : this.#length
  }

  get ended(): boolean {
    return this.#state === 'ended'
  }

  take(wanted: number, sink: Sink, until = Number.POSITIVE_INFINITY): boolean {
    const iterator = this.#iterator
    const taskOf = this.#taskOf
    const { fn } = taskOf
    const isTimed = until !== Number.POSITIVE_INFINITY
    let now = isTimed ? performance.now() : 0
    for (let missing = wanted; missing > 0 && this.#state === 'open'; missing -= 1) {
      if (isTimed && this.#slow > 1 && now >= until) return true
      this.#state = 'asking'
      let next: IteratorResult<unknown>
      try {
        next = iterator.next()
      } catch (error) {
        this.#state = 'ended'
        throw error
      }
      if (isTimed) {
        this.#unlooked -= 1
        if (this.#unlooked <= 0) {
          const before = now
          now = performance.now()
          this.#slow = now - before < quick ? 0 : this.#slow + 1
          this.#unlooked = this.#slow === 0 ? atOnce : 0
        }
      }
      if (typeof next !== 'object' || next === null) {
        this.#state = 'ended'
        throw noResult(next)
      }
      if (next.done) {
        this.#state = 'ended'
      } else if (this.#isStillAsking) {
        this.#state = 'open'
        const { value } = next
        if (fn === undefined || !sink.addCall?.(fn, value)) sink.add(taskOf(value, this.#taken))
        this.#taken += 1
      } else {
        this.#state = 'ended'
        tell(iterator)
      }
    }
    return false
  }

  close(): void {
    // A generator cannot be ended by what it calls itself, as when its body aborts the call: it is when it is back.
    if (this.#state === 'asking') this.#state = 'closed while asking'
    if (this.#state !== 'open') return
    this.#state = 'ended'
    tell(this.#iterator)
  }

  /** What the input's own code may have changed, unseen by the compiler. */
  get #isStillAsking(): boolean {
    return this.#state === 'asking'
  }
}

/** Milliseconds after which an input whose elements come without a turn of the event loop is made to wait for one. */
const longestChain = 10

function asyncSource(iterator: AsyncIterator<unknown>, onArrival: () => void, taskOf: TaskOf): Source {
  type State =
    | { is: 'open' }
    | { is: 'asking' }
    | { is: 'arrived'; task: Task }
    | { is: 'failed'; error: unknown }
    | { is: 'ended' }
  const open: State = { is: 'open' }
  const asking: State = { is: 'asking' }
  let state: State = open
  let taken = 0
  /** When the first of the elements came that have come in this turn of the event loop. */
  let turnBegan: number | undefined

  return {
    isAtHand: false,
    get total() {
      return state.is === 'ended' ? taken : undefined
    },
    get ended() {
      return state.is === 'ended'
    },

    take(wanted, sink) {
      if (state.is === 'failed') {
        const { error } = state
        state = { is: 'ended' }
        throw error
      }
      if (wanted <= 0) return false
      let missing = wanted
      if (state.is === 'arrived') {
        const { task } = state
        state = open
        sink.add(task)
        taken += 1
        missing -= 1
      }
      if (missing > 0 && state.is === 'open') ask()
      return false
    },

    close() {
      if (state.is === 'ended' || state.is === 'failed') return
      // Also while it is asked: an input that waits for something learns in no other way that nobody wants it.
      state = { is: 'ended' }
      tell(iterator)
    },
  }

  function ask() {
    state = asking
    try {
      Promise.resolve(iterator.next()).then(arrive, fail)
    } catch (error) {
      state = { is: 'ended' }
      throw error
    }
  }

  function arrive(next: IteratorResult<unknown>) {
    if (state !== asking) return
    try {
      if (typeof next !== 'object' || next === null) throw noResult(next)
      state = next.done ? { is: 'ended' } : arrived(next.value)
    } catch (error) {
      state = { is: 'failed', error }
    }
    // An input that waits for nothing but its own work gives one element after the other, and nobody else has a turn.
    if (isLongTurn()) setImmediate(onArrival)
    else onArrival()
  }

  function isLongTurn(): boolean {
    const now = performance.now()
    if (turnBegan === undefined) {
      turnBegan = now
      setImmediate(() => {
        turnBegan = undefined
      })
    }
    return now - turnBegan >= longestChain
  }

  /** What is no task is refused now, also when no more is wanted for a while. */
  function arrived(value: unknown): State {
    try {
      return { is: 'arrived', task: taskOf(value, taken) }
    } catch (error) {
      tell(iterator)
      throw error
    }
  }

  function fail(error: unknown) {
    if (state !== asking) return
    state = { is: 'failed', error }
    onArrival()
  }
}

/** Ends an iterator early, without waiting: the call has another result already, which this must not hide. */
function tell(iterator: Iterator<unknown> | AsyncIterator<unknown>) {
  const ignore = (error: unknown) => debug.dispatch('return() of the tasks failed: %O', error)
  try {
    Promise.resolve(iterator.return?.()).catch(ignore)
  } catch (error) {
    ignore(error)
  }
}

/** `value` itself, when it is a task. */
function asTask(value: unknown, index: number): Task {
  const task = value as Partial<Task> | null | undefined
  if (
    typeof task === 'object' &&
    task !== null &&
    typeof task.fn === 'function' &&
    Array.isArray(task.args) &&
    (task.kwargs === undefined || isNamed(task.kwargs))
  ) {
    return task as Task
  }
  throw withItsCaller(() => new TypeError(`tasks[${index}] is no task but ${described(value)}. ${advice(value)}`))
}

/** So many frames of ours may be above that of the user, whose call it is. */
const ownFrames = 20

/** An error whose stack goes down to the user's own code. */
function withItsCaller<E extends Error>(make: () => E): E {
  const { stackTraceLimit } = Error
  if (!(stackTraceLimit > 0)) return make()
  Reflect.set(Error, 'stackTraceLimit', stackTraceLimit + ownFrames)
  try {
    return make()
  } finally {
    Reflect.set(Error, 'stackTraceLimit', stackTraceLimit)
  }
}

function noResult(next: unknown): TypeError {
  return new TypeError(`The next() of the tasks gave ${described(next)}, not a result`)
}

function isNamed(kwargs: unknown): boolean {
  return typeof kwargs === 'object' && kwargs !== null && namedBy(kwargs) === undefined
}

function advice(value: unknown): string {
  if (types.isPromise(value)) return 'Do not call the function yourself: write delayed(fn)(...args)'
  if (typeof value === 'function') return 'Write delayed(fn)(...args), also when there are no arguments: delayed(fn)()'
  return 'A task is made by delayed(fn)(...args), or by hand: { fn, args, kwargs? }'
}

function described(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (types.isPromise(value)) return 'a Promise'
  if (Array.isArray(value)) return `an array: ${inspect(value, { depth: 0, maxArrayLength: 3 })}`
  const type = typeof value
  return `${type === 'object' ? 'an' : 'a'} ${type}: ${inspect(value, { depth: 0, maxStringLength: 40 })}`
}

function methodOf(value: unknown, name: symbol): (() => unknown) | undefined {
  const method = value === null || value === undefined ? undefined : (value as Record<symbol, unknown>)[name]
  return typeof method === 'function' ? (method as () => unknown) : undefined
}

/** By brand, where `length` and `size` are sure to count the elements: not for a user's own class. */
function lengthOf(tasks: unknown): number | undefined {
  if (Array.isArray(tasks)) return tasks.length
  return types.isSet(tasks) || types.isMap(tasks) ? tasks.size : undefined
}
