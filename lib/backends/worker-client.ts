import type { OnOutcome } from '../backend'
import { debug } from '../debug'
import { BackendError, messageOf, SerializationError } from '../errors'
import type { Message } from '../serialization/message'
import type { Received } from '../serialization/receiver'
import type { Receiver } from '../serialization/sender'
import { TASK_FUNCTION, Trail } from '../serialization/trail'
import type { Parcel, Slot } from '../serialization/wire'
import { since } from '../system/clock'
import type { Batch, Task } from '../task/task'
import { readOutbox } from '../worker/outbox'
import {
  type BatchRefusal,
  NO_LIMIT,
  type Outcomes,
  type Refused,
  type Response,
  type WireTask,
  Words,
} from '../worker/protocol'
import { type OutgoingCall, serialization } from './outgoing-call'
import { cleanStacks } from './task-stack'
import type { Gone, WorkerHandle } from './worker-handle'

/** A batch has ended on a worker. */
export interface Finished {
  /** Milliseconds that its tasks took there. */
  readonly duration: number
  /** Positions of tasks that were not sent, or not begun: to be run again. */
  readonly rest: readonly number[]
}

/** What a worker is doing, without asking it. Times are milliseconds. */
export interface Look {
  /** The task that runs. */
  readonly position: number
  /** For how long it has been running. */
  readonly elapsed: number
  /** What the tasks of this batch have taken, on an average, so far. */
  readonly average: number
  /** How many tasks of the batch have not begun. */
  readonly waiting: number
}

/** The worker was lost, with what it was doing. Positions count within the batch. */
export class Lost {
  readonly how: Gone
  /** The task that ran; `undefined` when it was between two. */
  readonly running: number | undefined
  /** Tasks with no outcome, without the one that ran. */
  readonly rest: readonly number[]
  constructor(how: Gone, running: number | undefined, rest: readonly number[]) {
    this.how = how
    this.running = running
    this.rest = rest
  }
}

interface Run {
  /** Of the message that was sent last. */
  id: number
  readonly call: OutgoingCall
  readonly batch: Batch
  /** Positions, within the batch, of the tasks that were sent and not taken back. */
  positions: readonly number[]
  /** How many of them have an outcome. */
  reported: number
  /** Groups of positions that are sent, one after the other, when those have their outcomes. */
  later: readonly (readonly number[])[]
  /** Positions that are not for this message: there is too much in it. */
  rest: readonly number[]
  duration: number
  state: 'encoding' | 'sent' | 'cancelled'
  /** Modules that this worker could not import. */
  readonly refused: Set<string>
  message: Message
  readonly onOutcome: OnOutcome
  readonly done: (how: Finished | Lost) => void
}

type Reported = Pick<Outcomes, 'from' | 'results' | 'failed' | 'refused' | 'duration'>

interface Link extends Receiver {
  readonly received: Received
}

/**
 * A message takes no further task when it has this much in it already, by a rough count of bytes: a batch of thousands
 * is sized by the time that its tasks take, and not by what they are called with.
 */
const HEAVY = 1024 * 1024

/** The caller's end of one worker: sends it batches, one at a time, and tells their outcomes. */
export class WorkerClient {
  readonly handle: WorkerHandle
  readonly #links = new Map<OutgoingCall, Link>()
  #run: Run | undefined
  #lastRun = 0
  #gone: Gone | undefined
  #isReady = false
  /** Responses are dealt with in their order, also when one has to wait for an import. */
  #inbox: Promise<void> | undefined

  constructor(handle: WorkerHandle) {
    this.handle = handle
    handle.onResponse((response) => this.#receive(response))
    handle.onGarbled((error) => this.#askForEnd(error))
    handle.onGone((how) => this.#loseRun(how))
    handle.ready.then(
      () => {
        this.#isReady = true
      },
      () => {},
    )
  }

  get isReady(): boolean {
    return this.#isReady
  }

  get isGone(): boolean {
    return this.#gone !== undefined
  }

  /**
   * Runs tasks of a batch: those at `positions`. Resolves to `Lost` when the worker dies before all have an outcome.
   */
  run(call: OutgoingCall, batch: Batch, positions: readonly number[], onOutcome: OnOutcome): Promise<Finished | Lost> {
    return new Promise((resolve) => {
      const run: Run = {
        id: 0,
        call,
        batch,
        positions,
        reported: 0,
        later: [],
        rest: [],
        duration: 0,
        state: 'encoding',
        refused: new Set(),
        message: this.#message(call),
        onOutcome,
        done: resolve,
      }
      this.#run = run
      if (this.#gone) return this.#loseRun(this.#gone)
      this.handle.setRef(true)
      this.#send(run)
    })
  }

  /**
   * Stops what runs without ending the worker, where that can be: nothing was sent yet, or every task has its outcome.
   * Otherwise the worker has to be ended.
   */
  cancel(): boolean {
    const run = this.#run
    if (run?.state === 'encoding') run.state = 'cancelled'
    if (run === undefined || run.state === 'cancelled') return true
    if (run.reported === run.positions.length && run.later.length === 0) return true
    // Until it is ended it begins no further task.
    Atomics.store(this.handle.words, Words.limit, 0)
    return false
  }

  /** What the worker is doing; `undefined` when it is between two batches, or has not begun yet. */
  look(now: number): Look | undefined {
    const run = this.#run
    const { words } = this.handle
    if (run?.state !== 'sent' || Atomics.load(words, Words.batch) !== run.id) return undefined
    const at = Atomics.load(words, Words.running) - 1
    const position = run.positions[at]
    if (position === undefined) return undefined
    return {
      position,
      elapsed: since(Atomics.load(words, Words.started), now),
      average: since(Atomics.load(words, Words.begun), now) / (at + 1),
      waiting: run.positions.length - at - 1 + run.rest.length,
    }
  }

  /**
   * Takes tasks back that have not begun, and never will here: all but the first `kept` of them.
   *
   * @returns their positions
   */
  takeBack(kept: number): readonly number[] {
    const run = this.#run
    if (run?.state !== 'sent') return []
    const { words } = this.handle
    const begun = () => (Atomics.load(words, Words.batch) === run.id ? Atomics.load(words, Words.running) : 0)
    const limit = begun() + kept
    Atomics.store(words, Words.limit, limit)
    // One that was announced meanwhile may have begun. If it has not, the end of the batch comes without its outcome.
    const first = Math.max(limit, begun())
    const taken = [...run.positions.slice(first), ...run.rest]
    run.positions = run.positions.slice(0, first)
    run.rest = []
    return taken
  }

  /** Tells the outcomes that the worker holds back: it runs a task that takes longer than that was meant for. */
  tellHeld(): void {
    if (this.#run?.state === 'sent' && this.#inbox === undefined) this.#readOutbox(this.#run, false)
  }

  /**
   * Leaves the task at `position` to itself: the worker is of no more use, and is to be ended.
   *
   * @returns positions without an outcome, but for that one; `undefined` when the worker has got further meanwhile
   */
  abandon(position: number, now: number): readonly number[] | undefined {
    this.handle.deliver()
    const run = this.#run
    if (run === undefined || this.#inbox !== undefined) return undefined
    this.#readOutbox(run, false)
    if (this.#run !== run || this.look(now)?.position !== position) return undefined
    Atomics.store(this.handle.words, Words.limit, 0)
    this.#run = undefined
    this.handle.setRef(false)
    return unreported(run).filter((other) => other !== position)
  }

  endCall(call: OutgoingCall): void {
    if (!this.#links.delete(call) || this.#gone) return
    this.handle.post({ kind: 'end', call: call.id })
  }

  #link(call: OutgoingCall): Link {
    let link = this.#links.get(call)
    if (!link) {
      const received = new (serialization().Received)((id) => call.sender.own(id))
      link = { received, delivered: new Set(), forgotten: [], idOf: (value) => received.idOf(value) }
      this.#links.set(call, link)
    }
    return link
  }

  #message(call: OutgoingCall): Message {
    return new (serialization().Message)(call.sender, this.#link(call), new Trail())
  }

  #send(run: Run): void {
    const { call, batch } = run
    run.id = ++this.#lastRun
    run.state = 'encoding'
    run.reported = 0
    const encoded = this.#encode(run)
    run.positions = encoded.positions
    if (this.#isCancelled(run) || encoded.tasks.length === 0) {
      this.#finish(run)
      return
    }
    const { fns, graph, tasks } = encoded
    const { units } = run.message
    Atomics.store(this.handle.words, Words.limit, NO_LIMIT)
    try {
      this.handle.post({
        kind: 'run',
        batch: {
          id: run.id,
          call: call.id,
          nested: call.nested,
          forget: run.message.forget(),
          units,
          fns,
          graph,
          tasks,
        },
      })
    } catch (error) {
      this.#sendWithoutUnclonable(run, tasks, error)
      return
    }
    run.message.sent()
    run.state = 'sent'
    debug.workers('worker %d runs tasks %d to %d', this.handle.id, batch.start, batch.start + batch.tasks.length - 1)
  }

  /** Asked anew each time: the code of users runs in between. */
  #isCancelled(run: Run): boolean {
    return run.state === 'cancelled'
  }

  /** Encodes each task; one that cannot be sent has its outcome now. */
  #encode(run: Run) {
    const { batch, message } = run
    const trail = message.trail
    const encoder = message.encoder()
    const numbers = new Map<Task['fn'], number>()
    const fns: Slot[] = []
    const tasks: WireTask[] = []
    const positions: number[] = []
    if (run.positions.length > 1)
      run.call.sender.prepare(new Set(run.positions.map((at) => batch.tasks[at]?.fn as Task['fn'])))
    for (const [n, position] of run.positions.entries()) {
      if (this.#isCancelled(run)) break
      if (message.weight > HEAVY) {
        run.rest = [...run.positions.slice(n), ...run.rest]
        break
      }
      try {
        const { fn, args, kwargs } = batch.tasks[position] as Task
        let number = numbers.get(fn)
        if (number === undefined) {
          trail.start(TASK_FUNCTION)
          number = fns.push(encoder.slot(fn)) - 1
          numbers.set(fn, number)
        }
        const hasKwargs = kwargs !== undefined && Object.keys(kwargs).length > 0
        const values = hasKwargs ? [...args, kwargs] : args
        const root = (n: number) => (n < args.length ? `args[${n}]` : 'kwargs')
        tasks.push({ fn: number, args: message.parcel(values, root, fn), hasKwargs })
        positions.push(position)
      } catch (error) {
        this.#reject(run, position, unsendable(error, trail.path, trail.describe()))
      }
    }
    return { fns, graph: encoder.graph, tasks, positions }
  }

  /** Structured clone refused the message: the tasks to blame have their outcome now, the others are sent again. */
  #sendWithoutUnclonable(run: Run, tasks: readonly WireTask[], cause: unknown): void {
    const left = run.positions.filter((position, n) => {
      try {
        structuredClone(tasks[n]?.args)
        return true
      } catch (error) {
        this.#reject(run, position, unsendable(error, 'args'))
        return false
      }
    })
    if (left.length === run.positions.length) {
      for (const position of left) this.#reject(run, position, unsendable(cause, TASK_FUNCTION))
      run.reported = left.length
      this.#finish(run)
      return
    }
    run.positions = left
    run.message = this.#message(run.call)
    this.#send(run)
  }

  #reject(run: Run, position: number, reason: unknown): void {
    const index = run.batch.start + position
    if (reason instanceof SerializationError) reason.taskIndex = index
    run.onOutcome(index, { status: 'rejected', reason }, run.state === 'sent' ? this.handle.id : undefined)
  }

  #receive(response: Response): void {
    const after = this.#inbox === undefined ? this.#handle(response) : this.#inbox.then(() => this.#handle(response))
    if (after === undefined) return
    const own = after.then(() => {
      if (this.#inbox === own) this.#inbox = undefined
    })
    this.#inbox = own
  }

  #handle(response: Response): Promise<void> | undefined {
    const run = this.#run
    if (!run) return
    if (response.kind === 'refused') {
      this.#sendAgain(run, response.refusal)
      return
    }
    const { outcomes } = response
    if (outcomes.batch !== run.id) return
    if (!this.#links.has(run.call)) {
      // The call has ended with its last outcome; the worker is free with the end of the batch.
      if (outcomes.duration !== undefined) this.#finish(run)
      return
    }
    const { received } = this.#link(run.call)
    received.forget(outcomes.forget)
    const failed = (error: unknown) => this.#report(run, outcomes, error as Error)
    try {
      const opening = received.open(outcomes.units, outcomes.results)
      if (opening !== undefined) return opening.then(() => this.#report(run, outcomes), failed)
      this.#report(run, outcomes)
    } catch (error) {
      failed(error)
    }
  }

  /** @param trouble why none of the results can be made here */
  #report(run: Run, { from, results, failed, refused, duration }: Reported, trouble?: Error): void {
    this.#fillGap(run, from)
    const failures = failed.length === 0 ? undefined : new Set(failed)
    for (const [n, parcel] of results.entries()) {
      // It was in the outbox before.
      if (from + n < run.reported) continue
      const position = run.positions[from + n] as number
      run.reported = from + n + 1
      const { value, error } = this.#decode(run, parcel, trouble)
      if (error) this.#reject(run, position, error)
      else if (refused.includes(n)) this.#reject(run, position, resultError(value as Refused))
      else if (failures?.has(n)) this.#reject(run, position, cleanStacks(value))
      else run.onOutcome(run.batch.start + position, { status: 'fulfilled', value }, this.handle.id)
      if (this.#run !== run) return // a listener ended it
    }
    if (duration === undefined) return
    run.duration += duration
    this.#finish(run)
  }

  #decode(run: Run, parcel: Parcel, trouble: Error | undefined): { value?: unknown; error?: SerializationError } {
    try {
      if (trouble) throw trouble
      return { value: this.#link(run.call).received.decode(parcel)[0] }
    } catch (error) {
      return {
        error: resultError({ message: `The result cannot be made here: ${messageOf(error)}`, path: 'result' }, error),
      }
    }
  }

  /** A message that could not be read is missing: the outcomes in it are those before the next one's. */
  #fillGap(run: Run, to: number): void {
    const message = 'The result cannot be read here: it is nested too deep. Return it in a flatter form.'
    while (run.reported < to) {
      run.reported += 1
      this.#reject(run, run.positions[run.reported - 1] as number, resultError({ message, path: 'result' }))
    }
  }

  /** The end of the batch shows which outcomes are missing; it may be that which could not be read. */
  #askForEnd(error: Error): void {
    debug.workers('a response of worker %d cannot be read: %s', this.handle.id, error.message)
    if (this.#run && !this.#gone) this.handle.post({ kind: 'report', batch: this.#run.id })
  }

  #sendAgain(run: Run, { batch, module, why }: BatchRefusal): void {
    if (batch !== run.id) return
    const { delivered } = this.#link(run.call)
    for (const { id } of run.message.units) delivered.delete(id)
    const key = module && JSON.stringify(module)
    if (module && key !== undefined && !run.refused.has(key)) {
      debug.serialization('worker %d cannot load %o: %s', this.handle.id, module, why)
      run.refused.add(key)
      run.call.sender.sendByValue(module)
    } else if (run.positions.length > 1) {
      // One of them is to blame, and the others are to have their results: each for itself.
      const [first, ...rest] = run.positions as [number, ...number[]]
      run.positions = [first]
      run.later = [...rest.map((position) => [position]), ...run.later]
    } else {
      const message = `The task cannot be made in a worker: ${why}`
      for (const position of run.positions)
        this.#reject(run, position, new SerializationError(message, { side: 'task', path: TASK_FUNCTION }))
      run.reported = run.positions.length
      this.#finish(run)
      return
    }
    run.message = this.#message(run.call)
    this.#send(run)
  }

  #finish(run: Run): void {
    // Behind a limit that was set, the worker began none.
    run.rest = [...run.positions.slice(run.reported), ...run.rest]
    const [next, ...later] = run.later
    if (next !== undefined && !this.#isCancelled(run) && this.#run === run) {
      run.positions = next
      run.later = later
      run.message = this.#message(run.call)
      this.#send(run)
      return
    }
    this.#run = undefined
    this.handle.setRef(false)
    run.done({ duration: run.duration, rest: run.rest })
  }

  #readOutbox(run: Run, isGone: boolean): void {
    const { words } = this.handle
    const begun = Atomics.load(words, Words.running)
    // Most often there is nothing in it that is not known.
    if (run.state !== 'sent' || (!isGone && begun - 1 <= run.reported)) return
    const held = readOutbox(words, run.id, isGone)
    if (held) this.#report(run, { ...held, failed: [], refused: [], duration: undefined })
  }

  /** What ends a worker between two tasks fails neither, and a program that forgot an `await` would not know. */
  #tellLateError({ cause, reason }: Gone): void {
    if (cause === undefined || !this.#isReady) return
    process.emitWarning(`A worker is lost, after the end of the task that is to blame: ${reason}`, {
      type: 'ParforWarning',
      code: 'PARFOR_LATE_ERROR',
      detail: String((Object(cause) as { stack?: unknown }).stack ?? ''), // Node's copy of an error is none by brand
    })
  }

  #loseRun(how: Gone): void {
    this.#gone = how
    const run = this.#run
    if (!run) {
      this.#tellLateError(how)
      return
    }
    // Behind what has arrived: an outcome may still wait for an import.
    const lose = () => {
      if (this.#run !== run) return
      this.#readOutbox(run, true)
      if (this.#run !== run) return
      this.#run = undefined
      run.done(lostRun(run, how, this.handle.words))
    }
    if (this.#inbox === undefined) lose()
    else void this.#inbox.then(lose)
  }
}

function lostRun(run: Run, how: Gone, words: Int32Array): Lost {
  const at = Atomics.load(words, Words.batch) === run.id ? Atomics.load(words, Words.running) - 1 : -1
  const running = at >= run.reported ? run.positions[at] : undefined
  const rest = unreported(run)
  return new Lost(how, running, running === undefined ? rest : rest.filter((position) => position !== running))
}

function unreported({ positions, reported, rest, later }: Run): number[] {
  return [...positions.slice(reported), ...rest, ...later.flat()]
}

/** Why there is no worker, when one ended before it could run anything. */
export function cannotStart({ reason, cause }: Gone): BackendError {
  return new BackendError(`A worker cannot be started: ${reason}`, { cause })
}

function unsendable(error: unknown, path: string, what = path): SerializationError {
  if (error instanceof SerializationError) return error
  return new SerializationError(`Cannot send ${what} to a worker: ${messageOf(error)}`, {
    side: 'task',
    path,
    cause: error,
  })
}

function resultError({ message, path }: Refused, cause?: unknown): SerializationError {
  return new SerializationError(message, { side: 'result', path, cause })
}
