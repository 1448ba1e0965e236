import type { OnOutcome } from '../backend'
import type { Import, Unit } from '../serialization/wire'
import { sharedNow, since } from '../system/clock'
import { ENDED, NO_LIMIT, turnOf, UNREADABLE, Words } from '../worker/protocol'
import type { HeldBatch } from './alike-tasks'
import type { OutgoingCall } from './outgoing-call'
import type { Gone } from './worker-handle'

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
  /** Whether it was reading this: then what ended it may be in it. */
  readonly wasReading: boolean
  /** The task that ran; `undefined` when it was between two. */
  readonly running: number | undefined
  /** Tasks with no outcome, without the one that ran. */
  readonly rest: readonly number[]
  /** Milliseconds that its tasks took there. */
  readonly duration: number
  /** Whether it was not its turn yet: then nothing of it is to blame. */
  readonly wasBehind: boolean
  constructor(
    how: Gone,
    wasReading: boolean,
    running: number | undefined,
    rest: readonly number[],
    duration: number,
    wasBehind = false,
  ) {
    this.how = how
    this.wasReading = wasReading
    this.running = running
    this.rest = rest
    this.duration = duration
    this.wasBehind = wasBehind
  }
}

/** Tasks of a batch on one worker. What it does with them is seen, and changed, in memory that both share. */
export class WorkerRun {
  readonly call: OutgoingCall
  readonly batch: HeldBatch
  readonly onOutcome: OnOutcome
  readonly done: Promise<Finished | Lost>
  readonly finish: (how: Finished | Lost) => void
  /** Positions, within the batch, of the tasks that were sent and not taken back. */
  positions: readonly number[]
  /** How many of them have an outcome. */
  reported = 0
  /** Positions that are sent, one after the other, when those have their outcomes. */
  later: readonly number[] = []
  /** Positions that are not for this message: there is too much in it. */
  rest: readonly number[] = []
  duration = 0
  state: 'encoding' | 'sent' | 'cancelled' = 'encoding'
  /** Modules that this worker could not import. */
  readonly refused = new Set<string>()
  /** Whether it was sent while another one ran. Then the worker has all that it needs to begin. */
  isBehind = false
  /** Whether there was much in the arguments of the tasks that were sent last. */
  isHeavy = false
  /** What their message brought, the modules of its functions, and its id. */
  units: readonly Unit[] = []
  imports: readonly Import[] = []
  id = 0
  readonly #words: Int32Array

  /** @param words those of the worker */
  constructor(
    words: Int32Array,
    call: OutgoingCall,
    batch: HeldBatch,
    positions: readonly number[],
    onOutcome: OnOutcome,
  ) {
    this.#words = words
    this.call = call
    this.batch = batch
    this.positions = positions
    this.onOutcome = onOutcome
    let finish: (how: Finished | Lost) => void = () => {}
    this.done = new Promise((resolve) => {
      finish = resolve
    })
    this.finish = finish
  }

  #word(word: number): number {
    return Atomics.load(this.#words, word + turnOf(this.id))
  }

  #setLimit(limit: number): void {
    Atomics.store(this.#words, Words.limit + turnOf(this.id), limit)
  }

  /** Asked anew each time: the code of users runs in between. */
  get isCancelled(): boolean {
    return this.state === 'cancelled'
  }

  /** It is about to be sent: nothing is taken back yet. */
  open(): void {
    this.#setLimit(NO_LIMIT)
  }

  /** How many tasks the worker has announced, the one that runs included. */
  get begun(): number {
    return this.hasBegun ? this.#word(Words.running) : 0
  }

  /** Whether the worker has made the functions that came with the message, and begun with the tasks. */
  get hasBegun(): boolean {
    return this.state === 'sent' && this.#word(Words.batch) === this.id
  }

  /** Whether the worker has begun to read the message, or found that it cannot. */
  get isOpened(): boolean {
    const opened = Atomics.load(this.#words, Words.opened)
    return this.state === 'sent' && (opened >= this.id || opened === UNREADABLE)
  }

  /** Whether the task that was announced has ended, and what it has printed is to be shown before its outcome. */
  get isShowing(): boolean {
    const { begun } = this
    return begun > 0 && this.#word(Words.over) === begun
  }

  /**
   * What it waits for, where that is a matter of moments; `undefined` when it does not. Also when it is cancelled: a worker
   * that was let be is to come by it.
   */
  get waitsFor(): string | undefined {
    if (this.state === 'encoding') return undefined
    const opened = Atomics.load(this.#words, Words.opened)
    if (opened < this.id && opened !== UNREADABLE) return `message ${this.id}`
    if (this.#word(Words.batch) !== this.id) return undefined
    const begun = this.#word(Words.running)
    return begun > 0 && this.#word(Words.over) === begun ? `output ${this.id} ${begun}` : undefined
  }

  /** How many tasks, the first ones, have run to their end. */
  get over(): number {
    const { begun } = this
    return begun >= ENDED ? begun - ENDED : Math.max(begun - 1, 0)
  }

  /** Milliseconds since the first task was begun. */
  spent(now: number): number {
    return this.hasBegun ? since(this.#word(Words.begun), now) : 0
  }

  /**
   * Stops it without ending the worker, where that can be: nothing was sent yet, or it is not its turn yet, or every task
   * has its outcome. Otherwise the worker begins no further task, and has to be ended if one is not to go on.
   */
  cancel(): boolean {
    // Before it is looked at: it may be about to begin.
    if (this.id !== 0) this.#setLimit(0)
    const isAtRest =
      this.state !== 'sent' ||
      (this.isBehind && !this.hasBegun) ||
      (this.reported === this.positions.length && this.later.length === 0)
    this.state = 'cancelled'
    return isAtRest
  }

  /** What the worker is doing; `undefined` when it is not doing this. */
  look(now: number): Look | undefined {
    const at = this.begun - 1
    const position = this.positions[at]
    // Its outcome may be here before the worker has announced the next one.
    if (position === undefined || at < this.reported || this.isShowing) return undefined
    return {
      position,
      elapsed: since(this.#word(Words.started), now),
      average: this.spent(now) / (at + 1),
      waiting: this.positions.length - at - 1 + this.rest.length,
    }
  }

  /**
   * Takes tasks back that have not begun, and never will here: all but the first `kept` of them.
   *
   * @returns their positions
   */
  takeBack(kept: number): readonly number[] {
    if (this.state !== 'sent') return []
    // Never beyond where it was: what is behind that was taken back before.
    const before = this.#word(Words.limit)
    const limit = Math.min(this.begun + kept, this.positions.length, before)
    this.#setLimit(limit)
    // One that was announced meanwhile may have begun. If it has not, the end of the batch comes without its outcome.
    const first = Math.max(limit, this.begun)
    const taken = [...this.positions.slice(first), ...this.rest]
    this.positions = this.positions.slice(0, first)
    this.rest = []
    return taken
  }

  /** Positions without an outcome. */
  get unreported(): number[] {
    return [...this.positions.slice(this.reported), ...this.rest, ...this.later]
  }

  lost(how: Gone): Lost {
    const at = this.begun - 1
    const running = at >= this.reported ? this.positions[at] : undefined
    const rest = this.unreported.filter((position) => position !== running)
    const duration = this.duration + this.spent(sharedNow())
    return new Lost(how, this.isOpened && !this.hasBegun, running, rest, duration, this.isBehind && !this.hasBegun)
  }
}
