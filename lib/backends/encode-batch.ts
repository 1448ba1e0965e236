import { messageOf, SerializationError } from '../errors'
import { Table } from '../serialization/columns'
import { TASK_FUNCTION } from '../serialization/trail'
import type { Graph, Slot } from '../serialization/wire'
import { noKwargs } from '../task/kwargs'
import type { Task } from '../task/task'
import { transfersOf } from '../task/transfer'
import type { WireTable, WireTask } from '../worker/protocol'
import type { WorkerRun } from './worker-run'

/** What a message says of its tasks. */
export interface EncodedBatch {
  readonly fns: readonly Slot[]
  readonly graph: Graph
  readonly tasks: readonly WireTask[] | WireTable
  /** Where they are in the batch. */
  readonly positions: readonly number[]
  /** A rough count of its bytes. */
  readonly weight: number
}

/**
 * A message takes no further task when it has this much in it already, by a rough count of bytes: a batch of thousands
 * is sized by the time that its tasks take, and not by what they are called with.
 */
export const HEAVY = 1024 * 1024

/** So many tasks are worth to be looked at for whether they are alike. */
const WORTH_A_TABLE = 8

/**
 * Encodes the tasks of a run, as many as one message takes; the others stay in `run.rest`.
 *
 * @param reject - Is told of each task that cannot be sent. It may cancel the run.
 */
export function encodeBatch(run: WorkerRun, reject: (position: number, reason: unknown) => void): EncodedBatch {
  const table = run.positions.length < WORTH_A_TABLE ? undefined : tableOf(run)
  if (table) return inTable(run, table, reject)
  const { batch, message } = run
  const trail = message.trail
  const encoder = message.encoder()
  const numbers = new Map<Task['fn'], number>()
  const fns: Slot[] = []
  const tasks: WireTask[] = []
  const positions: number[] = []
  if (run.positions.length > 1)
    run.call.sender.prepare(new Set(run.positions.map((at) => batch.tasks[at]?.fn as Task['fn'])))
  for (const [n, position] of run.positions.entries()) {
    if (run.isCancelled) break
    const task = batch.tasks[position] as Task
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
  return { fns, graph: encoder.graph, tasks, positions, weight: message.weight }
}

/** The arguments of all tasks, as many as one message takes, when they call one function and are alike. */
function tableOf({ batch, positions }: WorkerRun): Table | undefined {
  const { fn, args } = batch.tasks[positions[0] as number] as Task
  const table = Table.for(args)
  if (table === undefined) return undefined
  for (let n = 0; n < positions.length && table.weight <= HEAVY; n += 1) {
    const task = batch.tasks[positions[n] as number] as Task
    if (task.fn !== fn || hasNamed(task) || !table.add(task.args)) return undefined
  }
  return table
}

function inTable(run: WorkerRun, table: Table, reject: (position: number, reason: unknown) => void): EncodedBatch {
  const { batch, message } = run
  const { trail } = message
  const encoder = message.encoder()
  const positions = run.positions.slice(0, table.count)
  run.rest = [...run.positions.slice(table.count), ...run.rest]
  const tasks = { count: table.count, columns: table.columns() }
  const weight = table.weight
  try {
    trail.start(TASK_FUNCTION)
    const fns = [encoder.slot((batch.tasks[positions[0] as number] as Task).fn)]
    return { fns, graph: encoder.graph, tasks, positions, weight }
  } catch (error) {
    const reason = unsendable(error, trail.path, trail.describe())
    for (const position of positions) {
      if (run.isCancelled) break
      // Each has its own: it tells which task it is of.
      reject(position, new SerializationError(reason.message, reason))
    }
    return { fns: [], graph: encoder.graph, tasks: [], positions: [], weight }
  }
}

function hasNamed({ kwargs }: Task): boolean {
  return kwargs !== undefined && kwargs !== noKwargs && Object.keys(kwargs).length > 0
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
