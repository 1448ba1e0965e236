import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { root, runProgram } from '../support/program'

/** Gives the files of ours that a thread has loaded; without npm `threads`, which is loaded while others do something. */
const loaded = `
const loaded = () => Object.keys(process.getBuiltinModule('node:module')._cache)
  .map((file) => process.getBuiltinModule('node:path').basename(file))
  .filter((file) => /^(index|parfor)\\./.test(file) && !file.includes('.threads.')).sort().join(' ')
`

async function printed(program: string): Promise<string> {
  const { stdout, stderr } = await runProgram({ 'main.cjs': `${loaded}${program}` })
  if (stderr !== '') throw new Error(stderr)
  return stdout
}

describe('What a program loads', () => {
  it('is one file for the import', async () => {
    expect(await printed("require('parfor')\nconsole.log(loaded())")).toBe('index.js\n')
  })

  it('is that file for an ES module, too', async () => {
    const main = `${loaded}\nawait import('parfor')\nconsole.log(loaded())`
    expect((await runProgram({ 'main.mjs': main })).stdout).toBe('index.js\n')
  })

  it('is at most 60 KB then, minified', () => {
    const esbuild = join(root, 'node_modules/esbuild/bin/esbuild')
    const text = execFileSync(esbuild, ['--minify', join(root, 'dist/index.js')])
    expect(text.length).toBeLessThanOrEqual(60 * 1024)
  })

  it.each([
    ['functions', '(more) => { return n + more.length }', 'parfor.parser.cjs '],
    ['functions that are short', '(more) => n + more.length', ''],
  ])('is for %s and plain data what these need, and not the rest', async (_, fn, parser) => {
    const program = `
      const { delayed, Parallel } = require('parfor')
      void Parallel(2)([1, 2, 3].map((n) => delayed(${fn})([n]))).then((results) => {
        console.log(results, loaded())
      })`
    const files = `index.js parfor.calls.js parfor.functions.js ${parser}parfor.workers.js`
    expect(await printed(program)).toBe(`[ 2, 3, 4 ] ${files}\n`)
  })

  it('is in a worker, for functions and plain data, the file that it starts with', async () => {
    const program = `
      const { delayed, Parallel } = require('parfor')
      const task = (n, more) => [n + more.length, loaded()]
      void Parallel(2)([1, 2, 3].map((n) => delayed(task)(n, [n]))).then((results) => console.log(results.at(-1)))`
    expect(await printed(program)).toBe("[ 4, 'parfor.worker.cjs' ]\n")
  })
})
