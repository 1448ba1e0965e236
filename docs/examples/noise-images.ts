/**
 * Writes two thousand PNG images of noise, each from a seed of its own: Python's `Pool.map` and `partial`.
 *
 *   npx ts-node -T docs/examples/noise-images.ts [--images 2000] [--size 100] [--serial]
 *
 * `--size` is the width and height of an image, in pixels. `--serial` runs the same code in this thread, where a debugger
 * stops. The images go into temporary directories, which are removed at the end.
 */
import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { kwargs, Pool, partial } from 'parfor'
import { PNG } from 'pngjs'
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'
import { compare } from './timing'

const { values } = parseArgs({
  options: {
    images: { type: 'string', default: '2000' },
    size: { type: 'string', default: '100' },
    serial: { type: 'boolean', default: false },
  },
})
const seeds = Array.from({ length: Number(values.images) }, (_, i) => i)
const size = Number(values.size)
const serial = mkdtempSync(join(tmpdir(), 'noise-serial-'))
const parallel = mkdtempSync(join(tmpdir(), 'noise-parallel-'))

function writeNoise(directory: string, seed: number, { width = 64, height = 64 } = {}) {
  const random = xoroshiro128plus(seed)
  const image = new PNG({ width, height })
  for (let i = 0; i < image.data.length; i++) image.data[i] = i % 4 === 3 ? 255 : random.next() & 255 // opaque
  writeFileSync(join(directory, `noise-${seed}.png`), PNG.sync.write(image))
}

/** What is in the files of a directory, in a few letters. */
function fingerprint(directory: string) {
  const hash = createHash('sha256')
  for (const file of readdirSync(directory).sort()) hash.update(file).update(readFileSync(join(directory, file)))
  return hash.digest('hex').slice(0, 16)
}

async function main() {
  await using pool = new Pool(undefined, values.serial ? { backend: 'sequential' } : {})
  const options = { width: size, height: size }
  const hash = await compare(
    () => {
      for (const seed of seeds) writeNoise(serial, seed, options)
      return fingerprint(serial)
    },
    async () => {
      await pool.map(partial(writeNoise, parallel, kwargs(options)), seeds)
      return fingerprint(parallel)
    },
  )
  console.log(`${readdirSync(parallel).length} images of ${size} × ${size} pixels, sha256 ${hash}`)
}

void main().finally(() => {
  for (const directory of [serial, parallel]) rmSync(directory, { recursive: true })
})
