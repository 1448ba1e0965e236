import { types } from 'node:util'
import type { Encoding } from '../encoding'
import { intrinsicPath } from '../intrinsics'
import { makerOf, noteMaker } from '../makers'
import { isFunctionPrototype, isObjectPrototype } from '../plain-data'
import type { FunctionNode, Slot } from '../wire'
import { type Captured, type Closure, describe, type Variable } from './capture'
import type { ClassMember, ComputedKey } from './class-parts'
import { codeOf } from './code'
import { type Holder, holdersOf } from './holders'
import { variableSlot } from './module-members'
import { type FunctionWithVariables, sharedVariables } from './shared-variables'
import type { FunctionSource } from './source'

interface Pending {
  readonly node: FunctionNode
  readonly captured: Captured
  readonly closure: Closure
  readonly name: string | undefined
  readonly hasHeritage: boolean
  readonly computedKeys: readonly ComputedKey[]
  /** Where the variables start among `node.captured`. */
  readonly offset: number
  readonly variables: readonly Variable[]
}

/** The functions of one unit. Their text is written at its end, when it is known which variables they share. */
export class FunctionsByValue {
  /** Functions that one object holds; none where that made no difference. */
  holders: readonly Holder[] = []
  readonly #pending: Pending[] = []
  readonly #encoder: Encoding

  constructor(encoder: Encoding) {
    this.#encoder = encoder
  }

  get functions(): readonly FunctionWithVariables[] {
    return this.#pending
  }

  /** Fills the node of a function in: the node is there before, for functions that lead back to themselves. */
  encode(node: FunctionNode, captured: Captured, closure: Closure): void {
    const { fn } = captured
    const encoder = this.#encoder
    if (closure.analysis.usesThis)
      node.self = encoder.inVariable(
        'this',
        () => describe(captured),
        () => encoder.slot(closure.self),
      )
    if (closure.args) node.args = closure.args.map((arg) => encoder.slot(arg))

    const { hasHeritage, computedKeys } = this.#classParameters(node, captured, closure)
    const variables = [...closure.variables].sort((a, b) => Number(b.free.eager) - Number(a.free.eager))
    const offset = node.captured.length
    for (const { value } of variables) if (typeof value === 'function' && !types.isProxy(value)) noteMaker(value)
    for (const variable of variables)
      node.captured.push(
        encoder.inVariable(
          variable.free.name,
          () => describe(captured),
          () => (variable.isInitialized ? variableSlot(captured, variable, encoder) : undefined),
        ),
      )
    node.eager = offset + variables.filter(({ free }) => free.eager).length
    node.name = ownName(fn)
    this.#properties(node, captured, closure)
    this.#pending.push({ node, captured, closure, name: node.name, hasHeritage, computedKeys, offset, variables })
  }

  finish(): void {
    if (this.#pending.length === 0) return
    // Without those that were given up together with something that cannot be sent.
    const inGraph = new Set<unknown>(this.#encoder.graph.nodes.map(([, payload]) => payload))
    const pending = this.#pending.filter(({ node }) => inGraph.has(node))
    const functions = new Map(pending.map(({ node, captured }) => [node, captured.fn]))
    const { shared, unsure } = sharedVariables(pending, () => {
      this.holders = holdersOf(this.#encoder.graph.nodes, functions)
      return this.holders
    })
    if (unsure) this.#refuseUnsure(pending, unsure)
    const cells = new Map<object, Slot>()
    for (const { node, captured, closure, name, hasHeritage, computedKeys, offset, variables } of pending) {
      const inCells = new Set<string>()
      for (const [n, variable] of variables.entries()) {
        const at = offset + n
        const group = shared.get(variable)
        if (!variable.isInitialized) {
          node.captured[at] = this.#encoder.uninitialized(variable.free.name)
        } else if (group) {
          if (!cells.has(group)) cells.set(group, this.#encoder.cell(node.captured[at] as Slot))
          node.captured[at] = cells.get(group) as Slot
        } else continue
        inCells.add(variable.free.name)
      }
      const names = variables.map(({ free }) => free.name)
      node.code = codeOf(captured, closure, { variables: names, cells: inCells, hasHeritage, computedKeys, name })
    }
  }

  #refuseUnsure(pending: readonly Pending[], [variable, other]: readonly [Variable, Variable]): never {
    const captured = (used: Variable) => pending.find(({ variables }) => variables.includes(used))?.captured as Captured
    return this.#encoder.inVariable(
      variable.free.name,
      () => describe(captured(variable)),
      () =>
        this.#encoder.fail(
          `${describe(captured(other))} has one that looks the same, and the engine does not show whether it is the same`,
          'Send the functions that belong together in one object, or keep what they change in an object.',
        ),
    )
  }

  /** The superclass and computed keys of a class, from the live class: their expressions have run already. */
  #classParameters(node: FunctionNode, { fn }: Captured, { analysis }: Closure) {
    const { classParts } = analysis
    if (!classParts) return { hasHeritage: false, computedKeys: [] }
    if (classParts.heritage) {
      const prototype: unknown = fn.prototype
      const extendsNull = prototype !== null && Object.getPrototypeOf(prototype) === null
      node.captured.push(
        extendsNull ? null : this.#encoder.inProperty(' extends', () => this.#encoder.slot(Object.getPrototypeOf(fn))),
      )
    }
    const taken = new Set<unknown>()
    for (const key of classParts.computedKeys) {
      if (key.kind === 'field')
        this.#encoder.fail(`class ${fn.name} has a field with a computed name`, 'Give the field a fixed name.')
      node.captured.push(this.#encoder.symbolOrString(liveKey(fn, key, taken)))
    }
    return { hasHeritage: classParts.heritage !== undefined, computedKeys: classParts.computedKeys }
  }

  /** Properties that the text does not make: statics, patched methods, properties put on a function. */
  #properties(node: FunctionNode, { fn }: Captured, { analysis }: Closure): void {
    const { classParts, source } = analysis
    const fromText = (owner: object, isStatic: boolean) => (key: string | symbol) => {
      if (!classParts) return false
      const { value, get, set } = Object.getOwnPropertyDescriptor(owner, key) as PropertyDescriptor
      const parts = [value, get, set].filter((part) => typeof part === 'function')
      const isMethods = value === undefined || typeof value === 'function'
      const made = (part: Function) =>
        classParts.members.some(
          (member) =>
            member.isStatic === isStatic &&
            (member.key === undefined || member.key === key) &&
            member.text === Function.prototype.toString.call(part),
        )
      return isMethods && parts.length > 0 && parts.every(made)
    }

    const ownFromText = fromText(fn, true)
    const own = this.#encoder.members(fn, (key) => {
      if (key === 'length' && isUsualLength(fn, source.length)) return true
      if (key === 'prototype' || key === 'arguments' || key === 'caller') return true
      if (key === 'name') return node.name !== undefined
      return ownFromText(key)
    })
    if (own) node.own = own

    const prototype: unknown = fn.prototype
    const isGenerator = types.isGeneratorFunction(fn)
    const shared = typeof prototype === 'object' && prototype !== null && this.#sharedPrototype(fn, prototype, source)
    if (shared) {
      node.prototypeObject = shared
    } else if (typeof prototype === 'object' && prototype !== null) {
      this.#encoder.notePrototype(fn, prototype)
      const prototypeFromText = fromText(prototype, false)
      this.#encoder.inProperty('.prototype', () => {
        const members = this.#encoder.members(
          prototype,
          (key) =>
            (key === 'constructor' && Object.getOwnPropertyDescriptor(prototype, key)?.value === fn) ||
            prototypeFromText(key),
        )
        if (members) node.prototype = members
        const parent: unknown = Object.getPrototypeOf(prototype)
        const isUsual =
          source.kind === 'class' || (isGenerator ? intrinsicPath(parent) !== undefined : isObjectPrototype(parent))
        if (!isUsual) node.prototypeProto = this.#encoder.slot(parent)
      })
      this.#deleted(node, fn, prototype, [...(classParts?.members ?? []), ...(isGenerator ? [] : [constructorOf])])
    }
    const proto: unknown = Object.getPrototypeOf(fn)
    // In this order, as the first look into the table of intrinsics takes 8 ms to fill it.
    const isUsual = source.kind === 'class' || isFunctionPrototype(proto) || intrinsicPath(proto) !== undefined
    if (!isUsual) node.proto = this.#encoder.slot(proto)
  }

  /** A prototype that goes as another function's, or that has been encoded before the function was met. */
  #sharedPrototype(fn: Function, prototype: object, { kind }: FunctionSource): Slot | undefined {
    if (kind === 'class') return undefined // it cannot be replaced
    const maker = makerOf(prototype)
    const isKnown = this.#encoder.known(prototype) !== undefined
    return isKnown || (maker && maker !== fn) ? this.#encoder.prototypeSlot(prototype) : undefined
  }

  #deleted(
    node: FunctionNode,
    fn: Function,
    prototype: object,
    members: readonly Pick<ClassMember, 'isStatic' | 'key'>[],
  ) {
    const gone = (owner: object, isStatic: boolean) =>
      members.flatMap(({ isStatic: is, key }) =>
        is === isStatic && key !== undefined && !Object.hasOwn(owner, key) ? [this.#encoder.symbolOrString(key)] : [],
      )
    const deleted = { own: gone(fn, true), prototype: gone(prototype, false) }
    if (deleted.own.length + deleted.prototype.length > 0) node.deleted = deleted
  }
}

/** What every `prototype` has, but for those of generators. */
const constructorOf = { isStatic: false, key: 'constructor' }

/** Whether `length` is as the text makes it. */
function isUsualLength(fn: Function, length: number): boolean {
  const property = Object.getOwnPropertyDescriptor(fn, 'length')
  return property?.value === length && property.configurable === true && !property.writable && !property.enumerable
}

/** A function's name, unless something else than a string is there. */
function ownName(fn: Function): string | undefined {
  const name: unknown = Object.getOwnPropertyDescriptor(fn, 'name')?.value
  return typeof name === 'string' ? name : undefined
}

/** The key that a computed key of the class text had: that of the live member with the same text. */
function liveKey(fn: Function, { isStatic, kind, memberText }: ComputedKey, taken: Set<unknown>): string | symbol {
  const owner: object = isStatic ? fn : fn.prototype
  for (const key of Reflect.ownKeys(owner)) {
    const { value, get, set } = Object.getOwnPropertyDescriptor(owner, key) as PropertyDescriptor
    const member: unknown = kind === 'get' ? get : kind === 'set' ? set : value
    if (typeof member !== 'function' || taken.has(member)) continue
    if (Function.prototype.toString.call(member) !== memberText) continue
    taken.add(member)
    return key
  }
  return Symbol('removed')
}
