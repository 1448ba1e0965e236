// Makes one bundle of several files, so that a program loads, and V8 reads, only what it uses. A module is in one file
// with what is needed together with it, and what one file imports of another is had when it is first used: the files
// below say so, and nothing in lib/ has to.
import { readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { build } from 'esbuild'

const named = (names) => {
  const modules = new Set(names.trim().split(/\s+/))
  return (module) => modules.has(module)
}

/** Well-known values are met in most programs, but not in all. */
const intrinsics = 'serialization/hidden-intrinsics serialization/intrinsics serialization/standard-globals'

/** The library: what `import` needs; what calls need; what starts workers; what sends a function to them, while they start; and the rest. */
export const ofLibrary = [
  {
    // All that is exported: an ES module has the values themselves, and not a way to them.
    file: 'index.js',
    has: named(`
      async-result backend backends/registry config/backend-names config/effective-n-jobs config/nested
      config/parallel-config config/surrounding debug errors index manager parallel pool serialization/managed
      serialization/registered shared-memory/shared system/cpu-count system/program task/delayed task/given task/kwargs
      task/partial task/run-task task/task task/transfer`),
  },
  {
    file: 'parfor.calls.js',
    has: named(`
      backends/opened backends/resolve backends/worker-events config/options config/pre-dispatch config/settings
      config/pool-settings config/within-budget dispatch/batch-size dispatch/batches dispatch/calls dispatch/dispatch dispatch/known-costs dispatch/results
      dispatch/source dispatch/thrown runner system/clock system/signals task/rows`),
  },
  {
    file: 'parfor.workers.js',
    has: named(`
      backends/alike-tasks backends/crew backends/deadline backends/encode-batch backends/fair-queue backends/given-away
      backends/late-errors backends/moving
      backends/outgoing-call backends/recycling backends/threads/kept-threads backends/threads/npm-threads
      backends/threads/own-listeners backends/threads/thread-handle
      backends/threads/thread-output backends/threads/threads-backend backends/worker-client backends/worker-entry
      backends/worker-handle backends/worker-pool backends/worker-run config/budget dispatch/in-order
      dispatch/result-stream serialization/functions/entry serialization/kept-units serialization/trail system/cgroup
      system/read-text
      system/installed worker/outbox worker/protocol`),
  },
  {
    file: 'parfor.functions.js',
    has: named(`
      serialization/asides serialization/bytes serialization/call-names serialization/cannot-send serialization/codec
      serialization/columns serialization/copies
      serialization/encode
      serialization/encoding serialization/functions/bindings serialization/functions/by-reference
      serialization/functions/by-value serialization/functions/capture serialization/functions/cjs-exports
      serialization/functions/code serialization/functions/entry-script serialization/functions/free-variables
      serialization/functions/inspector-session serialization/functions/introspect serialization/functions/loadable
      serialization/functions/loader-options serialization/functions/module-like
      serialization/functions/module-members serialization/functions/module-symbols
      serialization/functions/name-walker serialization/functions/packages serialization/functions/parser
      serialization/functions/require-function serialization/functions/scopes serialization/functions/script
      serialization/functions/settled serialization/functions/shared-variables
      serialization/functions/short-arrow serialization/functions/shows-strictness
      serialization/functions/source serialization/functions/syntax-tree serialization/functions/usage
      serialization/hooks serialization/lasting serialization/lasting-in-call serialization/lone-views serialization/makers serialization/message
      serialization/module-nodes serialization/plain-data serialization/realm serialization/receiver
      serialization/sender serialization/shared-views serialization/stand-in serialization/wire`),
  },
  { file: 'parfor.intrinsics.js', has: named(intrinsics) },
  { file: 'parfor.manager.js', has: (module) => /^manager(\/|$)/.test(module) },
  { file: 'parfor.more.js', has: () => true },
]

/** The worker program: what runs tasks whose results are plain data, and the rest. */
export const ofWorker = [
  {
    file: 'parfor.worker.cjs',
    has: named(`
      backends/threads/own-listeners backends/threads/printed backends/threads/thread-entry config/nested errors
      serialization/bytes serialization/call-names serialization/columns serialization/copies serialization/decode
      serialization/functions/importing
      serialization/functions/revive serialization/hooks serialization/kept-units serialization/lasting-in-call serialization/makers serialization/managed
      serialization/message serialization/plain-data serialization/realm serialization/receiver serialization/registered
      serialization/sender serialization/shared-views serialization/stand-in serialization/trail serialization/wire system/clock task/kwargs task/partial task/rows task/run-task
      task/task task/transfer worker/batch-run worker/left-behind worker/open-call worker/outbox worker/output worker/protocol
      worker/serve worker/steps`),
  },
  { file: 'parfor.worker.intrinsics.cjs', has: named(intrinsics) },
  { file: 'parfor.worker.more.cjs', has: () => true },
]

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
  const ofNode = importsOfNode(lib, [...exportsOf.keys()])
  const chunkOf = (module) => chunks.find(({ has }) => has(module))
  /** What each file gives to others. */
  const wanted = new Map(chunks.map((chunk) => [chunk, new Set()]))
  const inputs = {}

  const make = async (chunk) => {
    const isFirst = chunk === chunks[0]
    const { metafile } = await build({
      ...settings,
      bundle: true,
      // "sideEffects" in package.json is said of what users import, not of the file that a worker begins with.
      ignoreAnnotations: true,
      metafile: true,
      outfile: join(outdir, chunk.file),
      stdin: {
        contents: isFirst ? firstFile(entry) : laterFile(wanted.get(chunk)),
        resolveDir: lib,
        sourcefile: 'modules.ts',
        loader: 'ts',
      },
      ...(isFirst ? {} : asFunction),
      plugins: [...(settings.plugins ?? []), elsewhere(chunk)],
    })
    Object.assign(inputs, metafile.inputs)
    lookUpOnce(join(outdir, chunk.file))
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
      onResolve({ filter: /^node:/ }, ({ path, namespace }) =>
        namespace !== 'later' && ofNode.has(path) ? { path, namespace: 'later' } : undefined,
      )
      onLoad({ filter: /./, namespace: 'later' }, ({ path }) => ({ contents: nodeStub(path, ofNode.get(path)) }))
      onResolve({ filter: /^parfor:chunks$/ }, ({ path }) => ({ path, namespace: 'chunks' }))
      onResolve({ filter: /^parfor:given$/ }, ({ path }) => ({ path, namespace: 'given' }))
      onLoad({ filter: /./, namespace: 'given' }, () => ({
        contents: givenByFirst(wanted.get(chunk)),
        resolveDir: lib,
      }))
      // Without an export it would count as CommonJS, and all that it imports would be wrapped for that.
      onLoad({ filter: /\.ts$/ }, ({ path }) =>
        path === join(lib, `${entry}.ts`)
          ? { contents: `${readFileSync(path, 'utf8')}export {}\n`, loader: 'ts' }
          : undefined,
      )
      onLoad({ filter: /./, namespace: 'elsewhere' }, ({ path }) => ({ contents: stub(path, chunk), resolveDir: lib }))
      onLoad({ filter: /./, namespace: 'chunks' }, () => ({ contents: registry(), resolveDir: lib }))
      onResolve({ filter: /./, namespace: 'chunks' }, ({ path }) => ({ path, external: true }))
    },
  })

  /**
   * An export never changes once it is there. What the first file has is there when another one is loaded; what a later one has is
   * looked up at its first use.
   */
  const stub = (module, chunk) => {
    const { file } = chunkOf(module)
    const names = exportsOf.get(module)
    if (file === chunks[0].file)
      return `const { ${names.map((name, n) => `${name}: x${n}`).join(', ')} } = moduleOf(${JSON.stringify(module)}, '')
        module.exports = { __esModule: true, ${names.map((name, n) => `${name}: x${n}`).join(', ')} }`
    const accessors = names.map((name) => `get ${name}() { return had(${JSON.stringify(name)}) }`)
    const moduleOf = chunk === chunks[0] ? `const { moduleOf } = require('parfor:chunks')\n` : ''
    return `${moduleOf}let loaded
      const had = (name) => {
        loaded ??= moduleOf(${JSON.stringify(module)}, ${JSON.stringify(file)})
        const value = loaded[name]
        if (value !== undefined) Object.defineProperty(module.exports, name, { value })
        return value
      }
      module.exports = { __esModule: true, ${accessors.join(', ')} }`
  }

  /** Each file is required by its name, so that bundlers of users find it. */
  const registry = () => {
    const files = chunks
      .slice(1)
      .map(({ file }) => `${JSON.stringify(file)}: () => require(${JSON.stringify(`./${file}`)})`)
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

/**
 * esbuild wraps what it takes for CommonJS, so that each use of an export is a call. Ours need no wrapper; as many spaces stand in its
 * place, since source maps count columns.
 */
function lookUpOnce(file) {
  const text = readFileSync(file, 'utf8')
  writeFileSync(file, text.replace(/__toESM(?=\(require_\w+\(\)\))/g, ' '.repeat('__toESM'.length)))
}

/** In parentheses, so that V8 compiles it at once: it would read all of it twice. */
const asFunction = {
  banner: { js: 'module.exports=(function(moduleOf){const module={};' },
  footer: { js: 'return module.exports})' },
}

const sizeOf = (wanted) => [...wanted.values()].reduce((sum, { size }) => sum + size, 0)

/** What others want of it is there before the entry runs, which may want something of them. */
const firstFile = (entry) => `import 'parfor:given'\nexport * from './${entry}'`

const givenByFirst = (wanted) =>
  `import { add } from 'parfor:chunks'\n${contents(wanted, (modules) => `add(${modules})`)}`

function laterFile(wanted) {
  return contents(wanted, (modules) => `module.exports = ${modules}`)
}

function contents(wanted, give) {
  const modules = [...wanted].sort()
  const imports = modules.map((module, n) => `import * as m${n} from './${module}'`)
  return [...imports, give(`{ ${modules.map((module, n) => `'${module}': m${n}`).join(', ')} }`)].join('\n')
}

/** Modules of Node's that few functions need: to load one takes 0.1 to 1 ms in each thread. */
const later = /^import \{ ([^}]*) \} from '(node:(?:fs|inspector|module|os|path|url|v8|vm))'$/gm

/** What lib/ imports of them, by module. */
function importsOfNode(lib, modules) {
  const imports = new Map()
  for (const module of modules)
    for (const [, names, from] of readFileSync(join(lib, `${module}.ts`), 'utf8').matchAll(later)) {
      if (!imports.has(from)) imports.set(from, new Set())
      for (const name of names.split(', ')) imports.get(from).add(name)
    }
  return imports
}

function nodeStub(module, names) {
  const accessors = [...names].map((name) => `get ${name}() { return (loaded ??= require('${module}')).${name} }`)
  return `let loaded\nmodule.exports = { __esModule: true, ${accessors.join(', ')} }`
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
