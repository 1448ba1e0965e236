import type { AnyNode, Pattern, Statement } from 'acorn'

/** A name space of the text. `names` are bound here; a name not found in any scope is free. */
export class Scope {
  readonly parent: Scope | undefined
  readonly isStrict: boolean
  readonly names = new Set<string>()
  /** A function that is no arrow, a field initialiser or a static block: `this`, `arguments`, `new.target` are its own. */
  bindsThis = false
  /** Names that are bound here in sloppy code only: functions declared in blocks, that hoist out of them. */
  sloppyNames = none
  /** `#names` of a class, without the `#`. */
  privateNames = none

  constructor(parent: Scope | undefined, isStrict = parent?.isStrict ?? false) {
    this.parent = parent
    this.isStrict = isStrict
  }

  /** The innermost scope that binds this name. */
  find(name: string): Scope | undefined {
    let scope: Scope | undefined = this
    while (scope && !scope.names.has(name)) scope = scope.parent
    return scope
  }

  /** The innermost scope whose `this` is seen from here. */
  thisScope(): Scope | undefined {
    let scope: Scope | undefined = this
    while (scope && !scope.bindsThis) scope = scope.parent
    return scope
  }

  hasPrivateName(name: string): boolean {
    let scope: Scope | undefined = this
    while (scope && !scope.privateNames.has(name)) scope = scope.parent
    return scope !== undefined
  }
}

const none: ReadonlySet<string> = new Set()

/** Adds the names that a pattern binds. */
export function addPatternNames(pattern: Pattern | null, names: Set<string>): void {
  switch (pattern?.type) {
    case 'Identifier':
      names.add(pattern.name)
      break
    case 'ObjectPattern':
      for (const property of pattern.properties)
        addPatternNames(property.type === 'RestElement' ? property.argument : property.value, names)
      break
    case 'ArrayPattern':
      for (const element of pattern.elements) addPatternNames(element, names)
      break
    case 'AssignmentPattern':
      addPatternNames(pattern.left, names)
      break
    case 'RestElement':
      addPatternNames(pattern.argument, names)
  }
}

/** Adds the names that a list of statements binds for itself: `let`, `const`, `using`, classes and functions. */
export function addLexicalNames(statements: readonly AnyNode[], names: Set<string>): void {
  for (const labelled of statements) {
    const statement = withoutLabels(labelled)
    if (statement.type === 'VariableDeclaration') {
      if (statement.kind !== 'var') for (const { id } of statement.declarations) addPatternNames(id, names)
    } else if (statement.type === 'FunctionDeclaration' || statement.type === 'ClassDeclaration') {
      if (statement.id) names.add(statement.id.name)
    }
  }
}

/** Adds the names that `var` binds for the whole function, in these statements and the ones inside them. */
export function addVarNames(statements: readonly AnyNode[], names: Set<string>): void {
  for (const statement of statements) {
    if (statement.type === 'VariableDeclaration' && statement.kind === 'var')
      for (const { id } of statement.declarations) addPatternNames(id, names)
    for (const list of innerLists(statement)) addVarNames(list, names)
  }
}

/**
 * Adds the functions declared in blocks, which in sloppy code are also a `var` of the function around them, unless
 * that `var` would clash with a `let` in between (ECMAScript, annex B.3.3).
 */
export function addBlockFunctionNames(statements: readonly AnyNode[], names: Set<string>): void {
  for (const statement of statements)
    for (const list of innerLists(statement)) {
      for (const inner of list) {
        const declaration = withoutLabels(inner)
        if (
          declaration.type === 'FunctionDeclaration' &&
          declaration.id &&
          !declaration.async &&
          !declaration.generator
        )
          names.add(declaration.id.name)
      }
      addInnerBlockFunctionNames(list, names)
    }
}

function addInnerBlockFunctionNames(list: readonly AnyNode[], names: Set<string>): void {
  const deeper = new Set<string>()
  addBlockFunctionNames(list, deeper)
  if (deeper.size === 0) return
  const inBetween = new Set<string>()
  addLexicalNames(
    list.filter(({ type }) => type !== 'FunctionDeclaration'),
    inBetween,
  )
  for (const name of deeper) if (!inBetween.has(name)) names.add(name)
}

/** The lists of statements directly inside a statement; those of functions are their own. */
function innerLists(statement: AnyNode): readonly (readonly AnyNode[])[] {
  switch (statement.type) {
    case 'BlockStatement':
      return [statement.body]
    case 'IfStatement':
      return statement.alternate
        ? [listOf(statement.consequent), listOf(statement.alternate)]
        : [listOf(statement.consequent)]
    case 'ForStatement':
      return statement.init ? [[statement.init], listOf(statement.body)] : [listOf(statement.body)]
    case 'ForInStatement':
    case 'ForOfStatement':
      return [[statement.left], listOf(statement.body)]
    case 'WhileStatement':
    case 'DoWhileStatement':
    case 'WithStatement':
      return [listOf(statement.body)]
    case 'LabeledStatement':
      return innerLists(withoutLabels(statement))
    case 'TryStatement':
      return [statement.block, statement.handler?.body, statement.finalizer].map((block) => block?.body ?? [])
    case 'SwitchStatement':
      return statement.cases.map(({ consequent }) => consequent)
    default:
      return []
  }
}

function listOf(body: Statement): readonly AnyNode[] {
  return body.type === 'BlockStatement' ? body.body : [body]
}

function withoutLabels(statement: AnyNode): AnyNode {
  let inner = statement
  while (inner.type === 'LabeledStatement') inner = inner.body
  return inner
}
