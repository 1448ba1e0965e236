/**
 * Runs the benches in turn and prints a table for each comparison.
 *
 *   npm run bench [-- [--rounds 5] [--plot] [--save] [name ...]]
 *
 * A round measures each contestant once, each in a fresh process; who goes first changes from round to round.
 * `--plot` draws pictures into plots/. `--save` writes the tables into README.md, and into the pages of docs/ that show some.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { buildSync } from 'esbuild'
import { type Ask, type Bench, type Comparison, type Measured, median, ratios } from './harness'
import { draw } from './plot'

const root = join(__dirname, '..')
const compiled = join(root, '.cache/benchmarks')
const sources = readdirSync(__dirname, { recursive: true, encoding: 'utf8' }).filter((file) =>
  /\.(ts|py)$|^startup\b.*\.mjs$/.test(file),
)
const all = sources
  .filter((file) => file.endsWith('.bench.ts'))
  .map((file) => file.replace('.bench.ts', ''))
  .sort()

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '5' },
    plot: { type: 'boolean', default: false },
    save: { type: 'boolean', default: false },
  },
})
const rounds = Number(values.rounds)
const unknown = positionals.filter((name) => !all.includes(name))
if (unknown.length > 0) throw new Error(`no bench '${unknown}': there are ${all.join(', ')}`)
if (!Number.isInteger(rounds) || rounds < 1) throw new RangeError(`--rounds ${values.rounds}: not a number from 1`)
if (values.save && (positionals.length > 0 || rounds < 5)) throw new Error('--save takes all benches and 5 rounds')

function compile() {
  rmSync(compiled, { recursive: true, force: true })
  buildSync({
    entryPoints: sources.map((file) => join(__dirname, file)),
    outbase: __dirname,
    outdir: compiled,
    format: 'cjs',
    platform: 'node',
    target: 'node20',
    loader: { '.py': 'copy', '.mjs': 'copy' },
  })
}

/** A number, or why there is none. */
function measure(file: string, comparison: number, contestant: string): number | string {
  const args = [join(compiled, 'measurement.js'), file, String(comparison), contestant]
  const { status, stdout } = spawnSync(process.execPath, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: 120_000, // what hangs is a failure too
  })
  if (status !== 0) throw new Error(`${file}: ${contestant} failed with exit code ${status}`)
  const value = Number(stdout)
  if (value <= 0) throw new Error(`${file}: ${contestant} measured ${stdout}`)
  return Number.isNaN(value) ? stdout.trim() : value
}

interface Compared {
  readonly measured: Measured
  /** Who cannot run here, and why. */
  readonly leftOut: ReadonlyMap<string, string>
}

function compare(file: string, comparison: number, contestants: string[]): Compared {
  const measured = new Map(contestants.map((name) => [name, [] as number[]]))
  const leftOut = new Map<string, string>()
  for (let round = 0; round < rounds; round++) {
    if (process.stderr.isTTY) process.stderr.write(`\r${file} ${comparison}: round ${round + 1} of ${rounds}\r`)
    const first = round % contestants.length
    for (const name of [...contestants.slice(first), ...contestants.slice(0, first)]) {
      if (leftOut.has(name)) continue
      const value = measure(file, comparison, name)
      if (typeof value === 'number') measured.get(name)?.push(value)
      else if (measured.delete(name)) leftOut.set(name, value)
    }
  }
  return { measured, leftOut }
}

function table({ unit, against }: Comparison, { measured, leftOut }: Compared): string {
  const rows = [...measured].map(([name, times]) => {
    const speeds = name === against ? '1' : spread(ratios(measured, against, name))
    return `| ${name} | ${spread(times)} | ${speeds} |`
  })
  const missing = [...leftOut].map(([name, reason]) => `${name}: ${reason}.`)
  return [
    `| | ${unit} | speed |\n|---|---|---|\n${rows.join('\n')}`,
    ...(missing.length > 0 ? [`Left out: ${missing.join(' ')}`] : []),
  ].join('\n\n')
}

/** What is asked, and what was reached. */
function verdicts({ asks = [], unit }: Comparison, { measured, leftOut }: Compared): string[] {
  const rows = asks
    .filter(({ of, against, over }) => ![of, against, over].some((name) => leftOut.has(name ?? '')))
    .map((ask) => {
      const reached = reach(ask, measured)
      const right = ask.atLeast !== undefined ? median(reached) >= ask.atLeast : median(reached) <= (ask.atMost ?? 0)
      return `| ${wording(ask, unit)} | ${spread(reached)} | ${right ? 'yes' : '**no**'} |`
    })
  return rows.length > 0 ? [`| asked | reached | |\n|---|---|---|\n${rows.join('\n')}`] : []
}

function reach({ of, against, over, atLeast }: Ask, measured: Measured): readonly number[] {
  const values = measured.get(of) ?? []
  if (against) return atLeast === undefined ? ratios(measured, of, against) : ratios(measured, against, of)
  if (over) return values.map((value, round) => value - (measured.get(over)?.[round] ?? Number.NaN))
  return values
}

function wording({ of, against, over, atLeast, atMost }: Ask, unit: string): string {
  if (against)
    return atLeast ? `${of}: at least ${atLeast} × as fast as ${against}` : `${of}: at most ${atMost} × ${against}`
  return over ? `${of}: at most ${atMost} ${unit} more than ${over}` : `${of}: at most ${atMost} ${unit}`
}

function spread(values: readonly number[]): string {
  const short = (value: number) => (Math.abs(value) < 100 ? value.toPrecision(3) : value.toFixed(0))
  return `**${short(median(values))}** (${short(Math.min(...values))} – ${short(Math.max(...values))})`
}

function save(report: string, tables: ReadonlyMap<string, string>) {
  const date = new Date().toISOString().slice(0, 10)
  const where = `Node.js ${process.version}, ${process.platform} ${process.arch}, ${availableParallelism()} cores, ${date}`
  const readme = join(__dirname, 'README.md')
  const [before, marker] = readFileSync(readme, 'utf8').split(/^(## The last run)$/m)
  if (marker === undefined) throw new Error(`${readme} has no part "## The last run"`)
  writeFileSync(readme, `${before}${marker}\n\n${where}, medians of ${rounds} processes.\n\n${report}\n`)

  const guide = join(root, 'docs/guide')
  for (const file of readdirSync(guide)) {
    const page = readFileSync(join(guide, file), 'utf8')
    const filled = page.replace(
      /^(<!-- table: (.+) -->\n)[\s\S]*?(?=^<!-- end -->$)/gm,
      (_, mark: string, name: string) => {
        const table = tables.get(name)
        if (table === undefined) throw new Error(`${file}: there is no table '${name}'`)
        return `${mark}\n${table}\n\n`
      },
    )
    if (filled !== page) writeFileSync(join(guide, file), filled)
  }
}

function plot(name: string, { plot, comparisons }: Bench, compared: readonly Compared[]) {
  if (!plot) return
  const folder = join(__dirname, 'plots')
  mkdirSync(folder, { recursive: true })
  const svg = draw(
    plot,
    comparisons,
    compared.map(({ measured }) => measured),
  )
  writeFileSync(join(folder, `${name}.svg`), svg)
}

compile()
const report: string[] = []
/** By the bench's name and the comparison's number. */
const tables = new Map<string, string>()
for (const name of positionals.length > 0 ? positionals : all) {
  const bench: Bench = require(join(compiled, `${name}.bench.js`)).default
  const compared = bench.comparisons.map(({ contestants }, i) => compare(`${name}.bench`, i, Object.keys(contestants)))
  const parts = bench.comparisons.flatMap((comparison, i) => {
    const result = compared[i] as Compared
    tables.set(`${name} ${i + 1}`, table(comparison, result))
    return [`${comparison.work}:`, table(comparison, result), ...verdicts(comparison, result)]
  })
  report.push(`### ${bench.question}`, ...parts)
  console.log(`${[`### ${bench.question}`, ...parts].join('\n\n')}\n`)
  if (values.plot) plot(name, bench, compared)
}
if (values.save) save(report.join('\n\n'), tables)
