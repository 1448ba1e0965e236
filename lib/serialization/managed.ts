/** What stands for an object of a `Manager` has it: where that object lives. Shared with other copies of this library. */
export const MANAGED: unique symbol = Symbol.for('parfor.managed') as never

/** A `Manager` has it: itself it stays where it is. */
export const MANAGER: unique symbol = Symbol.for('parfor.manager') as never

export type ManagedKind = 'list' | 'dict' | 'queue' | 'value' | 'lock'

/** Where an object of a `Manager` lives, and how it is found there. */
export interface ManagedAddress {
  readonly kind: ManagedKind
  /** The process, by a name that no other one has, on any machine. */
  readonly process: string
  readonly thread: number
  /** The number of the manager in that thread, and of the object in that manager. */
  readonly manager: number
  readonly id: number
}

/** The address of what an object stands for; `undefined` when it stands for itself. */
export function addressOf(object: object): ManagedAddress | undefined {
  return (object as { [MANAGED]?: ManagedAddress })[MANAGED]
}

let find: (address: ManagedAddress) => object = () => {
  throw new Error('nothing here can reach an object of a Manager')
}

/** Makes what stands here for the object at an address: the same object each time, for as long as somebody holds it. */
export function managedAt(address: ManagedAddress): object {
  return find(address)
}

/** Managers stand above, on what is here: they say how it is done. */
export function setManagedAt(how: typeof find): void {
  find = how
}
