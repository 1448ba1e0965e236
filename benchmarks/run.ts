/**
 * Runs the benches in turn and prints a table for each comparison.
 *
 *   npm run bench [-- [--rounds 5] [--save] [name ...]]
 *
 * A round measures each contestant once, each in a fresh process; who goes first changes from round to round.
 * `--save` writes the tables into README.md.
 */
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { buildSync } from 'esbuild'
import { type Bench, type Comparison, median } from './harness'

const root = join(__dirname, '..')
const compiled = join(root, '.cache/benchmarks')
const sources = readdirSync(__dirname, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'))
const all = sources
  .filter((file) => file.endsWith('.bench.ts'))
  .map((file) => file.replace('.bench.ts', ''))
  .sort()

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: 'string', default: '5' }, save: { type: 'boolean', default: false } },
})
const rounds = Number(values.rounds)
const unknown = positionals.filter((name) => !all.includes(name))
if (unknown.length > 0) throw new Error(`no bench '${unknown}': there are ${all.join(', ')}`)
if (!Number.isInteger(rounds) || rounds < 1) throw new RangeError(`--rounds ${values.rounds}: not a number from 1`)
if (values.save && (positionals.length > 0 || rounds < 5)) throw new Error('--save takes all benches and 5 rounds')

function compile() {
  buildSync({
    entryPoints: sources.map((file) => join(__dirname, file)),
    outbase: __dirname,
    outdir: compiled,
    format: 'cjs',
    platform: 'node',
    target: 'node20',
  })
}

function measure(file: string, comparison: number, contestant: string): number {
  const args = [join(compiled, 'measurement.js'), file, String(comparison), contestant]
  const { status, stdout } = spawnSync(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: 120_000, // what hangs is a failure too
  })
  const value = Number.parseFloat(String(stdout))
  if (status !== 0 || !(value > 0)) throw new Error(`${file}: ${contestant} failed with exit code ${status}`)
  return value
}

/** Each contestant's measurements, one per round. */
function compare(file: string, comparison: number, contestants: string[]): Map<string, number[]> {
  const measured = new Map(contestants.map((name) => [name, [] as number[]]))
  for (let round = 0; round < rounds; round++) {
    if (process.stderr.isTTY) process.stderr.write(`\r${file} ${comparison}: round ${round + 1} of ${rounds}\r`)
    const first = round % contestants.length
    for (const name of [...contestants.slice(first), ...contestants.slice(0, first)])
      measured.get(name)?.push(measure(file, comparison, name))
  }
  return measured
}

function table({ work, unit, against }: Comparison, measured: Map<string, number[]>): string {
  const baseline = measured.get(against) ?? []
  const rows = [...measured].map(([name, times]) => {
    // Round by round: what slows the machine down for a while slows both.
    const speeds = times.map((time, round) => (baseline[round] ?? Number.NaN) / time)
    return `| ${name} | ${spread(times)} | ${name === against ? '1' : spread(speeds)} |`
  })
  return [`${work}:`, '', `| | ${unit} | speed |`, '|---|---|---|', ...rows].join('\n')
}

function spread(values: number[]): string {
  const short = (value: number) => (value < 100 ? value.toPrecision(3) : value.toFixed(0))
  return `**${short(median(values))}** (${short(Math.min(...values))} – ${short(Math.max(...values))})`
}

function save(tables: string) {
  const readme = join(__dirname, 'README.md')
  const date = new Date().toISOString().slice(0, 10)
  const where = `Node.js ${process.version}, ${process.platform} ${process.arch}, ${availableParallelism()} cores, ${date}`
  const [before, marker] = readFileSync(readme, 'utf8').split(/^(## The last run)$/m)
  if (marker === undefined) throw new Error(`${readme} has no part "## The last run"`)
  writeFileSync(readme, `${before}${marker}\n\n${where}, medians of ${rounds} processes.\n\n${tables}\n`)
}

compile()
const report: string[] = []
for (const name of positionals.length > 0 ? positionals : all) {
  const bench: Bench = require(join(compiled, `${name}.bench.js`)).default
  const tables = bench.comparisons.map((comparison, i) =>
    table(comparison, compare(`${name}.bench`, i, Object.keys(comparison.contestants))),
  )
  report.push(`### ${bench.question}`, ...tables)
  console.log(`${[`### ${bench.question}`, ...tables].join('\n\n')}\n`)
}
if (values.save) save(report.join('\n\n'))
