import type { Code } from '../wire'
import { type Captured, type Closure, startOf } from './capture'
import type { ComputedKey } from './class-parts'
import { MAPPED_PREFIX } from './original-position'

/** What decides the text of a function besides its source. */
export interface Shape {
  /** The captured variables, in the order of the parameters. */
  readonly variables: readonly string[]
  /** Those of them that live in a cell, shared with other functions or not initialized. */
  readonly cells: ReadonlySet<string>
  /** Only of a class: whether it has a superclass, and its computed keys; they are parameters before the variables. */
  readonly hasHeritage: boolean
  readonly computedKeys: readonly ComputedKey[]
  readonly name: string | undefined
}

interface Edit {
  readonly start: number
  readonly end: number
  readonly text: string
}

/**
 * Writes a function as an expression whose captured variables are parameters.
 *
 * What we write is as long as what it replaces, so that columns in stack traces stay right; but for variables in cells
 * and computed keys of one or two characters, behind which the columns of their line are too large.
 */
export function codeOf(captured: Captured, closure: Closure, shape: Shape): Code {
  const { source } = closure.analysis
  const prefix = unusedPrefix(source.text)
  const keys = shape.computedKeys.map((_, n) => `${prefix}${n}`)
  const cellName = (name: string) => `${prefix}cell_${name}`
  const params = [
    ...(shape.hasHeritage ? [`${prefix}base`] : []),
    ...keys,
    ...shape.variables.map((name) => (shape.cells.has(name) ? cellName(name) : name)),
  ]
  const from = source.method?.paramsStart ?? 0
  const { own } = closure.analysis
  const isOwnNameVariable = closure.variables.some(({ free }) => free === own)
  const all = edits(closure, shape, prefix, keys, cellName)
  // As an expression's name it would be another variable.
  if (isOwnNameVariable && source.ownNameRange) all.unshift(blankOut(source.text, source.ownNameRange))
  const body = apply(source.text, from, all)
  return {
    prefix,
    params,
    strict: closure.isStrict,
    body,
    ...frame(closure, shape.name, isOwnNameVariable),
    ...placeOf(captured, closure, from),
  }
}

/** Starts names that cannot clash with the user's: it occurs nowhere in the text. */
function unusedPrefix(text: string): string {
  let prefix = '$$'
  while (text.includes(prefix)) prefix += '$'
  return prefix
}

function edits(
  { analysis, variables }: Closure,
  { cells, hasHeritage, computedKeys }: Shape,
  prefix: string,
  keys: readonly string[],
  cellName: (name: string) => string,
): Edit[] {
  const all: Edit[] = []
  const put = ([start, end]: readonly [number, number], text: string) =>
    all.push({ start, end, text: text.padEnd(end - start) })
  const { source, importCalls, importMetas, classParts } = analysis

  for (const range of importCalls) put(range, `${prefix}imp`)
  for (const range of importMetas) put(range, `${prefix}meta`)
  // Values of static members come from the live class: the initializers have run already.
  for (const [start, end] of classParts?.staticParts ?? [])
    put([start, end], `;${blank(source.text.slice(start + 1, end))}`)
  if (hasHeritage && classParts?.heritage) put(classParts.heritage, `${prefix}base`)
  for (const [n, key] of computedKeys.entries()) put(key.range, keys[n] as string)
  for (const { free } of variables) {
    const { name } = free
    if (!cells.has(name)) continue
    for (const { start, end, shorthand, called, startsStatement } of free.references) {
      const value = `${cellName(name)}.value`
      // Called apart from the cell, which would be its `this`; in code without semicolons `(` would go on with a call.
      put([start, end], shorthand ? `${name}:${value}` : called ? `${startsStatement ? ';' : ''}(0,${value})` : value)
    }
  }
  return all.sort((a, b) => a.start - b.start)
}

/** As long as what it replaces, with its line breaks: positions behind it stay. */
const blank = (text: string) => text.replace(/[^\n\r]/g, ' ')

const blankOut = (text: string, [start, end]: readonly [number, number]): Edit => ({
  start,
  end,
  text: blank(text.slice(start, end)),
})

function apply(text: string, from: number, edits: readonly Edit[]): string {
  let result = ''
  let at = from
  for (const edit of edits) {
    if (edit.start < at) continue // inside what another edit took out
    result += text.slice(at, edit.start) + edit.text
    at = edit.end
  }
  return result + text.slice(at)
}

/** What goes around the text, so that it is an expression and the function has its name. */
function frame(
  { analysis: { source } }: Closure,
  name = '',
  isOwnNameVariable = false,
): { head: string; tail: string } {
  if (source.method) {
    const key = JSON.stringify(name.replace(/^(get|set) /, ''))
    return { head: `({${source.method.prefix}[${key}]`, tail: `})[${key}]` }
  }
  if ((source.ownName !== undefined && !isOwnNameVariable) || name === '') return { head: '(', tail: '\n)' }
  const key = JSON.stringify(name)
  return { head: `({[${key}]:(`, tail: `\n)})[${key}]` }
}

/**
 * The file name in stack traces is the script's own, so that breakpoints bind and frames read as at home. Where
 * positions are those of transformed code it has a prefix: the caller maps such frames to the user's source. Coverage
 * gets the prefix too, or V8 would report our text under the user's file.
 */
function placeOf(captured: Captured, closure: Closure, from: number): Pick<Code, 'file' | 'line' | 'column' | 'url'> {
  const { script, details } = captured
  const { line, column } = from === 0 ? startOf(captured, closure.analysis) : details
  const url = script?.url ?? ''
  const file = script === undefined ? '' : script.isModule ? url : (script.path ?? url)
  const isMapped = script?.sourceMapURL !== undefined && script.sourceMapURL !== ''
  return {
    file:
      file === '' ? `${MAPPED_PREFIX}function` : isMapped || process.env.NODE_V8_COVERAGE ? MAPPED_PREFIX + file : file,
    line: Math.max(line, 0),
    column,
    url,
  }
}
