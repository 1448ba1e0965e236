import type { Task } from '../task/task'

/** Tasks that are taken from the input and not yet sent. */
export interface Backlog {
  readonly length: number
  add(task: Task): void
  /** The first tasks, at most `size`: the next batch. */
  cut(size: number): Task[]
}

/** Collects tasks and cuts them into batches, in order. The size is asked for at the cut: what is known then, counts. */
export function createBacklog(): Backlog {
  let tasks: Task[] = []
  /** Where the first task is that has not been cut off: shifting the others down each time would cost by their number. */
  let head = 0

  return {
    get length() {
      return tasks.length - head
    },

    add(task) {
      tasks.push(task)
    },

    cut(size) {
      if (head === 0 && tasks.length <= size) {
        const whole = tasks
        tasks = []
        return whole
      }
      const batch = tasks.slice(head, head + size)
      head += batch.length
      // Let go of tasks that are sent; half of them at once, which costs each one move.
      if (head * 2 >= tasks.length) {
        tasks = tasks.slice(head)
        head = 0
      }
      return batch
    },
  }
}
