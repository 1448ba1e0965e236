// Pages that compare: what a table says to write instead is in a program of the page, which runs as a test.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const { extract } = require('../support/examples.js') as {
  extract(text: string, file: string): { run: boolean; lines: string[] }[]
}

const pages = ['coming-from-joblib.md', 'coming-from-matlab.md', 'coming-from-piscina.md'].map((name) => {
  const file = join(__dirname, '../../docs', name)
  const text = readFileSync(file, 'utf8')
  const programs = extract(text, file).filter(({ run }) => run)
  return { name, code: programs.map(({ lines }) => spaced(lines.join('\n'))), rows: rowsOf(text) }
})

interface Row {
  readonly theirs: string
  readonly ours: string
  /** What stands under "parfor" as code. */
  readonly snippets: readonly string[]
}

/** The rows of every table that has a column "parfor". */
function rowsOf(text: string): Row[] {
  const rows: Row[] = []
  let column = -1
  for (const line of text.split('\n')) {
    const cells = cellsOf(line)
    if (cells.length === 0) column = -1
    else if (column === -1) column = cells.indexOf('parfor')
    else if (!/^-+$/.test(cells[0] ?? '')) {
      const ours = cells[column] ?? ''
      rows.push({
        theirs: cells[0] ?? '',
        ours,
        snippets: [...ours.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code),
      })
    }
  }
  return rows
}

function cellsOf(line: string): string[] {
  if (!line.startsWith('|')) return []
  const cells = line.split(/(?<!\\)\|/).slice(1, -1)
  return cells.map((cell) => cell.replaceAll('\\|', '|').trim())
}

function spaced(code: string): string {
  return code.replace(/\s+/g, ' ')
}

describe.each(pages)('$name', ({ code, rows }) => {
  it('compares something', () => {
    expect(rows.length).toBeGreaterThan(10)
  })

  it.each(rows)('$theirs: $ours is in a program that runs', ({ ours, snippets }) => {
    if (ours !== '–') expect(snippets).not.toEqual([])
    expect(snippets.filter((snippet) => !code.some((program) => program.includes(spaced(snippet))))).toEqual([])
  })
})
