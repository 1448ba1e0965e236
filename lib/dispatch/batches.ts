import { noKwargs } from '../task/kwargs'
import { type Cell, isCell, type Rows, WORTH_A_TABLE } from '../task/rows'
import type { Task } from '../task/task'

/** Where what is taken from the input goes. */
export interface Sink {
  add(task: Task): void
  /** The same for the call of `fn` with this value, where no task has to be made for it; otherwise it adds nothing. */
  addCall?(fn: Task['fn'], value: unknown): boolean
}

/** Tasks that are taken from the input and not yet sent: cut into batches, in order. */
export class Backlog implements Sink {
  /** The first ones, when they are alike; the others are behind them. */
  #alike: AlikeLine | undefined
  readonly #others = new Line<Task>()
  // Had once: what another file of the bundle exports is looked up at each use.
  readonly #none = noKwargs
  readonly #rows: Required<Sink> = {
    add: (task) => this.#addRow(task),
    addCall: (fn, value) => this.#addCall(fn, value),
  }

  length = 0

  add(task: Task): void {
    this.#others.add(task)
    this.length += 1
  }

  /** For many: as long as they are alike, they are kept as rows. */
  asRows(): Required<Sink> {
    // The first one was taken before it was known that they are many.
    if (this.#others.length === 1 && this.length === 1) {
      const [first] = this.#others.cut(1)
      this.length = 0
      this.#addRow(first as Task)
    }
    return this.#rows
  }

  /** The first task, where none is kept as a row. */
  get first(): Task | undefined {
    return this.#others.at(0)
  }

  #addRow(task: Task): void {
    this.length += 1
    const { fn, args, kwargs } = task
    // Those are of `delayed`, which are frozen: what is made by hand may be changed until it is sent.
    if (kwargs === this.#none && this.#others.length === 0) {
      if (this.#alike?.length === 0) this.#alike = undefined
      this.#alike ??= new AlikeLine(fn, args.length)
      if (this.#alike.add(fn, args)) return
    }
    this.#others.add(task)
  }

  #addCall(fn: Task['fn'], value: unknown): boolean {
    if (this.#others.length > 0 || !isCell(value)) return false
    this.#alike ??= new AlikeLine(fn, 1)
    this.#alike.addCell(value)
    this.length += 1
    return true
  }

  /** The first tasks, at most `size`: the next batch. The size is asked for at the cut: what is known then, counts. */
  cut(size: number): readonly Task[] | Rows {
    const batch = this.#cut(size)
    this.length -= batch.length
    return batch
  }

  #cut(size: number): readonly Task[] | Rows {
    if (this.#alike === undefined || this.#alike.length === 0) return this.#others.cut(size)
    const rows = this.#alike.cut(size)
    const missing = Math.min(size - rows.length, this.#others.length)
    if (missing === 0 && rows.length >= WORTH_A_TABLE) return rows
    return [...tasksOf(rows), ...this.#others.cut(missing)]
  }
}

/** Calls of one function. */
class AlikeLine {
  readonly #fn: Task['fn']
  readonly #columns: readonly Line<Cell>[]
  length = 0

  constructor(fn: Task['fn'], places: number) {
    this.#fn = fn
    this.#columns = Array.from({ length: places }, () => new Line<Cell>())
  }

  /** @returns whether it is one of them; otherwise it is not added */
  add(fn: Task['fn'], args: readonly unknown[]): boolean {
    const columns = this.#columns
    if (fn !== this.#fn || args.length !== columns.length) return false
    for (let n = 0; n < args.length; n += 1) if (!isCell(args[n])) return false
    for (let n = 0; n < args.length; n += 1) (columns[n] as Line<Cell>).add(args[n] as Cell)
    this.length += 1
    return true
  }

  /** The same for an only argument. */
  addCell(value: Cell): void {
    ;(this.#columns[0] as Line<Cell>).add(value)
    this.length += 1
  }

  cut(size: number): Rows {
    const length = Math.min(size, this.length)
    this.length -= length
    return { fn: this.#fn, length, columns: this.#columns.map((column) => column.cut(length)) }
  }
}

/** What is added behind, and cut off in front. */
class Line<T> {
  #items: T[] = []
  /** Where the first item is that has not been cut off: shifting the others down each time would cost by their number. */
  #head = 0

  get length(): number {
    return this.#items.length - this.#head
  }

  add(item: T): void {
    this.#items.push(item)
  }

  at(n: number): T | undefined {
    return this.#items[this.#head + n]
  }

  cut(size: number): T[] {
    const items = this.#items
    if (this.#head === 0 && items.length <= size) {
      this.#items = []
      return items
    }
    const first = items.slice(this.#head, this.#head + size)
    this.#head += first.length
    // Let go of what is cut off; half of it at once, which costs each one move.
    if (this.#head * 2 >= items.length) {
      this.#items = items.slice(this.#head)
      this.#head = 0
    }
    return first
  }
}

function tasksOf({ fn, length, columns }: Rows): Task[] {
  return Array.from({ length }, (_, n) => ({ fn, args: columns.map((column) => column[n]), kwargs: noKwargs }))
}
