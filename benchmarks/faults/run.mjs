/**
 * Runs what can go wrong in a worker with each library, and prints a table of what comes of it.
 *
 *   npm run faults [-- [--runs 3] [--only "exit 0"] [--library parfor] [--save]]
 *
 * Every run is a process of its own, with a time limit: to hang is a result. `--save` writes the table into the guide.
 */
import { spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { faults } from './faults.mjs'
import * as joblib from './libraries/joblib.mjs'

const here = fileURLToPath(new URL('.', import.meta.url))
const guide = join(here, '../../docs/guide/reliability.md')
const all = ['parfor', 'piscina', 'tinypool', 'workerpool']

/** Milliseconds: for a run; and, of these, for its program to end once it has nothing to do. */
const LIMIT = 30_000
const TO_END = 3_000

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '3' },
    only: { type: 'string', multiple: true },
    library: { type: 'string', multiple: true },
    save: { type: 'boolean', default: false },
  },
})
const runs = Number(values.runs)
const libraries = values.library ?? all
const names = values.only ?? Object.keys(faults)
for (const name of names)
  if (!(name in faults)) throw new Error(`no fault '${name}': there are ${Object.keys(faults).join(', ')}`)
for (const name of libraries)
  if (!all.includes(name)) throw new Error(`no library '${name}': there are ${all.join(', ')}`)
if (!Number.isInteger(runs) || runs < 1) throw new RangeError(`--runs ${values.runs}: not a number from 1`)
if (values.save && (values.only || values.library || runs < 3))
  throw new Error('--save takes all faults, all libraries and 3 runs')

/** Where the table is in the guide. */
const place = /(<!-- faults -->\n)[\s\S]*?(<!-- \/faults -->)/
if (values.save && !place.test(readFileSync(guide, 'utf8'))) throw new Error(`${guide} has no place for the table`)

/** All that one run saw, and how its process ended. */
function observe(library, fault) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(here, 'run-cell.mjs'), library, fault], {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
    })
    const steps = []
    let isLate = false
    const kill = () => {
      isLate = true
      child.kill('SIGKILL')
    }
    let timer = setTimeout(kill, LIMIT)
    let pending = ''
    child.stdio[3].setEncoding('utf8').on('data', (text) => {
      const lines = (pending + text).split('\n')
      pending = lines.pop()
      for (const line of lines) {
        const step = JSON.parse(line)
        steps.push(step)
        if (step.ready) child.kill('SIGINT')
        if (step.ready || step.done) {
          clearTimeout(timer)
          timer = setTimeout(kill, TO_END)
        }
      }
    })
    child.once('error', reject)
    child.once('close', (code, signal) => {
      clearTimeout(timer)
      resolve({ steps, code, signal, isLate })
    })
  })
}

/** What a run comes to, in words; what is not said went well. */
function words(fault, { steps, code, signal, isLate }) {
  const seen = Object.assign({}, ...steps)
  const notEnded = '**the program does not end**'
  if (fault.kind === 'interrupt') {
    if (isLate) return [notEnded]
    return [signal ? `the program ends by \`${signal}\`` : `the program ends with code ${code}`]
  }
  const next = steps.find((step) => step.next?.wrong)?.next
  if (fault.leaveOpen && !isLate && code === 0 && !next) return ['the program ends']
  const parts = [fault.leaveOpen ? undefined : (seen.caller ?? '**the caller is not told**')]
  if (seen.errorEvent && fault.kind !== 'start') parts.push('an `error` event')
  if (seen.warning) parts.push(`a warning, \`${seen.warning}\``)
  if (seen.others?.wrong) parts.push(`**another task is lost**: ${seen.others.example}`)
  if (next) parts.push(`**a later task is lost**: ${next.example}`)
  if (seen.isShort) parts.push('**the pool stays one worker short**')
  if (seen.ended && seen.ended !== 'ended') parts.push(`**closing it ${seen.ended}**`)
  if (isLate) parts.push(notEnded)
  else if (signal) parts.push(`**the program dies**, ${signal}`)
  else if (code !== 0) parts.push(seen.done ? `**exit code ${code}**` : `**the program dies**, exit code ${code}`)
  return parts.filter((part) => part !== undefined)
}

async function cell(library, name) {
  const counts = new Map()
  for (let run = 0; run < runs; run += 1)
    for (const part of words(faults[name], await observe(library, name))) counts.set(part, (counts.get(part) ?? 0) + 1)
  return [...counts].map(([part, count]) => (count === runs ? part : `${part} (${count} of ${runs})`)).join('; ')
}

const version = (library) =>
  library === 'parfor'
    ? createRequire(import.meta.url)('../../package.json').version
    : JSON.parse(readFileSync(join(here, `../../node_modules/${library}/package.json`), 'utf8')).version

const row = (cells) => `| ${cells.join(' | ')} |`
const lines = [
  row(['', ...libraries.map((name) => `${name} ${version(name)}`), `${joblib.name} ${joblib.version}`]),
  `|---${'|---'.repeat(libraries.length + 1)}|`,
]
for (const line of lines) console.log(line)
for (const name of names) {
  const cells = await Promise.all(libraries.map((library) => cell(library, name)))
  const line = row([faults[name].title, ...cells.map((text) => text.replaceAll('|', '\\|')), joblib.facts[name] ?? '–'])
  console.log(line)
  lines.push(line)
}

if (values.save) {
  const date = new Date().toISOString().slice(0, 10)
  const where = `Node.js ${process.version}, ${process.platform} ${process.arch}, ${date}, ${runs} runs of each.`
  const text = `\n${where}\n\n${lines.join('\n')}\n\n`
  writeFileSync(
    guide,
    readFileSync(guide, 'utf8').replace(place, (_, start, end) => `${start}${text}${end}`),
  )
}
