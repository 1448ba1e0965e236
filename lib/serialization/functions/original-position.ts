import { readFileSync } from 'node:fs'
import type { SourceMap, SourceMapPayload, SourceMapping } from 'node:module'
import { isAbsolute } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { MAPPED_PREFIX, type Script, scriptsByUrl } from './script'

export { MAPPED_PREFIX } from './script'

/** A place in the code the user wrote. */
export interface OriginalPosition {
  /** Path, or URL when it is no file. */
  readonly source: string
  /** From 0. */
  readonly line: number
  /** From 0. */
  readonly column: number
}

/**
 * Position in a running script (from 0) → position in the source it was made from, by the script's source map;
 * `undefined` when it has no map, or the map says nothing about the position.
 */
export function originalPosition(script: Script, line: number, column: number): OriginalPosition | undefined {
  const read = mapOf(script)
  const entry: Partial<SourceMapping> | undefined = read?.map.findEntry(line, column)
  if (entry?.originalSource === undefined) return undefined
  const { originalSource, originalLine = 0, originalColumn = 0 } = entry
  return { source: sourceName(originalSource, read?.base), line: originalLine, column: originalColumn }
}

/**
 * Rewrites the frames of a stack whose file name starts with `parfor:` (followed by the path or URL of the transformed
 * script) to the original source. Without a map the prefix goes and the position stays. Other frames are untouched, and
 * those of scripts that this thread does not have: in nested calls, the thread that has them comes later.
 */
export function mapStack(stack: string): string {
  if (!stack.includes(MAPPED_PREFIX)) return stack
  return stack.replace(frame, (whole, before: string, name: string, line: string, column: string) => {
    const scripts = scriptsNamed(name)
    return scripts.length === 0 ? whole : before + placeInSource(scripts, name, Number(line), Number(column))
  })
}

/** A line of a stack: `at f (parfor:/a/b.ts:3:14)`, `at parfor:/a/b.ts:3:14`. Lines and columns are from 1. */
const frame = new RegExp(`^(\\s+at .*?)${MAPPED_PREFIX}(.+?):(\\d+):(\\d+)`, 'gm')

function placeInSource(scripts: readonly Script[], name: string, line: number, column: number): string {
  for (const script of [...scripts].reverse()) {
    const original = originalPosition(script, line - 1, column - 1)
    if (original) return `${original.source}:${original.line + 1}:${original.column + 1}`
  }
  return `${name}:${line}:${column}`
}

function scriptsNamed(name: string): readonly Script[] {
  try {
    return scriptsByUrl(isAbsolute(name) ? pathToFileURL(name).href : name)
  } catch {
    return [] // no inspector, so nothing was sent by value from here
  }
}

interface ReadMap {
  readonly map: SourceMap
  /** The file that the names of sources are relative to. */
  readonly base: string | undefined
}

const maps = new WeakMap<Script, { readonly read: ReadMap | undefined }>()

function mapOf(script: Script): ReadMap | undefined {
  let known = maps.get(script)
  if (!known) {
    known = { read: readMap(script) }
    maps.set(script, known)
  }
  return known.read
}

function readMap({ sourceMapURL, path }: Script): ReadMap | undefined {
  try {
    const inline = inlineText(sourceMapURL)
    if (inline !== undefined) return { map: parseMap(inline), base: path }
    if (sourceMapURL === '' || path === undefined) return undefined
    const file = fileURLToPath(new URL(sourceMapURL, pathToFileURL(path)))
    return { map: parseMap(readFileSync(file, 'utf8')), base: file }
  } catch {
    return undefined // a map that is missing or broken is as good as none
  }
}

function inlineText(url: string): string | undefined {
  const data = /^data:[^,]*?(;base64)?,(.*)$/s.exec(url)
  if (!data) return undefined
  const [, isBase64, content = ''] = data
  return isBase64 ? Buffer.from(content, 'base64').toString() : decodeURIComponent(content)
}

function parseMap(json: string): SourceMap {
  // Not imported: a test runner gives a `node:module` of its own.
  const { SourceMap } = process.getBuiltinModule('node:module')
  return new SourceMap(withSourceRoot(JSON.parse(json)))
}

/** Node's SourceMap does not know `sourceRoot`. */
function withSourceRoot(payload: SourceMapPayload): SourceMapPayload {
  const { sourceRoot, sources } = payload
  if (!sourceRoot || !sources) return payload
  const root = sourceRoot.endsWith('/') ? sourceRoot : `${sourceRoot}/`
  return { ...payload, sourceRoot: '', sources: sources.map((source) => root + source) }
}

function sourceName(source: string, base: string | undefined): string {
  if (source.startsWith('file:')) return fileURLToPath(source)
  if (isAbsolute(source) || /^[a-z][a-z0-9+.-]+:/i.test(source)) return source
  return base === undefined ? source : fileURLToPath(new URL(encodeURI(source), pathToFileURL(base)))
}
