// usage: node scripts/build.mjs [--if-stale] [--lenient]
//
// Makes dist/: lib/ through tsc, then the library as few files, dist/index.js and dist/parfor.*, and the worker program,
// dist/parfor.worker.*: loading a hundred files takes 20 ms longer than loading one. The single files that are left
// are for specs; the package is without them.
//   --if-stale   does nothing when dist/ was made from exactly these sources
//   --lenient    errors are shown, not fatal: specs run while a file elsewhere is half written
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { buildChunks, ofLibrary, ofWorker } from './chunks.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const lenient = process.argv.includes('--lenient')
const stamp = join(root, '.cache/build.sha256')
const dist = join(root, 'dist')
/** Beside dist/, so that the relative paths in source maps stay right when it takes dist/'s place. */
const fresh = join(root, `.dist-${process.pid}`)

const inOneFile = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  sourcemap: 'linked',
  // Node reads and compiles it 2 ms sooner. Names stay, for stack traces.
  minifyWhitespace: true,
  lineLimit: 120,
  legalComments: 'none',
  logLevel: 'warning',
  metafile: true,
}

/** Packages are files of their own: the parser is as long as all of the rest. */
const packages = {
  acorn: { file: 'parfor.parser.cjs', contents: "export { Parser, parse } from './node_modules/acorn/dist/acorn.mjs'" },
  // Of npm `threads`, which is slow to load, the caller needs `spawn` and `Thread.terminate`; not its debug output.
  threads: {
    file: 'parfor.threads.cjs',
    contents: `const { spawn } = require('./node_modules/threads/dist/master/spawn.js')
      const { Thread } = require('./node_modules/threads/dist/master/thread.js')
      module.exports = { spawn, Thread }`,
  },
  // An ES module, and some small ones that it stands on.
  'log-update': { file: 'parfor.screen.cjs', contents: "export { createLogUpdate } from 'log-update'" },
  'threads/worker': { file: 'parfor.worker.threads.cjs' },
}

const licenses = new Map()
const digest = sources()
if (process.argv.includes('--if-stale') && isBuilt(digest)) process.exit(0)
try {
  const right = [compile() && (await bundleLibrary()), await bundlePackages(), await bundleWorker()].every(Boolean)
  writeFileSync(join(fresh, 'LICENSES.txt'), [...licenses.values()].sort().join(`\n${'-'.repeat(80)}\n\n`))
  if (right || lenient) takePlace(right ? digest : 'built with errors')
  if (!right && !lenient) process.exitCode = 1
} finally {
  rmSync(fresh, { recursive: true, force: true })
}

function sources() {
  const lib = readdirSync(join(root, 'lib'), { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.m?ts$|\.json$/.test(file))
    .map((file) => `lib/${file}`)
    .sort()
  const hash = createHash('sha256')
  for (const file of [...lib, 'scripts/build.mjs', 'scripts/chunks.mjs', 'tsconfig.json', 'package-lock.json'])
    hash
      .update(`${file}\0`)
      .update(readFileSync(join(root, file)))
      .update('\0')
  return hash.digest('hex')
}

function isBuilt(digest) {
  return existsSync(join(dist, 'index.js')) && existsSync(stamp) && readFileSync(stamp, 'utf8') === digest
}

function compile() {
  const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc')
  const { status } = spawnSync(process.execPath, [tsc, '-p', 'lib', '--outDir', fresh], { cwd: root, stdio: 'inherit' })
  return status === 0
}

async function bundleLibrary() {
  const settings = { ...inOneFile, plugins: [withoutEmbedded(), packagesApart()] }
  return succeeds(buildChunks({ root, entry: 'index', chunks: ofLibrary, outdir: fresh, settings }))
}

async function bundlePackages() {
  const bundled = await Promise.all(Object.entries(packages).map(bundlePackage))
  return bundled.every(Boolean)
}

function packagesApart() {
  return {
    name: 'packages apart',
    setup({ onResolve }) {
      const path = (name) => ({ path: `./${packages[name].file}`, external: true })
      onResolve({ filter: /^(acorn|log-update|threads|threads\/worker)$/ }, ({ path: name }) => path(name))
    },
  }
}

function bundlePackage([name, { file, contents = `module.exports = require('${name}')` }]) {
  return succeeds(
    build({
      ...inOneFile,
      sourcemap: false,
      minify: true,
      stdin: { contents, resolveDir: root },
      outfile: join(fresh, file),
      plugins: [withoutDebug(), withoutEval()],
    }),
  )
}

function withoutDebug() {
  return {
    name: 'without debug',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^debug$/ }, () => ({ path: 'debug', namespace: 'no debug' }))
      onLoad({ filter: /./, namespace: 'no debug' }, () => ({ contents: 'module.exports = () => () => {}' }))
    },
  }
}

/** The worker's text stays a file of its own, which is loaded only where it is needed. */
function withoutEmbedded() {
  return {
    name: 'without embedded',
    setup({ onResolve }) {
      onResolve({ filter: /\/embedded$/ }, () => ({ path: './embedded.js', external: true }))
    },
  }
}

async function bundleWorker() {
  const settings = { ...inOneFile, plugins: [packagesApart()] }
  const outfile = join(fresh, 'embedded.cjs')
  const bundled =
    (await succeeds(
      buildChunks({ root, entry: 'backends/threads/thread-entry', chunks: ofWorker, outdir: fresh, settings }),
    )) &&
    (await succeeds(
      build({
        ...inOneFile,
        sourcemap: false,
        entryPoints: ['lib/backends/threads/thread-entry.ts'],
        outfile,
        plugins: [withoutEval()],
      }),
    ))
  if (!bundled) return false
  embedWorker(readFileSync(outfile, 'utf8'))
  rmSync(outfile)
  return true
}

function succeeds(building) {
  return building.then(
    ({ metafile }) => {
      for (const file of Object.keys(metafile.inputs)) noteLicense(file)
      return true
    },
    () => false, // esbuild has said why
  )
}

/** Packages that are compiled in are used under their licenses, which go with them. */
function noteLicense(file) {
  // Of packages within packages, the innermost.
  const [, path, name] = /^(.*\bnode_modules\/((?:@[^/]+\/)?[^/]+))\//.exec(file) ?? []
  if (name === undefined) return
  const folder = join(root, path)
  const license = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry))
  const { version, license: kind } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const text = license === undefined ? `${kind}\n` : readFileSync(join(folder, license), 'utf8')
  licenses.set(`${name} ${version}`, `${name} ${version}\n\n${text}`)
}

/** npm `threads` hides its `require` from bundlers in an eval, which --disallow-code-generation-from-strings forbids. */
function withoutEval() {
  return {
    name: 'without eval',
    setup({ onLoad }) {
      onLoad({ filter: /[\\/]threads[\\/]dist[\\/].*\.js$/ }, ({ path }) => ({
        contents: readFileSync(path, 'utf8').replaceAll('eval("require")', 'require'),
      }))
    },
  }
}

/** A user's bundler leaves our files behind; the worker's text goes with the library then. */
function embedWorker(text) {
  const code = `exports.workerSource = ${JSON.stringify(withoutGlobals(text))};`
  writeFileSync(
    join(fresh, 'embedded.js'),
    `"use strict";\nObject.defineProperty(exports, "__esModule", { value: true });\n${code}\n`,
  )
  rmSync(join(fresh, 'embedded.js.map'), { force: true })
}

/** A worker made from text has what belongs to a CommonJS file as globals; an ES module's functions must not find them. */
function withoutGlobals(text) {
  const names = 'require, module, exports, __filename, __dirname'
  const taken = names.split(', ').map((name) => `delete globalThis.${name};`)
  return `((${names}) => {${taken.join(' ')} (() => {${text}\n})()})(${names})`
}

/** By renaming: a program that runs from dist/ meanwhile never finds half of it. */
function takePlace(digest) {
  const old = join(root, `.dist-${process.pid}-old`)
  while (existsSync(fresh)) {
    try {
      if (existsSync(dist)) renameSync(dist, old)
      renameSync(fresh, dist)
    } catch (error) {
      // Another build was between our two steps; its dist/ gives way to ours.
      if (!['ENOENT', 'ENOTEMPTY', 'EEXIST'].includes(error.code)) throw error
    }
    rmSync(old, { recursive: true, force: true })
  }
  mkdirSync(join(root, '.cache'), { recursive: true })
  writeFileSync(stamp, digest)
}
