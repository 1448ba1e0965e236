import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import type { ParallelBackend } from '../../lib/backend'
import * as parfor from '../../lib/index'
import { describeBackend } from '../backends/conformance'

const { extract } = require('../support/examples.js') as {
  extract(text: string, file: string): { readonly lines: readonly string[] }[]
}

/** The class that the guide shows: its first example, up to where it is used. */
function backendOfTheGuide(): new () => ParallelBackend {
  const file = join(__dirname, '../../docs/guide/custom-backend.md')
  const [example] = extract(readFileSync(file, 'utf8'), file)
  const lines = example?.lines ?? []
  const declarations = lines.slice(0, lines.indexOf("registerParallelBackend('async', () => new AsyncBackend())"))
  const { outputText } = ts.transpileModule(declarations.join('\n'), {
    compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 },
  })
  return new Function('require', 'exports', `${outputText}\nreturn AsyncBackend`)(() => parfor, {})
}

describe('The backend of the guide', () => {
  const AsyncBackend = backendOfTheGuide()
  describeBackend(() => new AsyncBackend())
})
