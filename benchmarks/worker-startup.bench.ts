/**
 * How long until the first result?
 *
 * The whole life of the smallest program, from the start of its process to its end: load the library, start two
 * workers, run a task on each, print both results. parfor and joblib send a closure; the others load a worker file. The
 * empty program is Node.js alone. Then the first call alone, as a program tells the time that it took, beside the start of
 * a worker that does nothing. And what loading the library takes.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { dirname, join, sep } from 'node:path'
import { transformSync } from 'esbuild'
import { type Bench, median } from './harness'
import { needs, type PythonLibrary } from './peers/python'

const program = (name: string) => join(__dirname, 'startup', name)

/** What a program prints; it ends well. */
function output(command: string, args: string[]): string {
  const { status, stdout } = spawnSync(command, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  if (status !== 0) throw new Error(`${args}: exit code ${status}, printed ${stdout}`)
  return String(stdout)
}

function life(command: string, args: string[], expected: RegExp): number {
  return warm(() => {
    const start = performance.now()
    const printed = output(command, args)
    const time = performance.now() - start
    if (!expected.test(printed)) throw new Error(`${args} printed ${printed}`)
    return time
  })
}

const lives = (...names: string[]) =>
  Object.fromEntries(
    names.map((name) => [name, async () => life(process.execPath, [program(`${name}.js`)], twoAndThree)]),
  )
const twoAndThree = /^\[ ?2, 3 ?\]\n$/

const python = (library: PythonLibrary) => async () => {
  needs(library)
  return life('python3', [program(`with_${library}.py`)], twoAndThree)
}

/** What a program says that its first result took. */
async function told(name: string): Promise<number> {
  return warm(() => {
    const [result, time] = output(process.execPath, [program(name)]).split(' ')
    if (result !== '2') throw new Error(`${name}: wrong result ${result}`)
    return Number(time)
  })
}

async function loading(name: string): Promise<number> {
  const code = `const start = performance.now(); await import('${name}'); console.log(performance.now() - start)`
  return warm(() => Number(output(process.execPath, ['--input-type=module', '--eval', code])))
}

/** Kilobytes of all files of the package that are loaded with it, without comments, spaces and long names. */
async function loaded(): Promise<number> {
  const code = `await import('parfor'); console.log(JSON.stringify(Object.keys((await import('node:module')).default._cache)))`
  const files: string[] = JSON.parse(output(process.execPath, ['--input-type=module', '--eval', code]))
  const ours = files.filter((file) => file.startsWith(dirname(require.resolve('parfor')) + sep))
  const minified = ours.map((file) =>
    transformSync(readFileSync(file, 'utf8'), { minify: true, legalComments: 'none' }),
  )
  return minified.reduce((sum, { code }) => sum + Buffer.byteLength(code), 0) / 1024
}

function warm(once: () => number): number {
  once() // what it reads from disk is in memory now
  return median(Array.from({ length: 5 }, once))
}

const raw = 'raw worker_threads'

export default {
  question: 'How long until the first result?',
  comparisons: [
    {
      work: 'process start, two tasks, exit',
      unit: 'ms',
      against: raw,
      contestants: {
        ...lives('parfor'),
        'parfor, ES module': async () => life(process.execPath, [program('parfor-module.mjs')], twoAndThree),
        ...lives('piscina', 'tinypool', 'workerpool', 'poolifier', 'threads'),
        joblib: python('joblib'),
        multiprocessing: python('multiprocessing'),
        [raw]: async () => life(process.execPath, [program('raw.js')], twoAndThree),
        'empty program': async () => life(process.execPath, ['--eval', '0'], /^$/),
      },
      asks: [{ of: 'parfor', against: raw, atMost: 1.1 }],
    },
    {
      work: 'the first call of a program, one task of an inline closure',
      unit: 'ms',
      against: 'an empty worker',
      contestants: {
        parfor: () => told('first-call.js'),
        'an empty worker': () => told('first-message.js'),
      },
    },
    {
      work: '`import` of the library',
      unit: 'ms',
      against: 'parfor',
      contestants: Object.fromEntries(
        ['parfor', 'piscina', 'tinypool', 'workerpool', 'poolifier', 'threads'].map((name) => [
          name,
          () => loading(name),
        ]),
      ),
      asks: [{ of: 'parfor', atMost: 12 }],
    },
    {
      work: 'what `import` loads, minified',
      unit: 'KB',
      against: 'parfor',
      contestants: { parfor: loaded },
      asks: [{ of: 'parfor', atMost: 60 }],
    },
  ],
  plot: { kind: 'bars', title: 'Process start, two tasks, exit', of: 0, axis: 'ms' },
} satisfies Bench
