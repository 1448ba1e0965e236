import { writeSync } from 'node:fs'
import { MessageChannel, type MessagePort, postMessageToThread } from 'node:worker_threads'
import { BackendError, messageOf } from '../errors'
import type { ManagedAddress } from '../serialization/managed'
import { Exchange, hasGraph, unsendable } from './exchange'
import type { Operator } from './managed'
import { NamesAtWorker } from './names'
import { type FromHome, type Hello, isParcel, type Operation, type Reply, type ToHome } from './protocol'
import { closed, notThere, type Refusal, refusalOf, threadGone } from './refusals'
import { Turns } from './turns'

interface Pending {
  readonly operation: string
  resolve(result: unknown): void
  reject(refusal: Refusal): void
}

/** Whoever a client is for. */
export interface ClientUser {
  /** Called once: nothing is reached by this client any more. */
  onGone(): void
  /** Whether something may be wanted of it. */
  isUsed(): boolean
}

/** Milliseconds in which the other thread gives a sign of life, unless it is blocked. */
const PATIENCE = 10_000

/**
 * Reaches a manager that lives in another thread, over a port of their own. It keeps this thread alive while an operation
 * is not done.
 */
export class Client implements Operator {
  readonly #home: ManagedAddress
  readonly #names: NamesAtWorker
  readonly #exchange: Exchange
  readonly #port: MessagePort
  readonly #pending = new Map<number, Pending>()
  readonly #user: ClientUser
  #lastNumber = 0
  /** What is posted at the end of this turn, in one message. */
  #operations: Operation[] = []
  #received: number[] = []
  #isPosting = false
  /** A message may have to load a module, and others have come behind it. */
  readonly #turns = new Turns()
  #gone: ((operation: string) => Error) | undefined
  #timer: NodeJS.Timeout | undefined
  #hasHeard = false
  #isConnected = false
  #isLeaving = false
  #state: 'calm' | 'asking' | 'warned' = 'calm'

  /** @param home - The address of any object of the manager. */
  constructor(home: ManagedAddress, user: ClientUser) {
    if (typeof postMessageToThread !== 'function')
      throw new BackendError(
        `A Manager needs Node 20.19, 22.5 or later in tasks; this is Node ${process.versions.node}`,
      )
    const { port1, port2 } = new MessageChannel()
    this.#home = home
    this.#names = new NamesAtWorker(home.thread)
    this.#exchange = new Exchange('result', 'to a Manager', this.#names)
    this.#user = user
    this.#port = port1
    port1.on('message', (message: FromHome) => {
      this.#hasHeard = true
      this.#isConnected = true
      this.#turns.take(() => this.#read(message))
    })
    port1.on('messageerror', (error) => this.#end((operation) => unsendable(error, operation, 'result')))
    port1.on('close', () => this.#turns.take(() => this.#end(this.#isConnected ? threadGone : notThere)))
    port1.unref()
    const hello: Hello = { parfor: 'manager', manager: home.manager, port: port2 }
    postMessageToThread(home.thread, hello, [port2]).catch(() => this.#end(notThere))
  }

  operate({ kind, id }: ManagedAddress, method: string, args: readonly unknown[]): Promise<unknown> {
    const operation = `${kind}.${method}`
    if (this.#gone) return Promise.reject(refusalOf(this.#gone(operation)))
    this.#lastNumber += 1
    const number = this.#lastNumber
    return new Promise((resolve, reject) => {
      const { parcel, isHeavy } = this.#exchange.snapshot(args, operation)
      this.#operations.push({ number, object: id, method, args: parcel })
      if (this.#pending.size === 0) this.#port.ref()
      this.#pending.set(number, { operation, resolve, reject })
      this.#timer ??= setTimeout(() => this.#lookAround(), PATIENCE).unref()
      if (isHeavy) this.#postNow()
      else this.#postSoon()
    })
  }

  /** Lets the manager go, when nobody here has anything of it. It stays for as long as this thread holds a lock of it. */
  leaveIfUnused(): void {
    if (this.#gone || this.#isLeaving || this.#pending.size > 0 || this.#user.isUsed()) return
    this.#isLeaving = true
    this.#user.onGone()
    this.#post({ isLeaving: true })
  }

  #settle(number: number): Pending | undefined {
    const pending = this.#pending.get(number)
    this.#pending.delete(number)
    if (this.#pending.size === 0) this.#port.unref()
    return pending
  }

  /** What cannot be posted after all is the last operation: the others are what it is to be copied as already. */
  #postNow(): void {
    try {
      this.#post()
    } catch (error) {
      const { number = 0 } = this.#operations.pop() ?? {}
      const pending = this.#settle(number)
      pending?.reject(refusalOf(unsendable(error, pending.operation, 'args[0]')))
      this.#post()
    }
  }

  #postSoon(): void {
    if (this.#isPosting) return
    this.#isPosting = true
    queueMicrotask(() => this.#post())
  }

  #post({ isAsking = false, isLeaving = false } = {}): void {
    this.#isPosting = false
    const isEmpty = this.#operations.length === 0 && this.#received.length === 0 && !isAsking && !isLeaving
    if (this.#gone || isEmpty) return
    const body = { operations: this.#operations, received: this.#received, isAsking, isLeaving }
    this.#exchange.post<ToHome>(this.#port, { ...body, known: this.#names.news() })
    this.#operations = []
    this.#received = []
  }

  #read(message: FromHome): Promise<void> | void {
    const parcels = message.replies.map(({ outcome }) => outcome).filter(isParcel)
    return this.#exchange.open(message, parcels, (refused) => {
      for (const reply of message.replies) this.#take(reply, refused)
      if (message.isClosed) this.#end(closed)
      this.leaveIfUnused()
    })
  }

  #take({ number, outcome, isHanded }: Reply, refused: unknown): void {
    if (isHanded) {
      this.#received.push(number)
      this.#postSoon()
    }
    const pending = this.#settle(number)
    if (pending === undefined) return
    if (!isParcel(outcome)) {
      pending.reject(outcome)
      return
    }
    try {
      if (refused !== undefined && hasGraph(outcome)) throw refused
      pending.resolve(this.#exchange.values(outcome)[0])
    } catch (error) {
      pending.reject(refusalOf(unsendable(error, pending.operation, 'result')))
    }
  }

  #end(why: (operation: string) => Error): void {
    if (this.#gone) return
    this.#gone = why
    clearTimeout(this.#timer)
    this.#port.close()
    for (const { operation, reject } of this.#pending.values()) reject(refusalOf(why(operation)))
    this.#pending.clear()
    if (!this.#isLeaving) this.#user.onGone()
  }

  /** Nothing was heard for long: either everything waits for something, or the other thread is blocked. */
  #lookAround(): void {
    this.#timer = undefined
    const isCalm = this.#hasHeard || this.#pending.size === 0
    this.#hasHeard = false
    if (isCalm) this.#state = 'calm'
    else if (this.#state === 'calm') {
      this.#state = 'asking'
      this.#post({ isAsking: true })
    } else if (this.#state === 'asking') {
      this.#state = 'warned'
      this.#warn()
    }
    if (this.#pending.size > 0) this.#timer = setTimeout(() => this.#lookAround(), PATIENCE).unref()
  }

  /** Past the main thread: that may be the one that is blocked, and it is the one that prints. */
  #warn(): void {
    const [{ operation } = { operation: 'an operation' }] = this.#pending.values()
    const { thread } = this.#home
    const text =
      `${operation} waits for the thread of its Manager (${thread === 0 ? 'the main thread' : `thread ${thread}`}), which ` +
      `has done nothing for ${PATIENCE / 1000} s. Is it blocked, by a long loop, Atomics.wait or something synchronous?`
    try {
      writeSync(2, `(node:${process.pid}) [PARFOR_MANAGER_BLOCKED] ParforWarning: ${text}\n`)
    } catch (error) {
      process.emitWarning(`${text} (${messageOf(error)})`, { type: 'ParforWarning', code: 'PARFOR_MANAGER_BLOCKED' })
    }
  }
}
