// Makes one bundle of several files, so that a program loads, and V8 reads, only what it uses. A module is in one file
// with what is needed together with it, and what one file imports of another is had when it is first used: the files
// below say so, and nothing in lib/ has to.
import { dirname, join, relative } from 'node:path'
import { build } from 'esbuild'

/** What `import 'parfor'` needs, and what the first call does: see chunks.mjs. */
export const ofLibrary = [
  { file: 'index.js', has: (module) => !/^(backends|serialization|shared-memory|worker|progress)\//.test(module) || isAtEntry.has(module) },
  { file: 'parfor.call.js', has: (module) => !/^(backends\/sequential)/.test(module) && !isSeldom.has(module) },
  { file: 'parfor.more.js', has: () => true },
]
const isAtEntry = new Set([
  'backends/opened',
  'backends/registry',
  'backends/resolve',
  'backends/worker-events',
  'progress/line',
  'serialization/registered',
  'shared-memory/shared',
])
const isSeldom = new Set([])

export const ofWorker = [
  { file: 'parfor.worker.cjs', has: (module) => isAtStart.has(module) },
  { file: 'parfor.worker.more.cjs', has: () => true },
]
const isAtStart = new Set([
  'backends/threads/thread-entry',
  'worker/serve', 'worker/protocol', 'worker/outbox', 'worker/output', 'worker/left-behind', 'worker/memory', 'backends/threads/printed', 'backends/threads/own-listeners', 'config/nested', 'errors', 'task/task', 'task/run-task', 'task/given', 'task/partial', 'task/kwargs', 'debug', 'system/clock', 'system/program',
  'serialization/message', 'serialization/receiver', 'serialization/decode', 'serialization/bytes', 'serialization/realm', 'serialization/wire', 'serialization/trail', 'serialization/hooks', 'serialization/plain-data', 'serialization/functions/revive', 'serialization/functions/importing', 'serialization/sender', 'serialization/registered', 'serialization/copies',
])

/**
 * @typedef {object} Chunk
 * @property {string} file its name in dist/
 * @property {(module: string) => boolean} has tells modules by their path in lib/, with no extension
 */

/**
 * Bundles modules of lib/ into several files.
 *
 * @param {object} options
 * @param {string} options.root
 * @param {string} options.entry a module
 * @param {readonly Chunk[]} options.chunks the first has the entry; a module is in the first one that has it
 * @param {object} options.settings for esbuild
 * @returns {Promise<{ metafile: object }>}
 */
export async function buildChunks({ root, entry, chunks, outdir, settings }) {
  const lib = join(root, 'lib')
  const exportsOf = await exportNames(root)
  const chunkOf = (module) => chunks.find(({ has }) => has(module))
  /** What each file gives to others. */
  const wanted = new Map(chunks.map((chunk) => [chunk, new Set()]))
  const inputs = {}

  const make = async (chunk) => {
    const isFirst = chunk === chunks[0]
    const { metafile } = await build({
      ...settings,
      bundle: true,
      metafile: true,
      outfile: join(outdir, chunk.file),
      stdin: {
        contents: isFirst ? firstFile(entry, wanted.get(chunk)) : laterFile(wanted.get(chunk)),
        resolveDir: lib,
        sourcefile: 'modules.ts',
        loader: 'ts',
      },
      ...(isFirst ? {} : { banner: { js: 'module.exports=(moduleOf)=>{const module={};' }, footer: { js: 'return module.exports}' } }),
      plugins: [...(settings.plugins ?? []), elsewhere(chunk)],
    })
    Object.assign(inputs, metafile.inputs)
  }

  /** What is in another file is a module whose exports are asked for there when they are used. */
  const elsewhere = (chunk) => ({
    name: 'elsewhere',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^\.{1,2}\// }, ({ path, resolveDir }) => {
        const module = relative(lib, join(resolveDir, path)).replaceAll('\\', '/').replace(/\.js$/, '')
        const other = exportsOf.has(module) ? chunkOf(module) : undefined
        if (other === undefined || other === chunk) return undefined
        wanted.get(other).add(module)
        return { path: module, namespace: 'elsewhere' }
      })
      onResolve({ filter: /^parfor:chunks$/ }, ({ path }) => ({ path, namespace: 'chunks' }))
      onLoad({ filter: /./, namespace: 'elsewhere' }, ({ path }) => ({ contents: stub(path, chunk), resolveDir: lib }))
      onLoad({ filter: /./, namespace: 'chunks' }, () => ({ contents: registry(), resolveDir: lib }))
      onResolve({ filter: /./, namespace: 'chunks' }, ({ path }) => ({ path, external: true }))
    },
  })

  const stub = (module, chunk) => {
    const { file } = chunkOf(module)
    const accessors = exportsOf.get(module).map((name) => `get ${name}() { return load().${name} }`)
    const moduleOf = chunk === chunks[0] ? `const { moduleOf } = require('parfor:chunks')\n` : ''
    return `${moduleOf}let loaded
      const load = () => (loaded ??= moduleOf(${JSON.stringify(module)}, ${JSON.stringify(file)}))
      module.exports = { __esModule: true, ${accessors.join(', ')} }`
  }

  /** Each file is required by its name, so that bundlers of users find it. */
  const registry = () => {
    const files = chunks.slice(1).map(({ file }) => `${JSON.stringify(file)}: () => require(${JSON.stringify(`./${file}`)})`)
    return `const modules = new Map()
      const files = { ${files.join(', ')} }
      const opened = new Set()
      exports.add = (more) => { for (const name of Object.keys(more)) modules.set(name, more[name]) }
      exports.moduleOf = (name, file) => {
        if (!opened.has(file)) {
          opened.add(file)
          if (file in files) exports.add(files[file]()(exports.moduleOf))
        }
        return modules.get(name)
      }`
  }

  // Later ones first, which say what they need of those before. What is needed of them is known only when all are made.
  for (let before = -1; before !== sizeOf(wanted); ) {
    before = sizeOf(wanted)
    for (const chunk of chunks.toReversed()) await make(chunk)
  }
  return { metafile: { inputs } }
}

const sizeOf = (wanted) => [...wanted.values()].reduce((sum, { size }) => sum + size, 0)

function firstFile(entry, wanted) {
  return `import { add } from 'parfor:chunks'\n${contents(wanted, (modules) => `add(${modules})`)}\nexport * from './${entry}'`
}

function laterFile(wanted) {
  return contents(wanted, (modules) => `module.exports = ${modules}`)
}

function contents(wanted, give) {
  const modules = [...wanted].sort()
  const imports = modules.map((module, n) => `import * as m${n} from './${module}'`)
  return [...imports, give(`{ ${modules.map((module, n) => `'${module}': m${n}`).join(', ')} }`)].join('\n')
}

async function exportNames(root) {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: ['lib/**/*.ts'],
    outdir: 'unused',
    format: 'esm',
    write: false,
    metafile: true,
    logLevel: 'silent',
  })
  return new Map(
    Object.values(metafile.outputs)
      .filter(({ entryPoint }) => entryPoint !== undefined)
      .map(({ entryPoint, exports }) => [entryPoint.replace(/^lib\//, '').replace(/\.ts$/, ''), exports]),
  )
}
