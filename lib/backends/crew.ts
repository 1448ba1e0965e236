import { debug } from '../debug'
import { BackendError, messageOf } from '../errors'
import { type Recycling, roomOf, wornOut } from './recycling'
import type { WorkerClient } from './worker-client'

/** Where a pool has its workers from, and where they stay between calls. */
export interface WorkerSource {
  /** A worker that is free: one that was kept, or a new one. */
  take(): WorkerClient
  /** Keeps a free worker for later calls, of this pool or of others. */
  keep(worker: WorkerClient): void
  /** Ends the workers that were kept and that nobody has taken since. */
  endKept(): Promise<void>
}

/** Who a crew works for. */
export interface Employer {
  /** Whether there may be work soon: free workers wait then, instead of being kept for others. */
  isInCall(): boolean
  /** A worker has started, or cannot. */
  onStarted(): void
}

/** The workers of one pool: starting, free, busy, or on their way out. */
export class Crew {
  readonly #source: WorkerSource
  readonly #employer: Employer
  #size = 0
  /** New workers that have nothing to do yet, because a free one may come first. */
  readonly #starting = new Set<WorkerClient>()
  readonly #idle: WorkerClient[] = []
  readonly #busy = new Set<WorkerClient>()
  /** Those of the busy ones that will be replaced when they are done. */
  readonly #leaving = new Set<WorkerClient>()
  readonly #ending = new Set<Promise<void>>()
  readonly #recycling: Recycling

  constructor(source: WorkerSource, employer: Employer, recycling: Recycling = {}) {
    this.#source = source
    this.#employer = employer
    this.#recycling = recycling
  }

  /** How many there may be. */
  get size(): number {
    return this.#size
  }

  open(size: number): void {
    this.#size = size
  }

  /** Whether a free one waits. */
  get hasIdle(): boolean {
    return this.#busy.size < this.#size && this.#idle.some((worker) => !worker.isGone)
  }

  get mayGrow(): boolean {
    const idle = this.#idle.filter((worker) => !worker.isGone)
    return this.#busy.size - this.#leaving.size + this.#starting.size + idle.length < this.#size
  }

  /** All that may hold something of a call. */
  get present(): WorkerClient[] {
    return [...this.#idle, ...this.#busy, ...this.#starting]
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
    const worker = begun ?? this.#start()
    if (!worker || (isBusySooner && !worker.isReady)) return undefined
    this.#starting.delete(worker)
    return worker
  }

  /** Starts another one, when there may be more; at most one at a time. */
  grow(): void {
    if (this.#starting.size === 0) this.#start()
  }

  #start(): WorkerClient | undefined {
    if (!this.mayGrow) return undefined
    let worker: WorkerClient
    try {
      worker = this.#takeFresh()
    } catch (cause) {
      const others = this.#busy.size + this.#starting.size
      if (others === 0) throw new BackendError(`No worker can be started: ${messageOf(cause)}`, { cause })
      debug.workers('no worker beside %d others can be started: %O', others, cause)
      return undefined
    }
    this.#starting.add(worker)
    const enter = () => {
      if (!this.#starting.delete(worker)) return
      if (!worker.isGone) this.#stay(worker)
      this.#employer.onStarted()
    }
    worker.handle.ready.then(enter, enter)
    return worker
  }

  /** One that has room: who was kept may have run as many tasks elsewhere as are admitted here. */
  #takeFresh(): WorkerClient {
    for (;;) {
      const worker = this.#source.take()
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
    const room = roomOf(worker, this.#recycling)
    if (room <= wanted && (room < wanted || isMoreToCome)) {
      this.#leaving.add(worker)
      this.#start()
    }
    return room
  }

  /** It is not busy any more. */
  release(worker: WorkerClient): void {
    this.#busy.delete(worker)
    this.#leaving.delete(worker)
    if (worker.isGone) return
    const reason = wornOut(worker, this.#recycling)
    if (reason === undefined) this.#stay(worker)
    else this.#recycle(worker, reason)
  }

  #recycle(worker: WorkerClient, reason: string): void {
    debug.workers('worker %d is replaced: %s', worker.handle.id, reason)
    this.end(worker)
  }

  /** A free worker waits here while there are calls, else with the others that are kept. */
  #stay(worker: WorkerClient): void {
    if (this.#employer.isInCall()) this.#idle.push(worker)
    else this.#source.keep(worker)
  }

  /** There is no call any more: free workers are there for others. */
  disband(): void {
    for (const worker of this.#idle.splice(0)) this.#source.keep(worker)
  }

  /** Ends a worker, whatever it does. */
  end(worker: WorkerClient): void {
    this.#busy.delete(worker)
    this.#leaving.delete(worker)
    const ending = worker.handle.terminate().finally(() => this.#ending.delete(ending))
    this.#ending.add(ending)
  }

  /** Ends all workers; those that were kept too. Resolves when they are gone. */
  async endAll(): Promise<void> {
    for (const worker of this.present) this.end(worker)
    this.#idle.length = 0
    this.#starting.clear()
    await Promise.all([...this.#ending, this.#source.endKept()])
  }
}
