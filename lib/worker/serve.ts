import { setNestedOfThread } from '../config/nested'
import { SerializationError } from '../errors'
import { UnloadableError } from '../serialization/functions/importing'
import { Message, type Receiver } from '../serialization/message'
import { Received } from '../serialization/receiver'
import { Sender } from '../serialization/sender'
import { Trail } from '../serialization/trail'
import type { Parcel } from '../serialization/wire'
import { runTask } from '../task/run-task'
import type { Task } from '../task/task'
import { flushOutput } from './output'
import { type Refused, type Request, type Response, type RunBatch, Words } from './protocol'

/** The way to the caller, whatever the transport. */
export interface Line {
  post(response: Response): void
  /** See `Words`. */
  readonly words: Int32Array
}

/** What this end keeps of a call while it lasts. */
interface OpenCall {
  readonly received: Received
  readonly sender: Sender
  readonly caller: Receiver
}

/** After this many milliseconds outcomes are posted though tasks follow: until then they share one message. */
const HOLD = 2

/**
 * Serves one caller: requests in, outcomes out. Batches run one after the other, and their tasks too: whoever wants
 * more at once takes more workers.
 */
export function serve(line: Line): { handle(request: Request): void; flush(): void } {
  const calls = new Map<number, OpenCall>()
  let turn = Promise.resolve()
  let running: BatchRun | undefined

  const begin = async (request: Request): Promise<void> => {
    if (request.kind === 'end') {
      calls.delete(request.call)
    } else {
      running = new BatchRun(request.batch, callOf(request.batch.call), line)
      await running.run()
    }
  }
  const callOf = (id: number): OpenCall => {
    let call = calls.get(id)
    if (!call) {
      call = openCall()
      calls.set(id, call)
    }
    return call
  }

  return {
    handle(request) {
      turn = turn.then(() => begin(request))
    },
    /** Posts what is held back: for a worker that is about to exit. */
    flush: () => running?.post(),
  }
}

function openCall(): OpenCall {
  const sender = new Sender('result', false)
  const received = new Received((id) => sender.own(id))
  return { sender, received, caller: { delivered: new Set(), idOf: (value) => received.idOf(value) } }
}

class BatchRun {
  readonly #batch: RunBatch
  readonly #call: OpenCall
  readonly #line: Line
  #held: Parcel[] = []
  #failed: number[] = []
  #refused: number[] = []
  /** The position of the first outcome that is held. */
  #from = 0
  #message: Message
  #duration = 0
  #posted = performance.now()

  constructor(batch: RunBatch, call: OpenCall, line: Line) {
    this.#batch = batch
    this.#call = call
    this.#line = line
    this.#message = this.#newMessage()
  }

  async run(): Promise<void> {
    const { units, tasks, graph, fns } = this.#batch
    const parcels = tasks.map(({ args }) => args)
    let functions: Task['fn'][]
    try {
      const opening = this.#call.received.open(units, parcels, [graph])
      if (opening !== undefined) await opening
      functions = this.#call.received.decodeSlots(fns, graph) as Task['fn'][]
    } catch (error) {
      return this.#refuse(error)
    }
    await this.#runTasks(functions)
  }

  #refuse(error: unknown): void {
    const module = error instanceof UnloadableError ? error.module : undefined
    const why = error instanceof Error ? error.message : String(error)
    this.#line.post({ kind: 'refused', refusal: { batch: this.#batch.id, module, why } })
  }

  async #runTasks(functions: readonly Task['fn'][]): Promise<void> {
    const { id, tasks, nested } = this.#batch
    const { words } = this.#line
    setNestedOfThread(nested)
    Atomics.store(words, Words.batch, id)
    for (const [position, { fn, args, hasKwargs }] of tasks.entries()) {
      Atomics.store(words, Words.running, position + 1)
      const started = performance.now()
      try {
        const values = this.#call.received.decode(args)
        const result = runTask(toTask(functions[fn] as Task['fn'], values, hasKwargs))
        // Not `await` for all: a task that is not async costs no turn of the event loop.
        this.#succeed(isThenable(result) ? await this.#outcomeOf(result) : result)
      } catch (error) {
        this.#fail(error)
      }
      const now = performance.now()
      this.#duration += now - started
      if (now - this.#posted > HOLD && position < tasks.length - 1) this.post()
    }
    Atomics.store(words, Words.running, 0)
    setNestedOfThread(undefined)
    await flushOutput()
    this.post(this.#duration)
  }

  /** While an async task waits there is time to post what is held. */
  #outcomeOf(result: PromiseLike<unknown>): PromiseLike<unknown> {
    this.post()
    return result
  }

  #succeed(value: unknown): void {
    try {
      this.#held.push(this.#message.parcel([value], () => 'result'))
    } catch (error) {
      this.#refuseResult(error)
    }
  }

  #fail(error: unknown): void {
    try {
      const parcel = this.#message.parcel([error], () => 'error')
      this.#failed.push(this.#held.length)
      this.#held.push(parcel)
    } catch (trouble) {
      this.#refuseResult(trouble)
    }
  }

  #refuseResult(error: unknown): void {
    this.#failed.push(this.#held.length)
    this.#refused.push(this.#held.length)
    this.#held.push({ values: [refusal(error)] })
  }

  /** Posts the outcomes that are held; with the duration of the batch, its last. */
  post(duration?: number): void {
    if (this.#held.length === 0 && duration === undefined) return
    try {
      this.#postOutcomes(duration)
    } catch (error) {
      if (this.#held.length === 0) throw error
      this.#refuseUnclonable()
      this.#postOutcomes(duration)
    }
    this.#message.sent()
    this.#from += this.#held.length
    this.#held = []
    this.#failed = []
    this.#refused = []
    this.#message = this.#newMessage()
    this.#posted = performance.now()
  }

  #postOutcomes(duration: number | undefined): void {
    this.#line.post({
      kind: 'outcomes',
      outcomes: {
        batch: this.#batch.id,
        from: this.#from,
        results: this.#held,
        failed: this.#failed,
        refused: this.#refused,
        units: this.#message.units,
        duration,
      },
    })
  }

  /** Structured clone refused the message: finds the results that are to blame. */
  #refuseUnclonable(): void {
    for (const [n, parcel] of this.#held.entries())
      try {
        structuredClone(parcel)
      } catch (error) {
        if (!this.#failed.includes(n)) this.#failed.push(n)
        this.#refused.push(n)
        this.#held[n] = { values: [refusal(error)] }
      }
  }

  #newMessage(): Message {
    return new Message(this.#call.sender, this.#call.caller, new Trail())
  }
}

function refusal(error: unknown): Refused {
  if (error instanceof SerializationError) return { message: error.message, path: error.path }
  const { message } = error as Error
  return { message: `Cannot send result back from a worker: ${message}. Return what it is made of.`, path: 'result' }
}

function toTask(fn: Task['fn'], values: readonly unknown[], hasKwargs: boolean): Task {
  return hasKwargs
    ? { fn, args: values.slice(0, -1), kwargs: values.at(-1) as Record<string, unknown> }
    : { fn, args: values }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    value !== null &&
    (typeof value === 'object' || typeof value === 'function') &&
    typeof (value as { then?: unknown }).then === 'function'
  )
}
