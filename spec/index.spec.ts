import { join } from 'node:path'
import ts from 'typescript'
import * as parfor from '../lib/index'
import { root, runProgram } from './support/program'

const names = [
  'AsyncResult',
  'BackendError',
  'DisposedError',
  'InitializerError',
  'Manager',
  'NestingError',
  'Parallel',
  'ParforError',
  'Pool',
  'SerializationError',
  'TaskError',
  'TaskTimeoutError',
  'TimeoutError',
  'WorkerLostError',
  'cpuCount',
  'delayed',
  'effectiveNJobs',
  'kwargs',
  'parallelConfig',
  'partial',
  'registerByValue',
  'registerParallelBackend',
  'shared',
  'shutdown',
  'taskInfo',
  'transfer',
]

it('exports exactly this list', () => {
  expect(Object.keys(parfor).sort()).toEqual(names)
})

it('is one library for import and for require', async () => {
  const program = `
    import { createRequire } from 'node:module'
    import * as imported from 'parfor'
    const required = createRequire(import.meta.url)('parfor')
    const names = Object.keys(imported).sort()
    console.log(JSON.stringify({ names, same: names.every((name) => imported[name] === required[name]) }))`
  const { stdout } = await runProgram({ 'main.mjs': program })
  expect(JSON.parse(stdout)).toEqual({ names, same: true })
})

it('has the same names in both faces, types included', () => {
  const [cjs, esm] = namesOf('lib/index.ts', 'lib/index.mts')
  expect(esm).toEqual(cjs)
})

function namesOf(...files: string[]): string[][] {
  const paths = files.map((file) => join(root, file))
  const options = { module: ts.ModuleKind.NodeNext, target: ts.ScriptTarget.ES2022, noLib: true, types: [] }
  const program = ts.createProgram(paths, options)
  const checker = program.getTypeChecker()
  return paths.map((path) => {
    const source = program.getSourceFile(path)
    const symbol = source && checker.getSymbolAtLocation(source)
    if (!symbol) throw new Error(`${path} exports nothing`)
    return checker
      .getExportsOfModule(symbol)
      .map(({ name }) => name)
      .sort()
  })
}
