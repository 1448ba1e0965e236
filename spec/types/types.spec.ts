import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { root } from '../support/program'

const expectation = /\/\/ @ts-expect-error: (.*)/
const accepted = join(root, 'spec/types/accepted.ts')
const refused = join(root, 'spec/types/refused.ts')

/** What the compiler says to a file, by line. With its expectations disarmed it says what is otherwise only expected. */
const said = compile({ [accepted]: readFileSync(accepted, 'utf8'), [refused]: readFileSync(refused, 'utf8') })

describe('the types', () => {
  it('accept right programs', () => {
    expect(said(accepted)).toEqual([])
  })

  it('refuse wrong programs, each for the reason that it is wrong', () => {
    const lines = readFileSync(refused, 'utf8').split('\n')
    const expected = lines.flatMap((line, n) => {
      const reason = expectation.exec(line)?.[1]
      return reason === undefined ? [] : [{ line: n + 2, reason }]
    })
    const errors = said(refused)
    expect(expected.length).toBeGreaterThan(30)
    // One statement may give several errors, some lines below its first.
    for (const { line, reason } of expected) {
      const texts = errors.filter((error) => statementOf(error.line) === line).map(({ text }) => text)
      expect({ line, reason, texts }).toEqual({
        line,
        reason,
        texts: expect.arrayContaining([expect.stringContaining(reason)]),
      })
    }
    const unexpected = errors.filter((error) => !expected.some(({ line }) => line === statementOf(error.line)))
    expect(unexpected).toEqual([])

    /** The line of an error, or that of the expectation before it, when the statement has several lines. */
    function statementOf(line: number) {
      return Math.max(...expected.map((one) => one.line).filter((start) => start <= line))
    }
  })
})

function compile(files: Record<string, string>) {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile)
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root)
  const host = ts.createCompilerHost(options)
  const { getSourceFile } = host
  host.getSourceFile = (path, ...rest) => {
    const text = files[path]
    return text === undefined
      ? getSourceFile.call(host, path, ...rest)
      : ts.createSourceFile(path, text.replaceAll('@ts-expect-error', '@ts-was-expected'), rest[0], true)
  }
  const program = ts.createProgram(Object.keys(files), options, host)
  return (path: string) => {
    const source = program.getSourceFile(path)
    return ts.getPreEmitDiagnostics(program, source).map(({ messageText, file, start }) => ({
      line: file && start !== undefined ? file.getLineAndCharacterOfPosition(start).line + 1 : 0,
      text: ts.flattenDiagnosticMessageText(messageText, '\n'),
    }))
  }
}
