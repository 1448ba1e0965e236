import type { Kind, Members, Node, Nodes, Slot } from './wire'

/** What a node refers to. */
export interface Parts {
  readonly slots: readonly Slot[]
  readonly members: readonly Members[]
}

const nothing: Parts = { slots: [], members: [] }
const slots = (...slots: readonly Slot[]): Parts => ({ slots, members: [] })
const members = (members: Members, ...slots: readonly Slot[]): Parts => ({ slots, members: [members] })
const none = () => nothing

/** For a function, what belongs to it as to any object: its captured variables do not. */
const table: { [K in Kind]: (...payload: Nodes[K]) => Parts } = {
  raw: none,
  beside: none,
  aside: none,
  intrinsic: none,
  imported: none,
  known: none,
  yours: none,
  symbol: none,
  symbolFor: none,
  function: ({ own, prototype, prototypeObject, proto, prototypeProto }) => ({
    slots: [prototypeObject, proto, prototypeProto],
    members: [own, prototype].filter((members) => members !== undefined),
  }),
  bound: (target, self, args) => slots(target, self, ...args),
  partial: (fn, args, kwargs) => slots(fn, ...args, kwargs),
  prototype: (fn) => slots(fn),
  object: (of) => members(of),
  array: (_, of) => members(of),
  arguments: (_, of) => members(of),
  map: (entries, of) => members(of, ...entries),
  set: (values, of) => members(of, ...values),
  date: (_, of) => members(of),
  regexp: (_, __, of) => members(of),
  error: (_, __, of) => members(of),
  domException: (_, __, ___, of) => members(of),
  boxed: (_, of) => members(of),
  buffer: (_, __, of) => members(of),
  snapshot: (_, __, of) => members(of),
  owned: (_, of) => members(of),
  view: (_, buffer, __, ___, of) => members(of, buffer),
  nodeBuffer: (buffer) => slots(buffer),
  construct: none,
  managed: none,
  hook: (maker, data) => slots(maker, data),
  module: (_, values, __, rest) => slots(...values, rest),
  requireFunction: none,
  part: none,
  viteImport: none,
  viteMeta: (_, env) => slots(env),
  uninitialized: none,
  cell: (value) => slots(value),
  coverageCounter: none,
}

export function partsOf([kind, ...payload]: Node): Parts {
  return (table[kind] as (...payload: unknown[]) => Parts)(...payload)
}
