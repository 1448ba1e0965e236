import type { EventEmitter } from 'node:events'
import { hostname } from 'node:os'
import { runInThisContext } from 'node:vm'
import { type MessagePort, threadId } from 'node:worker_threads'
import type { ManagedAddress, ManagedKind } from '../serialization/managed'
import { isHello } from './protocol'

/** A manager that lives in this thread. */
export interface HomeHere {
  standIn(id: number): object
  connect(port: MessagePort): void
}

/** What stands here for the objects of a manager that lives in another thread. */
export interface Elsewhere {
  standIn(address: ManagedAddress): object
}

/**
 * The managers that this thread knows. Of the thread, and not of this module: a worker has a copy of this library of its
 * own, beside the one that tasks import, and what stands for one object is to be one object. Nor of a realm: each Jest spec
 * has its own, and all of one process hear what is said to their thread.
 */
interface OfThread {
  /** A manager that nobody holds, here or elsewhere, can go. */
  readonly homes: Map<number, WeakRef<HomeHere>>
  readonly elsewhere: Map<string, Elsewhere>
  lastNumber: number
}

const key = Symbol.for('parfor.managers')

/** Node's own: what a Jest spec has under these names is its own, and its process hears nothing. */
const realGlobal = runInThisContext('globalThis') as { readonly process: EventEmitter }
const realProcess = realGlobal.process

export function managersOfThread(): OfThread {
  const place = realGlobal as { [key]?: OfThread }
  if (place[key] === undefined)
    Object.defineProperty(place, key, {
      value: { homes: new Map(), elsewhere: new Map(), lastNumber: 0 } satisfies OfThread,
      configurable: true,
    })
  return place[key] as unknown as OfThread
}

/** Of all machines: a container has its own name, and its own process 1. */
const thisProcess = `${process.pid}@${hostname()}`

export function addressHere(kind: ManagedKind, manager: number, id: number): ManagedAddress {
  return { kind, process: thisProcess, thread: threadId, manager, id }
}

export function isInThisProcess({ process }: ManagedAddress): boolean {
  return process === thisProcess
}

function hear(message: unknown): void {
  if (!isHello(message)) return
  const home = homeHere(message.manager)
  // Its end says that nobody is here.
  if (home) home.connect(message.port)
  else message.port.close()
}

/** A manager of this thread by its number; `undefined` when it is closed. */
export function homeHere(number: number): HomeHere | undefined {
  return managersOfThread().homes.get(number)?.deref()
}

/** @returns its number in this thread */
export function addHome(home: HomeHere): number {
  const managers = managersOfThread()
  const { homes } = managers
  if (homes.size === 0) realProcess.on('workerMessage', hear)
  managers.lastNumber += 1
  const number = managers.lastNumber
  homes.set(number, new WeakRef(home))
  collected.register(home, { homes, number })
  return number
}

export function removeHome(number: number): void {
  remove(managersOfThread().homes, number)
}

function remove(homes: OfThread['homes'], number: number): void {
  if (homes.delete(number) && homes.size === 0) realProcess.off('workerMessage', hear)
}

/** By what they are in: when it comes to that, a test runner may have taken away what was global. */
const collected = new FinalizationRegistry<{ readonly homes: OfThread['homes']; readonly number: number }>(
  ({ homes, number }) => remove(homes, number),
)
