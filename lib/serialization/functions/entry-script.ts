import { readFileSync, statSync } from 'node:fs'
import type { Runtime } from 'node:inspector'
import { pathToFileURL } from 'node:url'
import { runInThisContext } from 'node:vm'
import { isMainThread } from 'node:worker_threads'
import { areCallersKnown, nameOfCaller } from '../../system/program'
import { entryPath } from './entry'
import { inspectorSession } from './inspector-session'
import type { FunctionDetails } from './introspect'
import { hasLoader } from './loader-options'

/** The script of the program's entry, as its file has it. It names no source map. */
interface EntryScript {
  readonly url: string
  readonly isModule: boolean
  readonly source: string
}

/**
 * The script of a function that was written in the program's entry: for the usual first task this spares the debugger,
 * which takes 20 ms to list all scripts. `undefined` for a function of another script, and whenever the file may not be
 * what V8 has compiled.
 */
export function findEntryScript(fn: Function, details: FunctionDetails): EntryScript | undefined {
  const path = entryPath()
  // Before the entry itself runs, only what a loader option names can have changed how it is compiled.
  const isAsWritten = isMainThread && /\.[cm]?js$/.test(path) && !hasLoader() && isInMainRealm(details)
  const source = isAsWritten ? readUnchanged(path) : undefined
  // Whether it is a comment, or part of a string, only a parser can say.
  if (source === undefined || source.includes('sourceMappingURL')) return undefined
  if (!isAt(source, Function.prototype.toString.call(fn), details)) return undefined
  const url = pathToFileURL(path).href
  const id = details.scriptId as string
  const name = areCallersKnown ? nameOfCaller(id) : nameInStack(id)
  if (name !== path && name !== url) return undefined
  return { url, isModule: details.scopes.some(({ type }) => type === 'Module'), source }
}

function isInMainRealm({ scopes }: FunctionDetails): boolean {
  const outermost = scopes.at(-1)
  return outermost?.type === 'Global' && outermost.object === runInThisContext('globalThis')
}

/** The text of a file that nobody has written since this process began. */
function readUnchanged(path: string): string | undefined {
  try {
    const { mtimeMs, ctimeMs } = statSync(path)
    return Math.max(mtimeMs, ctimeMs) < performance.timeOrigin ? readFileSync(path, 'utf8') : undefined
  } catch {
    return undefined
  }
}

/** Whether a function's text is around the place that V8 tells: behind a compiler it would not be. */
function isAt(source: string, text: string, { line, column }: FunctionDetails): boolean {
  const before = source.split('\n', line)
  const offset = before.reduce((sum, { length }) => sum + length + 1, 0) + column
  const start = source.lastIndexOf(text, offset)
  return before.length === line && start >= 0 && offset < start + text.length
}

let callers: ReadonlyMap<string, string> | undefined

/**
 * The name of a script that runs now: for the first function that is sent, the one that makes the call. An exception,
 * which is of no class whose stack the program may have a say in, tells of all callers in 1 ms.
 */
function nameInStack(scriptId: string): string | undefined {
  callers ??= new Map(stack().map(({ scriptId, url }) => [scriptId, url]))
  return callers.get(scriptId)
}

function stack(): readonly Runtime.CallFrame[] {
  const { post } = inspectorSession()
  try {
    post('Runtime.enable')
    const thrown = { expression: 'throw 0', silent: true }
    const { exceptionDetails } = post<Runtime.EvaluateReturnType>('Runtime.evaluate', thrown)
    return exceptionDetails?.stackTrace?.callFrames ?? []
  } finally {
    post('Runtime.disable')
  }
}
