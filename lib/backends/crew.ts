import { ownPlaces, type Places } from '../config/budget'
import { tellLimited } from '../config/nested'
import type { OnWorkerEvent } from '../config/options'
import { debug } from '../debug'
import { BackendError, messageOf } from '../errors'
import { sharedNow } from '../system/clock'
import { type Recycling, roomOf, wornOut } from './recycling'
import type { WorkerClient } from './worker-client'
import { workerEvents } from './worker-events'
import type { Gone } from './worker-handle'

/** Where a pool has its workers from, and where they stay between calls. */
export interface WorkerSource {
  /** A worker that is free: one that was kept, or a new one. */
  take(): WorkerClient
  /** How many were kept that could be taken. */
  readonly kept: number
  /** Keeps a free worker for later calls, of this pool or of others. */
  keep(worker: WorkerClient): void
  /** Calls `rest` in a moment; at once when somebody else wants a worker. Then those of a pool that is in no call are kept. */
  linger(rest: () => void): void
  /** Ends the workers that were kept and that nobody has taken since; the reason is in words. */
  endKept(reason: string): Promise<void>
}

/** Who a crew works for. */
export interface Employer {
  /** Whether there may be work soon: free workers wait then, instead of being kept for others. */
  isInCall(): boolean
  /** A worker has started, or cannot. */
  onStarted(): void
}

export interface CrewOptions extends Recycling {
  readonly onWorkerEvent?: OnWorkerEvent | undefined
  /** Places for its workers; it has a table of its own when left out. */
  readonly places?: Places | undefined
}

/** Milliseconds: whatever keeps workers from starting, others do the work meanwhile. */
const BETWEEN_FAILED_STARTS = 1000

const TASK_CALL_ENDED = 'the call inside a task has ended that it was started for'

/** The workers of one pool: starting, free, busy, or on their way out. */
export class Crew {
  readonly #source: WorkerSource
  readonly #employer: Employer
  #size = 0
  #places: Places | undefined
  /** Where they are entered among the workers of the outermost call; also those on their way out. */
  readonly #entered = new Map<WorkerClient, number>()
  /** New workers that have nothing to do yet, because a free one may come first. */
  readonly #starting = new Set<WorkerClient>()
  readonly #idle: WorkerClient[] = []
  /** Free workers between two calls: others may have their places meanwhile. */
  readonly #resting: WorkerClient[] = []
  readonly #busy = new Set<WorkerClient>()
  /** Those of the busy ones that will be replaced when they are done. */
  readonly #leaving = new Set<WorkerClient>()
  readonly #ending = new Set<Promise<void>>()
  /** Until when none is started beside others: the last one could not. */
  #noStartUntil = Number.NEGATIVE_INFINITY
  readonly #recycling: Recycling
  readonly #tell: OnWorkerEvent

  constructor(source: WorkerSource, employer: Employer, { onWorkerEvent, places, ...recycling }: CrewOptions = {}) {
    this.#source = source
    this.#employer = employer
    this.#recycling = recycling
    this.#places = places
    this.#tell = workerEvents(onWorkerEvent)
  }

  /** How many there may be. */
  get size(): number {
    return this.#size
  }

  open(size: number): void {
    this.#size = size
    this.#places ??= ownPlaces(size)
  }

  /** How many can be had at once, without one that has to start first. */
  get free(): number {
    const idle = this.#idle.filter((worker) => !worker.isGone).length
    // Those that rest have left their places.
    const others = this.mayGrow ? this.#resting.filter((worker) => !worker.isGone).length + this.#source.kept : 0
    return Math.max(0, Math.min(this.#size - this.#busy.size, idle + others))
  }

  /** Whether each one that there may be is busy. */
  get isFull(): boolean {
    return this.#busy.size >= this.#size
  }

  get mayGrow(): boolean {
    const count = this.#count
    return count < this.#size && (count === 0 || (this.#places?.hasRoom === true && sharedNow() >= this.#noStartUntil))
  }

  /** Whether it would grow, if calls inside tasks had no workers, or if the last start had not failed. */
  get isHeldUp(): boolean {
    return this.#count < this.#size && !this.mayGrow
  }

  /** Whether there is anybody to do what a worker was to do that could not be started. */
  get hasOthers(): boolean {
    return this.present.some((worker) => !worker.isGone)
  }

  get #count(): number {
    const idle = this.#idle.filter((worker) => !worker.isGone)
    return this.#busy.size - this.#leaving.size + this.#starting.size + idle.length
  }

  /** All that may hold something of a call. */
  get present(): WorkerClient[] {
    return [...this.#idle, ...this.#resting, ...this.#busy, ...this.#starting]
  }

  /**
   * A worker that is busy from now on; `undefined` when the work has to wait for one.
   *
   * @throws BackendError when there is none, nor can be
   */
  take(): WorkerClient | undefined {
    const worker = this.#free()
    if (worker) this.#busy.add(worker)
    return worker
  }

  #free(): WorkerClient | undefined {
    // Who is there to replace another one waits for its end.
    if (this.#busy.size >= this.#size) return undefined
    for (let worker = this.#idle.pop(); worker; worker = this.#idle.pop()) if (!worker.isGone) return worker
    // While others run tasks one of them may be free before a new one has started.
    const isBusySooner = [...this.#busy].some((other) => other.isReady)
    const [begun] = isBusySooner ? [] : this.#starting
    const worker = begun ?? this.#start(true)
    if (!worker || (isBusySooner && !worker.isReady)) return undefined
    this.#starting.delete(worker)
    return worker
  }

  /** Starts another one, when there may be more; at most one at a time. */
  grow(): void {
    if (this.#starting.size === 0) this.#start()
  }

  /** @param forNow whether one that is there already is to be busy at once, and need not say that it has started */
  #start(forNow = false): WorkerClient | undefined {
    if (!this.mayGrow) return undefined
    const isFirst = this.#count === 0
    const resting = this.#resting.findLast((worker) => !worker.isGone)
    const before = resting && this.#entered.get(resting)
    const place = before === undefined ? this.#places?.enter(isFirst) : this.#places?.enterAgain(before, isFirst)
    if (place === undefined) return undefined
    let worker: WorkerClient
    try {
      worker = resting ?? this.#takeFresh()
    } catch (cause) {
      this.#places?.retire(place)
      this.#places?.table.remove(place)
      this.#noStartUntil = sharedNow() + BETWEEN_FAILED_STARTS
      const others = this.#busy.size + this.#starting.size
      if (others === 0) throw new BackendError(`No worker can be started: ${messageOf(cause)}`, { cause })
      debug.workers('no worker beside %d others can be started: %O', others, cause)
      return undefined
    }
    if (resting === undefined) this.#enter(worker, place)
    else this.#resting.splice(this.#resting.lastIndexOf(resting))
    if (forNow && worker.isReady) return worker
    this.#starting.add(worker)
    const enter = () => {
      if (!this.#starting.delete(worker)) return
      if (!worker.isGone) this.#stay(worker)
      this.#employer.onStarted()
    }
    worker.handle.ready.then(enter, enter)
    return worker
  }

  /** One that was here before keeps its id: then it need not be told. */
  #enter(worker: WorkerClient, id: number): void {
    const { table, release } = this.#places as Places
    const before = release === undefined && worker.place?.table === table.words ? worker.place.id : undefined
    if (before === undefined) worker.place = { table: table.words, id, workerId: worker.handle.id }
    else table.rename(id, before)
    this.#entered.set(worker, before ?? id)
  }

  /** One that has room: who was kept may have run as many tasks elsewhere as are admitted here. */
  #takeFresh(): WorkerClient {
    for (;;) {
      const worker = this.#source.take()
      if (worker.onGone === undefined) this.#tell({ type: 'spawned', workerId: worker.handle.id })
      worker.onGone = (how) => this.#gone(worker, how)
      worker.onLimited = limited(this.#tell, worker)
      const reason = wornOut(worker, this.#recycling)
      if (reason === undefined) return worker
      this.#recycle(worker, reason)
    }
  }

  /**
   * How many tasks a busy worker may be given now. When that is no more than `wanted`, it will be replaced then, and the next one
   * starts already.
   */
  roomFor(worker: WorkerClient, wanted: number, isMoreToCome: boolean): number {
    if (this.#recycling.maxTasks === undefined) return Number.POSITIVE_INFINITY
    const room = roomOf(worker, this.#recycling)
    if (room <= wanted && (room < wanted || isMoreToCome)) {
      this.#leaving.add(worker)
      this.#retire(worker)
      this.#start()
    }
    return room
  }

  /**
   * A worker is not busy any more.
   *
   * @param taskIndex the task that ran on it, when it is gone
   */
  release(worker: WorkerClient, taskIndex?: number): void {
    this.#busy.delete(worker)
    const isLeaving = this.#leaving.delete(worker)
    if (worker.isGone) {
      this.#tellLost(worker, taskIndex)
      return
    }
    const reason = wornOut(worker, this.#recycling) ?? (isLeaving ? 'another one was started in its place' : undefined)
    if (reason === undefined) this.#stay(worker)
    else this.#recycle(worker, reason)
  }

  #recycle(worker: WorkerClient, reason: string): void {
    this.#tell({ type: 'recycled', workerId: worker.handle.id, reason })
    this.end(worker, reason)
  }

  /** A free worker waits here while there are calls, else with the others that are kept. */
  #stay(worker: WorkerClient): void {
    if (this.#employer.isInCall()) this.#idle.push(worker)
    else this.#keep(worker)
  }

  /**
   * There is no call any more. The next one most often follows at once, and finds its workers where they are; those of a call
   * inside a task end with it.
   *
   * @param rest is called when none has followed, or others want workers: to disband
   */
  linger(rest: () => void): void {
    if (this.#places?.release) {
      rest()
      return
    }
    for (const worker of this.#idle.splice(0)) {
      this.#leavePlace(worker)
      if (this.#hasBelow(worker)) this.#keep(worker)
      else this.#resting.push(worker)
    }
    this.#source.linger(rest)
  }

  /** Those that no call has taken since are there for others. */
  leaveResting(): void {
    for (const worker of this.#resting.splice(0)) this.#keep(worker)
  }

  /** All free workers are there for others. */
  disband(): void {
    this.leaveResting()
    for (const worker of this.#idle.splice(0)) this.#keep(worker)
    if (this.#places?.release === undefined) return
    for (const worker of this.#starting) this.end(worker, TASK_CALL_ENDED)
    this.#starting.clear()
    this.#places.release()
  }

  #keep(worker: WorkerClient): void {
    if (this.#places?.release) {
      this.end(worker, TASK_CALL_ENDED)
      return
    }
    this.#leavePlace(worker)
    if (this.#hasBelow(worker)) {
      this.end(worker, 'a task has left calls behind, whose workers end with it')
      return
    }
    this.#entered.delete(worker)
    worker.onGone = whenKept(this.#tell, worker)
    this.#source.keep(worker)
  }

  /** From here on, what its tasks have left behind takes no more places. */
  #leavePlace(worker: WorkerClient): void {
    const place = this.#entered.get(worker)
    if (place !== undefined) this.#places?.table.remove(place)
  }

  /** Whether calls inside its tasks have workers still. */
  #hasBelow(worker: WorkerClient): boolean {
    const place = this.#entered.get(worker)
    return place !== undefined && this.#places !== undefined && this.#places.table.below(place).length > 0
  }

  /**
   * Ends a worker, whatever it does.
   *
   * @param reason in words
   * @param taskIndex the task that it is ended for
   */
  end(worker: WorkerClient, reason: string, taskIndex?: number): void {
    const wasBusy = this.#busy.delete(worker)
    this.#leaving.delete(worker)
    this.#retire(worker)
    if (worker.isGone) {
      if (wasBusy) this.#tellLost(worker, taskIndex)
      return
    }
    const ending = worker.end(reason, taskIndex).finally(() => this.#ending.delete(ending))
    this.#ending.add(ending)
  }

  /** Its place is for another one; it is remembered until its thread is gone, and those of calls inside its tasks with it. */
  #retire(worker: WorkerClient): void {
    const place = this.#entered.get(worker)
    if (place !== undefined) this.#places?.retire(place)
  }

  #gone(worker: WorkerClient, { reason }: Gone): void {
    if (!worker.isReady && !worker.ended) this.#noStartUntil = sharedNow() + BETWEEN_FAILED_STARTS
    const place = this.#entered.get(worker)
    if (place !== undefined) {
      this.#places?.retire(place)
      this.#places?.table.clear(place)
      this.#entered.delete(worker)
    }
    // One that is lost while it is busy is told of with its task.
    if (worker.ended || !this.#busy.has(worker)) tellEnd(this.#tell, worker, reason)
  }

  #tellLost(worker: WorkerClient, taskIndex: number | undefined): void {
    this.#tell({ type: 'lost', workerId: worker.handle.id, reason: worker.gone?.reason, taskIndex })
  }

  /** Ends all workers; those that were kept too. Resolves when they are gone. */
  async endAll(reason: string): Promise<void> {
    for (const worker of this.present) this.end(worker, reason)
    this.#idle.length = 0
    this.#resting.length = 0
    this.#starting.clear()
    await Promise.all([...this.#ending, this.#source.endKept(reason)])
  }
}

/** Holds nothing of the pool: a worker may be kept for longer than that. */
function whenKept(tell: OnWorkerEvent, worker: WorkerClient): (how: Gone) => void {
  return ({ reason }) => tellEnd(tell, worker, reason)
}

/** At every level up to the outermost call: who listens there may not know of the call at all. */
function limited(tell: OnWorkerEvent, { handle }: WorkerClient): (reason: string) => void {
  return (reason) => {
    tell({ type: 'limited', workerId: handle.id, reason })
    tellLimited(reason)
  }
}

function tellEnd(tell: OnWorkerEvent, { handle, ended }: WorkerClient, reason: string): void {
  if (ended) tell({ type: 'exited', workerId: handle.id, ...ended })
  else tell({ type: 'lost', workerId: handle.id, reason })
}
