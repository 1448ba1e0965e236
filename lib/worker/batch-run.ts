import { inspect } from 'node:util'
import { messageOf, SerializationError } from '../errors'
import { buffersOf } from '../serialization/bytes'
import { type Column, readerOf, Table } from '../serialization/columns'
import { UnloadableError } from '../serialization/functions/importing'
import { isLoose, isSimple, Message, packed } from '../serialization/message'
import { UnknownFunctionError } from '../serialization/receiver'
import { Trail } from '../serialization/trail'
import type { Graph, Parcel, Transfers } from '../serialization/wire'
import { sharedNow, toStamp } from '../system/clock'
import { partialParts } from '../task/partial'
import { isThenable, runTask } from '../task/run-task'
import { nameOf, type Task } from '../task/task'
import { transfersOfResult } from '../task/transfer'
import { enterContext, type TaskName } from './left-behind'
import { livingMemory, usedMemory } from './memory'
import type { OpenCall } from './open-call'
import type { Outbox } from './outbox'
import { flushOutput } from './output'
import {
  ENDED,
  type Outcomes,
  type Refused,
  type Response,
  type RunBatch,
  turnOf,
  type WireTable,
  type WireTask,
  Words,
} from './protocol'
import { goThrough, type Steps } from './steps'

/** The way to the caller, whatever the transport. */
export interface Line {
  /** @param transfers buffers that the response takes along */
  post(response: Response, transfers?: Transfers): void
  /** See `Words`. */
  readonly words: Int32Array
}

const EMPTY: Graph = { nodes: [], imports: [], beside: [] }

/**
 * After this many milliseconds outcomes are posted though tasks follow: until then they share one message. Where nobody hears of
 * each, it is longer, since whoever reads a message takes its time from a task when all cores are at work.
 */
const HOLD = 2
const HOLD_PATIENTLY = 100

/**
 * Milliseconds that it may take to make a task's arguments, or its outcome ready to be sent, before that counts as time of
 * the task: the first error of a thread takes some tens of them.
 */
const GRACE = 1000

/** How often, in milliseconds, it is looked how much memory a worker holds: garbage may have to be collected for it. */
const BETWEEN_WEIGHINGS = 20

/** After a collection for it there is none for so many times as long as it took: a tenth of a worker's time at most. */
const BETWEEN_COLLECTIONS = 9
let nextCollection = Number.NEGATIVE_INFINITY

/** A task that takes this many milliseconds is worth a message of its own, which is cheaper than packing its result. */
const WORTH_A_MESSAGE = 0.2

/**
 * After a task that took less than so many milliseconds, the next ones are timed together: to read the clock costs more
 * than they do. So one that is slow makes those right behind it look slow, to who looks at them meanwhile.
 */
const NEXT_TO_NOTHING = 0.005
const TOGETHER = 7

/** Runs the tasks of one batch, one after the other, and posts their outcomes. */
export class BatchRun {
  readonly #batch: RunBatch
  readonly #call: OpenCall
  readonly #line: Line
  readonly #outbox: Outbox
  #held: Parcel[] = []
  /** Outcomes that are held and alike, when all of them are: then these are none of the parcels. */
  #table: Table | undefined
  /** No result was met that cannot stand in a table: to find that out takes long for a large object. */
  #mayBeAlike = true
  /** Whether what is done to the objects of the last result would show in it. */
  #isLastLoose = false
  /** The task that runs. */
  task: TaskName | undefined
  /** An earlier task has left an error behind, and nobody knows what else: this worker begins no other one. */
  isSpoiled: boolean
  /** Why the arguments of a task could not be made. */
  #unmade: SerializationError | undefined
  #failed: number[] = []
  #refused: number[] = []
  /** The position of the first outcome that is held. */
  #from = 0
  /** What is written for the outcomes that are held, where they cannot go as they are. */
  #written: Message | undefined
  #duration = 0
  /** When it was last looked how much this worker holds; and how much that was, when it was too much. */
  #weighed = Number.NEGATIVE_INFINITY
  #memory: number | undefined
  #posted = 0

  constructor(batch: RunBatch, call: OpenCall, line: Line, outbox: Outbox, isSpoiled: boolean) {
    this.#batch = batch
    this.#call = call
    this.#line = line
    this.#outbox = outbox
    this.isSpoiled = isSpoiled
  }

  get #message(): Message {
    this.#written ??= new Message(this.#call.sender, this.#call.caller, new Trail())
    return this.#written
  }

  get call(): number {
    return this.#batch.call
  }

  /** @returns a promise when it has to wait for something: then, this batch is over when it resolves */
  run(): Promise<void> | undefined {
    const { id, forget } = this.#batch
    Atomics.store(this.#line.words, Words.opened, id)
    if (forget) this.#call.received.forget(forget)
    try {
      const opening = this.#open()
      if (opening !== undefined)
        return opening.then(
          () => this.#runOpened(),
          (error) => this.#refuse(error),
        )
    } catch (error) {
      this.#refuse(error)
      return
    }
    return this.#runOpened()
  }

  /** A promise only when something is imported for the first time. */
  #open(): Promise<void> | undefined {
    const { units = [], tasks, graph } = this.#batch
    // A table has nothing to be opened, nor has a function that is here.
    if (graph === undefined) return
    const parcels = isTable(tasks) ? [] : tasks.map(({ args }) => args)
    return this.#call.received.open(units, parcels, [graph])
  }

  #runOpened(): Promise<void> | undefined {
    let functions: Task['fn'][]
    try {
      functions = this.#functions()
    } catch (error) {
      this.#refuse(error)
      return
    }
    return goThrough(this.#runTasks(functions))
  }

  #functions(): Task['fn'][] {
    const { fns, graph = EMPTY } = this.#batch
    const { received } = this.#call
    return (typeof fns === 'number' ? [received.known(fns)] : received.decodeSlots(fns, graph)) as Task['fn'][]
  }

  #refuse(error: unknown): void {
    const module = error instanceof UnloadableError ? error.module : undefined
    const why = messageOf(error)
    const { tasks } = this.#batch
    const returned = (isTable(tasks) ? [] : tasks).flatMap(({ args }) => ('graph' in args ? buffersOf(args.graph) : []))
    const isUnknown = error instanceof UnknownFunctionError && { isUnknown: true as const }
    const refusal = { batch: this.#batch.id, module, why, ...isUnknown, returned }
    this.#line.post({ kind: 'refused', refusal }, returned)
  }

  /** Gives what is to be waited for. */
  *#runTasks(functions: readonly Task['fn'][]): Steps {
    const { id, tasks, isTimed, maxMemory } = this.#batch
    const { words } = this.#line
    const own = turnOf(id)
    const names = functions.map((fn) => nameOf({ fn, args: [] }))
    const runRow = isTable(tasks) ? rowRunner(functions[0] as Task['fn'], tasks.columns) : undefined
    const count = isTable(tasks) ? tasks.count : tasks.length
    let started = sharedNow()
    this.#posted = started
    /** How many tasks are still to be timed together with the last one. */
    let together = 0
    Atomics.store(words, Words.begun + own, toStamp(started))
    Atomics.store(words, Words.started + own, toStamp(started))
    Atomics.store(words, Words.running + own, 0)
    Atomics.store(words, Words.over + own, 0)
    Atomics.store(words, Words.batch + own, id)
    this.#outbox.begin(id)
    for (let position = 0; position < count && !this.isSpoiled; position += 1) {
      const task = isTable(tasks) ? undefined : (tasks[position] as WireTask)
      const isReady = task === undefined || 'values' in task.args
      if (together === 0) Atomics.store(words, Words.started + own, toStamp(isReady ? started : started + GRACE))
      Atomics.store(words, Words.running + own, position + 1)
      if (Atomics.load(words, Words.limit + own) <= position) {
        // It does not run, after all.
        Atomics.store(words, Words.running + own, position)
        break
      }
      let ended: number
      let isSentAsItIs = false
      this.#enter(names[task?.fn ?? 0] as string, position)
      try {
        let result: unknown
        if (task === undefined) {
          result = runRow?.(position)
        } else {
          const values = this.#argumentsOf(task.args)
          if (!isReady) {
            started = sharedNow()
            Atomics.store(words, Words.started + own, toStamp(started))
          }
          result = runTask(toTask(functions[task.fn] as Task['fn'], values, task.hasKwargs))
        }
        // Not for all: a task that is not async costs no promise.
        const value = isThenable(result) ? yield this.#outcomeOf(result) : result
        if (value !== result || position === count - 1) together = 0
        ended = together > 0 ? started : sharedNow()
        isSentAsItIs = this.#keepInTable(value)
        if (!isSentAsItIs) {
          Atomics.store(words, Words.started + own, toStamp(ended + GRACE))
          this.#succeed(value)
        }
      } catch (error) {
        ended = sharedNow()
        Atomics.store(words, Words.started + own, toStamp(ended + GRACE))
        if (error instanceof SerializationError && error === this.#unmade) this.#refuseResult(error)
        else this.#fail(error)
      }
      this.task = undefined
      const took = ended - started
      this.#duration += took
      if (!isSentAsItIs) together = 0
      else if (together > 0) together -= 1
      else if (!isTimed && took < NEXT_TO_NOTHING) together = TOGETHER
      if (position === count - 1) break
      started = isSentAsItIs ? ended : sharedNow()
      if (this.isSpoiled || (maxMemory !== undefined && this.#holdsTooMuch(maxMemory, started))) break
      if (this.#isToBePosted(took, started) || !this.#hold()) {
        const posting = this.#postBehindOutput()
        if (posting !== undefined) yield posting
        started = sharedNow()
      }
    }
    const flushing = flushOutput()
    if (flushing !== undefined) yield this.#behind(flushing)
    // Behind the last task too: no more follow here, and the worker may be replaced.
    if (maxMemory !== undefined) this.#holdsTooMuch(maxMemory, sharedNow())
    this.post(this.#duration)
    // Not before: should the worker die of posting, it is the last task that it died of.
    Atomics.store(words, Words.running + own, ENDED + Atomics.load(words, Words.running + own))
  }

  #enter(name: string, position: number): void {
    const { call, indexes } = this.#batch
    const index = typeof indexes === 'number' ? indexes + position : (indexes[position] as number)
    this.task = { call, index, name }
    enterContext(this.task)
  }

  /** An earlier task has left an error behind: the one that runs is the last. */
  goesOn(): boolean {
    this.isSpoiled = this.task !== undefined
    return this.isSpoiled
  }

  #holdsTooMuch(most: number, now: number): boolean {
    if (now - this.#weighed < BETWEEN_WEIGHINGS) return false
    this.#weighed = now
    if (usedMemory() <= most || now < nextCollection) return false
    const memory = livingMemory()
    const after = sharedNow()
    nextCollection = after + (after - now) * BETWEEN_COLLECTIONS
    if (memory > most) this.#memory = memory
    return memory > most
  }

  /** @throws SerializationError for what cannot be made here */
  #argumentsOf(args: Parcel): readonly unknown[] {
    try {
      return this.#call.received.decode(args)
    } catch (error) {
      const message = `The arguments of the task cannot be made in a worker: ${messageOf(error)}`
      this.#unmade = new SerializationError(message, { side: 'task', path: 'args' })
      throw this.#unmade
    }
  }

  /** A failure may end the call, and with it what runs elsewhere: it waits for nothing. */
  #isToBePosted(took: number, now: number): boolean {
    return (
      this.#failed.length > 0 ||
      (this.#isLastLoose && took > WORTH_A_MESSAGE) ||
      now - this.#posted > (this.#batch.isPatient ? HOLD_PATIENTLY : HOLD)
    )
  }

  /** @returns whether the last outcome may stay here: its caller can get at it, whatever the next task does */
  #hold(): boolean {
    if (this.#table !== undefined) return this.#outbox.addRow(this.#from, this.#table)
    this.#packLast()
    if (this.#failed.length > 0 || (this.#written !== undefined && this.#written.units.length > 0)) return false
    return this.#outbox.add(this.#from, this.#held.at(-1) as Parcel)
  }

  /** While an async task waits for something there is time to post what is held. */
  async #outcomeOf(result: PromiseLike<unknown>): Promise<unknown> {
    if (this.#heldCount === 0) return result
    const posting = setImmediate(() => this.post())
    try {
      return await result
    } finally {
      clearImmediate(posting)
    }
  }

  /** A failure ends the call, and the worker with it: what its tasks have printed goes first. */
  #postBehindOutput(): Promise<void> | undefined {
    const flushing = this.#failed.length > 0 ? flushOutput() : undefined
    if (flushing === undefined) {
      this.post()
      return
    }
    return this.#behind(flushing).then(() => this.post())
  }

  /**
   * The task has ended, and what it left behind runs on meanwhile: it changes nothing of the result, which the caller can
   * get at.
   */
  #behind(flushing: Promise<void>): Promise<void> {
    const { words } = this.#line
    if (this.#outbox.count < this.#heldCount) this.#hold()
    this.#packLast()
    const own = turnOf(this.#batch.id)
    Atomics.store(words, Words.over + own, Atomics.load(words, Words.running + own))
    return flushing
  }

  /** Tasks may write to what an earlier one returned: its result is what it was when the task ended. */
  #packLast(): void {
    if (!this.#isLastLoose) return
    this.#isLastLoose = false
    const last = this.#held.length - 1
    try {
      this.#held[last] = packed(this.#held[last] as Parcel)
    } catch (error) {
      this.#refuseHeld(last, error)
    }
  }

  /** How many outcomes are held. */
  get #heldCount(): number {
    return this.#table?.count ?? this.#held.length
  }

  /** @returns whether an outcome is held as it is now, beside others that are like it */
  #keepInTable(value: unknown): boolean {
    if (this.#table === undefined && this.#held.length === 0 && this.#mayBeAlike) {
      this.#table = Table.for([value])
      this.#mayBeAlike = this.#table !== undefined
    }
    if (this.#table?.addOne(value)) {
      // It has no memory to be handed over, and is not to do that as a part of a later one.
      transfersOfResult(value)
      return true
    }
    this.#leaveTable()
    return false
  }

  /** Outcomes that are not alike are parcels, each for itself. */
  #leaveTable(): void {
    if (this.#table === undefined) return
    const read = readerOf(this.#table.columns()[0] as Column)
    for (let n = 0; n < this.#table.count; n += 1) this.#held.push({ values: [read(n)] })
    this.#table = undefined
  }

  /** An outcome that nothing is to be done for. */
  #keep(value: unknown): void {
    this.#leaveTable()
    this.#held.push({ values: [value] })
    this.#isLastLoose = false
  }

  #succeed(value: unknown): void {
    if (isSimple(value)) {
      this.#keep(value)
      return
    }
    try {
      const parcel = this.#message.parcel([value], () => 'result', undefined, transfersOfResult(value))
      this.#held.push(parcel)
      this.#isLastLoose = isLoose(parcel)
    } catch (error) {
      this.#refuseResult(error)
    }
  }

  #fail(error: unknown): void {
    this.#leaveTable()
    try {
      const parcel = this.#message.parcel([error], () => 'error')
      this.#failed.push(this.#held.length)
      this.#held.push(parcel)
      this.#isLastLoose = isLoose(parcel)
    } catch (trouble) {
      const { message } = refusal(trouble)
      this.#refuseResult(
        new SerializationError(`The task threw ${inWords(error)}. ${message}`, { side: 'result', path: 'error' }),
      )
    }
  }

  #refuseResult(error: unknown): void {
    this.#leaveTable()
    this.#failed.push(this.#held.length)
    this.#refused.push(this.#held.length)
    this.#keep(refusal(error))
  }

  /** Posts the outcomes that are held; with the duration of the batch, its last. */
  post(duration?: number): void {
    if (this.#heldCount === 0 && duration === undefined) return
    // With others it goes packed: a result that cannot be read at the other end fails alone.
    if (this.#held.length > 1) this.#packLast()
    try {
      this.#postOutcomes(duration)
    } catch (error) {
      if (this.#held.length === 0) throw error
      this.#refuseUnclonable()
      this.#postOutcomes(duration)
    }
    this.#written?.sent()
    this.#written = undefined
    this.#outbox.clear()
    this.#from += this.#heldCount
    this.#held = []
    this.#table = undefined
    this.#isLastLoose = false
    this.#failed = []
    this.#refused = []
    if (duration === undefined) this.#posted = sharedNow()
  }

  #postOutcomes(duration: number | undefined): void {
    const message = this.#call.forgets ? this.#message : this.#written
    const outcomes: Outcomes = {
      batch: this.#batch.id,
      from: this.#from,
      results: this.#table ? { count: this.#table.count, column: this.#table.columns()[0] as Column } : this.#held,
      ...(this.#failed.length > 0 && { failed: this.#failed, refused: this.#refused }),
      ...(message && { forget: message.forget(), units: message.units }),
      ...(duration !== undefined && { duration }),
      ...(this.#memory !== undefined && { memory: this.#memory }),
      ...(this.isSpoiled && { isSpoiled: true }),
    }
    this.#line.post({ kind: 'outcomes', outcomes }, message?.transfers)
  }

  /** Structured clone refused the message: finds the results that are to blame. */
  #refuseUnclonable(): void {
    for (const [n, parcel] of this.#held.entries())
      try {
        structuredClone(parcel)
      } catch (error) {
        this.#refuseHeld(n, error)
      }
  }

  #refuseHeld(n: number, error: unknown): void {
    if (!this.#failed.includes(n)) this.#failed.push(n)
    this.#refused.push(n)
    this.#held[n] = { values: [refusal(error)] }
  }

  /** Tells the end of the batch once more, with no outcomes. */
  reportEnd(batch: number): void {
    if (batch === this.#batch.id) this.post(this.#duration)
  }
}

/** What a task threw, for when it cannot be sent itself; no code of the user's runs. */
function inWords(thrown: unknown): string {
  try {
    return inspect(thrown, { depth: 1, showProxy: true, customInspect: false, breakLength: Infinity }).slice(0, 300)
  } catch {
    return Object.prototype.toString.call(thrown)
  }
}

function refusal(error: unknown): Refused {
  if (error instanceof SerializationError) return { message: error.message, path: error.path, side: error.side }
  const why = messageOf(error)
  return {
    message: `Cannot send result back from a worker: ${why}. Return what it is made of.`,
    path: 'result',
    side: 'result',
  }
}

function isTable(tasks: RunBatch['tasks']): tasks is WireTable {
  return 'columns' in tasks
}

/** Runs the task of a row. */
function rowRunner(fn: Task['fn'], columns: readonly Column[]): (row: number) => unknown {
  const call = fn as (...args: unknown[]) => unknown
  const readers = columns.map(readerOf)
  const [first, second] = readers
  if (partialParts(fn) === undefined) {
    if (first === undefined) return () => call()
    if (readers.length === 1) return (row) => call(first(row))
    if (second !== undefined && readers.length === 2) return (row) => call(first(row), second(row))
  }
  return (row) => runTask({ fn, args: readers.map((read) => read(row)) })
}

function toTask(fn: Task['fn'], values: readonly unknown[], hasKwargs: boolean): Task {
  return hasKwargs
    ? { fn, args: values.slice(0, -1), kwargs: values.at(-1) as Record<string, unknown> }
    : { fn, args: values }
}
