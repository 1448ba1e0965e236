import { checkAddend, checkFunction } from './arguments'
import type { KeptValue } from './kept-value'
import { Managed } from './managed'
import { Updates } from './updates'

/**
 * One value that lives with its `Manager`, and what stands for it in tasks. It is copied in and out. Every method is one
 * step, which nothing of others comes between: `set(await get() + 1)` is two, and loses what is written between them.
 */
export class ManagedValue<T> extends Managed<KeptValue> {
  readonly #updates = new Updates<T>(
    () => this.operate('toUpdate') as Promise<readonly [number, T]>,
    (version, value) => this.operate('update', version, value),
  )

  async get(): Promise<T> {
    return this.operate('get') as Promise<T>
  }

  async set(value: T): Promise<void> {
    await this.operate('set', value)
  }

  /** Adds a number, or a bigint to a bigint. @returns the sum @throws TypeError when the value is none */
  async add(addend: T & (number | bigint)): Promise<T> {
    checkAddend(addend, 'value.add')
    return this.operate('add', addend) as Promise<T>
  }

  /**
   * Changes the value by a function that is called here with what it is, and gives what it is to be. It may be called
   * again when others write meanwhile, and cannot be async.
   *
   * @returns what it has given
   */
  async update(fn: (value: T) => T): Promise<T> {
    checkFunction(fn, 'value.update')
    return this.#updates.add(fn)
  }

  /** Sets the value if it equals `expected`, deeply. @returns whether it did */
  async compareAndSet(expected: T, value: T): Promise<boolean> {
    return this.operate('compareAndSet', expected, value)
  }
}
