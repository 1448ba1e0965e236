import type { BatchReport, OnOutcome } from '../backend'
import { debug } from '../debug'
import {
  BackendError,
  InitializerError,
  initializerFailed,
  messageOf,
  type ParforError,
  SerializationError,
  WorkerLostError,
} from '../errors'
import type { Batch, Call, Outcome, Task } from '../task/task'
import { type Gone, Lost, OutgoingCall, type WorkerClient } from './worker-client'

/** Where a pool has its workers from, and where they stay between calls. */
export interface WorkerSource {
  /** A worker that is free: one that was kept, or a new one. */
  take(): WorkerClient
  /** Keeps a free worker for later calls, of this pool or of others. */
  keep(worker: WorkerClient): void
  /** Ends the workers that were kept and that nobody has taken since. */
  endKept(): Promise<void>
}

interface Job {
  readonly call: OutgoingCall
  readonly batch: Batch
  readonly onOutcome: OnOutcome
  readonly signal: AbortSignal
  /** Positions of the tasks that have no outcome. */
  positions: readonly number[]
  /** How many workers were lost between two tasks of it. */
  losses: number
  duration: number
  readonly resolve: (report: BatchReport) => void
  readonly reject: (error: unknown) => void
}

/** The jobs of one signal: one listener for all of them. */
interface Abortable {
  readonly jobs: Set<Job>
  readonly abort: () => void
}

/** Workers that have run the initializer that they were taken for. */
const initialized = new WeakSet<WorkerClient>()

/** Runs batches on workers: at most so many at once, one batch on each. A worker that dies takes one task with it. */
export class WorkerPool {
  readonly #source: WorkerSource
  readonly #initializer: Task | undefined
  #size = 0
  #idle: WorkerClient[] = []
  readonly #busy = new Map<WorkerClient, Job>()
  /** New workers that have no job, because a free one may come first. */
  readonly #starting = new Set<WorkerClient>()
  /** Workers that are on their way out: the pool is closed when they are gone. */
  readonly #ending = new Set<Promise<void>>()
  #queue: Job[] = []
  readonly #calls = new Map<Call, OutgoingCall>()
  readonly #abortable = new Map<AbortSignal, Abortable>()
  #drained: (() => void) | undefined

  constructor(source: WorkerSource, initializer?: Task) {
    this.#source = source
    this.#initializer = initializer
  }

  open(size: number): void {
    this.#size = size
  }

  submit(batch: Batch, onOutcome: OnOutcome, signal: AbortSignal): Promise<BatchReport> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return resolve({ duration: 0 })
      const positions = Array.from(batch.tasks, (_, position) => position)
      const call = this.#outgoing(batch.call)
      const job: Job = { call, batch, onOutcome, signal, positions, losses: 0, duration: 0, resolve, reject }
      this.#watch(job)
      this.#queue.push(job)
      this.#assign()
    })
  }

  /** Forgets what was kept for a call; after the last one, workers are there for others. */
  endCall(call: Call): void {
    const outgoing = this.#calls.get(call)
    if (!outgoing) return
    this.#calls.delete(call)
    for (const worker of [...this.#idle, ...this.#busy.keys(), ...this.#starting]) worker.endCall(outgoing)
    if (this.#calls.size > 0) return
    for (const worker of this.#idle.splice(0)) this.#source.keep(worker)
  }

  async close({ force = false } = {}): Promise<void> {
    if (!force && this.#busy.size + this.#queue.length > 0)
      await new Promise<void>((resolve) => {
        this.#drained = resolve
      })
    for (const job of [...this.#busy.values(), ...this.#queue.splice(0)]) this.#settle(job)
    const workers = [...this.#idle.splice(0), ...this.#busy.keys(), ...this.#starting]
    this.#busy.clear()
    this.#starting.clear()
    for (const worker of workers) this.#end(worker)
    await Promise.all([...this.#ending, this.#source.endKept()])
  }

  #end(worker: WorkerClient): void {
    const ending = worker.handle.terminate().finally(() => this.#ending.delete(ending))
    this.#ending.add(ending)
  }

  #outgoing(call: Call): OutgoingCall {
    let outgoing = this.#calls.get(call)
    if (!outgoing) {
      outgoing = new OutgoingCall(call)
      this.#calls.set(call, outgoing)
    }
    return outgoing
  }

  #watch(job: Job): void {
    let abortable = this.#abortable.get(job.signal)
    if (!abortable) {
      const jobs = new Set<Job>()
      abortable = { jobs, abort: () => this.#abort(jobs) }
      this.#abortable.set(job.signal, abortable)
      job.signal.addEventListener('abort', abortable.abort)
    }
    abortable.jobs.add(job)
  }

  #unwatch(job: Job): void {
    const abortable = this.#abortable.get(job.signal)
    if (!abortable?.jobs.delete(job) || abortable.jobs.size > 0) return
    job.signal.removeEventListener('abort', abortable.abort)
    this.#abortable.delete(job.signal)
  }

  /** Drops waiting jobs, and ends the workers that run a task of one: there is no other way to stop it. */
  #abort(jobs: Set<Job>): void {
    this.#queue = this.#queue.filter((job) => !jobs.has(job))
    for (const [worker, job] of this.#busy) {
      if (!jobs.has(job) || worker.cancel()) continue
      this.#busy.delete(worker)
      this.#end(worker)
    }
    for (const job of [...jobs]) this.#settle(job)
    this.#assign()
  }

  #settle(job: Job): void {
    this.#unwatch(job)
    job.resolve({ duration: job.duration })
  }

  /** Does all that can be done now. Called whenever a worker or a job has come, or is done with. */
  #assign(): void {
    while (this.#queue.length > 0) {
      const worker = this.#freeWorker()
      if (!worker) break
      const job = this.#queue.shift() as Job
      this.#busy.set(worker, job)
      // While the first function is read and encoded, the next worker starts too.
      if (!worker.isReady && !job.batch.isLast) this.#startAhead()
      void this.#run(worker, job)
    }
    if (this.#busy.size + this.#queue.length === 0) this.#drained?.()
  }

  /** A worker for the next job; `undefined` when it has to wait for one. */
  #freeWorker(): WorkerClient | undefined {
    for (let worker = this.#idle.pop(); worker; worker = this.#idle.pop()) if (!worker.isGone) return worker
    // While others run tasks one of them may be free before a new one has started.
    const isBusySooner = [...this.#busy.keys()].some((other) => other.isReady)
    const [begun] = isBusySooner ? [] : this.#starting
    const worker = begun ?? this.#startAhead()
    if (!worker || (isBusySooner && !worker.isReady)) return undefined
    this.#starting.delete(worker)
    return worker
  }

  /** Another worker, when there may be more. */
  #startAhead(): WorkerClient | undefined {
    const others = this.#busy.size + this.#starting.size
    if (others >= this.#size) return undefined
    try {
      const worker = this.#source.take()
      this.#prepare(worker)
      return worker
    } catch (cause) {
      if (others > 0) {
        debug.workers('no worker beside %d others can be started: %O', others, cause)
        return undefined
      }
      const error = new BackendError(`No worker can be started: ${messageOf(cause)}`, { cause })
      for (const job of this.#queue.splice(0)) this.#fail(job, error)
      return undefined
    }
  }

  #prepare(worker: WorkerClient): void {
    this.#starting.add(worker)
    const enter = () => {
      if (!this.#starting.delete(worker)) return
      if (!worker.isGone) this.#release(worker)
      this.#assign()
    }
    worker.handle.ready.then(enter, enter)
  }

  /** A free worker waits here while there are calls, else with the others that are kept. */
  #release(worker: WorkerClient): void {
    if (this.#calls.size > 0) this.#idle.push(worker)
    else this.#source.keep(worker)
  }

  async #run(worker: WorkerClient, job: Job): Promise<void> {
    let result: BatchReport | Lost
    try {
      if (this.#initializer && !initialized.has(worker)) {
        const failure = await this.#initialize(worker, job, this.#initializer)
        if (this.#busy.get(worker) !== job) return
        if (failure) {
          this.#giveUp(worker, job, failure)
          return
        }
        if (job.signal.aborted) {
          this.#busy.delete(worker)
          this.#release(worker)
          this.#assign()
          return
        }
      }
      result = await worker.run(job.call, job.batch, job.positions, job.onOutcome)
    } catch (cause) {
      // Not foreseen, so this worker is in a state that nobody knows.
      this.#giveUp(worker, job, new BackendError(`A batch could not be run: ${messageOf(cause)}`, { cause }))
      return
    }
    // Closed, or aborted and the worker ended.
    if (this.#busy.get(worker) !== job) return
    this.#busy.delete(worker)
    if (result instanceof Lost) {
      this.#goOnWithout(worker, job, result)
    } else {
      job.duration += result.duration
      this.#release(worker)
      this.#settle(job)
    }
    this.#assign()
  }

  /** @returns why the worker cannot be used */
  async #initialize(worker: WorkerClient, job: Job, initializer: Task): Promise<ParforError | undefined> {
    const batch: Batch = { call: job.batch.call, start: 0, tasks: [initializer], isLast: false }
    const outcomes: Outcome[] = []
    const result = await worker.run(job.call, batch, [0], (_, outcome) => void outcomes.push(outcome))
    if (result instanceof Lost) {
      if (!worker.isReady) return cannotStart(result.how)
      const { reason, cause } = result.how
      return new InitializerError(`The initializer lost its worker: ${reason}`, { cause })
    }
    const [outcome] = outcomes
    if (outcome?.status === 'rejected' && !isAboutResult(outcome.reason)) return initializerFailed(outcome.reason)
    if (outcome) initialized.add(worker)
    return undefined
  }

  #giveUp(worker: WorkerClient, job: Job, error: ParforError): void {
    this.#busy.delete(worker)
    this.#end(worker)
    this.#fail(job, error)
    this.#assign()
  }

  #goOnWithout(worker: WorkerClient, job: Job, { how, running, rest }: Lost): void {
    const { id } = worker.handle
    debug.workers('worker %d is lost: %s', id, how.reason)
    if (!worker.isReady && running === undefined && rest.length > 0) {
      this.#fail(job, cannotStart(how))
      return
    }
    job.positions = rest
    let victim = running
    // Twice lost before a task began: what the first one is called with must be what kills them.
    if (victim === undefined && ++job.losses > 1) [victim, ...job.positions] = rest as [number, ...number[]]
    if (victim !== undefined) {
      const index = job.batch.start + victim
      const { fn } = job.batch.tasks[victim] as Task
      const name = fn.name === '' ? '' : ` (${fn.name})`
      const message = `Task ${index}${name} lost its worker: ${how.reason}`
      const { exitCode, signal, reason, cause } = how
      const details = { taskIndex: index, exitCode, signal, reason, cause }
      job.onOutcome(index, { status: 'rejected', reason: new WorkerLostError(message, details) }, id)
    }
    // The outcome may have ended the call.
    if (job.signal.aborted) return
    if (job.positions.length === 0) this.#settle(job)
    else this.#queue.unshift(job)
  }

  #fail(job: Job, error: ParforError): void {
    this.#unwatch(job)
    job.reject(error)
  }
}

function cannotStart({ reason, cause }: Gone): BackendError {
  return new BackendError(`A worker cannot be started: ${reason}`, { cause })
}

/** It ran, and what it returned cannot be sent: nobody asks for that. */
function isAboutResult(reason: unknown): boolean {
  return reason instanceof SerializationError && reason.side === 'result' && reason.path.startsWith('result')
}
