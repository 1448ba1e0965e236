import { join, resolve } from 'node:path'
import { runInThisContext } from 'node:vm'
import * as ml from 'ml-matrix'
import { inspectFunction } from '../../../lib/serialization/functions/introspect'
import { isLoadable, isLoadableFile } from '../../../lib/serialization/functions/loadable'
import { type Script, scriptById } from '../../../lib/serialization/functions/script'
import { type Files, runProgram } from '../../support/program'

const scriptOf = (fn: Function) => scriptById(inspectFunction(fn).scriptId ?? '') as Script
const scriptAt = (path: string, more: Partial<Script> = {}) =>
  ({ path, url: `file://${path}`, sourceMapURL: '', inMainContext: true, ...more }) as Script

describe('a script', () => {
  it.each(['/app/a.js', '/app/a.cjs', '/app/a.mjs'])('named %s is loadable', (path) => {
    expect(isLoadable(scriptAt(path))).toBe(true)
  })

  it.each(['/app/a.ts', '/app/a.mts'])('named %s is loadable where Node strips types', (path) => {
    const { typescript } = process.features as { typescript?: unknown }
    expect(isLoadable(scriptAt(path))).toBe(Boolean(typescript))
  })

  it.each(['/app/a.tsx', '/app/a.jsx', '/app/a.vue', '/app/a'])('named %s is not loadable', (path) => {
    expect(isLoadable(scriptAt(path))).toBe(false)
  })

  it('of a package is loadable, whoever loaded it', () => {
    const path = join('/app', 'node_modules', 'p', 'a.js')
    expect(isLoadable(scriptAt(path, { inMainContext: false }))).toBe(true)
    expect(isLoadable(scriptOf(ml.Matrix.eye))).toBe(true)
  })

  it('of a test runner is not loadable: its modules may be mocks', () => {
    expect(isLoadable(scriptOf(() => 1))).toBe(false)
    expect(isLoadable(scriptAt('/app/a.js', { inMainContext: false }))).toBe(false)
  })

  it('that is no file, or a by-value copy of one, is not loadable', () => {
    expect(isLoadable(scriptOf(runInThisContext('() => 1')))).toBe(false)
    expect(isLoadable(scriptAt('/app/a.js', { url: 'parfor:/app/a.js' }))).toBe(false)
  })

  it('with a source map that its file does not have was made by a loader, and is not loadable', () => {
    const sourceMapURL = `data:application/json;base64,${Buffer.from('{"version":3}').toString('base64')}`
    expect(isLoadable(scriptAt(require.resolve('../../support/check.mjs'), { sourceMapURL }))).toBe(false)
    expect(isLoadable(scriptAt('/app/missing.js', { sourceMapURL }))).toBe(false)
    expect(isLoadable(scriptAt('/app/a.js', { sourceMapURL: 'a.js.map' }))).toBe(true)
  })
})

describe('a file', () => {
  it.each([
    ['/app/a.js', true],
    ['/app/a.cjs', true],
    ['/app/a.json', true],
    ['/app/addon.node', true],
    ['/app/a.vue', false],
    [resolve('/app/node_modules/p/a.custom'), true],
  ])('named %s is judged by its name', (file, expected) => {
    expect(isLoadableFile(file)).toBe(expected)
  })

  it('with a known script is judged by that', () => {
    expect(scriptOf(() => 1).path).toBe(__filename)
    expect(isLoadableFile(__filename)).toBe(false)
  })
})

describe('in a program', () => {
  const folder = './node_modules/parfor/dist/serialization/functions'
  const load = `
    const { inspectFunction } = require('${folder}/introspect.js')
    const { scriptById } = require('${folder}/script.js')
    const { isLoadable } = require('${folder}/loadable.js')
    const tell = (...fns) => console.log(...fns.map((fn) => isLoadable(scriptById(inspectFunction(fn).scriptId))))
  `
  const files: Files = {
    'helper.cjs': 'module.exports = () => 1',
    'helper.mjs': 'export default () => 1',
    'mapped.cjs': 'module.exports = () => 1\n//# sourceMappingURL=data:application/json,{"version":3}',
    'typed.mts': 'export default (n: number): number => n',
    'typed.ts': 'module.exports = (n: number): number => n',
    'tsconfig.json': '{ "compilerOptions": { "module": "nodenext", "target": "es2022", "types": [] } }',
  }

  it('the entry is not loadable, and modules are', async () => {
    const main = `${load} import('./helper.mjs').then((m) => tell(() => 1, m.default, require('./helper.cjs'), require('./mapped.cjs')))`
    const { stdout, stderr } = await runProgram({ 'main.cjs': main, ...files })
    expect(stderr).toBe('')
    expect(stdout).toBe('false true true true\n')
  })

  it('what ts-node compiles is not loadable', async () => {
    const args = ['node_modules/ts-node/dist/bin.js', '--transpile-only', 'main.ts']
    const main = `${load} tell(() => 1, require('./typed.ts'), require('./helper.cjs'))`
    const { stdout, stderr } = await runProgram({ 'main.ts': main, ...files }, args, {
      packages: ['ts-node', 'typescript'],
    })
    expect(stderr).toBe('')
    expect(stdout).toBe('false false true\n')
  })

  it('what tsx compiles is loadable: workers have it too', async () => {
    const main = `
      import { createRequire } from 'node:module'
      import typed from './typed.mts'
      const require = createRequire(import.meta.url)
      ${load} tell(() => 1, typed, require('./helper.cjs'))`
    const { stdout, stderr } = await runProgram({ 'main.mts': main, ...files }, ['--import', 'tsx', 'main.mts'], {
      packages: ['tsx'],
    })
    expect(stderr).toBe('')
    expect(stdout).toBe('false true true\n')
  })
})
