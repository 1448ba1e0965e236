import type { BatchReport, OnOutcome } from '../backend'
import { debug } from '../debug'
import { BackendError, messageOf, type ParforError, timedOut, WorkerLostError } from '../errors'
import { sharedNow } from '../system/clock'
import type { Batch, Call, Task } from '../task/task'
import { FairQueue } from './fair-queue'
import { initialize } from './initializer'
import { OutgoingCall } from './outgoing-call'
import { cannotStart, type WorkerClient } from './worker-client'
import { type Finished, Lost, WorkerRun } from './worker-run'

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
  /** How many parts of it wait or run. */
  parts: number
  /** How many workers were lost between two tasks of it. */
  losses: number
  duration: number
  readonly resolve: (report: BatchReport) => void
  readonly reject: (error: unknown) => void
}

/** What one worker gets of a job: all of it, unless some was taken back. */
interface Part {
  readonly job: Job
  /** Places of its tasks in the batch. */
  readonly positions: readonly number[]
  /** Once it is sent: before, there may be an initializer to run. */
  run: WorkerRun | undefined
  deadline: NodeJS.Timeout | undefined
}

/** The jobs of one signal: one listener for all of them. */
interface Abortable {
  readonly jobs: Set<Job>
  readonly abort: () => void
}

/**
 * A task that runs for so many milliseconds holds up what is behind it, which was sized for less: its worker is asked
 * for what it has held back, and tasks that have not begun go elsewhere.
 */
const LONG = 20

/** How often workers are looked at that have several tasks; and when another one is free, who could help. */
const LOOK = 5
const LOOK_FOR_HELP = 2

/** Work of so many milliseconds is worth moving to a worker that is free; and to one that has to be started first. */
const WORTH_MOVING = 2
const WORTH_A_WORKER = 50

/** Runs batches on workers: at most so many at once, one on each. A worker that dies takes one task with it. */
export class WorkerPool {
  readonly #source: WorkerSource
  readonly #initializer: Task | undefined
  #size = 0
  #idle: WorkerClient[] = []
  readonly #busy = new Map<WorkerClient, Part>()
  /** New workers that have nothing to do yet, because a free one may come first. */
  readonly #starting = new Set<WorkerClient>()
  /** Workers that are on their way out: the pool is closed when they are gone. */
  readonly #ending = new Set<Promise<void>>()
  readonly #queue = new FairQueue<OutgoingCall, Part>()
  readonly #calls = new Map<Call, OutgoingCall>()
  readonly #abortable = new Map<AbortSignal, Abortable>()
  #drained: (() => void) | undefined
  #nextLook: NodeJS.Timeout | undefined

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
      const call = this.#outgoing(batch.call)
      const job: Job = { call, batch, onOutcome, signal, parts: 0, losses: 0, duration: 0, resolve, reject }
      this.#watch(job)
      this.#enqueue(job, [Array.from(batch.tasks, (_, position) => position)])
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
    if (!force && this.#busy.size + this.#queue.size > 0)
      await new Promise<void>((resolve) => {
        this.#drained = resolve
      })
    const waiting = this.#queue.remove(() => true)
    for (const { job } of [...this.#busy.values(), ...waiting]) this.#settle(job)
    for (const worker of [...this.#busy.keys()]) this.#detach(worker)
    for (const worker of [...this.#idle.splice(0), ...this.#starting]) this.#end(worker)
    this.#starting.clear()
    await Promise.all([...this.#ending, this.#source.endKept()])
  }

  #end(worker: WorkerClient): void {
    const ending = worker.handle.terminate().finally(() => this.#ending.delete(ending))
    this.#ending.add(ending)
  }

  /** Ends a worker whatever it does, when all that has come from it is told. */
  #detach(worker: WorkerClient): void {
    worker.leave()
    const part = this.#busy.get(worker)
    // What had come may have ended a call, and this worker with it.
    if (!part) return
    this.#free(worker, part)
    this.#end(worker)
  }

  /** A worker is done with its part. */
  #free(worker: WorkerClient, part: Part): void {
    this.#busy.delete(worker)
    clearTimeout(part.deadline)
    this.#queue.done(part.job.call)
  }

  #has(worker: WorkerClient, part: Part): boolean {
    return this.#busy.get(worker) === part
  }

  #outgoing(call: Call): OutgoingCall {
    let outgoing = this.#calls.get(call)
    if (!outgoing) {
      outgoing = new OutgoingCall(call)
      this.#calls.set(call, outgoing)
    }
    return outgoing
  }

  #enqueue(job: Job, parts: readonly (readonly number[])[], { atFront = false } = {}): void {
    job.parts += parts.length
    const waiting = parts.map((positions): Part => ({ job, positions, run: undefined, deadline: undefined }))
    this.#queue.add(job.call, waiting, { atFront })
  }

  #watch(job: Job): void {
    let abortable = this.#abortable.get(job.signal)
    if (!abortable) {
      const jobs = new Set<Job>()
      abortable = { jobs, abort: () => this.#drop(jobs) }
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

  /** Drops what waits of these jobs, and ends the workers that run a task of one: there is no other way to stop it. */
  #drop(jobs: ReadonlySet<Job>): void {
    this.#queue.remove(({ job }) => jobs.has(job))
    for (const [worker, { job, run }] of [...this.#busy])
      if (jobs.has(job) && !run?.cancel() && this.#busy.has(worker)) this.#detach(worker)
    for (const job of [...jobs]) this.#settle(job)
    this.#assign()
  }

  #settle(job: Job): void {
    this.#unwatch(job)
    job.resolve({ duration: job.duration })
  }

  /** Does all that can be done now. Called whenever a worker or a job has come, or is done with. */
  #assign(): void {
    while (this.#queue.size > 0) {
      const worker = this.#freeWorker()
      const part = worker && this.#queue.next()
      if (!part) break
      this.#busy.set(worker, part)
      // While the first function is read and encoded, the next worker starts too.
      if (!worker.isReady && !part.job.batch.isLast) this.#startAhead()
      void this.#run(worker, part)
    }
    if (this.#busy.size + this.#queue.size === 0) this.#drained?.()
    else this.#lookLater()
  }

  /** A worker for the next part; `undefined` when it has to wait for one. */
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
    if (!this.#mayGrow) return undefined
    try {
      const worker = this.#source.take()
      this.#prepare(worker)
      return worker
    } catch (cause) {
      const others = this.#busy.size + this.#starting.size
      if (others > 0) {
        debug.workers('no worker beside %d others can be started: %O', others, cause)
        return undefined
      }
      const error = new BackendError(`No worker can be started: ${messageOf(cause)}`, { cause })
      for (const { job } of this.#queue.remove(() => true)) this.#fail(job, error)
      return undefined
    }
  }

  get #mayGrow(): boolean {
    return this.#busy.size + this.#starting.size + this.#idle.length < this.#size
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

  async #run(worker: WorkerClient, part: Part): Promise<void> {
    const { job } = part
    let result: Finished | Lost
    try {
      if (this.#initializer) {
        const failure = await initialize(worker, this.#initializer, job.call, job.batch.call.nested)
        if (!this.#has(worker, part)) return
        if (failure) {
          this.#giveUp(worker, job, failure)
          return
        }
        if (job.signal.aborted) {
          this.#free(worker, part)
          this.#release(worker)
          this.#assign()
          return
        }
      }
      part.run = new WorkerRun(worker.handle.words, job.call, job.batch, part.positions, job.onOutcome)
      const done = worker.run(part.run)
      this.#guard(worker, part, part.run)
      result = await done
    } catch (cause) {
      // Not foreseen, so this worker is in a state that nobody knows.
      this.#giveUp(worker, job, new BackendError(`A batch could not be run: ${messageOf(cause)}`, { cause }))
      return
    }
    // Closed, or aborted and the worker ended, or given up for its timeout.
    if (!this.#has(worker, part)) return
    this.#free(worker, part)
    if (result instanceof Lost) {
      this.#goOnWithout(worker, job, result)
    } else {
      job.duration += result.duration
      this.#release(worker)
      this.#partDone(job, result.rest)
    }
    this.#assign()
  }

  /** @param rest positions of the part that are to be run by another worker */
  #partDone(job: Job, rest: readonly number[]): void {
    if (rest.length > 0 && !job.signal.aborted) this.#enqueue(job, [rest], { atFront: true })
    job.parts -= 1
    if (job.parts === 0) this.#settle(job)
  }

  #giveUp(worker: WorkerClient, job: Job, error: ParforError): void {
    this.#detach(worker)
    this.#fail(job, error)
    this.#assign()
  }

  #goOnWithout(worker: WorkerClient, job: Job, { how, wasSent, running, rest }: Lost): void {
    const { id } = worker.handle
    debug.workers('worker %d is lost: %s', id, how.reason)
    if (!worker.isReady && running === undefined && rest.length > 0) {
      this.#fail(job, cannotStart(how))
      return
    }
    let left = rest
    let victim = running
    // Twice lost before a task began: what the first one is called with must be what kills them.
    if (wasSent && victim === undefined && rest.length > 0 && ++job.losses > 1)
      [victim, ...left] = rest as [number, ...number[]]
    if (victim !== undefined) {
      const index = job.batch.start + victim
      const name = nameIn(job.batch, victim)
      const message = `Task ${index}${name === '' ? '' : ` (${name})`} lost its worker: ${how.reason}`
      const { exitCode, signal, reason, cause } = how
      const details = { taskIndex: index, exitCode, signal, reason, cause }
      job.onOutcome(index, { status: 'rejected', reason: new WorkerLostError(message, details) }, id)
    }
    // The outcome may have ended the call.
    if (!job.signal.aborted) this.#partDone(job, left)
  }

  #fail(job: Job, error: ParforError): void {
    job.reject(error)
    this.#drop(new Set([job]))
  }

  /** Ends the worker when a task on it runs for longer than the call lets it, by the worker's own account. */
  #guard(worker: WorkerClient, part: Part, run: WorkerRun): void {
    const { timeout } = part.job.batch.call
    if (timeout === undefined) return
    const lookIn = (wait: number) => {
      part.deadline = setTimeout(look, Math.max(1, Math.ceil(wait))).unref()
    }
    const look = () => {
      if (!this.#has(worker, part)) return
      const task = run.look(sharedNow())
      if (task === undefined || task.elapsed < timeout) lookIn(timeout - (task?.elapsed ?? 0))
      else if (!this.#timeOut(worker, part, run, task.position, timeout) && this.#has(worker, part)) lookIn(1)
    }
    lookIn(timeout)
  }

  /** @returns whether that task did run, and its worker is on its way out */
  #timeOut(worker: WorkerClient, part: Part, run: WorkerRun, position: number, timeout: number): boolean {
    const { job } = part
    if (!worker.stillRuns(run, position, sharedNow())) return false
    this.#detach(worker)
    const index = job.batch.start + position
    const reason = timedOut(index, nameIn(job.batch, position), timeout)
    job.onOutcome(index, { status: 'rejected', reason }, worker.handle.id)
    const rest = run.unreported.filter((other) => other !== position)
    if (!job.signal.aborted) this.#partDone(job, rest)
    this.#assign()
    return true
  }

  /** While tasks are behind the one that runs, that one may hold them up. */
  #lookLater(): void {
    if (this.#nextLook !== undefined || !this.#isAnyBehind()) return
    const isHelpThere = this.#idle.length > 0 || this.#mayGrow
    this.#nextLook = setTimeout(
      () => {
        this.#nextLook = undefined
        this.#lookAfter()
      },
      isHelpThere ? LOOK_FOR_HELP : LOOK,
    ).unref()
  }

  #isAnyBehind(): boolean {
    for (const { run, positions } of this.#busy.values()) if (run && positions.length > 1) return true
    return false
  }

  #lookAfter(): void {
    const now = sharedNow()
    for (const [worker, part] of [...this.#busy]) {
      const { job, run } = part
      const look = run?.look(now)
      if (!run || look === undefined || look.elapsed < LONG) continue
      worker.tellHeld(run)
      // Alone, this worker would only be sent them again.
      if (this.#size > 1 && look.waiting > 0 && this.#has(worker, part))
        this.#enqueue(job, inGrowingParts(run.takeBack(0)), { atFront: true })
    }
    this.#assign()
    this.#share()
  }

  /** Nothing waits, and workers are free: they get a half of what another one has before it. */
  #share(): void {
    while (this.#queue.size === 0 && (this.#idle.length > 0 || this.#mayGrow)) {
      const now = sharedNow()
      let most: { job: Job; run: WorkerRun; waiting: number; work: number } | undefined
      for (const { job, run } of this.#busy.values()) {
        const { waiting = 0, average = 0 } = run?.look(now) ?? {}
        const work = waiting * average
        if (run && work > (most?.work ?? 0)) most = { job, run, waiting, work }
      }
      if (most === undefined || most.work < WORTH_MOVING) return
      if (this.#idle.length === 0) {
        if (this.#starting.size === 0 && most.work > WORTH_A_WORKER) this.#startAhead()
        return
      }
      const taken = most.run.takeBack(Math.floor(most.waiting / 2))
      if (taken.length === 0) return
      this.#enqueue(most.job, [taken])
      this.#assign()
    }
  }
}

function nameIn(batch: Batch, position: number): string {
  return (batch.tasks[position] as Task).fn.name
}

/** One, then twice as many each time: should they be short after all, they are few messages. */
function inGrowingParts(positions: readonly number[]): number[][] {
  const parts: number[][] = []
  for (let at = 0, size = 1; at < positions.length; at += size, size *= 2) parts.push(positions.slice(at, at + size))
  return parts.map((part) => [...part])
}
