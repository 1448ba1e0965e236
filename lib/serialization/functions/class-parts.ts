import type {
  AnyNode,
  Class,
  ClassExpression,
  Expression,
  MethodDefinition,
  PrivateIdentifier,
  PropertyDefinition,
  StaticBlock,
} from 'acorn'
import type { ParsedFunction, Range } from './source'
import { childrenOf } from './syntax-tree'

/** A computed key of a class member: an expression that ran in the function around the class. */
export interface ComputedKey {
  /** The expression inside `[ ]`. */
  readonly range: Range
  readonly isStatic: boolean
  /** `'field'` is an instance field, or a static one of a class whose static members are kept. */
  readonly kind: 'method' | 'get' | 'set' | 'field'
  /** The text V8 prints for the method or accessor: how the live member is found. `undefined` for a field. */
  readonly memberText: string | undefined
}

/** A method or accessor that the class text makes. Private ones are not listed. */
export interface ClassMember {
  readonly isStatic: boolean
  readonly kind: 'method' | 'get' | 'set'
  /** `undefined`: a computed key that only the live class can tell. */
  readonly key: string | symbol | undefined
  /** What `Function.prototype.toString` prints for it: the same text means the live member is the text's own. */
  readonly text: string
}

/** What a class needs to be made again from its text without running its definition's side effects again. */
export interface ClassParts {
  /** The expression after `extends`. Its variables may exist nowhere any more: put the live superclass in its place. */
  readonly heritage: Range | undefined
  /**
   * Computed keys, to be replaced by the live keys. Left out are keys that are the same everywhere (`['a']`,
   * `[Symbol.iterator]`, `[Symbol.for('x')]`), those inside `staticParts`, and those of fields when they are a variable
   * or a member of one: instances alone show such a key, so it is evaluated again.
   */
  readonly computedKeys: readonly ComputedKey[]
  /**
   * Static initialisers and static blocks: blank them out with `;` and copy the values from the live class. Empty when
   * `hasPrivateStatics`, because only the text can make a private member.
   */
  readonly staticParts: readonly Range[]
  /** Static fields with a `#private` name; then the static parts have to run again. */
  readonly hasPrivateStatics: boolean
  /**
   * Non-static `#private` fields, methods or accessors: instances cannot be copied by their properties. Those that only
   * the constructor needs do not count: an instance that is there has been constructed.
   */
  readonly hasInstancePrivates: boolean
  readonly members: readonly ClassMember[]
  /** Where the `(` of the constructor is, when one is written. */
  readonly constructorParen: number | undefined
}

type Member = MethodDefinition | PropertyDefinition | StaticBlock

/** The parts of a class text. */
export function classParts({ source, node, shift }: ParsedFunction & { node: ClassExpression }): ClassParts {
  const members = node.body.body
  const hasPrivateStatics = members.some((member) => isField(member) && member.static && hasPrivateName(member))
  const isStripped = (member: Member) => !hasPrivateStatics && isStaticPart(member)
  const kept = members.filter((member) => !isStripped(member))
  const rangeOf = ({ start, end }: AnyNode): Range => [start - shift, end - shift]
  return {
    heritage: node.superClass ? rangeOf(node.superClass) : undefined,
    computedKeys: kept.filter(hasKeyToReplace).map((member) => ({
      range: rangeOf(member.key),
      isStatic: member.static,
      kind: isField(member) ? 'field' : kindOf(member),
      memberText: isField(member) ? undefined : memberText(source.text, rangeOf(member), member),
    })),
    staticParts: members.filter(isStripped).map(rangeOf),
    hasPrivateStatics,
    hasInstancePrivates: usesInstancePrivates(members),
    members: members.filter(isPublicMethod).map((member) => ({
      isStatic: member.static,
      kind: kindOf(member),
      key: constantKey(member),
      text: memberText(source.text, rangeOf(member), member),
    })),
    constructorParen: constructorParen(node, shift),
  }
}

/** The key of a member when the text alone tells it; not of a `#private` one. */
export function constantKey(member: MethodDefinition | PropertyDefinition): string | symbol | undefined {
  const { key, computed } = member
  if (key.type === 'Identifier' && !computed) return key.name
  if (key.type === 'Literal') return key.bigint ?? String(key.value)
  if (key.type === 'TemplateLiteral' && key.expressions.length === 0) return key.quasis[0]?.value.cooked ?? undefined
  return computed ? wellKnownSymbol(key) : undefined
}

/** `Symbol.iterator`, `Symbol.for('name')` */
function wellKnownSymbol(key: Expression | PrivateIdentifier): symbol | undefined {
  if (key.type === 'MemberExpression' && isSymbolMember(key)) {
    const value = Reflect.get(Symbol, key.property.name)
    return typeof value === 'symbol' ? value : undefined
  }
  if (key.type !== 'CallExpression' || !isSymbolMember(key.callee) || key.callee.property.name !== 'for')
    return undefined
  const [name, ...more] = key.arguments
  return name?.type === 'Literal' && more.length === 0 ? Symbol.for(String(name.value)) : undefined
}

function isSymbolMember(node: AnyNode): node is AnyNode & { property: { name: string } } {
  return (
    node.type === 'MemberExpression' &&
    !node.computed &&
    node.property.type === 'Identifier' &&
    node.object.type === 'Identifier' &&
    node.object.name === 'Symbol'
  )
}

function usesInstancePrivates(members: readonly Member[]): boolean {
  const names = new Set<string>()
  for (const member of members)
    if (member.type !== 'StaticBlock' && !member.static && member.key.type === 'PrivateIdentifier')
      names.add(member.key.name)
  if (names.size === 0) return false
  return members.some((member) => {
    // Fields, which hold state; of methods, those that can be called from outside once the instance is there.
    if (member.type === 'StaticBlock') return usesPrivate(member, names)
    if (hasPrivateName(member)) return isField(member) && !member.static
    return !(member.type === 'MethodDefinition' && member.kind === 'constructor') && usesPrivate(member, names)
  })
}

function usesPrivate(node: AnyNode, names: ReadonlySet<string>): boolean {
  if (node.type === 'PrivateIdentifier') return names.has(node.name)
  return childrenOf(node).some((child) => usesPrivate(child, names))
}

function isField(member: Member): member is PropertyDefinition {
  return member.type === 'PropertyDefinition'
}

function isPublicMethod(member: Member): member is MethodDefinition {
  return member.type === 'MethodDefinition' && member.kind !== 'constructor' && !hasPrivateName(member)
}

function hasPrivateName(member: MethodDefinition | PropertyDefinition): boolean {
  return member.key.type === 'PrivateIdentifier'
}

/** What runs when the class is defined, and can be left out. */
function isStaticPart(member: Member): boolean {
  return member.type === 'StaticBlock' || (isField(member) && member.static && !hasPrivateName(member))
}

function hasComputedKey(member: Member): member is MethodDefinition | PropertyDefinition {
  return member.type !== 'StaticBlock' && member.computed && constantKey(member) === undefined
}

function hasKeyToReplace(member: Member): member is MethodDefinition | PropertyDefinition {
  return hasComputedKey(member) && !(isField(member) && isVariable(member.key))
}

/** `a`, `a.b` */
function isVariable(node: AnyNode): boolean {
  if (node.type === 'MemberExpression') return !node.computed && isVariable(node.object)
  return node.type === 'Identifier'
}

function kindOf({ kind }: MethodDefinition): 'method' | 'get' | 'set' {
  return kind === 'get' || kind === 'set' ? kind : 'method'
}

/** V8 prints a static method without `static`, and without what separates that from the next word. */
function memberText(text: string, [start, end]: Range, { static: isStatic }: MethodDefinition): string {
  const member = text.slice(start, end)
  return isStatic ? member.replace(/^static(?:\s|\/\*[\s\S]*?\*\/|\/\/.*)*/, '') : member
}

function constructorParen(node: Class, shift: number): number | undefined {
  for (const member of node.body.body)
    if (member.type === 'MethodDefinition' && member.kind === 'constructor') return member.value.start - shift
  return undefined
}
