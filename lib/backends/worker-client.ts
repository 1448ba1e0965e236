import type { BatchReport, OnOutcome } from '../backend'
import { debug } from '../debug'
import { SerializationError } from '../errors'
import { Message, type Receiver } from '../serialization/message'
import { Received } from '../serialization/receiver'
import { Sender } from '../serialization/sender'
import { TASK_FUNCTION, Trail } from '../serialization/trail'
import type { Slot } from '../serialization/wire'
import type { Batch, Call, Task } from '../task/task'
import {
  type BatchRefusal,
  type Outcomes,
  type Refused,
  type Request,
  type Response,
  type WireTask,
  Words,
} from '../worker/protocol'
import { cleanStacks } from './task-stack'

/** One worker as a transport shows it. */
export interface WorkerHandle {
  readonly id: number
  /** See `Words`. */
  readonly words: Int32Array
  /** Settles when the worker can run tasks, or cannot be had. Requests may be posted before. */
  readonly ready: Promise<void>
  post(request: Request): void
  /** Whether the worker keeps the process alive. */
  setRef(isNeeded: boolean): void
  /** Ends the worker now, whatever it does; resolves when it is gone. */
  terminate(): Promise<void>
  onResponse(listen: (response: Response) => void): void
  /** Called once, when the worker is gone, whoever ended it. */
  onGone(listen: (how: Gone) => void): void
}

/** How a worker ended. */
export interface Gone {
  readonly exitCode: number | undefined
  readonly signal?: string
  /** In words: `it exited with code 3`. */
  readonly reason: string
  readonly cause?: unknown
}

/** A call as its workers see it: they share what it sends. */
export class OutgoingCall {
  static #lastId = 0
  readonly id = ++OutgoingCall.#lastId
  readonly nested: Call['nested']
  readonly sender = new Sender('task', true)

  constructor(call: Call) {
    this.nested = call.nested
  }
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
  readonly id: number
  readonly call: OutgoingCall
  readonly batch: Batch
  /** Positions, within the batch, of the tasks that were sent. */
  positions: readonly number[]
  /** How many of them have an outcome. */
  reported: number
  message: Message
  readonly onOutcome: OnOutcome
  readonly done: (report: BatchReport) => void
  readonly lost: (lost: Lost) => void
}

interface Link extends Receiver {
  readonly received: Received
}

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
  run(
    call: OutgoingCall,
    batch: Batch,
    positions: readonly number[],
    onOutcome: OnOutcome,
  ): Promise<BatchReport | Lost> {
    return new Promise((resolve) => {
      const run: Run = {
        id: ++this.#lastRun,
        call,
        batch,
        positions,
        reported: 0,
        message: this.#message(call),
        onOutcome,
        done: resolve,
        lost: resolve,
      }
      this.#run = run
      if (this.#gone) return this.#loseRun(this.#gone)
      this.handle.setRef(true)
      this.#send(run)
    })
  }

  endCall(call: OutgoingCall): void {
    if (!this.#links.delete(call) || this.#gone) return
    this.handle.post({ kind: 'end', call: call.id })
  }

  #link(call: OutgoingCall): Link {
    let link = this.#links.get(call)
    if (!link) {
      const received = new Received((id) => call.sender.own(id))
      link = { received, delivered: new Set(), idOf: (value) => received.idOf(value) }
      this.#links.set(call, link)
    }
    return link
  }

  #message(call: OutgoingCall): Message {
    return new Message(call.sender, this.#link(call), new Trail())
  }

  #send(run: Run): void {
    const { call, batch } = run
    const encoded = this.#encode(run)
    run.positions = encoded.positions
    run.reported = 0
    if (encoded.tasks.length === 0) {
      this.#finish(run, { duration: 0 })
      return
    }
    const { fns, graph, tasks } = encoded
    const { units } = run.message
    try {
      this.handle.post({
        kind: 'run',
        batch: { id: run.id, call: call.id, nested: call.nested, units, fns, graph, tasks },
      })
      run.message.sent()
    } catch (error) {
      this.#sendWithoutUnclonable(run, tasks, error as Error)
    }
    debug.workers('worker %d runs tasks %d to %d', this.handle.id, batch.start, batch.start + batch.tasks.length - 1)
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
    for (const position of run.positions) {
      const { fn, args, kwargs } = batch.tasks[position] as Task
      try {
        let number = numbers.get(fn)
        if (number === undefined) {
          trail.start(TASK_FUNCTION)
          number = fns.push(encoder.slot(fn)) - 1
          numbers.set(fn, number)
        }
        const hasKwargs = kwargs !== undefined && Object.keys(kwargs).length > 0
        const values = hasKwargs ? [...args, kwargs] : args
        const root = (n: number) => (n < args.length ? `args[${n}]` : 'kwargs')
        tasks.push({ fn: number, args: message.parcel(values, root), hasKwargs })
        positions.push(position)
      } catch (error) {
        this.#reject(run, position, unsendable(error, trail.path))
      }
    }
    return { fns, graph: encoder.graph, tasks, positions }
  }

  /** Structured clone refused the message: the tasks to blame have their outcome now, the others are sent again. */
  #sendWithoutUnclonable(run: Run, tasks: readonly WireTask[], cause: Error): void {
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
      this.#finish(run, { duration: 0 })
      return
    }
    run.positions = left
    run.message = this.#message(run.call)
    this.#send(run)
  }

  #reject(run: Run, position: number, reason: unknown): void {
    const index = run.batch.start + position
    if (reason instanceof SerializationError) reason.taskIndex = index
    run.onOutcome(index, { status: 'rejected', reason }, this.handle.id)
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
    const { received } = this.#link(run.call)
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
  #report(run: Run, { from, results, failed, refused, duration }: Outcomes, trouble?: Error): void {
    const { received } = this.#link(run.call)
    const failures = failed.length === 0 ? undefined : new Set(failed)
    for (const [n, parcel] of results.entries()) {
      const position = run.positions[from + n] as number
      run.reported = from + n + 1
      try {
        if (trouble) throw trouble
        const [value] = received.decode(parcel)
        if (refused.includes(n)) this.#reject(run, position, resultError(value as Refused))
        else if (failures?.has(n)) this.#reject(run, position, cleanStacks(value))
        else run.onOutcome(run.batch.start + position, { status: 'fulfilled', value }, this.handle.id)
      } catch (error) {
        const { message } = error as Error
        this.#reject(
          run,
          position,
          resultError({ message: `The result cannot be made here: ${message}`, path: 'result' }, error),
        )
      }
      if (this.#run !== run) return // a listener ended it
    }
    if (duration !== undefined) this.#finish(run, { duration })
  }

  #sendAgain(run: Run, { batch, module, why }: BatchRefusal): void {
    if (batch !== run.id) return
    const { delivered } = this.#link(run.call)
    for (const { id } of run.message.units) delivered.delete(id)
    if (module && !run.call.sender.isByValue(module)) {
      debug.serialization('worker %d cannot load %o: %s', this.handle.id, module, why)
      run.call.sender.sendByValue(module)
      run.message = this.#message(run.call)
      this.#send(run)
      return
    }
    for (const position of run.positions)
      this.#reject(
        run,
        position,
        new SerializationError(`The task cannot be made in a worker: ${why}`, { side: 'task', path: TASK_FUNCTION }),
      )
    this.#finish(run, { duration: 0 })
  }

  #finish(run: Run, report: BatchReport): void {
    this.#run = undefined
    this.handle.setRef(false)
    run.done(report)
  }

  #loseRun(how: Gone): void {
    this.#gone = how
    const run = this.#run
    if (!run) return
    // Behind what has arrived: an outcome may still wait for an import.
    const lose = () => {
      if (this.#run !== run) return
      this.#run = undefined
      run.lost(lostRun(run, how, this.handle.words))
    }
    if (this.#inbox === undefined) lose()
    else void this.#inbox.then(lose)
  }
}

function lostRun({ id, positions, reported }: Run, how: Gone, words: Int32Array): Lost {
  const at = Atomics.load(words, Words.batch) === id ? Atomics.load(words, Words.running) - 1 : -1
  const running = at >= reported ? positions[at] : undefined
  return new Lost(
    how,
    running,
    positions.slice(reported).filter((position) => position !== running),
  )
}

function unsendable(error: unknown, path: string): SerializationError {
  if (error instanceof SerializationError) return error
  const isTooDeep = error instanceof RangeError && /call stack/.test(error.message)
  const why = isTooDeep ? 'it is nested too deep' : (error as Error).message
  return new SerializationError(`Cannot send ${path} to a worker: ${why}`, { side: 'task', path, cause: error })
}

function resultError({ message, path }: Refused, cause?: unknown): SerializationError {
  return new SerializationError(message, { side: 'result', path, cause })
}
