// What a worker cannot import it gets by value, before any task of the batch has run: real files, in programs of their
// own.
import { type Files, runProgram } from '../support/program'

/** What the program below prints. */
interface Told {
  readonly results: readonly unknown[]
  /** What ran, in the order of the file that all threads write to. */
  readonly log: readonly string[]
  readonly isSameClass: boolean
}

/** The module that workers cannot load, as it is meant. `note` tells which task has run, and where. */
const library = {
  esm: `
import { appendFileSync } from 'node:fs'
import { isMainThread } from 'node:worker_threads'
export const note = (what) => appendFileSync('log.txt', what + (isMainThread ? ' at home' : '') + '\\n')
export class Point {
  constructor(x) { this.x = x }
  plus(n) { return new Point(this.x + n) }
}
const offset = 100
export function shift(n) { note('shift ' + n); return n + offset }
export const twice = (n) => { note('twice ' + n); return helper(n) }
const helper = (n) => n * 2
export default (point) => { note('move ' + point.x); return point.plus(1) }
`,
  cjs: `
const { appendFileSync } = require('node:fs')
const threads = require('node:worker_threads')
const note = (what) => appendFileSync('log.txt', what + (threads.isMainThread ? ' at home' : '') + '\\n')
class Point {
  constructor(x) { this.x = x }
  plus(n) { return new Point(this.x + n) }
}
const offset = 100
function shift(n) { note('shift ' + n); return n + offset }
const twice = (n) => { note('twice ' + n); return helper(n) }
const helper = (n) => n * 2
Object.assign(exports, { note, Point, shift, twice, default: (point) => { note('move ' + point.x); return point.plus(1) } })
`,
}

/** Runs tasks that use the module in every way, many at once, with some that need nothing of it in between. */
const body = `
async function main() {
  appendFileSync('log.txt', 'entry\\n')
  const range = Array.from({ length: 10 }, (_, n) => n)
  // Functions that lead to one another by very many ways.
  const ways = [() => 0, () => 1]
  for (let n = 2; n < 60; n++) ways.push(((a, b) => () => [a, b].length)(ways[n - 1], ways[n - 2]))
  const results = await Parallel({ nJobs: 2, backend: 'threads', batchSize: BATCH })([
    ...range.map((n) => delayed(Math.abs)(-n)),
    ...range.map((n) => delayed(shift)(n)),
    ...range.map((n) => delayed((m) => twice(m) + own)(n)),
    ...range.map((n) => delayed(move)(new Point(n))),
    ...range.map((n) => delayed((f, m) => f(m))(shift, -1 - n)),
    ...ways.map((fn) => delayed((f) => f())(fn)),
  ])
  const points = results.slice(30, 40)
  console.log(JSON.stringify({
    results: results.map((result) => result.x ?? result),
    log: readFileSync('log.txt', 'utf8').trim().split('\\n'),
    isSameClass: points.every((point) => point instanceof Point),
  }))
}
const own = 0.5
void main()
`

const range = Array.from({ length: 10 }, (_, n) => n)
const expected: Told = {
  results: [
    ...range,
    ...range.map((n) => n + 100),
    ...range.map((n) => n * 2 + 0.5),
    ...range.map((n) => n + 1),
    ...range.map((n) => 99 - n),
    ...[0, 1, ...new Array(58).fill(2)],
  ],
  log: [
    'entry',
    ...range.map((n) => `shift ${n}`),
    ...range.map((n) => `twice ${n}`),
    ...range.map((n) => `move ${n}`),
    ...range.map((n) => `shift ${-1 - n}`),
  ].sort(),
  isSameClass: true,
}

const imports = {
  esm: `import { appendFileSync, readFileSync, rmSync } from 'node:fs'
import { delayed, Parallel } from 'parfor'
`,
  cjs: `const { appendFileSync, readFileSync, rmSync } = require('node:fs')
const { delayed, Parallel } = require('parfor')
`,
}
const mainThreadOnly = {
  esm: "import { isMainThread as isHome } from 'node:worker_threads'\nif (!isHome) throw new Error('for the main thread only')\n",
  cjs: "if (!require('node:worker_threads').isMainThread) throw new Error('for the main thread only')\n",
}
const take = {
  esm: "import move, { Point, shift, twice } from './library.mjs'\n",
  cjs: "const { default: move, Point, shift, twice } = require('./library.cjs')\n",
}

const situations: readonly (readonly [name: string, files: Files])[] = [
  [
    'an ES module whose file is gone',
    { 'main.mjs': `${imports.esm}${take.esm}rmSync('library.mjs')\n${body}`, 'library.mjs': library.esm },
  ],
  [
    'a CommonJS module whose file is gone',
    { 'main.cjs': `${imports.cjs}${take.cjs}rmSync('library.cjs')\n${body}`, 'library.cjs': library.cjs },
  ],
  [
    'an ES module that throws outside of the main thread',
    { 'main.mjs': imports.esm + take.esm + body, 'library.mjs': mainThreadOnly.esm + library.esm },
  ],
  [
    'a CommonJS module that throws outside of the main thread',
    { 'main.cjs': imports.cjs + take.cjs + body, 'library.cjs': mainThreadOnly.cjs + library.cjs },
  ],
  [
    'a module that imports what is gone',
    {
      'main.mjs': `${imports.esm}${take.esm}rmSync('other.mjs')\n${body}`,
      'library.mjs': `import './other.mjs'\n${library.esm}`,
      'other.mjs': '',
    },
  ],
  [
    'exports that are there in the main thread only',
    {
      'main.cjs': imports.cjs + take.cjs + body,
      'library.cjs': `${library.cjs}if (!threads.isMainThread) for (const name of Object.keys(exports)) delete exports[name]\n`,
    },
  ],
  [
    'exports that are undefined outside of the main thread',
    {
      'main.mjs': imports.esm + take.esm + body,
      'library.mjs': library.esm
        .replace('export function shift(n) {', 'export const shift = !isMainThread ? undefined : function shift(n) {')
        .replace('export const twice = (n)', 'export const twice = !isMainThread ? undefined : (n)'),
    },
  ],
  [
    'a module that became another one',
    {
      'main.mjs': `${imports.esm.replace('rmSync', 'writeFileSync')}${take.esm}writeFileSync('library.mjs', 'no longer {')\n${body}`,
      'library.mjs': library.esm,
    },
  ],
  [
    'a require hook that only the main thread has',
    {
      'main.cjs': `${imports.cjs}
const load = require.extensions['.js']
require.extensions['.js'] = (module, file) => {
  if (!file.endsWith('library.js')) return load(module, file)
  module._compile(readFileSync(file, 'utf8').replaceAll('FUNCTION', 'function'), file)
}
${take.cjs.replace('.cjs', '.js')}${body}`,
      'library.js': library.cjs.replace('function shift', 'FUNCTION shift'),
    },
  ],
  [
    'a require hook for files of another kind',
    {
      'main.cjs': `${imports.cjs}
require.extensions['.lib'] = (module, file) => module._compile(readFileSync(file, 'utf8'), file)
${take.cjs.replace('.cjs', '.lib')}${body}`,
      'library.lib': library.cjs,
    },
  ],
  [
    'a loader that only the main thread has',
    {
      'main.mjs': `${imports.esm}
import { register } from 'node:module'
register('./loader.mjs', import.meta.url)
const { default: move, Point, shift, twice } = await import('virtual:library')
${body}`,
      'loader.mjs': `
import { readFile } from 'node:fs/promises'
export const resolve = (specifier, context, next) =>
  specifier === 'virtual:library' ? { url: specifier, shortCircuit: true } : next(specifier, context)
export const load = async (url, context, next) =>
  url === 'virtual:library'
    ? { format: 'module', source: await readFile(new URL('library.mjs', import.meta.url)), shortCircuit: true }
    : next(url, context)
`,
      'library.mjs': library.esm,
    },
  ],
]

describe.each(situations)('With %s', (_, files) => {
  it.each([1, 7, 50])('every task runs once and gives the right result, %i at a time', async (size) => {
    const changed = Object.entries(files).map(([name, text]) => [name, text.replace('BATCH', String(size))])
    // Node 26 warns of the program's own `module.register()`.
    const env = { NODE_NO_WARNINGS: '1' }
    const { stdout, ...ended } = await runProgram(Object.fromEntries(changed), undefined, { env })
    expect(ended).toEqual({ code: 0, signal: null, stderr: '' })
    const told = JSON.parse(stdout) as Told
    expect({ ...told, log: [...told.log].sort() }).toEqual(expected)
  })
})

it('What can be had neither way is an error, and later calls work', async () => {
  const { stdout, stderr } = await runProgram({
    'main.mjs': `${imports.esm}
import { read } from './library.mjs'
const parallel = Parallel({ nJobs: 1, backend: 'threads', onError: 'settle' })
for (let n = 0; n < 2; n++) {
  const [refused, fine] = await parallel([delayed(read)('x'), delayed(Math.abs)(-1)])
  console.log(refused.reason.code, refused.reason.path, fine.value)
}
`,
    'library.mjs': `${mainThreadOnly.esm}const known = new WeakMap()\nexport const read = (key) => known.get(key)\n`,
  })
  expect(stderr).toBe('')
  expect(stdout).toBe('PARFOR_UNSERIALIZABLE known 1\n'.repeat(2))
})
