import { types } from 'node:util'
import { messageOf, SerializationError } from '../errors'
import { type Column, weightOfCell } from '../serialization/columns'
import { isNothingButBytes } from '../serialization/lone-views'
import type { Message } from '../serialization/message'
import { isViewPrototype } from '../serialization/plain-data'
import { TASK_FUNCTION } from '../serialization/trail'
import type { Graph, Slot, Unit } from '../serialization/wire'
import { isCell } from '../task/rows'
import type { Task } from '../task/task'
import { transfersOf } from '../task/transfer'
import type { WireTable, WireTask } from '../worker/protocol'
import { AlikeTasks, hasNamed, type Tasks, tableOf } from './alike-tasks'
import type { WorkerRun } from './worker-run'

/** What a message says of its tasks. */
export interface EncodedBatch {
  readonly fns: readonly Slot[]
  readonly graph: Graph
  /** The name of the only function, when that is the same in all calls: who has it needs none of its units. */
  readonly lasting: number | undefined
  readonly tasks: readonly WireTask[] | WireTable
  /** Where they are in the batch. */
  readonly positions: readonly number[]
  /** A rough count of its bytes. */
  readonly weight: number
  /** Functions by value that the worker has to have. */
  readonly units: readonly Unit[]
  /** What was written, when it took more than to name a function. */
  readonly message: Message | undefined
}

/**
 * A message takes no further task when it has this much in it already, by a rough count of bytes: a batch of thousands
 * is sized by the time that its tasks take, and not by what they are called with.
 */
export const HEAVY = 1024 * 1024

/**
 * Encodes the tasks of a run, as many as one message takes; the others stay in `run.rest`.
 *
 * @param newMessage - Makes a message to the worker.
 * @param reject - Is told of each task that cannot be sent. It may cancel the run.
 */
export function encodeBatch(run: WorkerRun, newMessage: () => Message, reject: Reject): EncodedBatch {
  return encodeTable(run, newMessage, reject) ?? encodeEach(run, newMessage(), reject)
}

/**
 * The same for a message that goes behind another one: of tasks that are alike; or of the functions that those before them call, with
 * numbers, texts and the like, and binary data, as far as that is not much or was read before. Nothing is encoded in vain then, no
 * code of the user's runs, and nothing can be wrong with them before they run.
 *
 * @returns `undefined` when they are other ones
 */
export function encodeBehind(run: WorkerRun, before: WorkerRun, newMessage: () => Message): EncodedBatch | undefined {
  let isRefused = false
  const refuse = () => {
    isRefused = true
  }
  const table = encodeTable(run, newMessage, refuse, true)
  if (table || isRefused) return isRefused ? undefined : table
  const known = functionsOf(before)
  let unread = 0
  for (const position of run.positions) {
    const task = run.batch.tasks.at(position) as Task
    if (!known.has(task.fn) || !isFlat(task)) return undefined
    for (const arg of task.args) if (!isCell(arg)) unread += run.call.sender.unread(bufferOf(arg as Binary))
    if (unread > HEAVY) return undefined
  }
  const encoded = encodeEach(run, newMessage(), refuse)
  return isRefused ? undefined : encoded
}

function functionsOf({ batch: { tasks }, positions }: WorkerRun): ReadonlySet<Task['fn'] | undefined> {
  // They all call the same.
  if (tasks instanceof AlikeTasks) return new Set([tasks.at(0)?.fn])
  return new Set(positions.map((position) => tasks.at(position)?.fn))
}

/** Whether a task is called with nothing but numbers, texts and the like, and binary data, of which it gives none away. */
function isFlat(task: Task): boolean {
  return !hasNamed(task) && transfersOf(task) === undefined && task.args.every((arg) => isCell(arg) || isBinary(arg))
}

type Binary = NodeJS.ArrayBufferView | ArrayBufferLike

const bufferOf = (data: Binary): ArrayBufferLike => (ArrayBuffer.isView(data) ? data.buffer : data)

/** Whether it is nothing but bytes, and what shows them. */
function isBinary(value: unknown): boolean {
  if (!ArrayBuffer.isView(value)) return types.isAnyArrayBuffer(value) && isBare(value)
  const prototype: unknown = Object.getPrototypeOf(value)
  return (isViewPrototype(prototype) || prototype === Buffer.prototype) && isBare(value.buffer)
}

const isBare = (buffer: ArrayBufferLike): boolean =>
  isNothingButBytes(buffer) || (types.isSharedArrayBuffer(buffer) && Reflect.ownKeys(buffer).length === 0)

type Reject = (position: number, reason: unknown) => void

/**
 * The same for tasks that are alike; `undefined` when they are not.
 *
 * @param few Whether tasks are looked at for that which are few; otherwise only those whose function goes by a name.
 */
export function encodeTable(
  run: WorkerRun,
  newMessage: () => Message,
  reject: Reject,
  few = false,
): EncodedBatch | undefined {
  const [first] = run.positions
  const fn = first === undefined ? undefined : run.batch.tasks.at(first)?.fn
  const lasting = fn && run.call.lastingAs(fn)
  const table = fn && argumentsOf(run, few || lasting !== undefined)
  if (!table) return undefined
  if (lasting) {
    const { id, fns, graph, unit } = lasting
    const { bytes, imports, beside } = unit
    const units = [{ id, bytes, imports, beside }]
    return { fns, graph, lasting: id, ...inTable(run, table), units, message: undefined }
  }
  const message = newMessage()
  const { trail } = message
  const encoder = message.encoder()
  const encoded = inTable(run, table)
  try {
    trail.start(TASK_FUNCTION)
    const fns = [encoder.slot(fn)]
    return { fns, graph: encoder.graph, lasting: undefined, ...encoded, units: message.units, message }
  } catch (error) {
    const reason = unsendable(error, trail.path, trail.describe())
    for (const position of encoded.positions) {
      if (run.isCancelled) break
      // Each has its own: it tells which task it is of.
      reject(position, new SerializationError(reason.message, reason))
    }
    return { fns: [], graph: encoder.graph, lasting: undefined, ...encoded, positions: [], units: [], message }
  }
}

function encodeEach(run: WorkerRun, message: Message, reject: Reject): EncodedBatch {
  const { batch } = run
  const { trail } = message
  const encoder = message.encoder()
  const numbers = new Map<Task['fn'], number>()
  const fns: Slot[] = []
  const tasks: WireTask[] = []
  const positions: number[] = []
  if (run.positions.length > 1)
    run.call.sender.prepare(new Set(run.positions.map((at) => batch.tasks.at(at)?.fn as Task['fn'])))
  for (const [n, position] of run.positions.entries()) {
    if (run.isCancelled) break
    const task = batch.tasks.at(position) as Task
    const givenAway = transfersOf(task)
    // Alone, when it gives something away: nobody can send it again, so it must not wait behind others, to be taken back.
    const isFull = message.weight > HEAVY || message.transfers.length > 0 || (givenAway && tasks.length > 0)
    if (isFull) {
      run.rest = [...run.positions.slice(n), ...run.rest]
      break
    }
    try {
      const { fn, args, kwargs } = task
      let number = numbers.get(fn)
      if (number === undefined) {
        trail.start(TASK_FUNCTION)
        number = fns.push(encoder.slot(fn)) - 1
        numbers.set(fn, number)
      }
      const hasKwargs = hasNamed(task)
      const values = hasKwargs ? [...args, kwargs] : args
      const root = (n: number) => (n < args.length ? `args[${n}]` : 'kwargs')
      const encode = () => message.parcel(values, root, fn, givenAway)
      const path = () => root(values.findIndex((value) => givenAway?.has(value as object)))
      const parcel = givenAway
        ? run.call.givenAway.parcel(args, batch.start + position, message, path, encode)
        : encode()
      tasks.push({ fn: number, args: parcel, hasKwargs })
      positions.push(position)
    } catch (error) {
      reject(position, unsendable(error, trail.path, trail.describe()))
    }
  }
  const { graph } = encoder
  return { fns, graph, lasting: undefined, tasks, positions, weight: message.weight, units: message.units, message }
}

/** The arguments of the tasks, as many as one message takes, when they are alike; `few` are looked at only when asked. */
function argumentsOf({ batch, positions }: WorkerRun, few: boolean): Alike | undefined {
  const { tasks } = batch
  const isAlike = tasks instanceof AlikeTasks
  if (isAlike && positions.length === tasks.length && tasks.weight <= HEAVY)
    return { count: tasks.length, columns: tasks.columns, weight: tasks.weight }
  if (!isAlike && !few) return undefined
  const row = positions.length === 1 ? rowOf(tasks.at(positions[0] as number) as Task) : undefined
  if (row) return row
  const table = tableOf(tasksAt(tasks, positions), HEAVY)
  return table && { count: table.count, columns: table.columns(), weight: table.weight }
}

/** A task that is called with nothing but numbers, texts and the like. */
function rowOf(task: Task): Alike | undefined {
  const { args } = task
  if (hasNamed(task)) return undefined
  const columns: Column[] = []
  let weight = 0
  for (const arg of args) {
    if (!isCell(arg)) return undefined
    columns.push([arg])
    weight += weightOfCell(arg)
  }
  return { count: 1, columns, weight }
}

function* tasksAt(tasks: Tasks, positions: readonly number[]): Generator<Task> {
  for (const position of positions) yield tasks.at(position) as Task
}

interface Alike extends WireTable {
  readonly weight: number
}

/** What does not go with this message stays in `run.rest`. */
function inTable(
  run: WorkerRun,
  { count, columns, weight }: Alike,
): Pick<EncodedBatch, 'tasks' | 'positions' | 'weight'> {
  const { positions } = run
  if (count === positions.length) return { tasks: { count, columns }, positions, weight }
  run.rest = [...positions.slice(count), ...run.rest]
  return { tasks: { count, columns }, positions: positions.slice(0, count), weight }
}

/** Indexes of the tasks in their call: that of the first, when the others follow it. */
export function indexesOf({ batch, positions }: WorkerRun): number | readonly number[] {
  const [first = 0] = positions
  const isRow = positions.at(-1) === first + positions.length - 1
  return isRow ? batch.start + first : positions.map((position) => batch.start + position)
}

/** @param what is to be sent, in words */
export function unsendable(error: unknown, path: string, what = path): SerializationError {
  if (error instanceof SerializationError) return error
  return new SerializationError(`Cannot send ${what} to a worker: ${messageOf(error)}`, {
    side: 'task',
    path,
    cause: error,
  })
}
