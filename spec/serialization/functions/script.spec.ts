import { readFileSync } from 'node:fs'
import { sep } from 'node:path'
import { pathToFileURL } from 'node:url'
import { runInThisContext, Script as VmScript } from 'node:vm'
import { inspectFunction } from '../../../lib/serialization/functions/introspect'
import { offsetIn, pathOfUrl, scriptById, scriptByUrl, scriptsByUrl } from '../../../lib/serialization/functions/script'
import { runProgram } from '../../support/program'

function scriptOf(fn: Function) {
  const script = scriptById(inspectFunction(fn).scriptId ?? '')
  if (!script) throw new Error('no script')
  return script
}

describe('the script of a function', () => {
  it('is named after its file', () => {
    const { url, path } = scriptOf(() => 1)
    expect(path).toBe(__filename)
    expect(url).toBe(pathToFileURL(__filename).href)
  })

  it('has the text that runs, not that of the file', () => {
    const script = scriptOf(() => 'this very text')
    expect(script.source).toContain("() => 'this very text'")
    expect(script.source).not.toBe(readFileSync(__filename, 'utf8'))
  })

  it('is one object, so that it can be the key of a cache', () => {
    expect(scriptOf(() => 1)).toBe(scriptOf(() => 2))
  })

  it('tells a test runner from a program', () => {
    expect(scriptOf(() => 1).inMainContext).toBe(false)
    expect(scriptOf(runInThisContext('() => 1')).inMainContext).toBe(true)
  })

  it('has its source map, also one too long to be kept', () => {
    const long = `data:application/json,${'x'.repeat(5000)}`
    const made = (map: string) => scriptOf(runInThisContext(`() => 1\n//# sourceMappingURL=${map}`))
    expect(made('short.map').sourceMapURL).toBe('short.map')
    expect(made(long).sourceMapURL).toBe(long)
    expect(scriptOf(runInThisContext('() => 1')).sourceMapURL).toBe('')
  })

  it('is unknown when there is none', () => {
    expect(scriptById('no such id')).toBeUndefined()
  })

  it('is found by its URL: the newest when there are several', () => {
    const made = () => scriptOf(new VmScript('() => 1', { filename: 'parfor:several' }).runInThisContext())
    const [first, second] = [made(), made()]
    expect(scriptsByUrl('parfor:several')).toEqual([first, second])
    expect(scriptByUrl('parfor:several')).toBe(second)
    expect(scriptByUrl('parfor:none')).toBeUndefined()
  })

  it('tells ES modules from scripts', async () => {
    const { stdout } = await runProgram({
      'main.mjs': `
        import { createRequire } from 'node:module'
        const load = createRequire(import.meta.url)
        const { inspectFunction } = load('./node_modules/parfor/dist/serialization/functions/introspect.js')
        const { scriptById } = load('./node_modules/parfor/dist/serialization/functions/script.js')
        for (const fn of [() => 1, load('./common.cjs')]) {
          const { url, path, isModule, inMainContext } = scriptById(inspectFunction(fn).scriptId)
          console.log(url.replace(/.*[/]/, ''), path.replace(/.*[/\\\\]/, ''), isModule, inMainContext)
        }`,
      'common.cjs': 'module.exports = () => 1',
    })
    expect(stdout).toBe('main.mjs main.mjs true true\ncommon.cjs common.cjs false true\n')
  })
})

describe('offsetIn', () => {
  it('finds the text at the place that V8 reports', () => {
    const text = 'let a\n\nlet b = () => 1\nb'
    const fn = runInThisContext(text)
    const { line, column } = inspectFunction(fn)
    const script = scriptOf(fn)
    expect(script.source.slice(offsetIn(script, line, column))).toMatch(/^\(\) => 1\nb/)
  })

  it.each([
    [10, 5, '() => 1'],
    [10, 5, '\n\n() => 1'],
    [3, -2, 'x = () => 1'],
    [0, -7, '1\n;x = () => 1'],
  ])('knows that the script starts at line %d, column %d of its file', (lineOffset, columnOffset, text) => {
    const fn = new VmScript(`var x;${text}`, { lineOffset, columnOffset }).runInThisContext()
    const { line, column } = inspectFunction(fn)
    const script = scriptOf(fn)
    expect(script.source.slice(offsetIn(script, line, column))).toBe('() => 1')
  })
})

describe('pathOfUrl', () => {
  const path = `${sep === '/' ? '' : 'C:'}${sep}a${sep}b c.mjs`
  const { href } = pathToFileURL(path)

  it.each([
    [href, path],
    [`${href}?t=1#x`, path],
    [`parfor:${href}`, path],
    [`parfor:${path}`, path],
    ['parfor:function', undefined],
    ['node:fs', undefined],
    ['data:text/javascript,1', undefined],
    ['file://%', undefined],
    ['', undefined],
  ])('of %s', (url, expected) => {
    expect(pathOfUrl(url)).toBe(expected)
  })
})
