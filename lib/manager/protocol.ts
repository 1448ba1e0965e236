import type { MessagePort } from 'node:worker_threads'
import type { Parcel, Unit } from '../serialization/wire'
import type { KnownInCall } from './names'
import type { Refusal } from './refusals'

/** The first word between two threads, by `postMessageToThread`: all else goes over the port. */
export interface Hello {
  /** Tells it from what others send to a thread. */
  readonly parfor: 'manager'
  readonly manager: number
  readonly port: MessagePort
}

/** What values of a message need. */
export interface Carried {
  /** Functions by value that the receiver has to have first. */
  readonly units: readonly Unit[]
  /** Names of functions that will not be used again. */
  readonly forget: readonly number[]
}

export interface Operation {
  /** The number of the operation, on this port. */
  readonly number: number
  readonly object: number
  readonly method: string
  readonly args: Parcel
}

/** What another thread sends to where a manager lives. */
export interface ToHome extends Carried {
  /** To be begun in this order. */
  readonly operations: readonly Operation[]
  /** Numbers of those whose result has come, where somebody waits to know that. */
  readonly received: readonly number[]
  /** Wants a word, so that it knows that somebody is there. */
  readonly isAsking: boolean
  /** Nobody there has anything of the manager, until the next hello. */
  readonly isLeaving: boolean
  readonly known: KnownInCall | undefined
}

/** What it sends back. */
export interface FromHome extends Carried {
  readonly replies: readonly Reply[]
  /** The manager is closed: this is the last message. */
  readonly isClosed?: boolean
}

export interface Reply {
  readonly number: number
  readonly outcome: Parcel | Refusal
  /** Whether home waits to hear that this has come. */
  readonly isHanded?: boolean
}

export function isParcel(outcome: Parcel | Refusal): outcome is Parcel {
  return !('name' in outcome)
}

export function isHello(message: unknown): message is Hello {
  return typeof message === 'object' && message !== null && (message as Partial<Hello>).parfor === 'manager'
}
