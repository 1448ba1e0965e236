import { isThenable } from '../task/run-task'

interface Update<T> {
  readonly fn: (value: T) => T
  readonly resolve: (value: T) => void
  readonly reject: (error: unknown) => void
}

/**
 * Changes a value that lives elsewhere by functions that run here: reads it, runs them, and writes when nobody else has
 * written meanwhile; else again. Those that wait go together, so that ten thousand take a few trips.
 */
export class Updates<T> {
  readonly #read: () => Promise<readonly [version: number, value: T]>
  readonly #write: (version: number, value: T) => Promise<boolean>
  readonly #waiting: Update<T>[] = []
  #isRunning = false

  constructor(
    read: () => Promise<readonly [version: number, value: T]>,
    write: (version: number, value: T) => Promise<boolean>,
  ) {
    this.#read = read
    this.#write = write
  }

  get isIdle(): boolean {
    return !this.#isRunning
  }

  /** @returns the value that `fn` has made */
  add(fn: (value: T) => T): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ fn, resolve, reject })
      if (!this.#isRunning) void this.#run()
    })
  }

  async #run(): Promise<void> {
    this.#isRunning = true
    try {
      let most = Number.POSITIVE_INFINITY
      while (this.#waiting.length > 0) most = await this.#together(most)
    } catch (error) {
      for (const { reject } of this.#waiting.splice(0)) reject(error)
    } finally {
      this.#isRunning = false
    }
  }

  /** @returns how many are to go together next */
  async #together(most: number): Promise<number> {
    const [version, before] = await this.#read()
    const updates = this.#waiting.slice(0, most)
    const values: T[] = []
    for (const [n, { fn, reject }] of updates.entries())
      try {
        values.push(notAsync(fn(n === 0 ? before : (values[n - 1] as T))))
      } catch (error) {
        // It may have been shown what never was, and have left it half changed: those before it go alone.
        if (n > 0) return n
        this.#waiting.shift()
        reject(error)
        return Number.POSITIVE_INFINITY
      }
    if (!(await this.#write(version, values.at(-1) as T))) return most
    this.#waiting.splice(0, updates.length)
    for (const [n, { resolve }] of updates.entries()) resolve(values[n] as T)
    return Number.POSITIVE_INFINITY
  }
}

function notAsync<T>(value: T): T {
  if (isThenable(value))
    throw new TypeError('update takes a function that is not async: hold a lock for what takes time')
  return value
}
