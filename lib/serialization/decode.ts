import { createRequire } from 'node:module'
import { makePartial } from '../task/partial'
import { exportOf, importFromVite, importMetaOf } from './functions/importing'
import { type Bind, revive, reviveLate, uninitialized } from './functions/revive'
import { DESERIALIZE } from './hooks'
import { resolveIntrinsic } from './intrinsics'
import { noteMaker } from './makers'
import { managedAt } from './managed'
import { atHome } from './realm'
import { noteStandIn } from './stand-in'
import type { FunctionNode, Import, Kind, Members, Node, Nodes, Slot } from './wire'

/** A graph that has arrived. */
export interface Arrived {
  readonly nodes: readonly Node[]
  readonly imports: readonly Import[]
  readonly beside: readonly unknown[]
}

/** What a decoder asks of the call it decodes for. */
export interface Receiving {
  /** A function, class or symbol that the other end named. */
  known(id: number): unknown
  has(id: number): boolean
  register(id: number, value: unknown): void
  /** One that this end named. */
  own(id: number): unknown
}

const PENDING = Symbol('pending')

/** Makes values from one graph. */
export class Decoder {
  readonly #graph: Arrived
  readonly #modules: readonly unknown[]
  readonly #receiving: Receiving
  readonly #values: unknown[]
  readonly #waiting = new Map<number, ((value: unknown) => void)[]>()
  readonly #building = new Set<number>()
  /** What was brought to this realm already, so that identity is kept. */
  readonly #home = new Map<object, object>()

  constructor(graph: Arrived, modules: readonly unknown[], receiving: Receiving) {
    this.#graph = graph
    this.#modules = modules
    this.#receiving = receiving
    this.#values = new Array(graph.nodes.length).fill(PENDING)
  }

  decode(slot: Slot): unknown {
    return this.now(slot)
  }

  now(slot: Slot): unknown {
    let result: unknown = PENDING
    this.whenMade(slot, (value) => {
      result = value
    })
    if (result === PENDING) throw new TypeError('a value contains itself where it has to exist before it is made')
    return result
  }

  /** Gives the value now, or as soon as the cycle that it is part of has made it. */
  whenMade(slot: Slot, use: (value: unknown) => void): boolean {
    if (!Array.isArray(slot)) {
      use(slot)
      return true
    }
    const index: number = slot[0]
    if (this.#values[index] === PENDING && !this.#building.has(index)) {
      this.#building.add(index)
      this.#build(index)
      this.#building.delete(index)
    }
    if (this.#values[index] !== PENDING) {
      use(this.#values[index])
      return true
    }
    const waiting = this.#waiting.get(index)
    if (waiting) waiting.push(use)
    else this.#waiting.set(index, [use])
    return false
  }

  #build(index: number): void {
    const [kind, ...payload] = this.#graph.nodes[index] as [Kind, ...unknown[]]
    const decode = decoders[kind] as (at: Place, ...payload: unknown[]) => void
    decode(
      { decoder: this, made: (value) => this.#made(index, value), isMade: () => this.#values[index] !== PENDING },
      ...payload,
    )
  }

  #made(index: number, value: unknown): void {
    this.#values[index] = value
    const waiting = this.#waiting.get(index)
    this.#waiting.delete(index)
    for (const use of waiting ?? []) use(value)
  }

  get receiving(): Receiving {
    return this.#receiving
  }

  home(value: unknown): unknown {
    return atHome(value, this.#home)
  }

  exported(index: number, path: readonly string[]): unknown {
    const module = this.#graph.imports[index]
    return module && exportOf(module, this.#modules[index], path)
  }

  beside(index: number): unknown {
    return this.#graph.beside[index]
  }

  /** Gives an object its own properties and prototype. */
  members(object: object, { keys, values, attributes, accessors, proto, closed }: Members): void {
    let missing = 1
    const done = () => {
      missing -= 1
      if (missing === 0 && closed) Object.preventExtensions(object)
    }
    const whenMade = (slot: Slot, use: (value: unknown) => void) => {
      missing += 1
      this.whenMade(slot, (value) => {
        use(value)
        done()
      })
    }
    if (proto !== undefined) whenMade(proto, (prototype) => Object.setPrototypeOf(object, prototype as object | null))
    for (const [n, slot] of keys.entries()) {
      const key = this.now(slot) as string | symbol
      whenMade(values[n] as Slot, (value) => define(object, key, value, attributes?.[n]))
    }
    for (const [slot, bits, get, set] of accessors ?? [])
      Object.defineProperty(object, this.now(slot) as string | symbol, {
        get: this.now(get) as () => unknown,
        set: this.now(set) as (value: unknown) => void,
        enumerable: (bits & 1) !== 0,
        configurable: (bits & 4) !== 0,
      })
    done()
  }
}

/** Always defined, never assigned: a setter of the prototype must not run, and `__proto__` is a name like others. */
function define(object: object, key: string | symbol, value: unknown, bits = 7): void {
  Object.defineProperty(object, key, {
    value,
    enumerable: (bits & 1) !== 0,
    writable: (bits & 2) !== 0,
    configurable: (bits & 4) !== 0,
  })
}

/** The node that is being decoded. */
interface Place {
  readonly decoder: Decoder
  made(value: unknown): void
  isMade(): boolean
}

const decoders: { [K in Kind]: (at: Place, ...payload: Nodes[K]) => void } = {
  raw: (at, value) => at.made(at.decoder.home(value)),
  beside: (at, index) => at.made(at.decoder.home(at.decoder.beside(index))),
  intrinsic: (at, path) => at.made(resolveIntrinsic(path)),
  imported: (at, index, path, id) => {
    const value = at.decoder.exported(index, path)
    // Also where it was sent as one of nobody's before: from here on it is the module's.
    if (id !== undefined) at.decoder.receiving.register(id, value)
    if (typeof value === 'function') noteMaker(value)
    at.made(value)
  },
  known: (at, id) => at.made(at.decoder.receiving.known(id)),
  yours: (at, id) => {
    const own = at.decoder.receiving.own(id)
    if (own === undefined)
      throw new Error('it holds a function that nobody kept here: keep it in a variable until the call has ended')
    at.made(own)
  },
  symbol: (at, description, id) => {
    const { receiving } = at.decoder
    if (!receiving.has(id)) receiving.register(id, Symbol(description))
    at.made(receiving.known(id))
  },
  symbolFor: (at, key) => at.made(Symbol.for(key)),
  function: (at, node) => decodeFunction(at, node),
  bound: ({ decoder, made }, target, self, args) => {
    const fn = decoder.now(target) as Function
    made(Reflect.apply(Function.prototype.bind, fn, [decoder.now(self), ...args.map((arg) => decoder.now(arg))]))
  },
  partial: ({ decoder, made }, fn, args, kwargs) =>
    made(
      makePartial({
        fn: decoder.now(fn) as never,
        args: args.map((arg) => decoder.now(arg)),
        kwargs: decoder.now(kwargs) as Record<string, unknown>,
      }),
    ),
  prototype: ({ decoder, made }, fn) => {
    decoder.whenMade(fn, (made_) => made((made_ as Function).prototype))
  },
  object: (at, members) => container(at, {}, members),
  array: (at, length, members) => container(at, new Array(length), members),
  arguments: (at, length, members) => container(at, argumentsOf(length), members),
  map: (at, entries, members) => {
    const map = new Map<unknown, unknown>()
    container(at, map, members)
    for (let n = 0; n < entries.length; n += 2) {
      const key = at.decoder.now(entries[n])
      Map.prototype.set.call(map, key, undefined) // its place in the order
      at.decoder.whenMade(entries[n + 1], (value) => Map.prototype.set.call(map, key, value))
    }
  },
  set: (at, values, members) => {
    const set = new Set<unknown>()
    container(at, set, members)
    for (const value of values) Set.prototype.add.call(set, at.decoder.now(value))
  },
  date: (at, time, members) => container(at, new Date(time), members),
  regexp: (at, source, flags, members) => container(at, new RegExp(source, flags), members),
  error: (at, className, stack, members) => {
    const error = newError(className)
    define(error, 'stack', stack, 6)
    container(at, error, members)
  },
  domException: (at, message, name, stack, members) => {
    const error = new DOMException(message, name)
    define(error, 'stack', stack, 6)
    container(at, error, members)
  },
  boxed: (at, primitive, members) => container(at, Object(at.decoder.now(primitive)), members),
  buffer: (at, bytes, maxByteLength, members) => container(at, bufferOf(bytes, maxByteLength), members),
  snapshot: (at, index, maxByteLength, members) => {
    const bytes = new Uint8Array(at.decoder.beside(index) as SharedArrayBuffer)
    container(at, bufferOf(bytes, maxByteLength), members)
  },
  aside: (at, index) => at.made(noteStandIn(at.decoder.home(at.decoder.beside(index)))),
  owned: (at, index, members) => container(at, at.decoder.home(at.decoder.beside(index)) as ArrayBuffer, members),
  part: (at, index, offset, length) =>
    at.made(bufferOf(new Uint8Array(at.decoder.beside(index) as SharedArrayBuffer, offset, length), undefined)),
  view: (at, type, buffer, offset, length, members) => {
    const View = (globalThis as unknown as Record<string, new (...args: unknown[]) => object>)[type]
    if (!View) throw new TypeError(`this Node has no ${type}`)
    container(at, new View(at.decoder.now(buffer), offset, length), members)
  },
  nodeBuffer: (at, buffer, offset, length) =>
    at.made(Buffer.from(at.decoder.now(buffer) as ArrayBuffer, offset, length)),
  construct: (at, path, args) => at.made(Reflect.construct(resolveIntrinsic(path) as Function, args)),
  hook: ({ decoder, made }, classSlot, slot) => {
    const maker = decoder.now(classSlot) as Record<symbol, ((data: unknown) => unknown) | undefined>
    const deserialize = maker[DESERIALIZE]
    if (typeof deserialize !== 'function')
      throw new TypeError(
        `class ${(maker as unknown as Function).name} has no static [Symbol.for('parfor.deserialize')]`,
      )
    decoder.whenMade(slot, (data) => made(deserialize.call(maker, data)))
  },
  managed: (at, address) => at.made(managedAt(address)),
  module: ({ decoder, made }, keys, values, missing, rest) => {
    const module: object = rest === undefined ? {} : Object.create(decoder.now(rest) as object)
    made(module)
    for (const [n, key] of keys.entries()) decoder.whenMade(values[n], (value) => define(module, key, value))
    for (const [key, why] of missing)
      Object.defineProperty(module, key, {
        enumerable: true,
        configurable: true,
        get() {
          throw new Error(why)
        },
      })
  },
  requireFunction: (at, file) => at.made(createRequire(file)),
  viteImport: (at, url) => at.made(importFromVite(url)),
  viteMeta: (at, url, env) => {
    const meta = importMetaOf(url)
    at.made(env === undefined ? meta : { __proto__: null, ...meta, env: at.decoder.now(env) })
  },
  uninitialized: (at, name) => at.made(uninitialized(name)),
  cell: ({ decoder, made }, slot) => {
    const cell: { value: unknown } = { value: undefined }
    made(cell)
    decoder.whenMade(slot, (value) => {
      cell.value = value
    })
  },
  coverageCounter: (at) => at.made(countNothing),
}

function container(at: Place, object: object, members: Members): void {
  at.made(object)
  at.decoder.members(object, members)
}

function argumentsOf(length: number): IArguments {
  return (function (..._: unknown[]) {
    // biome-ignore lint/complexity/noArguments: an arguments object is what is wanted
    return arguments
  })(...new Array(length))
}

/** A copy, which can grow when the original could. By `set`: `slice` is slow on shared memory. */
function bufferOf(bytes: Uint8Array, maxByteLength: number | undefined): ArrayBuffer {
  const buffer = new (ArrayBuffer as ArrayBufferConstructor2023)(
    bytes.length,
    maxByteLength === undefined ? undefined : { maxByteLength },
  )
  new Uint8Array(buffer).set(bytes)
  return buffer
}

type ArrayBufferConstructor2023 = new (length: number, options?: { maxByteLength: number }) => ArrayBuffer

/** An error by class name, without the cost of a stack of its own. */
function newError(className: string): Error {
  const { stackTraceLimit } = Error
  // By Reflect: under --frozen-intrinsics it cannot be set, and that has to be no error.
  Reflect.set(Error, 'stackTraceLimit', 0)
  try {
    const Class = (globalThis as unknown as Record<string, ErrorConstructor | undefined>)[className] ?? Error
    if (className !== 'AggregateError') return new Class()
    const error = new AggregateError([])
    Reflect.deleteProperty(error, 'errors')
    return error
  } finally {
    Reflect.set(Error, 'stackTraceLimit', stackTraceLimit)
  }
}

function decodeFunction({ decoder, made, isMade }: Place, node: FunctionNode): void {
  const { code, captured, eager, cyclic } = node
  const values: unknown[] = new Array(captured.length).fill(undefined)
  const args = (node.args ?? []).map((arg) => decoder.now(arg))
  const self = decoder.now(node.self)
  let bind: Bind | undefined
  const fill = (from: number, to: number): boolean => {
    let complete = true
    for (let n = from; n < to; n += 1)
      complete =
        decoder.whenMade(captured[n], (value) => {
          if (bind) bind(n, value)
          else values[n] = value
        }) && complete
    return complete
  }
  const finish = (fn: unknown): void => {
    decoder.receiving.register(node.id, fn)
    made(fn)
    decorate(decoder, fn as Function, node)
  }

  for (let n = 0; n < eager; n += 1) values[n] = decoder.now(captured[n])
  if (!cyclic && fill(eager, captured.length)) {
    // What it captures may have led here by another way.
    if (!isMade()) finish(revive(code, values)(self, args))
    return
  }
  if (isMade()) return
  const late = reviveLate(code, values)
  bind = late.bind
  finish(late.make(self, args))
  if (cyclic) fill(eager, captured.length)
}

function decorate(decoder: Decoder, fn: Function, node: FunctionNode): void {
  const { name, own, prototype, prototypeObject, deleted, proto, prototypeProto } = node
  if (prototypeObject !== undefined)
    decoder.whenMade(prototypeObject, (value) => {
      fn.prototype = value
    })
  if (proto !== undefined) decoder.whenMade(proto, (value) => Object.setPrototypeOf(fn, value as object))
  if (prototypeProto !== undefined)
    decoder.whenMade(prototypeProto, (value) => Object.setPrototypeOf(fn.prototype, value as object))
  if (name !== undefined && fn.name !== name) Object.defineProperty(fn, 'name', { value: name, configurable: true })
  for (const key of deleted?.own ?? []) Reflect.deleteProperty(fn, decoder.now(key) as string | symbol)
  for (const key of deleted?.prototype ?? []) Reflect.deleteProperty(fn.prototype, decoder.now(key) as string | symbol)
  if (own) decoder.members(fn, own)
  if (prototype) decoder.members(fn.prototype, prototype)
  noteMaker(fn)
}

/** Stands in for Istanbul's counters: anything may be read of it, called and counted up. */
const countNothing: unknown = new Proxy(() => countNothing, {
  get: (_, key) => (key === Symbol.toPrimitive ? () => 0 : countNothing),
  set: () => true,
  apply: () => countNothing,
})
