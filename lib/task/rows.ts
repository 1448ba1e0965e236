import type { Batch, Task } from './task'

/** What stands for itself: nobody can change it while it waits, and it is its own copy. */
export type Cell = undefined | null | boolean | number | string

export function isCell(value: unknown): value is Cell {
  switch (typeof value) {
    case 'number':
    case 'string':
    case 'boolean':
    case 'undefined':
      return true
    default:
      return value === null
  }
}

/** Tasks that call one function, and whose arguments are all cells: a column for each argument, with no object for a task. */
export interface Rows {
  readonly fn: Task['fn']
  readonly length: number
  readonly columns: readonly (readonly Cell[])[]
}

/** A batch of such tasks. */
export type BatchOfRows = Omit<Batch, 'tasks'> & { readonly rows: Rows }

/** So many tasks are worth to be looked at for whether they are alike. */
export const WORTH_A_TABLE = 8
