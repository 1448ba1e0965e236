import { relative } from 'node:path'
import type { FunctionOptions } from '../../task/given'
import { isStandardGlobal } from '../intrinsics'
import { isDeclaration } from './enclosing-names'
import { type Analysis, analyse, type FreeVariable } from './free-variables'
import { InspectorUnavailableError } from './inspector-session'
import { type FunctionDetails, inspectFunctions, type Scope } from './introspect'
import { noteSymbols } from './module-symbols'
import { originalPosition } from './original-position'
import { lookUp, lookUpShown } from './scopes'
import { lineEnds, type Script, scriptOf } from './script'
import { isClass, isNative } from './source'
import { strictAt } from './strictness'

/** A function as it was at one moment: what V8 tells of it, read once per call. */
export interface Captured {
  readonly fn: Function
  readonly details: FunctionDetails
  readonly script: Script | undefined
  /** Whether there is no source text to send: built in, or bound. */
  readonly isNative: boolean
  /** Why its variables cannot be read; then they have to be given. */
  readonly unseen?: InspectorUnavailableError | undefined
  /** What the user says of it. */
  readonly given?: FunctionOptions
}

/** A free variable with the value that it had. */
export interface Variable {
  readonly free: FreeVariable
  readonly value: unknown
  /** The scope it is in; `undefined` when it was not looked up: its value is given, or V8 shows no scopes. */
  readonly scope: Scope | undefined
  readonly isInitialized: boolean
}

/** What a function by value is made from. */
export interface Closure {
  readonly analysis: Analysis
  readonly variables: readonly Variable[]
  /** The `arguments` of the function around an arrow that uses them. */
  readonly args: readonly unknown[] | undefined
  readonly isStrict: boolean
  /** The `this` that an arrow inherits. */
  readonly self: unknown
}

/** Why a function cannot be sent by value. `variable` is the one to blame, when it is one. */
export class CaptureError extends Error {
  readonly remedy: string
  readonly variable: string | undefined
  constructor(what: string, remedy: string, variable?: string) {
    super(what)
    this.remedy = remedy
    this.variable = variable
  }
}

export function capture(fn: Function): Captured {
  return captureAll([fn])[0] as Captured
}

/** The same for many functions, at less of a cost for each. */
export function captureAll(fns: readonly Function[]): Captured[] {
  try {
    return inspectFunctions(fns).map((details, n) => {
      const fn = fns[n] as Function
      const script = scriptOf(fn, details)
      if (script) noteSymbols(script, details)
      return { fn, details, script, isNative: isNative(fn) }
    })
  } catch (error) {
    if (!(error instanceof InspectorUnavailableError)) throw error
    return fns.map((fn) => ({ fn, details: UNSEEN, script: undefined, isNative: isNative(fn), unseen: error }))
  }
}

const UNSEEN: FunctionDetails = { scopes: [], scriptId: undefined, line: -1, column: -1, bound: undefined }

/**
 * Reads the variables that a function captures.
 *
 * @throws CaptureError when the engine does not show what it needs
 */
export function closureOf(captured: Captured): Closure {
  const { fn, details, script } = captured
  const text = Function.prototype.toString.call(fn)
  const isStrict = () => script !== undefined && strictAt(script, details.line, details.column)
  const analysis = analyseOrExplain(text, isStrict)
  const { given = {} } = captured
  refuseWhatIsHidden(analysis, given)
  if (given.captures) refuseUnused(Object.keys(given.captures), analysis)

  const variables: Variable[] = []
  const missing: string[] = []
  for (const free of analysis.free.values()) {
    if (given.captures && Object.hasOwn(given.captures, free.name)) {
      variables.push({ free, value: given.captures[free.name], scope: undefined, isInitialized: true })
      continue
    }
    if (captured.unseen && !isStandardGlobal(free.name) && !free.typeofOnly) {
      if (free.name in globalThis)
        variables.push({ free, value: valueOfGlobal(free.name), scope: undefined, isInitialized: true })
      else missing.push(free.name)
      continue
    }
    const binding = lookUp(free.name, details)
    if (binding === undefined && free.eager && !free.typeofOnly)
      throw new CaptureError(
        'the name of a field is computed from it, and the engine does not show it',
        'Use it in a method of the class too, or give the field a fixed name.',
        free.name,
      )
    if (binding === undefined) continue // a ReferenceError in the worker, exactly as at home
    if (binding.is === 'hidden')
      throw new CaptureError(
        'it is the name of an enclosing function expression, which the engine does not show',
        'Give that function a name by const or by a function declaration.',
        free.name,
      )
    if (binding.is === 'global') {
      if (!isStandardGlobal(free.name))
        variables.push({ free, value: binding.value, scope: binding.scope, isInitialized: true })
    } else {
      const isInitialized = binding.is === 'variable'
      variables.push({ free, value: isInitialized ? binding.value : undefined, scope: binding.scope, isInitialized })
    }
  }
  if (missing.length > 0) refuseUnseen(missing, captured)
  const own = ownVariable(captured, analysis)
  if (own) variables.push(own)
  return {
    analysis,
    variables,
    self: given.this,
    args: outerArguments(analysis, details),
    isStrict: isStrictFunction(captured, analysis, isStrict),
  }
}

/**
 * The variable that the name of a declared function is, when a function expression of that name would not be the same:
 * it has another value (`fib = memoize(fib)`), or the function gives it one.
 */
function ownVariable({ fn, details, script, given }: Captured, { own }: Analysis): Variable | undefined {
  if (!own) return undefined
  if (given?.captures && Object.hasOwn(given.captures, own.name))
    return { free: own, value: given.captures[own.name], scope: undefined, isInitialized: true }
  const binding = lookUpShown(own.name, details)
  if (!script || (binding?.is !== 'variable' && binding?.is !== 'global')) return undefined
  const { value, scope } = binding
  if ((value === fn && !own.written) || !isDeclaration(script, details.line, details.column)) return undefined
  return { free: own, value, scope, isInitialized: true }
}

function analyseOrExplain(text: string, isStrict: () => boolean): Analysis {
  try {
    return analyse(text, isStrict)
  } catch (error) {
    throw new CaptureError(
      `its source text cannot be parsed (${(error as Error).message})`,
      'Export it from a module of its own, so that it goes by reference.',
    )
  }
}

const valueOfGlobal = (name: string): unknown => (globalThis as Record<string, unknown>)[name]

function refuseUnseen(names: readonly string[], { unseen }: Captured): never {
  throw new CaptureError(
    `it captures ${names.join(', ')}, which cannot be read here: ${unseen?.message.replace(/\.$/, '')}`,
    `Name what it captures: delayed(fn, { captures: { ${names.join(', ')} } }).`,
  )
}

/** A name that is misspelt would leave a variable as it is, without a word. */
function refuseUnused(names: readonly string[], { free, own }: Analysis): void {
  const unused = names.filter((name) => !free.has(name) && name !== own?.name)
  if (unused.length === 0) return
  const used = [...free.keys()].filter((name) => !isStandardGlobal(name))
  throw new CaptureError(
    `the captures that are given name ${unused.join(', ')}, which it does not use`,
    used.length === 0 ? 'It captures no variables.' : `Its variables are ${used.join(', ')}.`,
  )
}

function refuseWhatIsHidden(analysis: Analysis, given: FunctionOptions): void {
  if (analysis.usesThis && !('this' in given))
    throw new CaptureError(
      'the engine does not show the `this` of an arrow function',
      'Name it, delayed(fn, { this: obj }), copy what is needed of it to a const first, or make it a method: () => obj.method().',
      'this',
    )
  if (analysis.usesNewTarget)
    throw new CaptureError(
      'the engine does not show the `new.target` of an arrow function',
      'Copy it to a const first.',
      'new.target',
    )
  if (analysis.usesSuper)
    throw new CaptureError(
      'a method that uses `super` belongs to its class or object',
      'Of a class: send the object itself and call the method inside the task. Of an object literal: write other.method.call(this).',
      'super',
    )
  const [privateName] = analysis.privateNames
  if (privateName !== undefined)
    throw new CaptureError(
      `it uses the private member #${privateName} outside of its class`,
      'Send the object itself and call the method inside the task.',
      `#${privateName}`,
    )
}

function outerArguments(analysis: Analysis, details: FunctionDetails): readonly unknown[] | undefined {
  if (!analysis.usesArguments) return undefined
  const binding = lookUp('arguments', details)
  return binding?.is === 'variable' ? Array.from(binding.value as ArrayLike<unknown>) : []
}

/** A sloppy `function` has an own `caller`; for the others the place in the script decides. */
function isStrictFunction({ fn }: Captured, { source, showsStrictness }: Analysis, isStrict: () => boolean): boolean {
  if (source.kind === 'class') return true
  if (source.kind === 'function' && Object.hasOwn(fn, 'caller')) return false
  return showsStrictness && isStrict()
}

/** Where a function's text starts in the script that runs, from 0. */
export function startOf({ details }: Captured, { source }: Analysis): { line: number; column: number } {
  const before = source.text.slice(0, source.locationOffset)
  const breaks = before.split(lineEnds).length - 1
  return breaks === 0
    ? { line: details.line, column: details.column - before.length }
    : { line: details.line - breaks, column: 0 }
}

/** `function "score" (score.ts:9:61)`, in the code the user wrote. */
export function describe(captured: Captured): string {
  const { fn, details, script } = captured
  const name = fn.name === '' ? '' : ` ${JSON.stringify(fn.name)}`
  return `${isClass(fn) ? 'class' : 'function'}${name}${place(details, script)}`
}

function place(details: FunctionDetails, script: Script | undefined): string {
  const found = placeIn(script, details)
  return found === '' ? '' : ` (${found})`
}

/** `score.ts:9:61`, where a function is in the code the user wrote; `''` when the engine does not show it. */
export function placeOf(fn: Function): string {
  try {
    const { details, script } = capture(fn)
    return placeIn(script, details)
  } catch {
    return '' // it is asked for an error, which must not be lost for it
  }
}

function placeIn(script: Script | undefined, details: FunctionDetails): string {
  if (!script || details.line < 0) return ''
  const original = originalPosition(script, details.line, details.column)
  const file = original?.source ?? script.path ?? script.url
  const { line, column } = original ?? details
  return file === '' ? '' : `${shorten(file)}:${line + 1}:${column + 1}`
}

/** Relative to where the program was started, when it is below that. */
function shorten(file: string): string {
  if (file.includes('://')) return file
  const path = relative(process.cwd(), file)
  return path.startsWith('..') ? file : path
}
