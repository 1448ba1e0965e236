import type { Names } from './name-walker'
import type { FunctionSource } from './source'
import { Usage } from './usage'

/** What is known of a short arrow function. */
export interface ShortArrow extends Names {
  readonly source: FunctionSource
}

/**
 * Reads an arrow function that is one expression of names, members, calls, literals and operators, as the first task of
 * many programs is: loading the parser, and parsing with it, takes longer than all else that is done to send one.
 * `undefined` for every other text: the parser tells then.
 */
export function readShortArrow(text: string): ShortArrow | undefined {
  const head = heads.exec(text)
  if (!head) return undefined
  const params = (head[1] ?? head[2] ?? '').split(',').flatMap((name) => name.trim() || [])
  const free = params.some(isReserved) ? undefined : freeNames(text, head[0].length, new Set(params))
  if (!free) return undefined
  const { length } = params
  const nothing = { ownName: undefined, ownNameRange: undefined, method: undefined }
  return {
    source: { kind: 'arrow', text, length, locationOffset: 0, ...nothing },
    free,
    own: undefined,
    usesThis: false,
    usesArguments: false,
    usesNewTarget: false,
    usesSuper: false,
    privateNames: new Set(),
    importCalls: [],
    importMetas: [],
    classParts: undefined,
  }
}

/** `(a, b) =>`, `a =>`, `async () =>` */
const heads = /^(?:async )?(?:\((\s*(?:[a-z_$][\w$]*\s*(?:,\s*(?=[a-z_$]))?)*)\)|([a-z_$][\w$]*)) =>\s*/i

/**
 * One of them at a time. What is not there may mean more than its characters show: `/`, `{`, a backquote, `=`, `++`, `<<`, `?.`,
 * letters beyond ASCII.
 */
const tokens =
  /\s*(?:(?<name>[a-z_$][\w$]*)|(?<literal>\d+(?:\.\d+)?(?![\w.])|'[^'\\\n\r]*'|"[^"\\\n\r]*")|(?<mark>[()[\].,])|(?<operator>(?:[=!]==?|[<>](?![<>])=?|&&|\|\||\?\?|\*\*|\+(?!\+)|-(?!-)|[*%!~^&|:]|\?(?!\.))(?!=)))/iy

/** What is before a token: what a `(`, `[` or `.` does depends on it. */
type Before = 'operator' | 'name' | 'value' | 'literal' | 'group'

function freeNames(text: string, start: number, bound: ReadonlySet<string>): Map<string, Usage> | undefined {
  const free = new Map<string, Usage>()
  const closing: Before[] = []
  let before: Before = 'operator'
  let at = start
  const next = () => {
    tokens.lastIndex = at
    const found = tokens.exec(text)
    if (found) at = tokens.lastIndex
    return found?.groups
  }
  while (at < text.length) {
    const token = next()
    if (!token) return undefined
    const { name, literal, mark } = token
    if (name !== undefined) {
      if (before !== 'operator' || isReserved(name)) return undefined
      const range = { start: at - name.length, end: at }
      const path: string[] = []
      for (let rest = members.exec(text.slice(at)); rest; rest = members.exec(text.slice(at))) {
        path.push(rest[1] as string)
        at += rest[0].length
      }
      before = isLiteral(name) || bound.has(name) ? 'value' : 'name'
      if (before === 'name') note(free, name, range, path, /^\s*\(/.test(text.slice(at)))
    } else if (literal !== undefined) {
      if (before !== 'operator') return undefined
      before = 'literal'
    } else if (mark === '(' || mark === '[') {
      if (before === 'literal' || before === 'group' || (before === 'name' && mark === '[')) return undefined
      closing.push(before === 'operator' && mark === '(' ? 'group' : 'value')
      before = 'operator'
    } else if (mark === ')' || mark === ']') {
      const closed = closing.pop()
      if (closed === undefined) return undefined
      before = closed
    } else if (mark === '.') {
      const property = before === 'value' ? next()?.name : undefined
      if (property === undefined) return undefined
    } else before = 'operator'
  }
  return closing.length === 0 && before !== 'operator' ? free : undefined
}

const members = /^\s*\.\s*([a-z_$][\w$]*)/i

function note(
  free: Map<string, Usage>,
  name: string,
  range: { start: number; end: number },
  path: readonly string[],
  called: boolean,
): void {
  const usage = free.get(name) ?? new Usage(name)
  free.set(name, usage)
  const isMember = path.length > 0
  usage.references.push({ ...range, shorthand: false, called: called && !isMember, startsStatement: false })
  usage.typeofOnly = false
  if (isMember) usage.addChain(path, called)
  else usage.whole = true
}

const isLiteral = (name: string): boolean => /^(?:true|false|null)$/.test(name)

/** Words that are no names, or that are names of a special kind. */
const isReserved = (name: string): boolean => reserved.has(name)

const reserved = new Set(
  (
    'arguments async await break case catch class const continue debugger default delete do else enum eval export extends ' +
    'finally for function get if implements import in instanceof interface let new of package private protected public ' +
    'return set static super switch this throw try typeof var void while with yield'
  ).split(' '),
)
