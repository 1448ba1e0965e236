import { runProgram } from '../../support/program'

/** Prints what is known of the scripts of `fns`, and whether the debugger was asked. */
const report = `
const { Session } = load('node:inspector')
const { post } = Session.prototype
const methods = new Set()
Session.prototype.post = function (method, ...rest) {
  methods.add(method)
  return post.call(this, method, ...rest)
}
const { inspectFunction } = load('./node_modules/parfor/dist/serialization/functions/introspect.js')
const { knownScripts, scriptOf } = load('./node_modules/parfor/dist/serialization/functions/script.js')
load('./node_modules/parfor/dist/system/program.js').noteCallers()
if (process.argv[2] === 'list') knownScripts()
const scripts = fns().map((fn) => scriptOf(fn, inspectFunction(fn)))
const [{ source, sourceMapURL, scriptId, ...script }] = scripts
console.log(JSON.stringify({
  isListed: methods.has('Debugger.enable'),
  areOne: scripts.every((one) => one === scripts[0]),
  script: { ...script, source: scripts[0].source, sourceMapURL: scripts[0].sourceMapURL },
}))
`
const inCommonJs = (text: string) => `${text}\nconst load = require\n${report}`
const inModule = (text: string) =>
  `import { createRequire } from 'node:module'\nconst load = createRequire(import.meta.url)\n${text}\n${report}`

const fns = 'const fns = () => [() => "é", function () { return 2 }, class { m() {} }.prototype.m, async (a) => a]'

interface Told {
  readonly isListed: boolean
  readonly areOne: boolean
  readonly script: { readonly url: string; readonly source: string }
}

async function told(files: Record<string, string>, args = Object.keys(files).slice(0, 1)): Promise<Told> {
  const { stdout, stderr } = await runProgram(files, args)
  if (stdout === '') throw new Error(stderr)
  const { script, ...rest } = JSON.parse(stdout.replaceAll(/parfor-\w+/g, 'folder'))
  return { ...rest, script }
}

describe('The script of the program’s entry', () => {
  it.each([
    ['a CommonJS file', 'main.cjs', inCommonJs(fns)],
    ['an ES module', 'main.mjs', inModule(fns)],
    ['a file with a hashbang', 'main.cjs', inCommonJs(`#!/usr/bin/env node\n${fns}`)],
    ['a file with Windows line ends', 'main.cjs', inCommonJs(fns).replaceAll('\n', '\r\n')],
  ])('is known without a list of all scripts, as that would tell it: %s', async (_, name, text) => {
    const quick = await told({ [name]: text })
    const listed = await told({ [name]: text }, [name, 'list'])
    expect(quick).toEqual({ isListed: false, areOne: true, script: listed.script })
    expect(listed).toMatchObject({ isListed: true, areOne: true, script: { source: text } })
  })

  it.each([
    ['a comment', '//# sourceMappingURL=main.cjs.map'],
    ['a string', 'const footer = `\n//# sourceMappingURL=main.cjs.map\n`'],
  ])('is that of the list when it may have a source map: %s', async (_, line) => {
    const text = `${inCommonJs(fns)}${line}\n`
    const { isListed, script } = await told({ 'main.cjs': text })
    expect(isListed).toBe(true)
    expect(script).toMatchObject({ source: text })
  })

  it.each([
    ['was written to since the program began', "require('node:fs').appendFileSync(__filename, '// later')"],
    ['was written to, and dated back', "require('node:fs').utimesSync(__filename, 0, 0)"],
    ['is gone', "require('node:fs').unlinkSync(__filename)"],
  ])('is that of the list when the file %s', async (_, change) => {
    const text = inCommonJs(`${fns}\n${change}`)
    expect(await told({ 'main.cjs': text })).toMatchObject({ isListed: true, script: { source: text } })
  })

  it.each([
    ['in a function', 'return 2', 'return 3'],
    ['behind the functions', 'const load = require', 'const load = require, added = 1'],
  ])('is that of the list when a loader has changed it %s', async (_, from, to) => {
    const text = inCommonJs(fns)
    const loader = `
      const Module = require('node:module')
      const compile = Module.prototype._compile
      Module.prototype._compile = function (text, ...rest) {
        return compile.call(this, text.replace(${JSON.stringify(from)}, ${JSON.stringify(to)}), ...rest)
      }`
    const { isListed, script } = await told({ 'main.cjs': text, 'loader.cjs': loader }, [
      '--require',
      './loader.cjs',
      'main.cjs',
    ])
    expect(isListed).toBe(true)
    expect(script.source).toBe(text.replace(from, to))
  })

  it.each(['/other.js', '__filename'])('is not that of the same function at the same place of %s', async (name) => {
    const filename = name === '__filename' ? name : JSON.stringify(name)
    const text = inCommonJs(`
      const ours = () => 'the same text'
      const fns = () => {
        const { line, column } = inspectFunction(ours)
        const copy = '\\n'.repeat(line) + ' '.repeat(column) + ours
        return [require('node:vm').runInThisContext(copy, { filename: ${filename} })]
      }`)
    const { isListed, script } = await told({ 'main.cjs': text })
    expect(isListed).toBe(true)
    expect(script.source).toMatch(/^\s+\(\) => 'the same text'$/)
  })
})
