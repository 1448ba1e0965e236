import type { AnyNode, Class, Function as FunctionNode, Identifier, MemberExpression, Pattern, Property } from 'acorn'
import { addBlockFunctionNames, addLexicalNames, addPatternNames, addVarNames, Scope } from './bindings'
import { type ClassParts, classParts } from './class-parts'
import type { ParsedFunction, Range } from './source'
import { childrenOf } from './syntax-tree'
import { type FreeVariable, Usage, type Use } from './usage'

/** What the names in a function's text tell. */
export interface Names {
  readonly free: ReadonlyMap<string, FreeVariable>
  /**
   * The uses of its own name by a `function`. Of a declaration that name is a variable around it, which may have
   * another value by now; the text does not tell a declaration from an expression.
   */
  readonly own: FreeVariable | undefined
  /** An arrow's `this` (a function, a method and a class bind their own: `false`). */
  readonly usesThis: boolean
  /** An arrow's `arguments`. */
  readonly usesArguments: boolean
  /** An arrow's `new.target`. */
  readonly usesNewTarget: boolean
  /** `super` of a lone method, or of an arrow inside a method. */
  readonly usesSuper: boolean
  /** `#names` of a class that is not in the text, without the `#`. */
  readonly privateNames: ReadonlySet<string>
  /** The `import` keyword of each `import(…)`. */
  readonly importCalls: readonly Range[]
  /** Each `import.meta`. */
  readonly importMetas: readonly Range[]
  /** Only of a class. */
  readonly classParts: ClassParts | undefined
}

/** Walks a function's text. `strictnessMatters`: in strict code, its free variables are others than in sloppy code. */
export function walk(parsed: ParsedFunction, isStrict: boolean): Names & { readonly strictnessMatters: boolean } {
  return new Walker(parsed, isStrict).walk()
}

type Visit<T extends string> = (node: Extract<AnyNode, { type: T }>, scope: Scope) => void
type Visitors = { readonly [T in AnyNode['type']]?: Visit<T> }

/** Walks the syntax tree of one function. Node types without a visitor only have children. */
class Walker {
  readonly #parsed: ParsedFunction
  readonly #isStrict: boolean
  readonly #free = new Map<string, Usage>()
  readonly #privateNames = new Set<string>()
  readonly #importCalls: Range[] = []
  readonly #importMetas: Range[] = []
  readonly #classParts: ClassParts | undefined
  readonly #statementStarts = new Set<number>()
  readonly #uses = { this: false, arguments: false, newTarget: false, super: false }
  /** The scope of the function itself, when it binds `this`. */
  #ownScope: Scope | undefined
  /** The scope of the function's own name. */
  #nameScope: Scope | undefined
  #own: Usage | undefined
  /** How many functions are around the node: in none of them, it runs when the class is defined. */
  #depth = 0
  #strictnessMatters = false

  constructor(parsed: ParsedFunction, isStrict: boolean) {
    this.#parsed = parsed
    this.#isStrict = isStrict
    const { node } = parsed
    this.#classParts = node.type === 'ClassExpression' ? classParts({ ...parsed, node }) : undefined
  }

  walk(): Names & { readonly strictnessMatters: boolean } {
    const { node, source } = this.#parsed
    this.#visit(node, new Scope(undefined, this.#isStrict))
    const isArrow = source.kind === 'arrow'
    return {
      free: this.#free,
      own: this.#own,
      usesThis: isArrow && this.#uses.this,
      usesArguments: isArrow && this.#uses.arguments,
      usesNewTarget: isArrow && this.#uses.newTarget,
      usesSuper: source.kind !== 'class' && this.#uses.super,
      privateNames: this.#privateNames,
      importCalls: this.#importCalls,
      importMetas: this.#importMetas,
      classParts: this.#classParts,
      strictnessMatters: this.#strictnessMatters,
    }
  }

  readonly #visitors: Visitors = {
    Identifier: (node, scope) => this.#refer(node, scope),
    MemberExpression: (node, scope) => this.#member(node, scope, false),
    Property: (node, scope) => this.#property(node as Property, scope),
    PrivateIdentifier: (node, scope) => {
      if (!scope.hasPrivateName(node.name)) this.#privateNames.add(node.name)
    },

    FunctionExpression: (node, scope) => this.#function(node, scope),
    FunctionDeclaration: (node, scope) => this.#function(node, scope),
    ArrowFunctionExpression: (node, scope) => this.#function(node, scope),
    ClassExpression: (node, scope) => this.#class(node, scope),
    ClassDeclaration: (node, scope) => this.#class(node, scope),

    UnaryExpression: ({ operator, argument }, scope) => {
      if (operator === 'typeof' && argument.type === 'Identifier') this.#refer(argument, scope, { access: 'typeof' })
      else if (operator === 'delete' && argument.type === 'MemberExpression') this.#changedMember(argument, scope)
      else this.#visit(argument, scope)
    },
    UpdateExpression: ({ argument }, scope) => this.#assignTo(argument, scope, 'update'),
    AssignmentExpression: ({ left, operator, right }, scope) => {
      this.#assignTo(left, scope, operator === '=' ? 'write' : 'update')
      this.#visit(right, scope)
    },
    CallExpression: ({ callee, arguments: args }, scope) => {
      this.#callee(callee, scope)
      this.#visitAll(args, scope)
    },
    TaggedTemplateExpression: ({ tag, quasi }, scope) => {
      this.#callee(tag, scope)
      this.#visit(quasi, scope)
    },
    ThisExpression: (_, scope) => {
      if (!scope.thisScope()) this.#uses.this = true
    },
    Super: (_, scope) => {
      const owner = scope.thisScope()
      if (!owner || owner === this.#ownScope) this.#uses.super = true
    },
    MetaProperty: (node, scope) => {
      if (node.meta.name === 'import') this.#importMetas.push(this.#range(node))
      else if (!scope.thisScope()) this.#uses.newTarget = true
    },
    ImportExpression: (node, scope) => {
      const { start } = node
      this.#importCalls.push(this.#range({ start, end: start + 'import'.length }))
      this.#visitChildren(node, scope)
    },

    VariableDeclaration: ({ declarations }, scope) => {
      for (const { id, init } of declarations) {
        this.#declare(id, scope)
        const names = init?.type === 'Identifier' ? destructured(id) : undefined
        if (names) this.#refer(init as Identifier, scope, { chains: names.map((name) => [name]) })
        else if (init) this.#visit(init, scope)
      }
    },
    BlockStatement: ({ body }, scope) => this.#block(body, new Scope(scope)),
    ForStatement: (node, scope) => {
      const inner = new Scope(scope)
      if (node.init) addLexicalNames([node.init], inner.names)
      this.#visitChildren(node, inner)
    },
    ForInStatement: (node, scope) => this.#forEach(node, scope),
    ForOfStatement: (node, scope) => this.#forEach(node, scope),
    SwitchStatement: ({ discriminant, cases }, scope) => {
      this.#visit(discriminant, scope)
      const inner = new Scope(scope)
      for (const { consequent } of cases) addLexicalNames(consequent, inner.names)
      for (const { test, consequent } of cases) {
        if (test) this.#visit(test, inner)
        this.#list(consequent, inner)
      }
    },
    CatchClause: ({ param, body }, scope) => {
      const inner = new Scope(scope)
      if (param) {
        addPatternNames(param, inner.names)
        this.#declare(param, inner)
      }
      this.#visit(body, inner)
    },
    IfStatement: ({ test, consequent, alternate }, scope) => {
      this.#visit(test, scope)
      for (const branch of [consequent, alternate]) if (branch) this.#branch(branch, new Scope(scope))
    },
    LabeledStatement: ({ body }, scope) => this.#visit(body, scope),
    BreakStatement: () => {},
    ContinueStatement: () => {},
  }

  #visit(node: AnyNode, scope: Scope): void {
    const visitor = this.#visitors[node.type] as ((node: AnyNode, scope: Scope) => void) | undefined
    if (visitor) visitor(node, scope)
    else this.#visitChildren(node, scope)
  }

  #visitAll(nodes: readonly (AnyNode | null)[], scope: Scope): void {
    for (const node of nodes) if (node) this.#visit(node, scope)
  }

  #visitChildren(node: AnyNode, scope: Scope): void {
    this.#visitAll(childrenOf(node), scope)
  }

  #block(body: readonly AnyNode[], scope: Scope): void {
    addLexicalNames(body, scope.names)
    this.#list(body, scope)
  }

  #list(statements: readonly AnyNode[], scope: Scope): void {
    for (const { start, type } of statements) if (type === 'ExpressionStatement') this.#statementStarts.add(start)
    this.#visitAll(statements, scope)
  }

  /** A function as a branch, which sloppy code may have, is in a block of its own. */
  #branch(statement: AnyNode, scope: Scope): void {
    addLexicalNames([statement], scope.names)
    this.#visit(statement, scope)
  }

  #range({ start, end }: { start: number; end: number }): Range {
    return [start - this.#parsed.shift, end - this.#parsed.shift]
  }

  // --- names

  #refer(node: Identifier, scope: Scope, use: Use = {}): void {
    const { name } = node
    const owner = scope.find(name)
    if (owner === this.#nameScope && owner) {
      this.#own ??= new Usage(name)
      this.#record(this.#own, node, use)
      return
    }
    if (owner) {
      if (owner.sloppyNames.has(name)) this.#strictnessMatters = true
      return
    }
    if (name === 'arguments') {
      this.#uses.arguments = true
      return
    }
    let usage = this.#free.get(name)
    if (!usage) {
      usage = new Usage(name)
      this.#free.set(name, usage)
    }
    this.#record(usage, node, use)
  }

  #record(usage: Usage, node: Identifier, { access = 'read', chains, called = false, shorthand = false }: Use): void {
    const [start, end] = this.#range(node)
    usage.references.push({
      start,
      end,
      shorthand,
      called: called && chains === undefined,
      startsStatement: this.#statementStarts.has(node.start),
    })
    usage.written ||= access === 'write' || access === 'update'
    usage.typeofOnly &&= access === 'typeof'
    usage.eager ||= this.#depth === 0
    if (chains) for (const chain of chains) usage.addChain(chain, called)
    else usage.whole ||= access !== 'typeof'
  }

  #callee(callee: AnyNode, scope: Scope): void {
    if (callee.type === 'MemberExpression') this.#member(callee, scope, true)
    else if (callee.type === 'Identifier') {
      this.#refer(callee, scope, { called: true })
    } else if (isFunctionNode(callee))
      this.#function(callee, scope, 0) // it runs at once
    else this.#visit(callee, scope)
  }

  #member(node: MemberExpression, scope: Scope, called: boolean): void {
    const chain = memberChain(node)
    if (chain) this.#refer(chain.root, scope, { chains: [chain.path], called })
    else this.#memberParts(node, scope)
  }

  /** `ns.a = 1`, `delete ns.a`: what changes must be the very object. */
  #changedMember(node: MemberExpression, scope: Scope): void {
    const chain = memberChain(node)
    if (chain) this.#refer(chain.root, scope)
    else this.#memberParts(node, scope)
  }

  #memberParts({ object, property, computed }: MemberExpression, scope: Scope): void {
    this.#visit(object, scope)
    if (computed || property.type === 'PrivateIdentifier') this.#visit(property, scope)
  }

  #property(node: Property, scope: Scope): void {
    if (node.computed) this.#visit(node.key, scope)
    if (node.shorthand && node.value.type === 'Identifier') this.#refer(node.value, scope, { shorthand: true })
    else this.#visit(node.value, scope)
  }

  // --- patterns

  /** A pattern whose names are bound by a scope: only what it evaluates can be free. */
  #declare(pattern: Pattern, scope: Scope): void {
    this.#pattern(pattern, scope, () => {})
  }

  #assignTo(pattern: AnyNode, scope: Scope, access: 'write' | 'update'): void {
    this.#pattern(pattern, scope, (target, shorthand) => this.#refer(target, scope, { access, shorthand }))
  }

  #pattern(
    node: AnyNode,
    scope: Scope,
    onName: (target: Identifier, shorthand: boolean) => void,
    shorthand = false,
  ): void {
    switch (node.type) {
      case 'Identifier':
        onName(node, shorthand)
        break
      case 'MemberExpression':
        this.#changedMember(node, scope)
        break
      case 'ObjectPattern':
        for (const property of node.properties) {
          if (property.type === 'RestElement') this.#pattern(property, scope, onName)
          else {
            if (property.computed) this.#visit(property.key, scope)
            this.#pattern(property.value, scope, onName, property.shorthand)
          }
        }
        break
      case 'ArrayPattern':
        for (const element of node.elements) if (element) this.#pattern(element, scope, onName)
        break
      case 'AssignmentPattern':
        this.#pattern(node.left, scope, onName, shorthand)
        this.#visit(node.right, scope)
        break
      case 'RestElement':
        this.#pattern(node.argument, scope, onName)
        break
      default:
        this.#visit(node, scope)
    }
  }

  #forEach(node: Extract<AnyNode, { type: 'ForInStatement' | 'ForOfStatement' }>, scope: Scope): void {
    const inner = new Scope(scope)
    if (node.left.type === 'VariableDeclaration') {
      addLexicalNames([node.left], inner.names)
      this.#visit(node.left, inner)
    } else this.#assignTo(node.left, inner, 'write')
    this.#visit(node.right, inner)
    this.#visit(node.body, inner)
  }

  // --- functions and classes

  #function(node: FunctionNode, scope: Scope, depth = 1): void {
    this.#depth += depth
    const isArrow = node.type === 'ArrowFunctionExpression'
    const params = new Scope(this.#ownNameScope(node, scope), scope.isStrict || isStrictBody(node.body))
    if (!isArrow) {
      params.bindsThis = true
      params.names.add('arguments')
      if (node === this.#parsed.node) this.#ownScope = params
    }
    for (const param of node.params) addPatternNames(param, params.names)
    for (const param of node.params) this.#declare(param, params)
    this.#functionBody(node.body, new Scope(params))
    this.#depth -= depth
  }

  /** The name of a function expression is bound around it. A method's function has none. */
  #ownNameScope(node: FunctionNode, scope: Scope): Scope {
    if (!node.id || (node as AnyNode).type !== 'FunctionExpression') return scope
    const named = new Scope(scope)
    named.names.add(node.id.name)
    if (node === this.#parsed.node) this.#nameScope = named
    return named
  }

  #functionBody(body: FunctionNode['body'], scope: Scope): void {
    if (body.type !== 'BlockStatement') this.#visit(body, scope)
    else this.#statements(body.body, scope)
  }

  /** The statements of a function or of a static block, whose `var` ends there. */
  #statements(body: readonly AnyNode[], scope: Scope): void {
    addVarNames(body, scope.names)
    addLexicalNames(body, scope.names)
    if (!scope.isStrict) hoistBlockFunctions(body, scope)
    this.#list(body, scope)
  }

  #class(node: Class, scope: Scope): void {
    const inner = new Scope(scope, true)
    if (node.id) inner.names.add(node.id.name)
    inner.privateNames = declaredPrivateNames(node)
    const isOwn = node === this.#parsed.node
    // Of the class itself, heritage and computed keys are replaced by their values.
    if (node.superClass && !isOwn) this.#visit(node.superClass, inner)
    for (const member of node.body.body) if (!isOwn || !this.#isLeftOut(member)) this.#classMember(member, inner)
  }

  #isLeftOut(member: AnyNode): boolean {
    return this.#classParts?.staticParts.some(([start]) => start === member.start - this.#parsed.shift) ?? false
  }

  #classMember(member: Class['body']['body'][number], scope: Scope): void {
    const own = new Scope(scope)
    own.bindsThis = true
    if (member.type === 'StaticBlock') {
      this.#statements(member.body, own)
      return
    }
    if (member.computed && !this.#isReplaced(member.key)) this.#visit(member.key, scope)
    if (!member.value) return
    if (member.type === 'MethodDefinition') this.#function(member.value, scope)
    else this.#initialiser(member.value, own, member.static)
  }

  #initialiser(value: AnyNode, scope: Scope, isStatic: boolean): void {
    if (!isStatic) this.#depth++
    this.#visit(value, scope)
    if (!isStatic) this.#depth--
  }

  #isReplaced(key: AnyNode): boolean {
    return (
      this.#classParts?.computedKeys.some(({ range: [start] }) => start === key.start - this.#parsed.shift) ?? false
    )
  }
}

function hoistBlockFunctions(body: readonly AnyNode[], scope: Scope): void {
  const hoisted = new Set<string>()
  addBlockFunctionNames(body, hoisted)
  if (hoisted.size === 0) return
  scope.sloppyNames = new Set([...hoisted].filter((name) => !scope.names.has(name)))
  for (const name of hoisted) scope.names.add(name)
}

function declaredPrivateNames(node: Class): ReadonlySet<string> {
  const names = new Set<string>()
  for (const member of node.body.body)
    if (member.type !== 'StaticBlock' && member.key.type === 'PrivateIdentifier') names.add(member.key.name)
  return names
}

/** `a.b['c']` → `a` and `['b', 'c']`; `undefined` when a step is computed or private, or the root is no name. */
function memberChain(node: MemberExpression): { root: Identifier; path: string[] } | undefined {
  const path: string[] = []
  let at: AnyNode = node
  while (at.type === 'MemberExpression') {
    const name = memberName(at)
    if (name === undefined) return undefined
    path.unshift(name)
    at = at.object
  }
  return at.type === 'Identifier' ? { root: at, path } : undefined
}

/** `{ a, b: c = 1 }` → `['a', 'b']`; `undefined` when it takes others too, or by a name that is computed. */
function destructured(pattern: Pattern): readonly string[] | undefined {
  if (pattern.type !== 'ObjectPattern' || pattern.properties.length === 0) return undefined
  const names: string[] = []
  for (const property of pattern.properties) {
    if (property.type === 'RestElement' || property.computed || property.key.type !== 'Identifier') return undefined
    names.push(property.key.name)
  }
  return names
}

function memberName({ property, computed }: MemberExpression): string | undefined {
  if (!computed) return property.type === 'Identifier' ? property.name : undefined
  return property.type === 'Literal' && typeof property.value === 'string' ? property.value : undefined
}

function isStrictBody(body: FunctionNode['body']): boolean {
  return (
    body.type === 'BlockStatement' &&
    body.body.some((statement) => statement.type === 'ExpressionStatement' && statement.directive === 'use strict')
  )
}

function isFunctionNode(node: AnyNode): node is AnyNode & FunctionNode {
  return node.type === 'FunctionExpression' || node.type === 'ArrowFunctionExpression'
}
