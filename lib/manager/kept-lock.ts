import { ParforError } from '../errors'
import { type Owner, Waiters } from './waiters'

/** A lock, where it lives. Each time that it is acquired it gives another ticket, which is needed to release it. */
export class KeptLock {
  readonly #waiters = new Waiters<number>()
  #lastTicket = 0
  #holder: { readonly owner: Owner; readonly ticket: number; readonly free: () => void } | undefined

  acquire(timeout: number | undefined, owner: Owner): number | Promise<number> {
    if (this.#holder === undefined) return this.#give(owner)
    return this.#waiters.wait(owner, 'lock.acquire', timeout, undefined)
  }

  /** @returns no ticket when somebody else holds it */
  tryAcquire(owner: Owner): number | undefined {
    return this.#holder === undefined ? this.#give(owner) : undefined
  }

  /** @param ticket - Left out: whichever this owner holds. */
  release(ticket: number | undefined, owner: Owner): void {
    if (this.#holder === undefined) throw new ParforError('lock.release: nobody holds this lock')
    if (ticket === undefined ? owner !== this.#holder.owner : ticket !== this.#holder.ticket)
      throw new ParforError('lock.release: somebody else holds this lock by now')
    this.#free()
  }

  locked(): boolean {
    return this.#holder !== undefined
  }

  #give(owner: Owner): number {
    this.#lastTicket += 1
    const holder = { owner, ticket: this.#lastTicket, free: () => this.#free() }
    owner.onGone.add(holder.free)
    this.#holder = holder
    return holder.ticket
  }

  #free(): void {
    this.#holder?.owner.onGone.delete(this.#holder.free)
    this.#holder = undefined
    this.#waiters.next((owner) => this.#give(owner))
  }
}
