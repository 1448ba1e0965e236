import { readFileSync, statSync } from 'node:fs'
import type { Profiler } from 'node:inspector'
import { pathToFileURL } from 'node:url'
import { getHeapStatistics } from 'node:v8'
import { runInThisContext } from 'node:vm'
import { isMainThread } from 'node:worker_threads'
import { entryPath } from './entry'
import { inspectorSession } from './inspector-session'
import type { FunctionDetails } from './introspect'
import { hasLoader } from './loader-options'

/** The script of the program's entry, as its file has it. */
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
  const isAsWritten = /\.[cm]?js$/.test(path) && !hasLoader() && isInMainRealm(details)
  if (!isAsWritten || !isWorthwhile()) return undefined
  const source = readUnchanged(path)
  const text = Function.prototype.toString.call(fn)
  const start = source === undefined ? -1 : startIn(source, text, details)
  if (source === undefined || start < 0) return undefined
  const script = calledScript(details.scriptId)
  const url = pathToFileURL(path).href
  if (script?.url !== url || !isIn(script, start, start + text.length, source.length)) return undefined
  return { url, isModule: details.scopes.some(({ type }) => type === 'Module'), source }
}

function isInMainRealm({ scopes }: FunctionDetails): boolean {
  const outermost = scopes.at(-1)
  return outermost?.type === 'Global' && outermost.object === runInThisContext('globalThis')
}

/** The profiler goes through all objects on the heap. Where V8 counts calls, nothing is to disturb that. */
function isWorthwhile(): boolean {
  return isMainThread && getHeapStatistics().used_heap_size < 64 * 2 ** 20 && !process.env.NODE_V8_COVERAGE
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

/** Where a function's text starts; -1 when it is not around the place that V8 tells. */
function startIn(source: string, text: string, { line, column }: FunctionDetails): number {
  const before = source.split('\n', line)
  const offset = before.reduce((sum, { length }) => sum + length + 1, 0) + column
  const start = source.lastIndexOf(text, offset)
  return before.length === line && offset < start + text.length ? start : -1
}

/** The profiler knows scripts by what was called of them, and lists them in 2 ms. */
function calledScript(scriptId: string | undefined): Profiler.ScriptCoverage | undefined {
  const { post } = inspectorSession()
  try {
    post('Profiler.enable')
    const { result } = post<Profiler.GetBestEffortCoverageReturnType>('Profiler.getBestEffortCoverage')
    return result.find((script) => script.scriptId === scriptId)
  } finally {
    post('Profiler.disable')
  }
}

/** Whether the script has a function at this very place, and is as long as the text. */
function isIn({ functions }: Profiler.ScriptCoverage, start: number, end: number, length: number): boolean {
  const ranges = functions.flatMap(({ ranges }) => ranges)
  const hasFunction = ranges.some(({ startOffset, endOffset }) => startOffset === start && endOffset === end)
  // That of the script itself starts at 0; it may be garbage by now.
  return (
    hasFunction &&
    ranges.every(({ startOffset, endOffset }) => (startOffset === 0 ? endOffset === length : endOffset <= length))
  )
}
