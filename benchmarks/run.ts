/**
 * Runs the benches in turn and prints a table for each comparison.
 *
 *   npm run bench [-- [--rounds 5] [--plot] [--save] [name ...]]
 *
 * A round measures each contestant once, each in a fresh process; who goes first changes from round to round.
 * `--plot` draws pictures into plots/. `--save` writes the tables into README.md, and into the pages of docs/ that show
 * some, as soon as a bench is done. `--help` says this.
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
    help: { type: 'boolean', short: 'h', default: false },
  },
})
if (values.help) {
  console.log(`npm run bench [-- [--rounds 5] [--plot] [--save] [name ...]]

The benches are ${all.join(', ')}. README.md says what they measure.`)
  process.exit()
}
const rounds = Number(values.rounds)
const unknown = positionals.filter((name) => !all.includes(name))
if (unknown.length > 0) throw new Error(`no bench '${unknown}': there are ${all.join(', ')}`)
if (!Number.isInteger(rounds) || rounds < 1) throw new RangeError(`--rounds ${values.rounds}: not a number from 1`)
if (values.save && rounds < 5) throw new Error('--save takes 5 rounds, or more')

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

/** @param tables of a bench, by the numbers of its comparisons */
function save(name: string, report: string, tables: readonly string[]) {
  const date = new Date().toISOString().slice(0, 10)
  const where = `Node.js ${process.version}, ${process.platform} ${process.arch}, ${availableParallelism()} cores, ${date}`
  const said = report.replace(/\n\n/, `\n\n${where}, medians of ${rounds} processes.\n\n`)
  if (!fill(join(__dirname, 'README.md'), (mark) => (mark === `bench: ${name}` ? said : undefined)))
    throw new Error(`README.md has no place for ${name}: <!-- bench: ${name} -->, and <!-- end --> below it`)
  const guide = join(root, 'docs/guide')
  for (const file of readdirSync(guide).filter((file) => file.endsWith('.md')))
    fill(join(guide, file), (mark) => {
      const number = mark.startsWith(`table: ${name} `) ? Number(mark.split(' ').at(-1)) : undefined
      if (number === undefined) return undefined
      const table = tables[number - 1]
      if (table === undefined) throw new Error(`${file}: ${name} has no table ${number}`)
      return table
    })
}

/** Fills the places of a page, each between its mark and an end; the others stay as they are. */
function fill(file: string, text: (mark: string) => string | undefined): boolean {
  let isFilled = false
  const page = readFileSync(file, 'utf8')
  const filled = page.replace(/^<!-- (.+) -->\n[\s\S]*?^<!-- end -->$/gm, (place, mark: string) => {
    const found = text(mark)
    if (found === undefined) return place
    isFilled = true
    return `<!-- ${mark} -->\n\n${found}\n\n<!-- end -->`
  })
  if (filled !== page) writeFileSync(file, filled)
  return isFilled
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
for (const name of positionals.length > 0 ? positionals : all) {
  const bench: Bench = require(join(compiled, `${name}.bench.js`)).default
  const compared = bench.comparisons.map(({ contestants }, i) => compare(`${name}.bench`, i, Object.keys(contestants)))
  const tables = bench.comparisons.map((comparison, i) => table(comparison, compared[i] as Compared))
  const parts = bench.comparisons.flatMap((comparison, i) => [
    `${comparison.work}:`,
    tables[i] as string,
    ...verdicts(comparison, compared[i] as Compared),
  ])
  const report = [`### ${bench.question}`, ...parts].join('\n\n')
  console.log(`${report}\n`)
  if (values.plot) plot(name, bench, compared)
  if (values.save) save(name, report, tables)
}
