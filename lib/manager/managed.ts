import { inspect } from 'node:util'
import { MANAGED, type ManagedAddress } from '../serialization/managed'
import { errorOf, isRefusal } from './refusals'

/** Gets operations done: at home at once, from another thread by a message. */
export interface Operator {
  /** Operations are done in the order of these calls. May reject with a `Refusal`. */
  operate(address: ManagedAddress, method: string, args: readonly unknown[]): Promise<unknown>
}

/** Kept objects have methods that another thread can call: `Kept` is the table of them. */
type Methods<Kept> = { [M in keyof Kept]: Kept[M] extends (...args: never[]) => unknown ? M : never }[keyof Kept] &
  string

/** What stands for an object of a `Manager`, in whatever thread. */
export abstract class Managed<Kept> {
  /** @internal */
  declare readonly [MANAGED]: ManagedAddress
  readonly #operator: Operator

  /** @internal */
  constructor(address: ManagedAddress, operator: Operator) {
    Object.defineProperty(this, MANAGED, { value: address })
    this.#operator = operator
  }

  /** @internal */
  protected async operate<M extends Methods<Kept>>(
    method: M,
    ...args: Kept[M] extends (...args: infer A) => unknown ? Partial<A> : never
  ): Promise<Kept[M] extends (...args: never[]) => infer R ? Awaited<R> : never> {
    try {
      return (await this.#operator.operate(this[MANAGED], method, args)) as never
    } catch (error) {
      throw isRefusal(error) ? errorOf(error) : error
    }
  }

  /** @internal */
  [inspect.custom](): string {
    const { id, manager, thread } = this[MANAGED]
    return `${this.constructor.name} { number ${id} of Manager ${manager} in thread ${thread} }`
  }
}
