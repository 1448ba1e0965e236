import type { Side } from '../errors'
import type { Column } from '../serialization/columns'
import type { Graph, Import, Parcel, Slot, Unit } from '../serialization/wire'
import type { Place } from '../task/task'
import type { LateError } from './left-behind'

/** What the caller's side sends to a worker. */
export type Request =
  | { readonly kind: 'run'; readonly batch: RunBatch }
  /** Calls are over: what was kept for them can go. */
  | { readonly kind: 'end'; readonly calls: readonly number[] }
  /** An outcome could not be read. Answered behind the batch that runs, with its end, so that the gap is seen. */
  | { readonly kind: 'report'; readonly batch: number }
  /** A batch comes next that takes its time to be read. */
  | { readonly kind: 'coming'; readonly batch: number }

/** What may be left out is, most often: a small batch is to be a small message. */
export interface RunBatch {
  readonly id: number
  readonly call: number
  readonly tasks: readonly WireTask[] | WireTable
  /** The index of the first task in the call, when the others follow it; otherwise that of each. */
  readonly indexes: number | readonly number[]
  /** The functions of the tasks, each once; or the name of the only one, that this worker was sent in an earlier call. */
  readonly fns: readonly Slot[] | number
  readonly graph?: Graph
  /** Functions by value that this worker has not seen in this call. */
  readonly units?: readonly Unit[]
  /** How deep the calls are that its tasks run in, when that is another than before. */
  readonly level?: number
  /** The place of this worker, when it is another than before. */
  readonly place?: Place | undefined
  /** Calls that are over. */
  readonly over?: readonly number[]
  /** Names, of functions in this call, that will not be used again. */
  readonly forget?: readonly number[]
  /** Whether each task is to be timed by itself: it may take so long, and no longer. */
  readonly isTimed?: true
  /** Whether nobody hears of each outcome as it comes. */
  readonly isPatient?: true
  /** Bytes: a worker that holds more begins no further task. */
  readonly maxMemory?: number | undefined
}

export interface WireTask {
  /** Which of `fns` it calls. */
  readonly fn: number
  /** Its arguments; named ones come last, as one object. */
  readonly args: Parcel
  readonly hasKwargs: boolean
}

/** Tasks that call the one function of `fns`, with arguments that are alike: a column for each. */
export interface WireTable {
  readonly count: number
  readonly columns: readonly Column[]
}

/** What a worker sends back. Positions count within `RunBatch.tasks`. */
export type Response =
  | { readonly kind: 'outcomes'; readonly outcomes: Outcomes }
  | { readonly kind: 'refused'; readonly refusal: BatchRefusal }
  | { readonly kind: 'late'; readonly error: LateError }
  /** That error ends this worker now. */
  | { readonly kind: 'fatal'; readonly error: LateError }
  /** A call in this worker has fewer workers than it asks for. */
  | { readonly kind: 'limited'; readonly reason: string }

/** A batch of which nothing has run: what it needs could not be made here. */
export interface BatchRefusal {
  readonly batch: number
  /** The module that could not be imported, when it was that: the batch is to be sent again, by value. */
  readonly module: Import | undefined
  /** A function that was to be here is not: it is to be sent. */
  readonly isUnknown?: true
  readonly why: string
  /** Buffers that came with it, and go back. */
  readonly returned?: readonly ArrayBuffer[] | undefined
}

export interface Outcomes {
  readonly batch: number
  /** The position of the first task; the others follow it. */
  readonly from: number
  readonly results: readonly Parcel[] | ResultTable
  /** Positions, within `results`, of what was thrown instead of returned. */
  readonly failed?: readonly number[]
  /** Those of `failed` where the result is a `Refused`: what was returned or thrown cannot be sent. */
  readonly refused?: readonly number[]
  readonly forget?: readonly number[]
  /** Functions by value that the results hold. */
  readonly units?: readonly Unit[]
  /** Milliseconds spent in all tasks of the batch, with its last outcome. */
  readonly duration?: number | undefined
  /** Bytes that the worker holds, when these are too many. */
  readonly memory?: number | undefined
  /** Whether an earlier task has left an error behind: nobody knows what else it has left. */
  readonly isSpoiled?: true
}

/** Results that are alike, none of them failed. */
export interface ResultTable {
  readonly count: number
  readonly column: Column
}

/** Why a result cannot be sent, for the error that the caller makes of it. */
export interface Refused {
  readonly message: string
  readonly path: string
  /** `'task'` when it was not made at all: what the task is called with cannot be had here. */
  readonly side?: Side
}

/**
 * Words of memory that a worker and its caller share: what becomes of a batch, even while the worker blocks. Behind
 * them is the outbox.
 */
export const Words = {
  /**
   * The position of the task that runs, plus 1; 0 before the first; at the end `ENDED`, plus the number of tasks that have
   * run. Written by the worker, as all but `limit`. This and the next five are of one batch: see `turnOf`.
   */
  running: 0,
  /** The id of the batch that it belongs to. */
  batch: 1,
  /**
   * When it was started, a stamp of the shared clock. Written before `running`. While its arguments are made, or its result
   * is made ready to be sent, it lies ahead: that is not to count.
   */
  started: 2,
  /** When the first task of the batch was started. */
  begun: 3,
  /**
   * The worker starts no task at this position, or behind it: so the caller takes tasks back. The worker looks at it
   * when it has announced a task as running, so that one of the two sees what the other one did.
   */
  limit: 4,
  /** What `running` says when that task has ended, and its outcome waits for what it has printed. */
  over: 5,
  /** How many outcomes are in the outbox, the position of the first, and the id of the batch whose tasks they are of. */
  held: 12,
  heldFrom: 13,
  heldOf: 14,
  /** The id of the batch whose message was read last, or is being read; `UNREADABLE`. */
  opened: 15,
  /** An even number, so that what follows can be read in units of eight bytes. */
  count: 16,
} as const

/**
 * How far behind the first words are those of a batch. Two take turns: when the worker goes on with the next one, what is
 * known of the one before stays true until its caller has heard of its end.
 */
export function turnOf(batch: number): number {
  return batch % 2 === 0 ? 6 : 0
}

/** `Words.running` of a batch that no task of runs any more is this, or above. */
export const ENDED = 2 ** 30

/** `Words.opened` when a message cannot be read. */
export const UNREADABLE = -1

/** `Words.limit` of a batch from which nothing is taken back. */
export const NO_LIMIT = 2 ** 31 - 1
