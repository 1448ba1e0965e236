import { types } from 'node:util'
import { nameOfErrorClass, SerializationError, type Side } from '../errors'
import { type GivenParts, givenParts } from '../task/given'
import { partialParts } from '../task/partial'
import { Asides } from './asides'
import { copyOf, SMALL, takeOver } from './bytes'
import { cannotSend, isParallel } from './cannot-send'
import { encodeObject } from './encode-object'
import type { Encoding, PutAside } from './encoding'
import { type ModuleReference, referenceTo } from './functions/by-reference'
import { type Captured, describe } from './functions/capture'
import { requireBase } from './functions/require-function'
import { isNative, sourceOf } from './functions/source'
import { symbolReference } from './functions/symbol-exports'
import { type IntrinsicPath, intrinsicPath } from './intrinsics'
import { LoneViews, leavesMuchOut } from './lone-views'
import { makerOf, noteMaker } from './makers'
import { addressOf } from './managed'
import { type ModuleNode, ModuleNodes } from './module-nodes'
import type { PlainDataScanner } from './plain-data'
import { nameOf } from './registered'
import { isStandIn } from './stand-in'
import { step, type Trail } from './trail'
import type { Graph, Import, Kind, Members, Node, Nodes, Slot } from './wire'

/** What an encoder asks of the call it encodes for. */
export interface Sending {
  readonly side: Side
  /** Where it goes, in words, when the side does not tell. */
  readonly way?: string | undefined
  readonly trail: Trail
  capture(fn: Function): Captured
  isByValue(module: Import): boolean
  /** Whether the user wants this function, or module, to go by value: the module itself, or its name. */
  isRegistered(value: unknown): boolean
  /** The id under which the receiver sent us this value in this call. */
  idAtReceiver(value: unknown): number | undefined
  symbolId(symbol: symbol): number
  /**
   * The name of a function that is neither built in nor importable, and that is sent apart from this graph;
   * `undefined` when its place is here.
   */
  nameOf(fn: Function): number | undefined
  /** Encodes the text of a function, and what it captures, in this graph. */
  functionByValue(fn: Function, captured: Captured): number
  /** The bytes of a buffer, or of a part, as they were when first sent; `undefined` where it may travel itself. */
  snapshot(buffer: ArrayBuffer, offset?: number, length?: number): Uint8Array | SharedArrayBuffer | undefined
  /** The policy for large arrays; none when all are copied. */
  readonly putAside?: PutAside | undefined
  /** Whether the message takes buffers along, instead of copying them. */
  readonly takesAlong?: boolean
  /** Values whose buffers are given away. */
  readonly givenAway?: ReadonlySet<object> | undefined
}

/** Encodes values into one graph, and keeps their identity in it. */
export class Encoder implements Encoding {
  readonly graph: Graph = { nodes: [], imports: [], beside: [] }
  readonly sending: Sending
  readonly scanner: PlainDataScanner
  readonly #memo = new Map<unknown, number>()
  readonly #modules = new ModuleNodes(this.graph.nodes)
  readonly #loneViews = new LoneViews(this.graph.nodes)
  /** None where all is copied: most encoders are there for one small message. */
  readonly #asides: Asides | undefined
  readonly #givenAway = new Set<unknown>()
  isGivenAway = false

  constructor(sending: Sending, scanner: PlainDataScanner) {
    this.sending = sending
    this.scanner = scanner
    this.#asides = sending.putAside && new Asides(this, this.#loneViews, scanner, sending.putAside)
  }

  get side(): Side {
    return this.sending.side
  }

  snapshot(buffer: ArrayBuffer, offset?: number, length?: number): Uint8Array | SharedArrayBuffer | undefined {
    return this.sending.snapshot(buffer, offset, length)
  }

  owned(buffer: ArrayBuffer, offset = 0, length = buffer.byteLength - offset): number | undefined {
    if (this.isGivenAway && length === buffer.byteLength && !isStandIn(buffer)) {
      this.#givenAway.add(buffer)
      return this.beside(buffer)
    }
    const { resizable } = buffer as { resizable?: boolean }
    if (this.side === 'task' || !this.sending.takesAlong || length <= SMALL || resizable) return undefined
    return this.beside(copyOf(new Uint8Array(buffer, offset, length)))
  }

  /** Takes the buffers that are given away: at the end, since views of them must be looked at before. */
  takeOver(): void {
    if (this.#givenAway.size === 0) return
    const taken = new Map<unknown, ArrayBuffer>()
    const { beside } = this.graph
    for (const [n, value] of beside.entries()) {
      if (!this.#givenAway.has(value)) continue
      const own = taken.get(value) ?? takeOver(value as ArrayBuffer)
      taken.set(value, own)
      beside[n] = own
    }
  }

  putAside(view: NodeJS.ArrayBufferView, isBuffer = false): number | undefined {
    return this.isGivenAway ? undefined : this.#asides?.put(view, isBuffer)
  }

  asideOf(buffer: ArrayBufferLike): number | undefined {
    const index = this.#asides?.whole(buffer)
    if (index !== undefined) this.#memo.set(buffer, index)
    return index
  }

  slot(value: unknown): Slot {
    switch (typeof value) {
      case 'object':
        return value === null ? null : [this.#object(value)]
      case 'function':
        return [this.#function(value)]
      case 'symbol':
        return [this.#symbol(value)]
      default:
        this.scanner.weigh(value)
        return value as Slot
    }
  }

  node<K extends Kind>(kind: K, payload: Nodes[K], value?: unknown): number {
    const index = this.graph.nodes.push([kind, ...payload] as unknown as Node) - 1
    if (kind === 'buffer') this.scanner.weight += (payload as Nodes['buffer'])[0].byteLength
    if (value !== undefined) this.#memo.set(value, index)
    return index
  }

  /** Another value that a node stands for. */
  alias(index: number, value: unknown): void {
    this.#memo.set(value, index)
  }

  /** The node that a value has in this graph. */
  known(value: unknown): number | undefined {
    return this.#memo.get(value)
  }

  beside(value: unknown): number {
    return this.graph.beside.push(value) - 1
  }

  reference({ module, path }: ModuleReference, value?: unknown): number {
    const { imports } = this.graph
    const key = JSON.stringify(module)
    let index = imports.findIndex((other) => JSON.stringify(other) === key)
    if (index < 0) index = imports.push(module) - 1
    const id = typeof value === 'symbol' ? this.sending.symbolId(value) : undefined
    return this.node('imported', id === undefined ? [index, [...path]] : [index, [...path], id], value)
  }

  fail(what: string, remedy: string): never {
    const { trail, side, way = side === 'task' ? 'to a worker' : 'back from a worker' } = this.sending
    const via = trail.via().map((line) => `\n  reached through ${line}`)
    throw new SerializationError(`Cannot send ${trail.describe()} ${way}: ${what}. ${remedy}${via.join('')}`, {
      side,
      path: trail.path,
    })
  }

  inProperty<T>(name: string, body: () => T): T {
    this.sending.trail.enter(name)
    const result = body()
    this.sending.trail.leave()
    return result
  }

  inVariable<T>(name: string, describe: () => string, body: () => T): T {
    this.sending.trail.enterVariable(name, describe)
    const result = body()
    this.sending.trail.leaveVariable()
    return result
  }

  symbolOrString(key: string | symbol): Slot {
    return typeof key === 'symbol' ? [this.#symbol(key)] : key
  }

  importedSymbol(symbol: symbol, recipe: () => ModuleReference | undefined): Slot {
    return [this.#symbol(symbol, recipe)]
  }

  cell(value: Slot): Slot {
    return [this.node('cell', [value])]
  }

  uninitialized(name: string): Slot {
    return [this.node('uninitialized', [name])]
  }

  notePrototype(fn: Function, prototype: object): void {
    if (!this.#memo.has(prototype)) this.node('prototype', [[this.#memo.get(fn) as number]], prototype)
  }

  members(object: object, skip: (key: string | symbol) => boolean, lenient = false): Members | undefined {
    let members: Members | undefined
    for (const key of Reflect.ownKeys(object)) {
      if (skip(key)) continue
      members ??= { keys: [], values: [] }
      this.sending.trail.enter(step(key))
      if (lenient) this.attempt(() => this.#member(object, key, members as Members))
      else this.#member(object, key, members)
      this.sending.trail.leave()
    }
    if (Object.isExtensible(object)) return members
    return { ...(members ?? { keys: [], values: [] }), closed: true }
  }

  #member(object: object, key: string | symbol, members: Members): void {
    const property = Reflect.getOwnPropertyDescriptor(object, key) as PropertyDescriptor
    const attributes = (property.enumerable ? 1 : 0) | (property.writable ? 2 : 0) | (property.configurable ? 4 : 0)
    if (property.get || property.set) {
      members.accessors ??= []
      members.accessors.push([this.symbolOrString(key), attributes, this.slot(property.get), this.slot(property.set)])
      return
    }
    const value = this.slot(property.value)
    if (attributes !== 7) {
      members.attributes ??= {}
      members.attributes[members.keys.length] = attributes
    }
    members.keys.push(this.symbolOrString(key))
    members.values.push(value)
  }

  prototypeSlot(prototype: object): Slot {
    const known = this.#memo.get(prototype)
    if (known !== undefined) return [known]
    const maker = makerOf(prototype)
    if (maker) {
      const fn = this.slot(maker)
      return [this.#memo.get(prototype) ?? this.node('prototype', [fn], prototype)]
    }
    return this.slot(prototype)
  }

  isReachable(fn: Function): boolean {
    if (this.#memo.has(fn) || this.#ownError(fn) || intrinsicPath(fn) || this.sending.idAtReceiver(fn) !== undefined)
      return true
    return this.#reference(this.sending.capture(fn)) !== undefined
  }

  readonly isByValue = (module: Import): boolean => this.sending.isByValue(module) || this.isRegistered(nameOf(module))

  isPlain(object: object): boolean {
    if (this.scanner.scan(object, this.sending.givenAway ? false : undefined) !== 'plain') return false
    for (const buffer of [...this.#loneViews.buffers()])
      if (this.scanner.isWithin(buffer)) this.#loneViews.widen(buffer, this.node('raw', [buffer], buffer))
    return true
  }

  isAlone(view: NodeJS.ArrayBufferView): boolean {
    const { buffer } = view
    return (
      (!this.isGivenAway || isStandIn(buffer)) &&
      leavesMuchOut(view) &&
      this.#memo.get(buffer) === undefined &&
      !this.#loneViews.has(buffer) &&
      !this.scanner.isWithin(buffer)
    )
  }

  wentAlone(buffer: ArrayBufferLike, view: number, part: number, offset: number): void {
    this.scanner.noteInPart(buffer)
    this.#loneViews.add(buffer, { view, part, offset })
    const whole = this.#memo.get(buffer)
    if (whole !== undefined) this.#loneViews.widen(buffer, whole)
  }

  moduleNode(module: object): ModuleNode {
    return this.#modules.of(module)
  }

  /** Runs `body`; if something cannot be sent, goes on as if it had not been tried. */
  attempt(body: () => void): SerializationError | undefined {
    const { nodes, imports, beside } = this.graph
    const lengths = [nodes.length, imports.length, beside.length] as const
    const restore = this.sending.trail.mark()
    const restoreModules = this.#modules.mark()
    const restoreViews = this.#loneViews.mark()
    const restoreAsides = this.#asides?.mark()
    try {
      body()
      return undefined
    } catch (error) {
      if (!(error instanceof SerializationError)) throw error
      restore()
      ;[nodes.length, imports.length, beside.length] = lengths
      for (const [value, index] of this.#memo) if (index >= nodes.length) this.#memo.delete(value)
      restoreModules()
      restoreViews()
      restoreAsides?.()
      return error
    }
  }

  /** A symbol is an identity, and no data: one that a module exports goes as that module's own. */
  #symbol(symbol: symbol, recipe: () => ModuleReference | undefined = () => undefined): number {
    const known = this.#memo.get(symbol)
    if (known !== undefined) return known
    const key = Symbol.keyFor(symbol)
    if (key !== undefined) return this.node('symbolFor', [key], symbol)
    const path = intrinsicPath(symbol)
    if (path) return this.node('intrinsic', [path], symbol)
    const theirs = this.sending.idAtReceiver(symbol)
    if (theirs !== undefined) return this.node('yours', [theirs], symbol)
    // The caller may have another instance of the module than workers.
    const reference =
      this.side === 'result' || this.isRegistered(symbol)
        ? undefined
        : (recipe() ?? symbolReference(symbol, this.isByValue))
    if (reference) return this.reference(reference, symbol)
    return this.node('symbol', [symbol.description, this.sending.symbolId(symbol)], symbol)
  }

  #function(fn: Function): number {
    const known = this.#memo.get(fn)
    if (known !== undefined) {
      const node = this.graph.nodes[known] as Node
      if (node[0] === 'function') node[1].cyclic ||= this.#isOpen(known)
      return known
    }
    const theirs = this.sending.idAtReceiver(fn)
    if (theirs !== undefined) return this.node('yours', [theirs], fn)
    const partial = partialParts(fn)
    const given = givenParts(fn)
    const path = partial || given ? undefined : (this.#ownError(fn) ?? this.#intrinsicPath(fn))
    if (path) return this.node('intrinsic', [path], fn)
    if (types.isProxy(fn)) this.fail('a Proxy cannot be copied', 'Send its target instead.')
    noteMaker(fn)
    if (isParallel(fn))
      this.fail(
        'it is a Parallel, whose workers belong to this process',
        'Make one inside the task: Parallel(options).',
      )
    const captured = partial || given ? undefined : this.sending.capture(fn)
    const reference = captured && this.#reference(captured)
    if (reference) return this.reference(reference, fn)
    const id = this.sending.nameOf(fn)
    if (id !== undefined) return this.node('known', [id], fn)
    if (partial) return this.#partial(fn, partial)
    if (given) return this.#given(fn, given)
    return this.#byValue(fn, captured as Captured)
  }

  /** A class of this library's errors, on its way home. To a worker it goes by import: to the copy that tasks import. */
  #ownError(fn: Function): IntrinsicPath | undefined {
    const name = this.side === 'result' ? nameOfErrorClass(fn) : undefined
    return name === undefined ? undefined : ['parfor', name]
  }

  /** The first look into the table fills it with all of Node's modules, which nobody needs for a function of the user's. */
  #intrinsicPath(fn: Function): IntrinsicPath | undefined {
    if (!isNative(fn)) {
      const { script } = this.sending.capture(fn)
      if (script && !script.url.startsWith('node:')) return undefined
    }
    return intrinsicPath(fn)
  }

  #reference(captured: Captured): ModuleReference | undefined {
    return this.isRegistered(captured.fn) ? undefined : referenceTo(captured, this.isByValue)
  }

  readonly isRegistered = (value: unknown): boolean => this.sending.isRegistered(value)

  /** Variables that are given make a function go by value; `this` alone only binds one that is no arrow. */
  #given(fn: Function, given: GivenParts): number {
    const captured: Captured = { ...this.sending.capture(given.fn), given }
    const isArrow = !captured.isNative && sourceOf(given.fn)?.kind === 'arrow'
    if (isArrow || !('this' in given)) return this.#byValue(fn, captured)
    const payload: Nodes['bound'] = [null, undefined, []]
    const index = this.node('bound', payload, fn)
    const node = this.graph.nodes[index] as ['bound', ...Nodes['bound']]
    node[1] = given.captures ? [this.#byValue(given.fn, captured)] : this.slot(given.fn)
    node[2] = this.inVariable(
      'this',
      () => describe(captured),
      () => this.slot(given.this),
    )
    return index
  }

  #byValue(fn: Function, captured: Captured): number {
    if (captured.details.bound) return this.#bound(fn, captured.details.bound)
    if (captured.isNative)
      this.fail(
        `it is a native function${fn.name === '' ? '' : ` (${fn.name})`} that no worker has`,
        'Wrap it in a function that makes or finds it inside the task.',
      )
    const base = requireBase(captured)
    if (base !== undefined) return this.node('requireFunction', [base], fn)
    return this.sending.functionByValue(fn, captured)
  }

  readonly #open = new Set<number>()
  #isOpen(node: number): boolean {
    return this.#open.has(node)
  }

  /** While `body` runs, a function that leads back to this node is in a cycle. */
  whileOpen(node: number, body: () => void): void {
    this.#open.add(node)
    try {
      body()
    } finally {
      this.#open.delete(node)
    }
  }

  #bound(fn: Function, { target, this: self, args }: { target: Function; this: unknown; args: readonly unknown[] }) {
    const payload: Nodes['bound'] = [null, undefined, []]
    const index = this.node('bound', payload, fn)
    const node = this.graph.nodes[index] as ['bound', ...Nodes['bound']]
    node[1] = this.inProperty('.[[BoundTargetFunction]]', () => this.slot(target))
    node[2] = this.inProperty('.[[BoundThis]]', () => this.slot(self))
    node[3] = args.map((arg, n) => this.inProperty(`.[[BoundArguments]][${n}]`, () => this.slot(arg)))
    return index
  }

  #partial(fn: Function, parts: NonNullable<ReturnType<typeof partialParts>>): number {
    const index = this.node('partial', [null, [], null], fn)
    const node = this.graph.nodes[index] as ['partial', ...Nodes['partial']]
    node[1] = this.inProperty('.func', () => this.slot(parts.fn))
    node[2] = parts.args.map((arg, n) => this.inProperty(`.args[${n}]`, () => this.slot(arg)))
    node[3] = this.inProperty('.kwargs', () => this.slot(parts.kwargs))
    return index
  }

  #object(object: object): number {
    const known = this.#memo.get(object)
    if (known !== undefined) return known
    if (this.isGivenAway || !this.sending.givenAway?.has(object)) return this.#newObject(object)
    this.isGivenAway = true
    try {
      return this.#newObject(object)
    } finally {
      this.isGivenAway = false
    }
  }

  #newObject(object: object): number {
    const path = intrinsicPath(object)
    if (path) return this.node('intrinsic', [path], object)
    const theirs = this.sending.idAtReceiver(object)
    if (theirs !== undefined) return this.node('yours', [theirs], object)
    if (this.isPlain(object)) return this.node('raw', [object], object)
    const address = types.isProxy(object) ? undefined : addressOf(object)
    // Not noted: it is no copy, and tasks share what it stands for.
    if (address) return this.node('managed', [address], object)
    this.scanner.note(object)
    const refusal = cannotSend(object, (maker) => isOfNode(this.sending.capture(maker)))
    // An error always arrives when it is on its way home: as an `Error`, when it can be no more.
    if (refusal && !(this.side === 'result' && types.isNativeError(object)))
      this.fail(refusal.what, this.side === 'result' ? refusal.remedyForResult : refusal.remedy)
    const index = encodeObject(object, this)
    if (types.isAnyArrayBuffer(object)) this.#loneViews.widen(object, index)
    return index
  }
}

/** Whether Node itself is where a function was written: `FileHandle` of node:fs, which nothing exports. */
const isOfNode = ({ script }: Captured): boolean => script?.url.startsWith('node:') === true
