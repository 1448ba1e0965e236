import type { BatchReport, OnOutcome } from '../backend'
import { debug } from '../debug'
import { BackendError, messageOf, type ParforError, timedOut, WorkerLostError } from '../errors'
import { sharedNow } from '../system/clock'
import { onAbort } from '../system/signals'
import type { BatchOfRows } from '../task/rows'
import { type Batch, type Call, nameOf, type Task } from '../task/task'
import { type HeldBatch, held } from './alike-tasks'
import { Crew, type CrewOptions, type WorkerSource } from './crew'
import { attend, guard } from './deadline'
import { FairQueue } from './fair-queue'
import { initialize } from './initializer'
import { holdsUp, inEvenParts, inGrowingParts, isLong, mostWaiting, nextLook } from './moving'
import { OutgoingCall, serialization } from './outgoing-call'
import { cannotStart, type WorkerClient } from './worker-client'
import { type Finished, Lost, WorkerRun } from './worker-run'

interface Job {
  readonly call: OutgoingCall
  readonly batch: HeldBatch
  readonly onOutcome: OnOutcome
  readonly signal: AbortSignal
  /** How many parts of it wait or run. */
  parts: number
  /** Counts workers that were lost while no task ran, by the place of the task that was to run next. */
  losses?: Map<number, number> | undefined
  /** How often tasks were run again that lost their worker, by their places in the batch. */
  retried?: Map<number, number> | undefined
  duration: number
  /** Tells what the batch cost, and listens to the signal no more. */
  readonly settle: () => void
  readonly reject: (error: unknown) => void
}

/** What one worker gets of a job: all of it, unless some was taken back. */
interface Part {
  readonly job: Job
  /** Places of its tasks in the batch. */
  readonly positions: readonly number[]
}

/** A part at its worker. */
interface Running extends Part {
  readonly worker: WorkerClient
  /** Once it is sent: before, there may be an initializer to run. */
  run: WorkerRun | undefined
  /** Ends what looks after it. */
  readonly unguards: (() => void)[]
}

/**
 * Workers that are lost before the same task: twice while they read it, and what it is called with must be what kills them.
 * Otherwise it is more likely what an earlier task left behind, unless it happens ever again.
 */
const LOST_WHILE_READING = 3
const LOST_BEFORE = 1
const MOST_LOSSES = 5

const CLOSED = 'its Parallel or Pool was closed'

/** Runs batches on workers: at most so many at once, one on each. A worker that dies takes one task with it. */
export class WorkerPool {
  readonly #initializer: Task | undefined
  readonly #maxMemory: number | undefined
  /** Whether a worker that ends a batch goes on, whatever it has run. */
  readonly #mayRunAhead: boolean
  readonly #crew: Crew
  readonly #calls = new Map<Call, OutgoingCall>()
  readonly #jobsOf = new Map<OutgoingCall, Set<Job>>()
  readonly #queue = new FairQueue<OutgoingCall, Part>()
  readonly #running = new Set<Running>()
  /** What is at a worker already, behind what it runs. */
  readonly #behind = new Map<WorkerClient, Running & { readonly run: WorkerRun }>()
  readonly #attendance = attend(
    () => this.#running,
    (part, run) => this.#giveUpBlocked(part, run),
  )
  /** A moment ago there was no call; there may be one again, which does not need all workers. */
  readonly #rest = (): void => {
    this.#crew.leaveResting()
    if (this.#calls.size > 0) return
    // One may be blocked by what a task has left behind, though its call is over.
    if (this.#running.size === 0) this.#attendance.end()
    this.#crew.disband()
  }
  #drained: (() => void) | undefined
  #isToAssign = false
  #nextLook: NodeJS.Timeout | undefined
  #looksForHelp = false

  constructor(
    source: WorkerSource,
    { initializer, ...options }: CrewOptions & { readonly initializer?: Task | undefined } = {},
  ) {
    this.#initializer = initializer
    this.#maxMemory = options.maxMemory
    this.#mayRunAhead = options.maxMemory === undefined && options.maxTasks === undefined
    const employer = { isInCall: () => this.#calls.size > 0, onStarted: () => this.#assign() }
    this.#crew = new Crew(source, employer, options)
  }

  open(size: number): void {
    this.#crew.open(size)
  }

  submit(batch: Batch | BatchOfRows, onOutcome: OnOutcome, signal: AbortSignal): Promise<BatchReport> {
    if (signal.aborted) return Promise.resolve({ duration: 0 })
    return this.#take(held(batch), onOutcome, signal)
  }

  /** A function of its own: what is made here lives as long as the job, and must not see the batch as it was given. */
  #take(batch: HeldBatch, onOutcome: OnOutcome, signal: AbortSignal): Promise<BatchReport> {
    return new Promise((resolve, reject) => {
      const unlisten = onAbort([signal], () => this.#drop(call, (other) => other.signal.aborted))
      const settle = () => {
        unlisten()
        this.#forget(job)
        resolve({ duration: job.duration })
      }
      const call = this.#outgoing(batch.call)
      const job: Job = {
        call,
        batch,
        onOutcome,
        signal,
        parts: 0,
        duration: 0,
        settle,
        reject,
      }
      this.#note(job)
      this.#enqueue(job, [firstPositions(batch.tasks.length)])
      this.#assign()
    })
  }

  #note(job: Job): void {
    const others = this.#jobsOf.get(job.call)
    if (others) others.add(job)
    else this.#jobsOf.set(job.call, new Set([job]))
  }

  #forget(job: Job): void {
    const others = this.#jobsOf.get(job.call)
    if (others?.delete(job) && others.size === 0) this.#jobsOf.delete(job.call)
  }

  #isOpen(job: Job): boolean {
    return this.#jobsOf.get(job.call)?.has(job) === true
  }

  /** Tells of all that has come of a call, and waits to be told. */
  deliver(call: Call): void {
    const outgoing = this.#calls.get(call)
    for (const { job, worker, run } of [...this.#running]) if (run && job.call === outgoing) worker.tellNow(run)
  }

  /** Ends what runs of a call, and forgets what was kept for it; after the last one, workers are there for others. */
  endCall(call: Call): void {
    const outgoing = this.#calls.get(call)
    if (!outgoing) return
    if (this.#jobsOf.has(outgoing)) this.#drop(outgoing, () => true)
    this.#calls.delete(call)
    outgoing.end()
    for (const worker of this.#crew.present) worker.endCall(outgoing)
    if (this.#calls.size === 0) this.#crew.linger(this.#rest)
  }

  async close({ force = false } = {}): Promise<void> {
    if (!force && this.#running.size + this.#queue.size > 0)
      await new Promise<void>((resolve) => {
        this.#drained = resolve
      })
    this.#queue.remove(() => true)
    for (const jobs of [...this.#jobsOf.values()]) for (const job of [...jobs]) job.settle()
    for (const part of [...this.#running]) this.#detach(part, CLOSED)
    // For who closes it without force, and waits for what has been dropped now.
    this.#drained?.()
    this.#attendance.end()
    clearTimeout(this.#nextLook)
    await this.#crew.endAll(CLOSED)
  }

  #outgoing(call: Call): OutgoingCall {
    let outgoing = this.#calls.get(call)
    if (!outgoing) {
      outgoing = new OutgoingCall(call, this.#maxMemory)
      this.#calls.set(call, outgoing)
    }
    return outgoing
  }

  #enqueue(job: Job, parts: readonly (readonly number[])[], { atFront = false } = {}): void {
    job.parts += parts.length
    const waiting = parts.map((positions): Part => ({ job, positions }))
    this.#queue.add(job.call, waiting, { atFront })
  }

  /** Drops what waits of these jobs of a call, and ends the workers that run a task of one: there is no other way to stop it. */
  #drop(call: OutgoingCall, which: (job: Job) => boolean): void {
    const isDropped = (job: Job) => job.call === call && which(job)
    this.#queue.remove(({ job }) => isDropped(job), call)
    const isOverWith = (part: Running | undefined) => part === undefined || !isDropped(part.job) || part.run?.cancel()
    for (const part of [...this.#running]) {
      // The one behind first, so that it is not begun.
      const isAtRest = isOverWith(this.#behind.get(part.worker))
      if (!(isOverWith(part) && isAtRest) && this.#running.has(part))
        this.#detach(part, 'the call was over that it ran a task of')
    }
    // Of this call alone: thousands may fail, each of its own accord.
    for (const job of [...(this.#jobsOf.get(call) ?? [])]) if (isDropped(job)) job.settle()
    this.#assignSoon()
  }

  /** Many calls may be over at once: none of them is to have a new worker before it has heard of that. */
  #assignSoon(): void {
    if (this.#isToAssign) return
    this.#isToAssign = true
    queueMicrotask(() => {
      this.#isToAssign = false
      this.#assign()
    })
  }

  /** Ends a worker whatever it does, when all that has come from it is told. */
  #detach(part: Running, reason: string, taskIndex?: number): void {
    const { worker } = part
    const next = this.#behind.get(worker)
    const taken = next?.run.takeBack(0) ?? []
    if (next) worker.handle.deliver()
    // It may have gone on with that meanwhile: then what it runs of it is lost. The rest is for others.
    const isWanted = next !== undefined && !next.run.isCancelled && this.#isOpen(next.job)
    const lost = isWanted ? next.run.lost({ exitCode: undefined, reason }) : undefined
    worker.leave()
    // What had come may have ended a call, and this worker with it.
    if (!this.#running.has(part)) return
    this.#free(part)
    if (next) this.#notBehind(next)
    if (next && lost) {
      if (taken.length > 0) this.#enqueue(next.job, [taken], { atFront: true })
      this.#goOnWithout(worker, next.job, lost)
    }
    this.#crew.end(worker, reason, taskIndex)
  }

  #notBehind(part: Running): void {
    this.#behind.delete(part.worker)
    this.#queue.done(part.job.call)
  }

  /** A worker is done with its part. */
  #free(part: Running): void {
    this.#running.delete(part)
    for (const unguard of part.unguards) unguard()
    this.#queue.done(part.job.call)
  }

  /** Does all that can be done now. Called whenever a worker or a job has come, or is done with. */
  #assign(): void {
    // Calls take turns: what one has behind is not to go before what another one has waiting.
    if (this.#calls.size > 1) for (const worker of [...this.#behind.keys()].reverse()) this.#takeFromBehind(worker)
    if (this.#behind.size > 0 && this.#queue.size === 0 && this.#crew.free > 0) this.#takeFromAnyBehind()
    while (this.#queue.size > 0) {
      const worker = this.#takeWorker()
      const part = worker && this.#queue.next()
      if (!part) break
      const running: Running = { ...this.#fitted(part, worker), worker, run: undefined, unguards: [] }
      this.#running.add(running)
      // While the first function is read and encoded, the next worker starts too.
      if (!worker.isReady && !part.job.batch.isLast) this.#crew.grow()
      void this.#run(running)
    }
    if (this.#running.size + this.#queue.size === 0) {
      this.#drained?.()
      return
    }
    if (this.#queue.size > 0) this.#sendAhead()
    this.#lookLater()
  }

  /** Gives workers what they go on with, so that none waits while its caller hears of the end of a batch. */
  #sendAhead(): void {
    // Of several calls each would wait for the other.
    if (!this.#mayRunAhead || this.#calls.size > 1 || !this.#crew.isFull) return
    const now = sharedNow()
    for (const { worker, run } of [...this.#running]) {
      if (!run?.hasBegun || this.#behind.has(worker)) continue
      const look = run.look(now)
      if (look && isLong(look)) continue
      const part = this.#queue.next()
      if (part === undefined) return
      if (this.#sendBehind(part, worker)) continue
      this.#queue.done(part.job.call)
      this.#queue.add(part.job.call, [part], { atFront: true })
      return
    }
  }

  /** Not with a timeout: it is seen to from the moment that a task starts. */
  #sendBehind({ job, positions }: Part, worker: WorkerClient): boolean {
    if (job.batch.call.timeout !== undefined) return false
    const run = new WorkerRun(worker.handle.words, job.call, job.batch, positions, job.onOutcome)
    const part = { job, positions, worker, run, unguards: [] }
    this.#behind.set(worker, part)
    if (worker.sendBehind(run)) {
      void run.done.then((result) => this.#done(part, result))
      return true
    }
    // Dropped with its worker: the code of users may have run while it was encoded.
    if (this.#behind.get(worker) !== part) return true
    this.#behind.delete(worker)
    return false
  }

  /** As much of a part as its worker may still run. */
  #fitted(part: Part, worker: WorkerClient): Part {
    const { job, positions } = part
    const isMoreToCome = this.#queue.size > 0 || !job.batch.isLast
    const room = this.#crew.roomFor(worker, positions.length, isMoreToCome)
    if (room >= positions.length) return part
    this.#enqueue(job, [positions.slice(room)], { atFront: true })
    return { job, positions: positions.slice(0, room) }
  }

  #takeWorker(): WorkerClient | undefined {
    try {
      return this.#crew.take()
    } catch (error) {
      for (const { job } of this.#queue.remove(() => true)) this.#fail(job, error)
      return undefined
    }
  }

  async #run(part: Running): Promise<void> {
    const { job, worker } = part
    let result: Finished | Lost
    try {
      if (this.#initializer) {
        const failure = await initialize(worker, this.#initializer, job.call, job.batch.call.nested)
        if (!this.#running.has(part)) return
        if (failure) {
          if (worker.isGone && !worker.isReady) this.#leaveToOthers(part, failure)
          else this.#giveUp(part, failure)
          return
        }
      }
      result = await this.#send(part)
    } catch (cause) {
      // Not foreseen, so this worker is in a state that nobody knows.
      this.#giveUp(part, new BackendError(`A batch could not be run: ${messageOf(cause)}`, { cause }))
      return
    }
    this.#done(part, result)
  }

  #done(part: Running, result: Finished | Lost): void {
    const { job, worker } = part
    if (this.#behind.get(worker) === part) {
      this.#notBehind(part)
    } else {
      // Closed, or aborted and the worker ended, or given up for its timeout.
      if (!this.#running.has(part)) return
      this.#free(part)
      const next = this.#behind.get(worker)
      // Also when it has gone on with that and is gone already: then that is what it was lost with.
      if (next && !(result instanceof Lost)) {
        this.#behind.delete(worker)
        this.#running.add(next)
      } else {
        const running = result instanceof Lost ? result.running : undefined
        this.#crew.release(worker, running === undefined ? undefined : job.batch.start + running)
      }
    }
    if (result instanceof Lost) {
      this.#goOnWithout(worker, job, result)
    } else {
      job.duration += result.duration
      this.#partDone(job, result.rest)
    }
    this.#assign()
  }

  #send(part: Running): Promise<Finished | Lost> {
    const { job, worker, positions } = part
    const { timeout } = job.batch.call
    const run = new WorkerRun(worker.handle.words, job.call, job.batch, positions, job.onOutcome)
    part.run = run
    this.#attendance.begin()
    const done = worker.run(run)
    // Not only by who assigns: an initializer may have been waited for.
    this.#lookLater()
    // Not when it is over: the code of users may have run while it was sent.
    if (timeout !== undefined && this.#running.has(part))
      part.unguards.push(guard(run, timeout, (position) => this.#timeOut(part, run, position, timeout)))
    return done
  }

  /** A worker is ended that gets on no more: the task whose outcome it has is lost, and the others run elsewhere. */
  #giveUpBlocked(part: Running, run: WorkerRun): void {
    const { job, worker } = part
    const { waitsFor } = run
    const shown = run.isShowing ? run.positions[run.begun - 1] : undefined
    // First, so that it begins nothing more: it may get on at this very moment.
    const taken = run.takeBack(0)
    worker.tellNow(run)
    if (!this.#running.has(part)) return
    if (waitsFor === undefined || run.waitsFor !== waitsFor) {
      if (taken.length > 0) this.#enqueue(job, [taken], { atFront: true })
      this.#assign()
      return
    }
    const reason = 'something that a task has left behind blocked it'
    process.emitWarning(`A worker is ended: ${reason} for seconds`, { type: 'ParforWarning', code: 'PARFOR_BLOCKED' })
    const { unreported } = run
    const running = shown !== undefined && unreported.includes(shown) ? shown : undefined
    const rest = [...unreported.filter((position) => position !== running), ...taken]
    const lost = new Lost({ exitCode: undefined, reason }, false, running, rest, run.duration + run.spent(sharedNow()))
    this.#detach(part, reason, running === undefined ? undefined : job.batch.start + running)
    this.#goOnWithout(worker, job, lost)
    this.#assign()
  }

  /**
   * Nothing, when the job is settled already: it was aborted, or failed.
   *
   * @param rest positions of the part that are to be run by another worker
   */
  #partDone(job: Job, rest: readonly number[]): void {
    if (!this.#isOpen(job)) return
    if (rest.length > 0) this.#enqueue(job, [rest], { atFront: true })
    job.parts -= 1
    if (job.parts === 0) job.settle()
  }

  /** A worker could not be started for a part. */
  #leaveToOthers(part: Running, error: ParforError): void {
    this.#free(part)
    this.#crew.release(part.worker)
    if (this.#crew.hasOthers) this.#partDone(part.job, part.positions)
    else this.#fail(part.job, error)
    this.#assign()
  }

  #giveUp(part: Running, error: ParforError): void {
    this.#detach(part, error.message)
    this.#fail(part.job, error)
  }

  #fail(job: Job, error: unknown): void {
    job.reject(error)
    this.#drop(job.call, (other) => other === job)
  }

  #goOnWithout(worker: WorkerClient, job: Job, lost: Lost): void {
    const { how, wasReading, running, rest, duration } = lost
    const { id } = worker.handle
    job.duration += duration
    if (lost.wasBehind) {
      this.#partDone(job, rest)
      return
    }
    if (!worker.isReady && running === undefined && rest.length > 0) {
      if (this.#crew.hasOthers) this.#partDone(job, rest)
      else this.#fail(job, cannotStart(how))
      return
    }
    let left = rest
    let victim = running
    const [first] = rest
    if (victim === undefined && first !== undefined && !how.isLate && this.#isDeadly(job, first, wasReading)) {
      left = []
      if (rest.length === 1) victim = first
      // One of those that are sent together is to blame: each for itself, then.
      else {
        const alone = rest.map((position) => [position])
        this.#enqueue(job, alone, { atFront: true })
      }
    }
    if (victim !== undefined && this.#runsAgain(job, victim)) {
      // Alone: should it be what kills workers, it takes no other task with it.
      this.#enqueue(job, [[victim]], { atFront: true })
    } else if (victim !== undefined) {
      const index = job.batch.start + victim
      const name = nameIn(job.batch, victim)
      const runs = 1 + (job.retried?.get(victim) ?? 0)
      const often = runs === 1 ? '' : `, in each of ${runs} runs`
      const message = `Task ${index}${name === '' ? '' : ` (${name})`} lost its worker${often}: ${how.reason}`
      const { exitCode, signal, reason, cause } = how
      const details = { taskIndex: index, exitCode, signal, reason, cause }
      job.onOutcome(index, { status: 'rejected', reason: new WorkerLostError(message, details) }, id)
    }
    this.#partDone(job, left)
  }

  /** Whether workers were lost so often, just before this task, that it must be what it is called with. */
  #isDeadly(job: Job, position: number, wasReading: boolean): boolean {
    job.losses ??= new Map()
    const { losses } = job
    const sum = (losses.get(position) ?? 0) + (wasReading ? LOST_WHILE_READING : LOST_BEFORE)
    losses.set(position, sum)
    return sum > MOST_LOSSES
  }

  #runsAgain(job: Job, position: number): boolean {
    const { batch, retried = new Map() } = job
    const times = retried.get(position) ?? 0
    if (times >= (batch.call.retries ?? 0)) return false
    job.retried = retried.set(position, times + 1)
    debug.workers('task %d is run again: run %d', batch.start + position, times + 2)
    return true
  }

  /** A task takes too long, unless its outcome is just coming: its worker is ended, and it has failed. */
  #timeOut(part: Running, run: WorkerRun, position: number, timeout: number): void {
    const { job, worker } = part
    // First, so that nothing behind it begins meanwhile: it would be ended too, and run twice.
    const behind = run.takeBack(0)
    if (behind.length > 0) this.#enqueue(job, [behind], { atFront: true })
    if (worker.stillRuns(run, position, sharedNow()) && this.#running.has(part)) {
      job.duration += run.duration + run.spent(sharedNow())
      const index = job.batch.start + position
      const reason = timedOut(index, nameIn(job.batch, position), timeout)
      this.#detach(part, reason.message, index)
      const { unreported } = run
      // Unless its outcome came at the very last moment.
      if (unreported.includes(position)) {
        job.onOutcome(index, { status: 'rejected', reason }, worker.handle.id)
      }
      this.#partDone(
        job,
        unreported.filter((other) => other !== position),
      )
    }
    this.#assign()
  }

  /** While tasks are behind the one that runs, that one may hold them up; and what was done before it may be held back. */
  #lookLater(): void {
    if (this.#nextLook !== undefined && this.#looksForHelp) return
    // Calls inside tasks have workers that this pool could have: nobody tells it when they are done.
    const isHeldUp = this.#queue.size > 0 && this.#crew.isHeldUp
    const isAnyWaiting = this.#isAnyWaiting()
    if (!isHeldUp && !isAnyWaiting && !this.#isAnyHeld()) return
    const isHelpThere = isAnyWaiting && (this.#crew.free > 0 || this.#crew.mayGrow)
    if (this.#nextLook !== undefined) {
      if (!isHelpThere) return
      clearTimeout(this.#nextLook)
    }
    const now = sharedNow()
    const looks = [...this.#running].map(({ run }) => run?.look(now))
    this.#looksForHelp = isHelpThere
    this.#nextLook = setTimeout(
      () => {
        this.#nextLook = undefined
        this.#lookAfter()
      },
      nextLook(isHelpThere, isHeldUp, looks),
    ).unref()
  }

  /** Whether a task waits behind one that runs. */
  #isAnyWaiting(): boolean {
    for (const { run } of this.#running)
      if (run && run.positions.length + run.rest.length > Math.max(1, run.begun)) return true
    return this.#behind.size > 0
  }

  /** Whether a task has ended whose outcome is not told: should the next one be long, its worker is asked for it. */
  #isAnyHeld(): boolean {
    for (const { run } of this.#running) if (run && run.begun - 1 > run.reported) return true
    return false
  }

  /** What waits behind a long task goes elsewhere. */
  #lookAfter(): void {
    const now = sharedNow()
    for (const part of [...this.#running]) {
      const { job, run, worker } = part
      const look = run?.look(now)
      if (!run || look === undefined || !isLong(look)) continue
      worker.tellHeld(run)
      // Alone, this worker would only be sent them again.
      if (this.#crew.size === 1 || !this.#running.has(part) || !holdsUp(look, this.#behind.has(worker))) continue
      this.#takeFromBehind(worker)
      this.#enqueue(job, inGrowingParts(run.takeBack(0)), { atFront: true })
    }
    this.#assign()
    this.#share()
  }

  #takeFromAnyBehind(): boolean {
    for (const worker of this.#behind.keys()) if (this.#takeFromBehind(worker)) return true
    return false
  }

  /** @returns whether others have something to do now that was to come behind what this worker runs */
  #takeFromBehind(worker: WorkerClient): boolean {
    const next = this.#behind.get(worker)
    if (next === undefined || next.run.hasBegun) return false
    const taken = next.run.takeBack(0)
    if (taken.length > 0) this.#enqueue(next.job, [taken], { atFront: true })
    return taken.length > 0
  }

  /** Nothing waits, and workers are free: they share what another one has before it. */
  #share(): void {
    while (this.#queue.size === 0 && (this.#crew.free > 0 || this.#crew.mayGrow)) {
      if (this.#takeFromAnyBehind()) {
        this.#assign()
        continue
      }
      const most = mostWaiting(this.#running, sharedNow())
      if (most === undefined) return
      const helpers = Math.min(this.#crew.free, most.helpers)
      if (helpers === 0) {
        if (most.isWorthAWorker) this.#crew.grow()
        return
      }
      const taken = most.run.takeBack(Math.floor(most.tasks / (helpers + 1)))
      if (taken.length === 0) return
      this.#enqueue(most.part.job, inEvenParts(taken, helpers))
      this.#assign()
    }
  }
}

/** How an error names a task: by its function's name; one that has none, by where it is. */
function nameIn({ tasks }: HeldBatch, position: number): string {
  const task = tasks.at(position) as Task
  return nameOf(task) || serialization().placeOf(task.fn)
}

/** Most batches of a call are of one size. It is kept, unless it is much. */
let lastPositions: readonly number[] = []
const MUCH = 10_000

function firstPositions(count: number): readonly number[] {
  if (lastPositions.length === count) return lastPositions
  const positions = Array.from({ length: count }, (_, n) => n)
  if (count <= MUCH) lastPositions = positions
  return positions
}
