import type { ManagedAddress, ManagedKind } from '../serialization/managed'
import { ManagedDict } from './dict'
import { ManagedList } from './list'
import { ManagedLock } from './lock'
import type { Operator } from './managed'
import { ManagedQueue } from './queue'
import { ManagedValue } from './value'

type StandIn = new (address: ManagedAddress, operator: Operator) => object

const classes: { [K in ManagedKind]: StandIn } = {
  list: ManagedList,
  dict: ManagedDict,
  queue: ManagedQueue,
  value: ManagedValue,
  lock: ManagedLock,
}

/** Makes what stands for the object at an address. */
export function standIn(address: ManagedAddress, operator: Operator): object {
  return new classes[address.kind](address, operator)
}
