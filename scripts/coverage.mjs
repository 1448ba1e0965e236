// usage: node scripts/coverage.mjs [jest arguments]
//
// What the tests reach in lib/, in the main thread (Jest's v8 provider) and in workers (NODE_V8_COVERAGE), merged.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

const require = createRequire(import.meta.url)
process.chdir(fileURLToPath(new URL('..', import.meta.url)))
const raw = `${process.cwd()}/coverage/raw`

rmSync('coverage', { recursive: true, force: true })
const tests = run('jest/bin/jest', ['--coverage', ...process.argv.slice(2)], { NODE_V8_COVERAGE: raw })
keepWorkers()
run('c8/bin/c8.js', [
  'report',
  ...['--temp-directory', raw, '--reporter', 'json', '--reports-dir', 'coverage/workers'],
  ...['--exclude-after-remap', '--include', 'lib/**/*.ts', '--allowExternal=false'],
])
const lines = merge()
if (lines < 90) console.error(`line coverage is ${lines} %, less than 90 %`)
process.exitCode = tests === 0 && lines >= 90 ? 0 : 1

function run(program, args, env = {}) {
  const options = { stdio: 'inherit', env: { ...process.env, ...env } }
  return spawnSync(process.execPath, [require.resolve(program), ...args], options).status
}

/** Of the raw data, only what workers ran: Jest's own processes are in coverage/main already. */
function keepWorkers() {
  for (const name of readdirSync(raw)) {
    const file = `${raw}/${name}`
    const data = JSON.parse(readFileSync(file, 'utf8'))
    data.result = data.result.filter(({ url }) => /\/dist\/parfor\.worker(\.\w+)?\.cjs$/.test(url))
    if (data.result.length > 0) writeFileSync(file, JSON.stringify(data))
    else rmSync(file)
  }
}

function merge() {
  const map = require('istanbul-lib-coverage').createCoverageMap({})
  for (const side of ['main', 'workers']) {
    const file = `coverage/${side}/coverage-final.json`
    if (existsSync(file)) map.merge(JSON.parse(readFileSync(file, 'utf8')))
  }
  map.filter(hasCode)
  const context = require('istanbul-lib-report').createContext({ dir: 'coverage', coverageMap: map })
  for (const report of ['text', 'lcovonly', 'json']) require('istanbul-reports').create(report).execute(context)
  return map.getCoverageSummary().lines.pct
}

/** A file of types only has nothing to reach. */
function hasCode(file) {
  const built = file.replace(`${process.cwd()}/lib/`, 'dist/').replace(/ts$/, 'js')
  const rest = existsSync(built) ? readFileSync(built, 'utf8').replace(/^"use strict";|^\/\/#.*$/gm, '') : ''
  return rest.replace('Object.defineProperty(exports, "__esModule", { value: true });', '').trim() !== ''
}
