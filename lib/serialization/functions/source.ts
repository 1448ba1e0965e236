import type {
  ArrowFunctionExpression,
  ClassExpression,
  Expression,
  FunctionExpression,
  Identifier,
  Parser,
  Pattern,
} from 'acorn'
import { parser } from './parser'

/** What a source text is, by its syntax. Accessors are methods. */
export type FunctionKind = 'arrow' | 'function' | 'method' | 'class'

/** `[start, end)`, offsets into the source text. */
export type Range = readonly [start: number, end: number]

/**
 * What a method or an accessor needs besides its text. It is re-emitted as
 * `({ ${prefix}["name"]${text.slice(paramsStart)} })["name"]`: its key, which may be a computed one, is not evaluated
 * again, and a getter or setter becomes a method with the same body.
 */
export interface MethodShape {
  /** `''`, `'async '`, `'*'` or `'async *'`. */
  readonly prefix: string
  /** Where the `(` of the parameters is. */
  readonly paramsStart: number
}

/** A function's source text, and what it is. */
export interface FunctionSource {
  readonly kind: FunctionKind
  /** What `Function.prototype.toString` gives. Every position that this folder hands out counts in it. */
  readonly text: string
  /** The name in the text of a function or class; `undefined` when it has none there. */
  readonly ownName: string | undefined
  /** Where that name is. */
  readonly ownNameRange: Range | undefined
  /** The `length` that the text gives. */
  readonly length: number
  /** Only of a method. */
  readonly method: MethodShape | undefined
  /**
   * Where in the text the place is that V8 reports as the function's location: the start of an arrow and of a class
   * without a constructor, the `(` of a function, method or constructor.
   */
  readonly locationOffset: number
}

/** A source text with its syntax tree. */
export interface ParsedFunction {
  readonly source: FunctionSource
  /** The function or class; of a method, the function that is its value. */
  readonly node: ArrowFunctionExpression | FunctionExpression | ClassExpression
  /** A node's place in the text is `node.start - shift`. */
  readonly shift: number
}

/**
 * Parses the text of a function, a method, an accessor or a class.
 *
 * @throws SyntaxError when the text is none of these.
 */
export function parseFunction(text: string): ParsedFunction {
  const attempts = looksLikeExpression.test(text) ? [parseExpression, parseMember] : [parseMember, parseExpression]
  let failure: unknown
  for (const attempt of attempts) {
    try {
      const parsed = attempt(text)
      if (parsed) return parsed
    } catch (error) {
      failure ??= error
    }
  }
  throw new SyntaxError(`Cannot parse the source of the function: ${reason(failure)}`, { cause: failure })
}

/** The function's source text as syntax; `undefined` when it has none, being built in or bound. */
export function sourceOf(fn: object): FunctionSource | undefined {
  const text: string = Function.prototype.toString.call(fn)
  return isNativeText(text) ? undefined : parseFunction(text).source
}

/** Whether this is what `Function.prototype.toString` gives for a function without source: a built-in or bound one. */
export function isNativeText(text: string): boolean {
  return nativeText.test(text)
}

/** Whether a function is built in, or bound. */
export function isNative(fn: Function): boolean {
  return isNativeText(Function.prototype.toString.call(fn))
}

/** Whether a function is a class. */
export function isClass(fn: Function): boolean {
  return /^class\b/.test(Function.prototype.toString.call(fn))
}

const nativeText = /\{\s*\[native code\]\s*\}\s*$/

/** Right for nearly every text; what it gets wrong (a method called `async`) costs a second attempt. */
const looksLikeExpression = /^(?:\(|(?:async|function|class)\b|[^\s()]+\s*=>)/

const options = {
  ecmaVersion: 'latest',
  sourceType: 'script',
  allowImportExportEverywhere: true,
  allowSuperOutsideMethod: true,
  checkPrivateFields: false,
} as const

let lenient: typeof Parser | undefined

/** Takes what is right only where the function came from: an arrow's `new.target` and `super()`. */
function lenientParser(): typeof Parser {
  lenient ??= class extends parser().Parser {
    get allowNewDotTarget() {
      return true
    }
    get allowDirectSuper() {
      return true
    }
  }
  return lenient
}

function parseExpression(text: string): ParsedFunction | undefined {
  const node: Expression = lenientParser().parseExpressionAt(text, 0, options)
  // `async(x) {}` starts with a call: that text is a method.
  if (node.end !== text.trimEnd().length) return undefined
  switch (node.type) {
    case 'ArrowFunctionExpression':
      return { source: plainSource('arrow', text, null, node.params, 0), node, shift: 0 }
    case 'FunctionExpression':
      return { source: plainSource('function', text, node.id, node.params, paramsStart(text, node)), node, shift: 0 }
    case 'ClassExpression': {
      const { start = 0, params = [] } = constructorOf(node) ?? {}
      return { source: plainSource('class', text, node.id, params, start), node, shift: 0 }
    }
    default:
      return undefined
  }
}

function parseMember(text: string): ParsedFunction | undefined {
  const [before, after] =
    text.startsWith('#') || /^(?:async|get|set|\*)?\s*\*?\s*#/.test(text) ? ['(class{', '\n})'] : ['({', '\n})']
  const holder = lenientParser().parseExpressionAt(before + text + after, 1, options)
  const member =
    holder.type === 'ObjectExpression'
      ? holder.properties[0]
      : holder.type === 'ClassExpression'
        ? holder.body.body[0]
        : undefined
  if (member?.type !== 'Property' && member?.type !== 'MethodDefinition') return undefined
  const node = member.value
  if (node.type !== 'FunctionExpression' || node.start === member.start) return undefined
  const shift = before.length
  const method: MethodShape = {
    prefix: (node.async ? 'async ' : '') + (node.generator ? '*' : ''),
    paramsStart: node.start - shift,
  }
  return {
    source: {
      kind: 'method',
      text,
      ownName: undefined,
      ownNameRange: undefined,
      length: lengthOf(node.params),
      method,
      locationOffset: method.paramsStart,
    },
    node,
    shift,
  }
}

function plainSource(
  kind: FunctionKind,
  text: string,
  id: Identifier | null | undefined,
  params: readonly Pattern[],
  locationOffset: number,
): FunctionSource {
  const ownNameRange: Range | undefined = id ? [id.start, id.end] : undefined
  return { kind, text, ownName: id?.name, ownNameRange, length: lengthOf(params), method: undefined, locationOffset }
}

/** Up to the first parameter that has a default, or takes the rest. */
function lengthOf(params: readonly Pattern[]): number {
  const end = params.findIndex(({ type }) => type === 'AssignmentPattern' || type === 'RestElement')
  return end < 0 ? params.length : end
}

/** The `(` comes after the name, or after `function` and `*`; only comments can be in between. */
function paramsStart(text: string, node: FunctionExpression): number {
  return skipTo(text, '(', node.id ? node.id.end : 0)
}

function constructorOf(node: ClassExpression): FunctionExpression | undefined {
  for (const member of node.body.body)
    if (member.type === 'MethodDefinition' && member.kind === 'constructor') return member.value
  return undefined
}

/** The next `character` from `start` that is not in a comment. */
function skipTo(text: string, character: string, start: number): number {
  let at = start
  while (text[at] !== character) {
    if (text.startsWith('//', at)) at = text.slice(at).search(/[\n\r\u2028\u2029]/) + at
    else if (text.startsWith('/*', at)) at = text.indexOf('*/', at) + 2
    else at++
  }
  return at
}

function reason(failure: unknown): string {
  return failure instanceof Error ? failure.message : 'it has an unknown form'
}
