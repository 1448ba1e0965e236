import type { Side } from '../errors'
import type { Captured, Variable } from './functions/capture'
import type { Graph, Kind, Members, Nodes, Slot } from './wire'

/** The encoder, as those see it who encode one kind of value. */
export interface Encoding {
  readonly side: Side
  readonly graph: Graph
  slot(value: unknown): Slot
  symbolOrString(key: string | symbol): Slot
  /** Adds a node, and remembers which value it stands for: before what that holds is encoded, for cycles. */
  node<K extends Kind>(kind: K, payload: Nodes[K], value?: unknown): number
  /** Puts a value beside the graph, and gives its number there. */
  beside(value: unknown): number
  /** The bytes of a buffer as they were when first sent; `undefined` where the buffer itself may travel. */
  snapshot(buffer: ArrayBuffer): Uint8Array | SharedArrayBuffer | undefined
  /** The own properties of an object; `undefined` when there is none. `lenient` leaves out what cannot be sent. */
  members(object: object, skip: (key: string | symbol) => boolean, lenient?: boolean): Members | undefined
  /** All members of a module; what cannot be sent throws when it is read there. */
  moduleMembers(module: object): number
  /** The prototype of an object: that of a class goes with the class. */
  prototypeSlot(prototype: object): Slot
  /** Makes `fn.prototype` known, so that it is not encoded as an object of its own. */
  notePrototype(fn: Function, prototype: object): void
  /** Whether the other end has, or can import, this very class. */
  isReachable(fn: Function): boolean
  /** A captured variable: what its file imports may go by that import. */
  variable(captured: Captured, variable: Variable): Slot
  cell(value: Slot): Slot
  uninitialized(name: string): Slot
  /** For errors: goes to a property, or to a variable of a function, while `body` runs. */
  inProperty<T>(step: string, body: () => T): T
  inVariable<T>(name: string, describe: () => string, body: () => T): T
  /** @throws SerializationError that says where this is */
  fail(what: string, remedy: string): never
}
