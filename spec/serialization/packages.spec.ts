// What big packages export does in a worker what it does at home, however it was imported.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Ended, type Files, runProgram } from '../support/program'

const packages = [
  'date-fns',
  'immer',
  'lodash',
  'mathjs',
  'ml-matrix',
  'ramda',
  'semver',
  'uuid',
  'yaml',
  'zod',
] as const
const groups = [...packages, 'every-function']

const folder = join(__dirname, 'packages')
const sources: Files = {
  ...Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')])),
  'tools.mjs': readFileSync(join(__dirname, 'functions/cases/tools.mjs'), 'utf8'),
}

const ways = [
  { way: 'import', files: sources, extension: 'mjs' },
  { way: 'require', files: asCommonJs(sources), extension: 'cjs' },
]

describe.each(ways)('By $way', ({ files, extension }) => {
  const troubles = new Map<string, string | undefined>()
  let ended: Ended

  const timeout = 120_000

  beforeAll(async () => {
    const args = [`main.${extension}`, ...groups.map((name) => `./${name}.${extension}`)]
    ended = await runProgram(files, args, { packages, timeout })
    for (const line of ended.stdout.split('\n').filter(Boolean)) {
      const { name, trouble } = JSON.parse(line) as { name: string; trouble?: string }
      troubles.set(name, trouble)
    }
  }, timeout)

  it.each(groups.flatMap((group) => namesIn(files[`${group}.${extension}`] ?? '').map((name) => `${group}: ${name}`)))(
    '%s',
    (name) => {
      expect(troubles.has(name)).toBe(true)
      expect(troubles.get(name)).toBeUndefined()
    },
  )

  it('nothing else is printed', () => {
    expect(ended).toMatchObject({ code: 0, signal: null, stderr: '' })
  })
})

function namesIn(text: string): string[] {
  return [...text.matchAll(/^ {2}(?:'(.+?)'|(\w+)): (?:async )?\(/gm)].map(([, quoted, word]) => `${quoted ?? word}`)
}

/** As somebody writes it who writes `require`; a default import is what compilers make of it. */
function asCommonJs(files: Files): Files {
  return Object.fromEntries(
    Object.entries(files).map(([name, text]) => [
      name.replace(/\.mjs$/, '.cjs'),
      text
        .replace(/^import (?:(\w+)(?:, )?)?(?:\* as (\w+)|(\{[^}]*\}))? from ('.*')$/gm, asRequire)
        .replace(/^export const (\w+) =/gm, 'exports.$1 =')
        .replace(/^export (\{[^}]*\})/gm, 'Object.assign(exports, $1)')
        .replace(/('\.\/[\w-]+)\.mjs'/g, "$1.cjs'"),
    ]),
  )
}

function asRequire(_: string, whole: string, all: string, names: string, from: string): string {
  const made: string[] = []
  if (whole) made.push(`const ${whole} = ((m) => m.default ?? m)(require(${from}))`)
  if (all) made.push(`const ${all} = require(${from})`)
  if (names) made.push(`const ${names.replace(/ as /g, ': ')} = require(${from})`)
  return made.join(';')
}
