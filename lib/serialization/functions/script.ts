import type { Debugger } from 'node:inspector'
import { isAbsolute } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findEntryScript } from './entry-script'
import { type InspectorSession, inspectorSession } from './inspector-session'
import type { FunctionDetails } from './introspect'
import { isInPackage } from './packages'

/** A script that V8 has compiled in this thread. There is one object per script: it can be a cache's key. */
export interface Script {
  readonly scriptId: string
  /** `file:` URL for files, also CommonJS ones; otherwise as the script was named, perhaps empty. */
  readonly url: string
  /** The file; `undefined` when the script is not named after one. */
  readonly path: string | undefined
  /** The `//# sourceMappingURL` comment; empty when there is none. */
  readonly sourceMapURL: string
  /** An ES module. */
  readonly isModule: boolean
  /** False in the `vm` contexts of Jest and other test runners. */
  readonly inMainContext: boolean
  /** Where the script's text starts in the file it was named after: `vm.Script`'s lineOffset and columnOffset. */
  readonly startLine: number
  readonly startColumn: number
  /** The text that V8 compiled, read when first asked for. */
  readonly source: string
}

const known = new Map<string, KnownScript>()
const byUrl = new Map<string, Script[]>()
let isListed = false

/**
 * The script of a function; `undefined` for a function that has none.
 *
 * @throws InspectorUnavailableError
 */
export function scriptOf(fn: Function, details: FunctionDetails): Script | undefined {
  const { scriptId } = details
  if (scriptId === undefined) return undefined
  if (!isListed && !known.has(scriptId)) {
    const entry = findEntryScript(fn, details)
    if (entry) learn({ ...entry, scriptId })
  }
  return scriptById(scriptId)
}

/**
 * The script of a function, by its `FunctionDetails.scriptId`; `undefined` when V8 does not know it.
 *
 * @throws InspectorUnavailableError
 */
export function scriptById(scriptId: string): Script | undefined {
  if (!known.has(scriptId)) learnScripts()
  return known.get(scriptId)
}

/**
 * The scripts with this URL, the newest last. Only those that were compiled before the last time that
 * {@link scriptById} met a new script: asking for a URL is not worth the 20–100 ms of listing all scripts.
 *
 * @throws InspectorUnavailableError
 */
export function scriptsByUrl(url: string): readonly Script[] {
  return listed(byUrl).get(url) ?? []
}

/** Every script that is known, under the same condition. */
export function knownScripts(): ReadonlyMap<string, Script> {
  return listed(known)
}

function listed<T>(scripts: T): T {
  if (!isListed) learnScripts()
  return scripts
}

/** The newest of {@link scriptsByUrl}. */
export function scriptByUrl(url: string): Script | undefined {
  return scriptsByUrl(url).at(-1)
}

/** The file name prefix of by-value scripts whose positions are those of transformed code. */
export const MAPPED_PREFIX = 'parfor:'

/** The file that a URL names, its query left out; of a by-value script, the file it came from. */
export function pathOfUrl(url: string): string | undefined {
  const name = url.startsWith(MAPPED_PREFIX) ? url.slice(MAPPED_PREFIX.length) : url
  if (!name.startsWith('file:')) return name !== url && isAbsolute(name) ? name : undefined
  try {
    return fileURLToPath(name.replace(/[?#].*$/, ''))
  } catch {
    return undefined
  }
}

/** Where in the script's text a line and column are, as V8 reports them (from 0). */
export function offsetIn(script: Script, line: number, column: number): number {
  const { startLine, startColumn } = script
  if (line === startLine) return column - startColumn
  return (lineStartsOf(script)[line - startLine] ?? 0) + column
}

/** As V8 counts lines. */
export const lineEnds = /\r\n|[\n\r\u2028\u2029]/g

const lineStarts = new WeakMap<Script, readonly number[]>()

function lineStartsOf(script: Script): readonly number[] {
  let starts = lineStarts.get(script)
  if (!starts) {
    starts = [0, ...Array.from(script.source.matchAll(lineEnds), ({ index, 0: end }) => index + end.length)]
    lineStarts.set(script, starts)
  }
  return starts
}

function learnScripts(): void {
  const session = inspectorSession()
  isListed = true
  session.listen('Debugger.scriptParsed', learn, () => debugging(session, () => {}))
}

/**
 * Runs `body` with the debugger on, which first tells of every script. Never longer than that: while it is on, `await`
 * is 9 times slower, and a `debugger` statement would stop the program.
 */
function debugging<T>({ post }: InspectorSession, body: () => T): T {
  try {
    post('Debugger.enable')
    post('Debugger.setSkipAllPauses', { skip: true })
    return body()
  } finally {
    post('Debugger.disable')
  }
}

/** What there is to know of a script; its text, unless that is to be asked for. */
interface Parsed
  extends Pick<
    Debugger.ScriptParsedEventDataType,
    'scriptId' | 'url' | 'isModule' | 'sourceMapURL' | 'executionContextAuxData'
  > {
  readonly startLine?: number
  readonly startColumn?: number
  readonly source?: string
}

function learn(parsed: Parsed): void {
  if (known.has(parsed.scriptId)) return
  const script = new KnownScript(parsed)
  known.set(script.scriptId, script)
  const sameUrl = byUrl.get(script.url)
  if (sameUrl) sameUrl.push(script)
  else byUrl.set(script.url, [script])
}

/** An inline source map is longer than its file, and there can be thousands of files: long ones wait to be asked for. */
const longestKeptMap = 1000

class KnownScript implements Script {
  readonly scriptId: string
  readonly url: string
  readonly path: string | undefined
  readonly isModule: boolean
  readonly inMainContext: boolean
  readonly startLine: number
  readonly startColumn: number
  #sourceMapURL: string | undefined
  #source: string | undefined

  constructor(parsed: Parsed) {
    const { sourceMapURL = '' } = parsed
    this.scriptId = parsed.scriptId
    this.url = parsed.url
    this.path = pathOfUrl(parsed.url)
    this.isModule = parsed.isModule ?? false
    this.inMainContext = (parsed.executionContextAuxData as { isDefault?: boolean } | undefined)?.isDefault ?? true
    this.startLine = parsed.startLine ?? 0
    this.startColumn = parsed.startColumn ?? 0
    this.#source = parsed.source
    this.#sourceMapURL = sourceMapURL.length > longestKeptMap ? undefined : sourceMapURL
  }

  get source(): string {
    this.#source ??= readSources(this)
    return this.#source
  }

  readWith(read: (script: Script) => string): void {
    this.#source ??= read(this)
  }

  get sourceMapURL(): string {
    this.#sourceMapURL ??= lastSourceMapURL(this.source)
    return this.#sourceMapURL
  }
}

/** Turning the debugger on costs as much as a hundred texts, so the user's own modules are read together. */
function readSources(wanted: KnownScript): string {
  const session = inspectorSession()
  const read = ({ scriptId }: Script) =>
    session.post<Debugger.GetScriptSourceReturnType>('Debugger.getScriptSource', { scriptId }).scriptSource
  return debugging(session, () => {
    if (isOwnModule(wanted)) for (const script of known.values()) if (isOwnModule(script)) script.readWith(read)
    return read(wanted)
  })
}

const isOwnModule = ({ isModule, path }: Script) => isModule && path !== undefined && !isInPackage(path)

function lastSourceMapURL(source: string): string {
  const at = Math.max(source.lastIndexOf('//# sourceMappingURL='), source.lastIndexOf('//@ sourceMappingURL='))
  return at < 0 ? '' : (/^.{21}(\S*)/.exec(source.slice(at))?.[1] ?? '')
}
