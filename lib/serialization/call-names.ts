/** What a worker has received in the call whose task it runs, under the names that its caller has given. */
export interface CallHere {
  /** The thread of the caller. */
  readonly caller: number
  readonly id: number
  readonly received: NamesReceived
}

export interface NamesReceived {
  readonly size: number
  names(): Iterable<number>
  idOf(value: unknown): number | undefined
  known(id: number): unknown
}

/** What a call of this thread has sent. */
export interface NamesSent {
  own(id: number): unknown
  nameOf(value: Function | symbol): number | undefined
}

let here: () => CallHere | undefined = () => undefined
let sent: (call: number) => NamesSent | undefined = () => undefined

/** In a worker: the call whose task it runs. */
export function callHere(): CallHere | undefined {
  return here()
}

/** The worker stands above, and says how it is found. */
export function setCallHere(find: typeof here): void {
  here = find
}

/** What a call of this thread has sent; `undefined` when that is over. */
export function sentInCall(call: number): NamesSent | undefined {
  return sent(call)
}

export function setSentInCall(find: typeof sent): void {
  sent = find
}
