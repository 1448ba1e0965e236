import { writeSync } from 'node:fs'
import { MessageChannel, type MessagePort, postMessageToThread } from 'node:worker_threads'
import { BackendError, messageOf } from '../errors'
import type { ManagedAddress } from '../serialization/managed'
import { isSimple } from '../serialization/message'
import type { Parcel } from '../serialization/wire'
import { Exchange, hasGraph, unsendable } from './exchange'
import type { Operator } from './managed'
import { NamesAtWorker } from './names'
import { type FromHome, type Hello, isParcel, type Operation, type Reply, type ToHome } from './protocol'
import { closed, errorOf, notThere, threadGone } from './refusals'
import { Turns } from './turns'

interface Pending {
  readonly operation: string
  resolve(result: unknown): void
  reject(error: Error): void
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
  readonly #onGone: () => void
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
  #state: 'calm' | 'asking' | 'warned' = 'calm'

  /**
   * @param home - The address of any object of the manager.
   * @param onGone - Called once, when the manager cannot be reached any more.
   */
  constructor(home: ManagedAddress, onGone: () => void) {
    if (typeof postMessageToThread !== 'function')
      throw new BackendError(
        `A Manager needs Node 20.19, 22.5 or later in tasks; this is Node ${process.versions.node}`,
      )
    const { port1, port2 } = new MessageChannel()
    this.#home = home
    this.#names = new NamesAtWorker(home.thread)
    this.#exchange = new Exchange('result', 'to a Manager', this.#names)
    this.#onGone = onGone
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
    if (this.#gone) return Promise.reject(this.#gone(operation))
    this.#lastNumber += 1
    const number = this.#lastNumber
    return new Promise((resolve, reject) => {
      if (!args.every(isSimple)) {
        // At once, and alone: what is done to the values later does not show, and what cannot be sent fails alone.
        this.#post()
        this.#operations.push({ number, object: id, method, args: this.#parcel(args, operation) })
        this.#await(number, { operation, resolve, reject })
        try {
          this.#post()
        } catch (error) {
          this.#settle(number)?.reject(unsendable(error, operation, 'args[0]'))
        }
        return
      }
      this.#operations.push({ number, object: id, method, args: { values: args } })
      this.#await(number, { operation, resolve, reject })
      this.#postSoon()
    })
  }

  #parcel(args: readonly unknown[], operation: string): Parcel {
    return this.#exchange.parcel(args, operation, (n) => `args[${n}]`)
  }

  #await(number: number, pending: Pending): void {
    if (this.#pending.size === 0) this.#port.ref()
    this.#pending.set(number, pending)
    this.#timer ??= setTimeout(() => this.#lookAround(), PATIENCE).unref()
  }

  #settle(number: number): Pending | undefined {
    const pending = this.#pending.get(number)
    this.#pending.delete(number)
    if (this.#pending.size === 0) this.#port.unref()
    return pending
  }

  #postSoon(): void {
    if (this.#isPosting) return
    this.#isPosting = true
    queueMicrotask(() => this.#post())
  }

  #post(isAsking = false): void {
    this.#isPosting = false
    if (this.#gone || (this.#operations.length === 0 && this.#received.length === 0 && !isAsking)) return
    const [operations, received] = [this.#operations, this.#received]
    this.#operations = []
    this.#received = []
    this.#exchange.post<ToHome>(this.#port, { operations, received, isAsking, known: this.#names.news() })
  }

  #read(message: FromHome): Promise<void> | void {
    const parcels = message.replies.map(({ outcome }) => outcome).filter(isParcel)
    return this.#exchange.open(message, parcels, (refused) => {
      for (const reply of message.replies) this.#take(reply, refused)
      if (message.isClosed) this.#end(closed)
    })
  }

  #take({ number, outcome, isHanded }: Reply, refused: unknown): void {
    if (isHanded) {
      this.#received.push(number)
      this.#postSoon()
    }
    const pending = this.#settle(number)
    if (pending === undefined) return
    try {
      if (!isParcel(outcome)) throw errorOf(outcome)
      if (refused !== undefined && hasGraph(outcome)) throw unsendable(refused, pending.operation, 'result')
      pending.resolve(this.#exchange.values(outcome)[0])
    } catch (error) {
      pending.reject(error as Error)
    }
  }

  #end(why: (operation: string) => Error): void {
    if (this.#gone) return
    this.#gone = why
    clearTimeout(this.#timer)
    this.#port.close()
    for (const { operation, reject } of this.#pending.values()) reject(why(operation))
    this.#pending.clear()
    this.#onGone()
  }

  /** Nothing was heard for long: either everything waits for something, or the other thread is blocked. */
  #lookAround(): void {
    this.#timer = undefined
    const isCalm = this.#hasHeard || this.#pending.size === 0
    this.#hasHeard = false
    if (isCalm) this.#state = 'calm'
    else if (this.#state === 'calm') {
      this.#state = 'asking'
      this.#post(true)
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
