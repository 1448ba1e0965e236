/**
 * Reads many files into one list: the hot hours of a year, of many weather stations. Twice: the simple way, with what tasks return;
 * and Python's, with a list of a `Manager` that all tasks write to. The first one is quicker: the second sends a message
 * more for each file and waits for its answer, copies the list once more at the end, and has to sort it.
 *
 *   npx ts-node -T docs/examples/reading-files.ts [--size 400] [--serial]
 *
 * `--size` is how many files there are. `--serial` runs the same code in this thread, where a debugger stops. The files are made
 * first, in a temporary directory, which is removed at the end.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { isDeepStrictEqual, parseArgs } from 'node:util'
import { delayed, Manager, Parallel } from 'parfor'
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64'
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'
import { compare, timed } from './timing'

const { values } = parseArgs({
  options: { size: { type: 'string', default: '400' }, serial: { type: 'boolean', default: false } },
})
const nJobs = values.serial ? 1 : -1
const directory = mkdtempSync(join(tmpdir(), 'reading-files-'))
const files = Array.from({ length: Number(values.size) }, (_, n) => join(directory, `${n + 1000}.csv`))

interface Reading {
  readonly station: number
  readonly time: string
  readonly celsius: number
}

/** The readings above 33 °C in a file of lines such as `2025-07-01T14:00,33.4`. */
function readHot(file: string): Reading[] {
  const station = Number(basename(file, '.csv'))
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n')
  const readings = lines.map((line) => {
    const [time = '', celsius] = line.split(',')
    return { station, time, celsius: Number(celsius) }
  })
  return readings.filter(({ celsius }) => celsius > 33)
}

async function returned(): Promise<Reading[]> {
  const lists = await Parallel(nJobs)(files.map((file) => delayed(readHot)(file)))
  return lists.flat()
}

async function collected(): Promise<Reading[]> {
  await using manager = new Manager()
  const hot = manager.list<Reading>()
  const collect = delayed(async (file: string) => hot.extend(readHot(file)))
  await Parallel(nJobs)(files.map((file) => collect(file)))
  // Files come in any order, the hours of each in theirs; and sorting is stable.
  return (await hot.toArray()).sort((a, b) => a.station - b.station)
}

/** Writes a year for each station, hour by hour: warm in July, and in the afternoon. */
function writeYears() {
  const times = Array.from({ length: 365 * 24 }, (_, hour) => new Date(Date.UTC(2025, 0, 1, hour)).toISOString())
  for (const [seed, file] of files.entries()) {
    const random = xoroshiro128plus(seed)
    const lines = times.map((time, hour) => {
      const usual = 10 - 11 * Math.cos((2 * Math.PI * hour) / times.length) - 6 * Math.cos((2 * Math.PI * hour) / 24)
      return `${time.slice(0, 16)},${(usual + 8 * uniformFloat64(random)).toFixed(1)}\n`
    })
    writeFileSync(file, lines.join(''))
  }
}

async function main() {
  writeYears()
  const hot = await compare(() => files.flatMap((file) => readHot(file)), returned)
  console.log('once more, with workers that are up:')
  for (const [label, way] of Object.entries({ 'returned:': returned, 'Manager: ': collected })) {
    const { result, seconds } = await timed(way)
    if (!isDeepStrictEqual(result, hot)) throw new Error(`${label} other readings`)
    console.log(`${label} ${seconds.toFixed(3)} s`)
  }
  console.log(`${hot.length} hours above 33 °C in ${files.length} files`)
}

void main().finally(() => rmSync(directory, { recursive: true }))
