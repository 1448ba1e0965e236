import type { IntrinsicPath } from './intrinsics'
import type { ManagedAddress } from './managed'

/** A value inside a graph: a primitive stands for itself, `[n]` for node n. Symbols are nodes. */
export type Slot = string | number | bigint | boolean | null | undefined | readonly [node: number]

/** Own properties of an object: names in order, values beside them; what is not an ordinary property apart. */
export interface Members {
  keys: Slot[]
  values: Slot[]
  /** Attributes of the n-th property where they are not all true: 1 enumerable, 2 writable, 4 configurable. */
  attributes?: Record<number, number>
  accessors?: [key: Slot, attributes: number, get: Slot, set: Slot][]
  /** Frozen, sealed, or closed to new properties. */
  closed?: true
  /** Absent: the prototype that objects of this kind usually have. */
  proto?: Slot
}

/** A function by value: source text and captured variables. */
export interface FunctionNode {
  /** The function's name for as long as the call lasts, at both ends. */
  id: number
  code: Code
  /** Values of `code.params`, in order. */
  captured: Slot[]
  /** How many of `captured`, from the first, are needed when the code is evaluated (a class's superclass). */
  eager: number
  /** Whether the function is reachable from what it captures. */
  cyclic: boolean
  /** The `this` that an arrow inherits. */
  self?: Slot
  /** `arguments` of the enclosing function, when an arrow uses them. */
  args?: Slot[]
  name: string | undefined
  /** Own properties that the source text does not make; then those of `prototype`. */
  own?: Members
  prototype?: Members
  /** `prototype` itself, where it is another function's, or an object that goes as such. */
  prototypeObject?: Slot
  /** Properties that the text makes and that were deleted since. */
  deleted?: { own: Slot[]; prototype: Slot[] }
  /** Prototypes that are not the usual ones: of the function itself, of its `prototype` object. */
  proto?: Slot
  prototypeProto?: Slot
}

/** Text that evaluates to a function when its captured variables are its parameters. */
export interface Code {
  /** Starts every name that we add; occurs nowhere in the source. */
  prefix: string
  params: string[]
  strict: boolean
  /** `head + body + tail` is the expression; `body` is the user's text, and starts at line and column of `file`. */
  head: string
  body: string
  tail: string
  /** File name in stack traces. */
  file: string
  line: number
  column: number
  /** What `import()` and `import.meta` inside are relative to; empty when unknown. */
  url: string
}

/** Every kind of node, with what it carries. encode.ts and decode.ts each have a table over all of them. */
export interface Nodes {
  /** Data that structured clone reproduces faithfully. */
  raw: [value: unknown]
  /** The n-th of the values that travel beside the graph: only structured clone knows how to send them. */
  beside: [index: number]
  /** A built-in, by name. */
  intrinsic: [path: IntrinsicPath]
  /**
   * What a module exports: the n-th of the graph's imports, then properties. A symbol has a name too: it is known by
   * that when it comes back.
   */
  imported: [index: number, path: string[], id?: number]
  /** A function, class or symbol that the sender sent before in this call, or that came from the receiver. */
  known: [id: number]
  yours: [id: number]
  symbol: [description: string | undefined, id: number]
  symbolFor: [key: string]
  function: [node: FunctionNode]
  bound: [target: Slot, self: Slot, args: Slot[]]
  partial: [fn: Slot, args: Slot[], kwargs: Slot]
  /** The `prototype` of a function. */
  prototype: [fn: Slot]
  object: [members: Members]
  array: [length: number, members: Members]
  arguments: [length: number, members: Members]
  map: [entries: Slot[], members: Members]
  set: [values: Slot[], members: Members]
  date: [time: number, members: Members]
  regexp: [source: string, flags: string, members: Members]
  error: [className: string, stack: string | undefined, members: Members]
  domException: [message: string, name: string, stack: string | undefined, members: Members]
  boxed: [primitive: Slot, members: Members]
  /**
   * An `ArrayBuffer`: its bytes; or the n-th value beside, a snapshot in shared memory that the receiver copies. One
   * that can grow has a `maxByteLength`.
   */
  buffer: [bytes: Uint8Array, maxByteLength: number | undefined, members: Members]
  snapshot: [index: number, maxByteLength: number | undefined, members: Members]
  /** The n-th value beside: shared memory in place of a buffer. The views of it are not copied. */
  aside: [index: number]
  /** The n-th value beside: an `ArrayBuffer` that was made for this message, or given away. It is not copied again. */
  owned: [index: number, members: Members]
  /** Another buffer, with a part of a snapshot. */
  part: [index: number, offset: number, length: number]
  /** Without a length it grows with its buffer. */
  view: [type: string, buffer: Slot, offset: number, length: number | undefined, members: Members]
  /** Node's `Buffer`, which seldom owns the memory it is in. */
  nodeBuffer: [buffer: Slot, offset: number, length: number]
  /** Made by `new` of a built-in class. */
  construct: [path: IntrinsicPath, args: unknown[]]
  /** Of a class with `Symbol.for('parfor.serialize')`: what that gave. */
  hook: [constructor: Slot, data: Slot]
  /** What stands for an object of a `Manager`, which stays where it lives. */
  managed: [address: ManagedAddress]
  /**
   * Members of a module that a function uses; `missing` are those that cannot be sent, with the reason. `rest` is the
   * module as imported there, which has the others: for members that use them by `this`.
   */
  module: [keys: string[], values: Slot[], missing: [key: string, why: string][], rest: Slot]
  /** `require`, as it is in that file. */
  requireFunction: [file: string]
  /** `import()` and `import.meta` where Vite makes variables of them; it adds an `env`. */
  viteImport: [url: string]
  viteMeta: [url: string, env: Slot]
  /** A variable that was not initialized yet. */
  uninitialized: [name: string]
  /** A variable that several functions share and one of them writes. */
  cell: [value: Slot]
  /** Istanbul's counters: what runs in a worker is not counted. */
  coverageCounter: []
}

export type Kind = keyof Nodes
export type Node = { [K in Kind]: [kind: K, ...payload: Nodes[K]] }[Kind]

/** Values as nodes, and what must be there before they can be decoded. */
export interface Graph {
  readonly nodes: Node[]
  /** Modules to import first. */
  readonly imports: Import[]
  /** Values that only structured clone knows how to send. */
  readonly beside: unknown[]
}

/** A module: by `import(specifier)` as if written in the file `from`, or by `require(file)`. */
export type Import = { readonly import: string; readonly from: string } | { readonly require: string }

/** A function that is sent with all that it captures: encoded once per call, sent once to each worker. */
export interface Unit {
  readonly id: number
  /** `UnitContents`, serialized when the snapshot was taken. */
  readonly bytes: Uint8Array
  readonly imports: readonly Import[]
  readonly beside: readonly unknown[]
}

export interface UnitContents {
  readonly nodes: Node[]
  /** The function that the unit is made for, and its name for as long as the call lasts. */
  readonly root: Slot
  readonly rootId: number
}

/**
 * What one task is called with, or gives. Each is decoded on its own, so that tasks which travel together share
 * nothing: values as they are where structured clone is faithful, else a graph; nodes are serialized where the
 * message holds one of their objects already.
 */
export type Parcel =
  | { readonly values: readonly unknown[] }
  | { readonly slots: readonly Slot[]; readonly graph: Graph }
  | { readonly packed: Uint8Array; readonly graph: Omit<Graph, 'nodes'> }

/** Buffers that a message takes along instead of copying them: those of the `owned` nodes, of all parcels. */
export type Transfers = readonly ArrayBuffer[]

/** What `Parcel.packed` holds. */
export interface PackedContents {
  readonly slots: readonly Slot[]
  readonly nodes: Node[]
}
