import type { SerializationError, Side } from '../errors'
import type { IsByValue, ModuleReference } from './functions/by-reference'
import type { ModuleNode } from './module-nodes'
import type { Graph, Kind, Members, Nodes, Slot } from './wire'

/** Puts large arrays into memory that is shared with whoever receives them. */
export interface PutAside {
  /** An array with more bytes than that is large. */
  readonly above: number
  /** How many bytes it has copied, each counted once. */
  readonly bytesRead: number
  /** The memory that stands for a buffer, with these bytes of it as they were when first sent; `undefined` when there is none. */
  share(buffer: ArrayBuffer, offset: number, length: number): SharedArrayBuffer | undefined
}

/** The encoder, as those see it who encode one kind of value. */
export interface Encoding {
  readonly side: Side
  readonly graph: Graph
  slot(value: unknown): Slot
  symbolOrString(key: string | symbol): Slot
  /** A symbol, with how the file that uses it imports it. */
  importedSymbol(symbol: symbol, recipe: () => ModuleReference | undefined): Slot
  /** Adds a node, and remembers which value it stands for: before what that holds is encoded, for cycles. */
  node<K extends Kind>(kind: K, payload: Nodes[K], value?: unknown): number
  /** Puts a value beside the graph, and gives its number there. */
  beside(value: unknown): number
  /** The bytes of a buffer, or of a part, as they were when first sent; `undefined` where it may travel itself. */
  snapshot(buffer: ArrayBuffer, offset?: number, length?: number): Uint8Array | SharedArrayBuffer | undefined
  /**
   * The place, beside the graph, of the buffer that the receiver gets as its own: a copy of a large part of a result,
   * so that it is copied once and not twice; or the very memory, when the whole buffer is given away.
   */
  owned(buffer: ArrayBuffer, offset?: number, length?: number): number | undefined
  /**
   * The node of the shared memory that stands for the buffer of a large array; also for that of a small one, where a large
   * one in this graph has it. `undefined` for all others.
   */
  putAside(view: NodeJS.ArrayBufferView, isBuffer?: boolean): number | undefined
  /** The node that stands for a buffer, all of it, when a view in this graph was put aside. */
  asideOf(buffer: ArrayBufferLike): number | undefined
  /** Whether what is encoded now is given away. */
  readonly isGivenAway: boolean
  /** Whether a view can go without the rest of its buffer, as far as is known now. */
  isAlone(view: NodeJS.ArrayBufferView): boolean
  /** Remembers that it went so, for when the buffer turns up elsewhere. */
  wentAlone(buffer: ArrayBufferLike, view: number, part: number, offset: number): void
  /** The own properties of an object; `undefined` when there is none. `lenient` leaves out what cannot be sent. */
  members(object: object, skip: (key: string | symbol) => boolean, lenient?: boolean): Members | undefined
  /** The prototype of an object: that of a class goes with the class. */
  prototypeSlot(prototype: object): Slot
  /** Makes `fn.prototype` known, so that it is not encoded as an object of its own. */
  notePrototype(fn: Function, prototype: object): void
  /** Whether the user wants this function, or module, to go by value. */
  isRegistered(value: unknown): boolean
  /** Whether the other end has, or can import, this very class. */
  isReachable(fn: Function): boolean
  /** Tells modules that are to go by value, though they could be imported. */
  readonly isByValue: IsByValue
  /** What a worker can import; with `value`, what it stands for. */
  reference(reference: ModuleReference, value?: unknown): number
  /** The node that a value has in this graph. */
  known(value: unknown): number | undefined
  /** Whether structured clone reproduces an object, with all that it holds. */
  isPlain(object: object): boolean
  /** The node of a module that functions of this graph use by its members. */
  moduleNode(module: object): ModuleNode
  /** Runs `body`; if something cannot be sent, goes on as if it had not been tried, and says why. */
  attempt(body: () => void): SerializationError | undefined
  cell(value: Slot): Slot
  uninitialized(name: string): Slot
  /** For errors: goes to a property, or to a variable of a function, while `body` runs. */
  inProperty<T>(step: string, body: () => T): T
  inVariable<T>(name: string, describe: () => string, body: () => T): T
  /** @throws SerializationError that says where this is */
  fail(what: string, remedy: string): never
}
