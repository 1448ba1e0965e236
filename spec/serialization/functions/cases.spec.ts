// What functions do at home they do in a worker: one table of cases, run as a program by every way there is to start it.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Ended, type Files, link, makeFolder, removeFolder, root, runNode } from '../../support/program'

/** A way to run the cases. */
interface Launcher {
  readonly name: string
  /** The files of cases as this way runs them. */
  readonly files: Files
  /** What comes before the files of cases on the command line. */
  readonly args: readonly string[]
  readonly packages?: readonly string[]
  /** Cases that cannot work there, with the reason. */
  readonly except?: Readonly<Record<string, string>>
}

const folder = join(__dirname, 'cases')
const sources: Files = Object.fromEntries(
  readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')]),
)

const major = Number.parseInt(process.versions.node, 10)
const noTsx = 'on Node 20 tsx loads no TypeScript in worker threads'

const launchers: readonly Launcher[] = [
  { name: 'an ES module', files: sources, args: ['main.mjs'] },
  { name: 'CommonJS', files: without('modules', asCommonJs(sources)), args: ['main.cjs'] },
  {
    name: 'CommonJS under ts-node',
    files: { ...without('modules', asTypeScript(sources)), ...tsconfig('commonjs') },
    args: [bin('ts-node/dist/bin.js'), '-T', 'main.ts'],
    packages: ['typescript', 'ts-node', '@types/node'],
  },
  {
    name: 'an ES module under tsx',
    files: { ...asTypeScript(sources), ...tsconfig('esnext') },
    args: [bin('tsx/dist/cli.mjs'), 'main.ts'],
    packages: ['tsx'],
    except:
      major < 22 ? { 'modules: import()': noTsx, 'modules: an imported instance that cannot be copied': noTsx } : {},
  },
]

describe.each(launchers)('as $name', ({ files, args, packages = [], except = {} }) => {
  const troubles = new Map<string, string | undefined>()
  let ended: Ended

  beforeAll(async () => {
    const folder = await makeFolder(files)
    try {
      await link(root, join(folder, 'node_modules/parfor'))
      for (const name of ['acorn', ...packages])
        await link(join(root, 'node_modules', name), join(folder, 'node_modules', name))
      ended = await runNode(folder, [...args, ...groupsOf(files).map((file) => `./${file}`)])
    } finally {
      await removeFolder(folder)
    }
    for (const line of ended.stdout.split('\n').filter(Boolean)) {
      const { name, trouble } = JSON.parse(line) as { name: string; trouble?: string }
      troubles.set(name, trouble)
    }
  })

  it.each(namesIn(files))('%s', (name) => {
    expect(troubles.has(name)).toBe(true)
    if (except[name] === undefined) expect(troubles.get(name)).toBeUndefined()
    else expect(troubles.get(name)).toBeDefined()
  })

  it('runs no other cases, and prints nothing else', () => {
    expect(troubles.size).toBe(namesIn(files).length)
    expect(ended).toMatchObject({ code: 0, signal: null, stderr: '' })
  })
})

/** Every file of cases but `main`. */
function groupsOf(files: Files): string[] {
  return Object.keys(files).filter(
    (name) => !name.startsWith('main.') && /^(?:export const |exports\.)cases = /m.test(files[name] ?? ''),
  )
}

function namesIn(files: Files): string[] {
  const main = Object.keys(files).filter((name) => name.startsWith('main.'))
  return [...main, ...groupsOf(files)].flatMap((file) =>
    [...(files[file] ?? '').matchAll(/^ {2}(?:'(.+)'|"(.+)"|(\w+)): (?:async )?\(\{/gm)].map(
      ([, single, double, word]) => `${file.split('.')[0]}: ${single ?? double ?? word}`,
    ),
  )
}

/** As TypeScript, which all of it is already. */
function asTypeScript(files: Files): Files {
  return mapFiles(files, /\.mjs$/, '.ts', (text) => text.replace(/('\.\/\w+)\.mjs'/g, "$1.ts'"))
}

/** As somebody writes it who writes `require`. */
function asCommonJs(files: Files): Files {
  return mapFiles(files, /\.mjs$/, '.cjs', (text) =>
    text
      .replace(/^import (?:(\w+)|\* as (\w+)) from (.*)$/gm, 'const $1$2 = require($3)')
      .replace(
        /^import (\{[^}]*\}) from (.*)$/gm,
        (_, names, from) => `const ${names.replace(/ as /g, ': ')} = require(${from})`,
      )
      .replace(/^export const (\w+) =/gm, 'exports.$1 =')
      .replace(/^export (\{[^}]*\})/gm, 'Object.assign(exports, $1)')
      .replace(/('\.\/\w+)\.mjs'/g, "$1.cjs'"),
  )
}

function mapFiles(files: Files, from: RegExp, to: string, change: (text: string) => string): Files {
  return Object.fromEntries(
    Object.entries(files)
      // library.cjs is there already, as it is written by hand.
      .filter(([name]) => !from.test(name) || !(name.replace(from, to) in files))
      .map(([name, text]) => (from.test(name) ? [name.replace(from, to), change(text)] : [name, text])),
  )
}

/** Without the cases that only an ES module can have. */
function without(group: string, files: Files): Files {
  return Object.fromEntries(Object.entries(files).filter(([name]) => !name.startsWith(`${group}.`)))
}

function tsconfig(module: string): Files {
  return {
    'tsconfig.json': JSON.stringify({ compilerOptions: { module, moduleResolution: 'bundler', target: 'es2022' } }),
    'package.json': JSON.stringify({ type: module === 'commonjs' ? 'commonjs' : 'module' }),
  }
}

function bin(path: string): string {
  return join(root, 'node_modules', path)
}
