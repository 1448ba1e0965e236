import type { AnyNode, Function as FunctionNode } from 'acorn'
import { addBlockFunctionNames, addLexicalNames, addPatternNames, addVarNames } from './bindings'
import type { Captured } from './capture'
import { type Scope, valueIn } from './introspect'
import { offsetIn, type Script } from './script'
import { syntaxOf } from './script-syntax'
import { childrenOf } from './syntax-tree'

/** Where a scope that V8 shows is in the text. */
export interface ScopePlace {
  /** The same for every instance of one scope of the text; `undefined` when it was not found there. */
  readonly site: number | undefined
  /**
   * Whether what is next inside of it (another scope, or the function itself) may be made several times in one
   * instance: a loop or a function is in between, or nothing is known.
   */
  readonly repeats: boolean
  /**
   * Whether a scope that looks the same is the same: there is only one, or one of its values is an object that is made
   * anew for each.
   */
  readonly isUnique: boolean
}

/**
 * The places of the scopes of a function, in their order: inner ones first. Those of the module or script, and those
 * around an `eval`, are not found.
 */
export function scopePlaces({ script, details }: Captured): readonly ScopePlace[] {
  const { scopes, line, column } = details
  const steps = script && stepsAround(script, line, column)
  const isEval = script !== undefined && isOfEval(script)
  // Without the text: functions of one place mostly are of different instances.
  if (!steps)
    return scopes.map((_, n) => {
      const isUnique = isOutermost(scopes, n)
      return { site: undefined, repeats: n > 0 || isUnique, isUnique }
    })
  let next = 0
  return scopes.map((scope, n) => {
    const at = steps.findIndex((step, n) => n >= next && fits(scope, step))
    if (at < 0) return { site: undefined, repeats: true, isUnique: isEval ? isTopLevel(scope) : isOutermost(scopes, n) }
    const isRepeated = (steps: readonly Step[]) => steps.some(({ is }) => is === 'repeated')
    const repeats = isRepeated(steps.slice(next, at))
    next = at + 1
    const { site, makes } = steps[at] as ScopeStep
    const isMade = (name: string) => Object(valueIn(scope.object, name)) === valueIn(scope.object, name)
    const isUnique = (!isEval && !isRepeated(steps.slice(next))) || [...makes].some(isMade)
    return { site, repeats, isUnique }
  })
}

/** The text of an `eval` or `new Function`: it may run many times, and what is around it is not in it. */
export const isOfEval = ({ url }: Script): boolean => url === ''

/** What is around the text of every function. */
const isTopLevel = ({ type }: Scope): boolean => type === 'Module' || type === 'Script' || type === 'Global'

/** Those, and the scope of the function that Node puts around a CommonJS module. */
function isOutermost(scopes: readonly Scope[], n: number): boolean {
  const next = scopes[n + 1]
  return isTopLevel(scopes[n] as Scope) || (next !== undefined && isTopLevel(next))
}

interface ScopeStep {
  readonly is: 'scope'
  readonly site: number
  readonly names: ReadonlySet<string>
  /** Names of objects that are made anew for each scope. */
  readonly makes: ReadonlySet<string>
  /** V8 calls it `Closure`. */
  readonly isOfFunction: boolean
}

/** What is met on the way out from a place of the text; what is `repeated` is what was met before. */
type Step = ScopeStep | { readonly is: 'repeated' }

/** V8 leaves out the scopes, and the names, that no closure needs. */
function fits({ type, object }: Scope, step: Step): boolean {
  if (step.is !== 'scope' || (type.startsWith('Closure') && !step.isOfFunction)) return false
  const names = Object.getOwnPropertyNames(object).filter((name) => /^[^#.]/.test(name) && !everywhere.has(name))
  return names.length > 0 && names.every((name) => step.names.has(name))
}

const everywhere = new Set(['this', 'arguments', 'new.target'])

/** A stretch of the text, with the steps out of it. */
interface Region {
  readonly start: number
  readonly end: number
  readonly is: 'function' | 'constructor' | 'class' | 'other'
  readonly steps: readonly Step[]
}

/** From a function's place, as V8 reports it, outwards; `undefined` when the text cannot be parsed. */
function stepsAround(script: Script, line: number, column: number): readonly Step[] | undefined {
  const all = regionsOf(script)
  if (!all) return undefined
  const offset = offsetIn(script, line, column)
  const around = all.filter(({ start, end }) => start <= offset && offset < end).reverse()
  const own = around.findIndex(({ is }) => is !== 'other')
  if (own < 0) return undefined
  return around.slice(own + (around[own]?.is === 'constructor' ? 2 : 1)).flatMap(({ steps }) => steps)
}

const regionsOfScripts = new WeakMap<Script, readonly Region[] | 'unknown'>()

function regionsOf(script: Script): readonly Region[] | undefined {
  let regions = regionsOfScripts.get(script)
  if (!regions) {
    regions = readRegions(script)
    regionsOfScripts.set(script, regions)
  }
  return regions === 'unknown' ? undefined : regions
}

function readRegions(script: Script): readonly Region[] | 'unknown' {
  const program = syntaxOf(script)
  if (!program) return 'unknown'
  const regions: Region[] = []
  collect(program, undefined, regions)
  return regions
}

/** Outer regions come before those in them. */
function collect(node: AnyNode, parent: AnyNode | undefined, regions: Region[]): void {
  const region = regionOf(node, parent)
  if (region) regions.push({ start: node.start, end: node.end, ...region })
  for (const child of childrenOf(node)) collect(child, node, regions)
}

function regionOf(node: AnyNode, parent: AnyNode | undefined): Pick<Region, 'is' | 'steps'> | undefined {
  const other = (...steps: Step[]) => ({ is: 'other', steps }) as const
  const scope = (add: (names: Set<string>) => void, isOfFunction = false, body: readonly AnyNode[] = []): Step => {
    const names = new Set<string>()
    add(names)
    return { is: 'scope', site: node.start, names, makes: new Set(body.flatMap(madeBy)), isOfFunction }
  }
  switch (node.type) {
    case 'FunctionDeclaration':
    case 'FunctionExpression':
    case 'ArrowFunctionExpression': {
      const isConstructor = parent?.type === 'MethodDefinition' && parent.kind === 'constructor'
      // One scope, or two when a parameter has a default that needs its own.
      const steps = [
        scope(
          (names) => addFunctionNames(node, names),
          true,
          node.body.type === 'BlockStatement' ? node.body.body : [],
        ),
        scope((names) => addParameters(node, names), true),
      ]
      return {
        is: isConstructor ? 'constructor' : 'function',
        steps: runsOnce(node, parent) ? steps : [...steps, repeated],
      }
    }
    case 'ClassDeclaration':
    case 'ClassExpression':
      return { is: 'class', steps: [scope((names) => node.id && names.add(node.id.name))] }
    case 'PropertyDefinition':
      return node.static ? undefined : other(repeated)
    case 'StaticBlock':
      return other(scope((names) => addBodyNames(node.body, names), true, node.body))
    case 'BlockStatement':
      return other(scope((names) => addLexicalNames(node.body, names), false, node.body))
    case 'SwitchStatement':
      return other(
        scope((names) =>
          addLexicalNames(
            node.cases.flatMap(({ consequent }) => consequent),
            names,
          ),
        ),
      )
    case 'CatchClause':
      return other(scope((names) => addPatternNames(node.param ?? null, names)))
    case 'ForStatement':
      return other(
        scope((names) => node.init && addLexicalNames([node.init], names)),
        repeated,
      )
    case 'ForInStatement':
    case 'ForOfStatement':
      return other(
        scope((names) => addLexicalNames([node.left], names)),
        repeated,
      )
    case 'WhileStatement':
    case 'DoWhileStatement':
      return other(repeated)
    default:
      return undefined
  }
}

const repeated = { is: 'repeated' } as const

/** The constants that a statement gives an object of its own. */
function madeBy(statement: AnyNode): readonly string[] {
  if (statement.type !== 'VariableDeclaration' || statement.kind !== 'const') return []
  return statement.declarations.flatMap(({ id, init }) =>
    id.type === 'Identifier' && init && makesAnew(init) ? [id.name] : [],
  )
}

function makesAnew(node: AnyNode): boolean {
  // Istanbul counts in front of it.
  if (node.type === 'SequenceExpression') return makesAnew(node.expressions.at(-1) as AnyNode)
  if (node.type === 'NewExpression') return node.callee.type === 'Identifier' && collections.has(node.callee.name)
  return /^(?:Array|Object|Function|ArrowFunction|Class)Expression$/.test(node.type)
}

const collections = new Set(['Array', 'Map', 'Object', 'Set', 'WeakMap', 'WeakSet'])

/** Whether a function is called where it is written, or is what loaders and bundlers put around a module. */
function runsOnce(node: FunctionNode, parent: AnyNode | undefined): boolean {
  const isCalled = parent?.type === 'CallExpression' && parent.callee === node && !node.id
  return (
    isCalled || (!node.id && node.params.some((param) => param.type === 'Identifier' && moduleExports.test(param.name)))
  )
}

/** `exports`, `__webpack_exports__`, `__vite_ssr_exports__` */
const moduleExports = /^(?:__\w+_)?exports(?:__)?$/

function addParameters({ params }: FunctionNode, names: Set<string>): void {
  for (const param of params) addPatternNames(param, names)
}

function addFunctionNames(node: FunctionNode, names: Set<string>): void {
  addParameters(node, names)
  if (node.body.type === 'BlockStatement') addBodyNames(node.body.body, names)
}

function addBodyNames(statements: readonly AnyNode[], names: Set<string>): void {
  addVarNames(statements, names)
  addLexicalNames(statements, names)
  addBlockFunctionNames(statements, names)
}
