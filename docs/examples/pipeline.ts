/**
 * A pipeline: lines are read, parsed and analysed, and what comes of them is counted. Parsing and analysing are tasks, and the
 * results of the one are the input of the other. Each step waits for the next one when that is slower, so that only a few lines
 * are in memory at a time, however long the file is.
 *
 *   npx ts-node -T docs/examples/pipeline.ts [--size 800] [--serial]
 *
 * `--size` is how many lines there are. `--serial` runs the same code in this thread, where a debugger stops. The file is made
 * first, in a temporary directory, which is removed at the end.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { open, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { delayed, Parallel } from 'parfor'
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64'
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'
import { compare } from './timing'

const { values } = parseArgs({
  options: { size: { type: 'string', default: '800' }, serial: { type: 'boolean', default: false } },
})
const nJobs = values.serial ? 1 : -1
const directory = mkdtempSync(join(tmpdir(), 'pipeline-'))
const path = join(directory, 'recordings.jsonl')
const rate = 1000 // samples in a second

interface Recording {
  readonly machine: string
  readonly samples: Float64Array
}

/** Reads a line such as `{"machine":"pump","samples":[0.12,-0.4]}`. */
function parse(line: string): Recording {
  const { machine, samples } = JSON.parse(line) as { machine: string; samples: number[] }
  return { machine, samples: Float64Array.from(samples) }
}

/** How strong the k-th of a recording's frequencies is, by Goertzel's algorithm. */
function power(samples: Float64Array, k: number): number {
  const factor = 2 * Math.cos((2 * Math.PI * k) / samples.length)
  let last = 0
  let beforeLast = 0
  for (let i = 0; i < samples.length; i++) {
    const next = (samples[i] as number) + factor * last - beforeLast
    beforeLast = last
    last = next
  }
  return last ** 2 + beforeLast ** 2 - factor * last * beforeLast
}

/** The strongest frequency of a recording. */
function hum({ machine, samples }: Recording): string {
  const powers = Array.from({ length: samples.length / 2 }, (_, k) => power(samples, k))
  const strongest = powers.indexOf(Math.max(...powers))
  return `${machine} hums at ${(strongest * rate) / samples.length} Hz`
}

let [read, counted, ahead] = [0, 0, 0]

async function* lines() {
  await using file = await open(path)
  for await (const line of file.readLines()) {
    ahead = Math.max(ahead, ++read - counted)
    yield line
  }
}

async function count(hums: AsyncIterable<string>): Promise<Record<string, number>> {
  const counts: Record<string, number> = {}
  for await (const hum of hums) {
    counts[hum] = (counts[hum] ?? 0) + 1
    counted++
  }
  return counts
}

async function* serially() {
  for await (const line of lines()) yield hum(parse(line))
}

async function* inParallel() {
  const parallel = Parallel({ nJobs, returnAs: 'generator', batchSize: 1 })
  await using recordings = parallel(async function* () {
    for await (const line of lines()) yield delayed(parse)(line)
  })
  yield* parallel(async function* () {
    for await (const recording of recordings) yield delayed(hum)(recording)
  })
}

/** Two seconds of a machine that hums among others. */
function* recordings() {
  const random = xoroshiro128plus(11)
  const machines = Object.entries({ pump: 48, fan: 120, mill: 240.5 })
  for (let n = 0; n < Number(values.size); n++) {
    const [machine, hertz] = machines[n % machines.length] as [string, number]
    const samples = Array.from({ length: 2 * rate }, (_, i) => {
      return (Math.sin((2 * Math.PI * hertz * i) / rate) + 10 * uniformFloat64(random) - 5).toFixed(2)
    })
    yield `{"machine":"${machine}","samples":[${samples}]}\n`
  }
}

async function main() {
  await writeFile(path, recordings())
  const counts = await compare(
    () => count(serially()),
    () => count(inParallel()),
  )
  console.log(`${values.size} lines, at most ${ahead} at a time`)
  for (const [hum, times] of Object.entries(counts)) console.log(`${hum} (${times} times)`)
}

void main().finally(() => rmSync(directory, { recursive: true }))
