import { type Column, columnOf, readerOf, Table, weightOf } from '../serialization/columns'
import { noKwargs } from '../task/kwargs'
import { type BatchOfRows, WORTH_A_TABLE } from '../task/rows'
import type { Batch, Task } from '../task/task'
import { transfersOf } from '../task/transfer'

/** The tasks of a batch, by their places in it. */
export interface Tasks {
  readonly length: number
  at(position: number): Task | undefined
}

/** A batch while it waits and runs. */
export type HeldBatch = Omit<Batch, 'tasks'> & { readonly tasks: Tasks }

/**
 * Tasks that call one function with arguments that are alike, as the table that they travel as: an object for each, for as
 * long as a batch waits and runs, is what a collector of garbage has most to do with.
 */
export class AlikeTasks implements Tasks {
  readonly length: number
  readonly columns: readonly Column[]
  /** A rough count of the bytes. */
  readonly weight: number
  readonly #fn: Task['fn']
  #readers: readonly ((row: number) => unknown)[] | undefined

  constructor(fn: Task['fn'], length: number, columns: readonly Column[], weight: number) {
    this.#fn = fn
    this.length = length
    this.columns = columns
    this.weight = weight
  }

  at(position: number): Task | undefined {
    if (position >= this.length) return undefined
    this.#readers ??= this.columns.map(readerOf)
    return { fn: this.#fn, args: this.#readers.map((read) => read(position)), kwargs: noKwargs }
  }
}

/** A batch without its tasks, when these can be made again. */
export function held(batch: Batch | BatchOfRows): HeldBatch {
  if ('rows' in batch) {
    const { rows, ...others } = batch
    const columns = rows.columns.map(columnOf)
    const weight = columns.reduce((sum, column) => sum + weightOf(column, rows.length), 0)
    return { ...others, tasks: new AlikeTasks(rows.fn, rows.length, columns, weight) }
  }
  const { tasks } = batch
  if (tasks.length < WORTH_A_TABLE) return batch
  const table = tableOf(tasks)
  if (table === undefined) return batch
  return { ...batch, tasks: new AlikeTasks((tasks[0] as Task).fn, table.count, table.columns(), table.weight) }
}

/** A table of the arguments of these tasks, of all or until there is more in it than `most` bytes, when they are alike. */
export function tableOf(tasks: Iterable<Task>, most = Number.POSITIVE_INFINITY): Table | undefined {
  let fn: Task['fn'] | undefined
  let table: Table | undefined
  for (const task of tasks) {
    if (table === undefined) {
      fn = task.fn
      table = Table.for(task.args)
    }
    if (task.fn !== fn || hasNamed(task) || !table?.add(task.args)) return undefined
    // What is in a table has no memory to be handed over; that it was to be holds for this task, and for no later one.
    if (table.hasObjects) transfersOf(task)
    if (table.weight > most) break
  }
  return table
}

/** Had once: what another file of the bundle exports is looked up at each use. */
const none = noKwargs

export function hasNamed({ kwargs }: Task): boolean {
  return kwargs !== undefined && kwargs !== none && Object.keys(kwargs).length > 0
}
