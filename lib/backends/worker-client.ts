import { debug } from '../debug'
import { BackendError, messageOf, SerializationError } from '../errors'
import { valuesOf } from '../serialization/columns'
import { KeptUnits } from '../serialization/kept-units'
import type { Message } from '../serialization/message'
import type { Received } from '../serialization/receiver'
import type { Receiver } from '../serialization/sender'
import { TASK_FUNCTION, Trail } from '../serialization/trail'
import type { Import, Parcel, Unit } from '../serialization/wire'
import { INITIALIZER, type Outcome, type Place, type Task } from '../task/task'
import { readOutbox } from '../worker/outbox'
import {
  type BatchRefusal,
  type Outcomes,
  type Refused,
  type Response,
  type ResultTable,
  type RunBatch,
  type WireTask,
  Words,
} from '../worker/protocol'
import { encodeBatch, encodeBehind, HEAVY, indexesOf, unsendable } from './encode-batch'
import { LateErrors } from './late-errors'
import { type OutgoingCall, serialization } from './outgoing-call'
import { cleanStacks } from './task-stack'
import type { Gone, WorkerHandle } from './worker-handle'
import type { Finished, Lost, WorkerRun } from './worker-run'

type OfBatch = Extract<Response, { kind: 'outcomes' | 'refused' }>
type Reported = Pick<Outcomes, 'from' | 'results' | 'failed' | 'refused' | 'duration'>

/** Milliseconds after which a worker is told of the end of a call, unless it is with the next batch: that spares a message. */
const BEFORE_TELLING = 20

/** The caller's end of one worker: sends it batches, one at a time, and tells their outcomes. */
export class WorkerClient {
  readonly handle: WorkerHandle
  /** How many tasks it has run. */
  tasks = 0
  /** Bytes that it holds, as it has said when they were too many. */
  memory = 0
  /** Its place among the workers of the outermost call. */
  place: Place | undefined
  /** Is told when it is gone; whoever used it last. */
  onGone: ((how: Gone) => void) | undefined
  /** Is told of calls inside its tasks that have fewer workers than they ask for, as `onGone`. */
  onLimited: ((reason: string) => void) | undefined
  /** Why it was ended, if it was, and for which task. */
  ended: { readonly reason: string; readonly taskIndex?: number | undefined } | undefined
  #toldPlace: Place | undefined
  #toldLevel: number | undefined
  /** Whether a task has left an error behind. */
  isSpoiled = false
  readonly #lateErrors = new LateErrors()
  readonly #links = new Map<OutgoingCall, Link>()
  /** Functions that it has, for all calls. */
  readonly #lasting = new KeptUnits<true>()
  /** Calls that the worker is to be told that they are over. */
  #over: number[] = []
  #tellingOver: NodeJS.Timeout | undefined
  #run: WorkerRun | undefined
  /** What the worker goes on with when that has ended, without being told. */
  #next: WorkerRun | undefined
  #isReporting = false
  #lastId = 0
  #gone: Gone | undefined
  #isReady = false
  /** Responses are dealt with in their order, also when one has to wait for an import. */
  #inbox: Promise<void> | undefined

  constructor(handle: WorkerHandle) {
    this.handle = handle
    handle.onResponse((response) => this.#receive(response))
    handle.onGarbled((error) => this.#askForEnd(error))
    handle.onGone((how) => this.#lose(how))
    handle.ready.then(
      () => {
        this.#isReady = true
      },
      () => {},
    )
  }

  /** Whether it is there. It may have run what it was sent, and be gone, before anybody has heard that it has started. */
  get isReady(): boolean {
    return this.#isReady || Atomics.load(this.handle.words, Words.opened) !== 0
  }

  get isGone(): boolean {
    return this.#gone !== undefined
  }

  get gone(): Gone | undefined {
    return this.#gone
  }

  /** Ends it, whatever it does; resolves when it is gone. */
  end(reason: string, taskIndex?: number): Promise<void> {
    if (!this.isGone) this.ended ??= { reason, taskIndex }
    clearTimeout(this.#tellingOver)
    return this.handle.terminate()
  }

  /** Sends tasks of a batch. `run.done` resolves to `Lost` when the worker dies before all have an outcome. */
  run(run: WorkerRun): Promise<Finished | Lost> {
    if (this.#gone) {
      run.finish(run.lost(this.#gone))
    } else {
      this.#run = run
      this.handle.setRef(true)
      this.#send(run)
    }
    return run.done
  }

  /**
   * Sends tasks behind those that run, so that the worker does not wait for them: such as need nothing that may not be there,
   * since nothing may keep it from beginning them.
   *
   * @returns whether they are sent
   */
  sendBehind(run: WorkerRun): boolean {
    const before = this.#run
    // Until it has begun, the worker may find that it cannot, and be sent it again: behind these, then.
    if (!before?.hasBegun || before.isCancelled || before.later.length > 0 || this.#next !== undefined) return false
    // What is much is most often much again: it would be encoded in vain.
    if (before.isHeavy || this.isSpoiled || this.#inbox !== undefined) return false
    run.isBehind = true
    if (this.#send(run, before)) return true
    // The code of users may have run while it was encoded.
    if (run.isCancelled) this.#finish(run)
    return run.isCancelled
  }

  /** Tells the outcomes that the worker holds back: it runs a task that takes longer than that was meant for. */
  tellHeld(run: WorkerRun): void {
    if (this.#inbox === undefined) this.#readOutbox(run, false)
  }

  /** Tells all outcomes that have come, and those that the worker holds back. */
  tellNow(run: WorkerRun): void {
    // What follows the outcome that is being told now would come before the rest of its own message.
    if (this.#isReporting) return
    this.handle.deliver()
    // It may have gone on meanwhile.
    this.tellHeld(this.#run ?? run)
  }

  /**
   * Tells now of all that has come of a task that was seen to run, and of those before it.
   *
   * @returns whether it still runs then: it may be ended for it
   */
  stillRuns(run: WorkerRun, position: number, now: number): boolean {
    const at = run.positions.indexOf(position)
    const isRunning = () => this.#run === run && this.#inbox === undefined && run.look(now)?.position === position
    this.handle.deliver()
    if (!isRunning()) return false
    // While it runs nothing is added to what is held, but that may be posted: so all that has come is told once more.
    this.#readOutbox(run, false, at + 1)
    this.handle.deliver()
    if (!isRunning()) return false
    // What is missing now cannot be read.
    this.#fillGap(run, at)
    return isRunning()
  }

  /** The worker is to be ended: tells of all that has come, and of nothing that comes later. */
  leave(): void {
    this.handle.deliver()
    this.#run?.cancel()
    this.#next?.cancel()
    this.#run = undefined
    this.#next = undefined
  }

  endCall(call: OutgoingCall): void {
    if (!this.#links.delete(call) || this.#gone) return
    this.#over.push(call.id)
    this.#tellingOver ??= setTimeout(() => {
      this.#tellingOver = undefined
      if (this.#over.length > 0 && !this.#gone) this.handle.post({ kind: 'end', calls: this.#over.splice(0) })
    }, BEFORE_TELLING).unref()
  }

  #link(call: OutgoingCall): Link {
    let link = this.#links.get(call)
    if (!link) {
      link = new Link(call)
      this.#links.set(call, link)
    }
    return link
  }

  #message(call: OutgoingCall): Message {
    return new (serialization().Message)(call.sender, this.#link(call), new Trail())
  }

  /**
   * @param before what it is to go behind, if it is
   * @returns false when it brings what may not be there then
   */
  #send(run: WorkerRun, before?: WorkerRun): boolean {
    if (run.isCancelled) {
      this.#finish(run)
      return true
    }
    const { call, batch } = run
    // Its turn is not that of those it goes behind, whatever could not be sent behind them before.
    run.id = run.isBehind ? this.#lastId + 1 : ++this.#lastId
    run.state = 'encoding'
    run.reported = 0
    const newMessage = () => this.#message(call)
    const reject = (position: number, reason: unknown) => this.#reject(run, position, reason)
    const encoded = before ? encodeBehind(run, before, newMessage) : encodeBatch(run, newMessage, reject)
    if (encoded === undefined) return false
    const { fns, graph, lasting, tasks, weight, message } = encoded
    // Its call may have ended meanwhile, which nothing is to be remembered of.
    if (run.isCancelled || encoded.positions.length === 0) {
      run.positions = encoded.positions
      this.#finish(run)
      return true
    }
    const { delivered } = this.#link(call)
    const isKnown = lasting !== undefined && this.#lasting.has(lasting)
    const units = isKnown ? [] : encoded.units.filter(({ id }) => !delivered.has(id))
    const takesTime = isHeavy(weight, units)
    if (run.isBehind && (units.length > 0 || takesTime || !this.#hasLoaded(graph.imports))) return false
    run.positions = encoded.positions
    const { place } = this
    const { level } = call.nested
    run.isHeavy = weight > HEAVY
    run.units = units
    run.imports = graph.imports
    run.open()
    try {
      if (takesTime) this.handle.post({ kind: 'coming', batch: run.id })
      const forget = message?.forget() ?? []
      const sent: RunBatch = {
        id: run.id,
        call: call.id,
        tasks,
        indexes: indexesOf(run),
        ...(isKnown ? { fns: lasting } : { fns, graph }),
        ...(units.length > 0 && { units }),
        // Told once: they stay the same for as long as the worker is in one pool.
        ...(level !== this.#toldLevel && { level }),
        ...(place !== this.#toldPlace && { place }),
        ...(this.#over.length > 0 && { over: this.#over }),
        ...(forget.length > 0 && { forget }),
        ...(batch.call.timeout !== undefined && { isTimed: true }),
        ...(batch.call.isPatient && { isPatient: true }),
        ...(call.maxMemory !== undefined && { maxMemory: call.maxMemory }),
      }
      this.handle.post({ kind: 'run', batch: sent }, message?.transfers)
    } catch (error) {
      if (run.isBehind) return false
      return this.#sendWithoutUnclonable(run, 'columns' in tasks ? [] : tasks, error)
    }
    this.#lastId = run.id
    this.#toldPlace = place
    this.#toldLevel = level
    this.#over = []
    message?.sent()
    for (const unit of units) {
      delivered.add(unit.id)
      this.#lasting.add(unit, true)
    }
    run.state = 'sent'
    if (run.isBehind) this.#next = run
    const what = run.isBehind ? 'goes on with' : 'runs'
    debug.workers(
      'worker %d %s tasks %d to %d',
      this.handle.id,
      what,
      batch.start,
      batch.start + batch.tasks.length - 1,
    )
    return true
  }

  /** Whether what runs has been made of these modules already: then they are there. */
  #hasLoaded(modules: readonly Import[]): boolean {
    if (modules.length === 0) return true
    const loaded = new Set(this.#run?.imports.map((module) => JSON.stringify(module)))
    return modules.every((module) => loaded.has(JSON.stringify(module)))
  }

  /** Structured clone refused the message: the tasks to blame have their outcome now, the others are sent again. */
  #sendWithoutUnclonable(run: WorkerRun, tasks: readonly WireTask[], cause: unknown): boolean {
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
      return true
    }
    run.positions = left
    return this.#send(run)
  }

  #reject(run: WorkerRun, position: number, reason: unknown): void {
    const { start } = run.batch
    if (reason instanceof SerializationError && start !== INITIALIZER) reason.taskIndex = start + position
    this.#tell(run, position, { status: 'rejected', reason })
  }

  /** Nothing of a run that is not to go on, whatever still comes of it, or waits for an import. */
  #tell(run: WorkerRun, position: number, outcome: Outcome): void {
    if (run.isCancelled) return
    run.onOutcome(run.batch.start + position, outcome, run.state === 'sent' ? this.handle.id : undefined)
  }

  #receive(response: Response): void {
    if (response.kind !== 'outcomes' && response.kind !== 'refused') {
      this.#hear(response)
      return
    }
    const after = this.#inbox === undefined ? this.#handle(response) : this.#inbox.then(() => this.#handle(response))
    if (after === undefined) return
    const own = after.then(() => {
      if (this.#inbox === own) this.#inbox = undefined
    })
    this.#inbox = own
  }

  /** What is of no batch, and waits for nothing. */
  #hear(response: Exclude<Response, OfBatch>): void {
    if (response.kind === 'limited') this.onLimited?.(response.reason)
    else if (response.kind === 'late') this.#lateErrors.warnOf(response.error, this.#run?.call.id)
    else this.#lateErrors.noteFatal(response.error, this.#run?.call.id)
  }

  #handle(response: OfBatch): Promise<void> | undefined {
    const id = response.kind === 'refused' ? response.refusal.batch : response.outcomes.batch
    if (this.#next?.id === id) this.#endUnread()
    const run = this.#run
    if (run?.id !== id) return
    if (response.kind === 'refused') {
      this.#sendAgain(run, response.refusal)
      return
    }
    const { outcomes } = response
    const { results, units = [], forget = [] } = outcomes
    this.memory = outcomes.memory ?? this.memory
    this.isSpoiled ||= outcomes.isSpoiled === true
    if (!this.#links.has(run.call)) {
      // The call has ended with its last outcome; the worker is free with the end of the batch.
      if (outcomes.duration !== undefined) this.#finish(run)
      return
    }
    const failed = (error: unknown) => this.#report(run, outcomes, error as Error)
    try {
      if ('column' in results && units.length + forget.length === 0) {
        this.#report(run, outcomes)
        return
      }
      const { received } = this.#link(run.call)
      received.forget(forget)
      const opening = received.open(units, 'column' in results ? [] : results)
      if (opening !== undefined) return opening.then(() => this.#report(run, outcomes), failed)
      this.#report(run, outcomes)
    } catch (error) {
      failed(error)
    }
  }

  /** @param trouble why none of the results can be made here */
  #report(run: WorkerRun, reported: Reported, trouble?: Error): void {
    this.#isReporting = true
    try {
      this.#tellOutcomes(run, reported, trouble)
    } finally {
      this.#isReporting = false
    }
    if (reported.duration === undefined || this.#run !== run) return
    run.duration += reported.duration
    this.#finish(run)
  }

  #tellOutcomes(run: WorkerRun, { from, results, failed, refused }: Reported, trouble: Error | undefined): void {
    this.#fillGap(run, from)
    if ('column' in results) {
      this.#tellTable(run, from, results)
      return
    }
    const failures = failed && new Set(failed)
    for (const [n, parcel] of results.entries()) {
      // It was in the outbox before.
      if (from + n < run.reported) continue
      const position = run.positions[from + n] as number
      run.reported += 1
      const { value, error } = this.#decode(run, parcel, trouble)
      if (error) this.#reject(run, position, error)
      else if (refused?.includes(n)) this.#reject(run, position, resultError(value as Refused))
      else if (failures?.has(n)) this.#reject(run, position, cleanStacks(value))
      else this.#tell(run, position, { status: 'fulfilled', value })
      if (this.#run !== run) return // a listener ended it
    }
  }

  #tellTable(run: WorkerRun, from: number, { count, column }: ResultTable): void {
    // Those before were in the outbox.
    const skipped = run.reported - from
    if (skipped >= count) return
    const values = valuesOf(column, skipped, count)
    const first = run.positions[run.reported] as number
    const last = run.positions[from + count - 1] as number
    const { fulfilled } = run.onOutcome
    if (fulfilled && last - first === values.length - 1 && !run.isCancelled) {
      run.reported += values.length
      fulfilled(run.batch.start + first, values, this.handle.id)
      return
    }
    for (let n = 0; n < values.length; n += 1) {
      run.reported += 1
      this.#tell(run, run.positions[run.reported - 1] as number, { status: 'fulfilled', value: values[n] })
      if (this.#run !== run) return // a listener ended it
    }
  }

  #decode(run: WorkerRun, parcel: Parcel, trouble: Error | undefined): { value?: unknown; error?: SerializationError } {
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
  #fillGap(run: WorkerRun, to: number): void {
    const message = 'The result cannot be read here: it is nested too deep. Return it in a flatter form.'
    while (run.reported < to) {
      run.reported += 1
      this.#reject(run, run.positions[run.reported - 1] as number, resultError({ message, path: 'result' }))
    }
  }

  /** The end of the batch shows which outcomes are missing; it may be that which could not be read. */
  #askForEnd(error: Error): void {
    debug.workers('a response of worker %d cannot be read: %s', this.handle.id, error.message)
    // Of what comes last: that it has gone on shows the end of what it ran before.
    const run = this.#next?.hasBegun ? this.#next : this.#run
    if (run) this.handle.post({ kind: 'report', batch: run.id })
  }

  #sendAgain(run: WorkerRun, { module, why, isUnknown, returned }: BatchRefusal): void {
    // What was behind others is the only one now.
    run.isBehind = false
    const [first] = run.positions
    // Who gives something away is alone in its message.
    if (returned?.length) run.call.givenAway.returned((run.batch.tasks.at(first as number) as Task).args, returned)
    if (run.isCancelled) {
      this.#finish(run)
      return
    }
    const { delivered } = this.#link(run.call)
    for (const { id } of run.units) delivered.delete(id)
    const key = module && JSON.stringify(module)
    if (isUnknown) {
      this.#lasting.clear()
      debug.serialization('worker %d has a function no more: %s', this.handle.id, why)
    } else if (module && key !== undefined && !run.refused.has(key)) {
      debug.serialization('worker %d cannot load %o: %s', this.handle.id, module, why)
      run.refused.add(key)
      run.call.sender.sendByValue(module)
    } else if (run.positions.length > 1) {
      // One of them is to blame, and the others are to have their results: each for itself.
      const [first, ...rest] = run.positions as [number, ...number[]]
      run.positions = [first]
      run.later = rest
    } else {
      const message = `The task cannot be made in a worker: ${why}`
      run.reported = run.positions.length
      for (const position of run.positions)
        this.#reject(run, position, new SerializationError(message, { side: 'task', path: TASK_FUNCTION }))
      this.#finish(run)
      return
    }
    this.#send(run)
  }

  /** The worker has gone on with the next one: the end of what it ran before could not be read. */
  #endUnread(): void {
    const run = this.#run
    if (run === undefined) return
    this.#fillGap(run, run.over)
    if (this.#run === run) this.#finish(run)
  }

  #finish(run: WorkerRun): void {
    // Behind a limit that was set, the worker began none.
    if (run.reported < run.positions.length) {
      run.rest = [...run.positions.slice(run.reported), ...run.rest]
      run.positions = run.positions.slice(0, run.reported)
    }
    this.tasks += run.reported
    const [next, ...later] = run.later
    if (this.isSpoiled || this.memory > 0) {
      // It is to be replaced: others run what it was to run next.
      run.rest = [...run.rest, ...run.later].sort((a, b) => a - b)
    } else if (next !== undefined && this.#run === run) {
      run.positions = [next]
      run.later = later
      this.#send(run)
      return
    }
    if (this.#run === run) {
      this.#run = this.#next
      this.#next = undefined
    }
    if (this.#run === undefined) this.handle.setRef(false)
    run.finish({ duration: run.duration, rest: run.rest })
  }

  /** @param seen what the worker was seen to run before all that had come was told */
  #readOutbox(run: WorkerRun, isGone: boolean, seen?: number): void {
    // Most often there is nothing in it that is not known.
    if (!isGone && run.begun - 1 <= run.reported && !run.isShowing) return
    const held = readOutbox(this.handle.words, run.id, isGone)
    // What was posted before them may still be on its way, unless no other task has begun meanwhile.
    if (held && (isGone || held.from <= run.reported || held.running === seen)) this.#report(run, held)
  }

  #lose(gone: Gone): void {
    const how = this.#lateErrors.reasonOf(gone)
    this.#gone = how
    clearTimeout(this.#tellingOver)
    this.onGone?.(how)
    const warn = () => this.isReady && this.#lateErrors.warnOfEnd(how)
    if (!this.#run) warn()
    // Behind what has arrived: an outcome may still wait for an import.
    const lose = () => {
      if (this.#next?.hasBegun) this.#endUnread()
      const run = this.#run
      if (!run) return
      const next = this.#next
      this.#next = undefined
      this.#readOutbox(run, true)
      // They are not run again because nobody can read what they gave.
      this.#fillGap(run, run.over)
      this.#run = undefined
      const lost = run.lost(how)
      // What it is to run next is run elsewhere, and fails for nothing.
      if (lost.running === undefined && !lost.wasReading) warn()
      run.finish(lost)
      next?.finish(next.lost(how))
    }
    if (this.#inbox === undefined) lose()
    else void this.#inbox.then(lose)
  }
}

/** One worker in one call. */
class Link implements Receiver {
  readonly delivered = new Set<number>()
  readonly forgotten: number[] = []
  readonly #call: OutgoingCall
  #received: Received | undefined

  constructor(call: OutgoingCall) {
    this.#call = call
  }

  /** The memory of what has come is made when something comes that is to be remembered. */
  get received(): Received {
    this.#received ??= new (serialization().Received)((id) => this.#call.sender.own(id))
    return this.#received
  }

  idOf(value: unknown): number | undefined {
    return this.#received?.idOf(value)
  }
}

/** Whether a message takes its time to be read. */
function isHeavy(weight: number, units: readonly Unit[]): boolean {
  let sum = weight
  for (const { bytes, beside } of units) sum += beside.length > 0 ? HEAVY : bytes.length
  return sum > HEAVY
}

/** Why there is no worker, when one ended before it could run anything. */
export function cannotStart({ reason, cause }: Gone): BackendError {
  return new BackendError(`A worker cannot be started: ${reason}`, { cause })
}

function resultError({ message, path, side = 'result' }: Refused, cause?: unknown): SerializationError {
  return new SerializationError(message, { side, path, cause })
}
