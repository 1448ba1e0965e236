import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { runInThisContext, Script as VmScript } from 'node:vm'
import { transpileModule } from 'typescript'
import { inspectFunction } from '../../../lib/serialization/functions/introspect'
import { mapStack, originalPosition } from '../../../lib/serialization/functions/original-position'
import { type Script, scriptById } from '../../../lib/serialization/functions/script'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'parfor-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const original = `interface Gone {
  a: number
}

type AlsoGone = Gone

;((gone: Gone): AlsoGone => { throw new Error('boom') })`

/** Runs TypeScript as a loader does: compiled text under the name of the original. */
function runCompiled(options: { inlineSourceMap: true } | { sourceMap: true; sourceRoot?: string }): {
  fn: Function
  script: Script
  file: string
} {
  const file = join(folder, 'score.ts')
  const { outputText, sourceMapText } = transpileModule(original, {
    fileName: file,
    compilerOptions: { target: 99, module: 1, ...options },
  })
  if (sourceMapText) writeFileSync(join(folder, 'score.js.map'), sourceMapText)
  const fn = new VmScript(outputText, { filename: file }).runInThisContext() as Function
  const script = scriptById(inspectFunction(fn).scriptId ?? '')
  if (!script) throw new Error('no script')
  return { fn, script, file }
}

describe('originalPosition', () => {
  it.each([
    ['inside the script', { inlineSourceMap: true }],
    ['in a file beside it', { sourceMap: true }],
    ['in a file, with a source root', { sourceMap: true, sourceRoot: './' }],
  ] as const)('follows a source map %s', (_, options) => {
    const { fn, script, file } = runCompiled(options)
    const { line, column } = inspectFunction(fn)
    expect(line).toBeLessThan(6)
    expect(originalPosition(script, line, column)).toEqual({ source: file, line: 6, column: 2 })
  })

  it.each([
    ['no map', ''],
    ['a map that is missing', 'missing.map'],
    ['a map that is broken', 'data:application/json,{'],
    ['a map of no kind we know', 'https://example.org/x.map'],
  ])('is nothing with %s', (_, sourceMapURL) => {
    expect(originalPosition({ sourceMapURL, path: join(folder, 'x.js') } as Script, 0, 0)).toBeUndefined()
  })

  it('is nothing where the map says nothing', () => {
    const map = `data:application/json,${JSON.stringify({ version: 3, sources: ['a.ts'], names: [], mappings: ';;AAAA' })}`
    const script = { sourceMapURL: map, path: join(folder, 'a.js') } as Script
    expect(originalPosition(script, 0, 0)).toBeUndefined()
    expect(originalPosition(script, 2, 0)).toEqual({ source: join(folder, 'a.ts'), line: 0, column: 0 })
  })

  it('keeps the name of a source that is no file', () => {
    const payload = { version: 3, sources: ['webpack://app/a.ts'], names: [], mappings: 'AAAA' }
    const sourceMapURL = `data:application/json;base64,${Buffer.from(JSON.stringify(payload)).toString('base64')}`
    expect(originalPosition({ sourceMapURL, path: join(folder, 'a.js') } as Script, 0, 0)?.source).toBe(
      'webpack://app/a.ts',
    )
  })
})

describe('mapStack', () => {
  /** The stack of a by-value copy of `boom`, which is at the place of the compiled text. */
  function stackOfCopy(fn: Function, name: string): string {
    const { line, column } = inspectFunction(fn)
    const copy = new VmScript(`(${fn})`, { filename: name, lineOffset: line, columnOffset: column - 1 })
    try {
      copy.runInThisContext()()
    } catch (error) {
      return String((error as Error).stack)
    }
    throw new Error('did not throw')
  }

  it.each([
    ['path', (file: string) => file],
    ['URL', (file: string) => pathToFileURL(file).href],
  ])('maps frames of by-value scripts named by %s', (_, nameOf) => {
    const { fn, file } = runCompiled({ inlineSourceMap: true })
    const stack = stackOfCopy(fn, `parfor:${nameOf(file)}`)
    const column = (original.split('\n')[6]?.indexOf('new Error') ?? 0) + 1
    expect(stack).toContain('parfor:')
    expect(mapStack(stack)).toContain(`${file}:7:${column}\n`)
    expect(mapStack(stack)).not.toContain('parfor:')
  })

  it('only takes the prefix away where there is no map', () => {
    const file = join(folder, 'plain.js')
    const fn = new VmScript('() => { throw new Error("x") }', { filename: file }).runInThisContext()
    scriptById(inspectFunction(fn).scriptId ?? '')
    expect(mapStack(stackOfCopy(fn, `parfor:${file}`))).toContain(`at ${file}:1:15\n`)
  })

  it('leaves other frames and the message alone', () => {
    const stack = 'Error: at parfor:/a.ts:1:2\n  parfor:/a.ts:1:2\n    at f (/a.ts:1:2)\n    at parfor:/unknown.ts:1:2'
    expect(mapStack(stack)).toBe(stack)
  })

  it('maps every frame of a nested stack, async ones too', () => {
    const { fn, file } = runCompiled({ inlineSourceMap: true })
    const { line, column } = inspectFunction(fn)
    const place = `parfor:${file}:${line + 1}:${column + 1}`
    const stack = `Error: x\n    at async ${place}\n    at boom (${place})\n    at async Promise.all (index 0)`
    expect(mapStack(stack)).toBe(
      `Error: x\n    at async ${file}:7:3\n    at boom (${file}:7:3)\n    at async Promise.all (index 0)`,
    )
  })

  it('gives back a stack of nothing of ours as it is', () => {
    const { stack } = runInThisContext('new Error("x")') as Error
    expect(mapStack(stack ?? '')).toBe(stack)
  })
})
