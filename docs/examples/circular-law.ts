/**
 * The circular law: the eigenvalues of a large random matrix, divided by the square root of its size, fill the unit
 * disc evenly. Takes the eigenvalues of many random matrices on all CPUs and draws them to circular-law.svg.
 *
 *   npm start [-- --matrices 800 --size 100 --serial]
 *
 * `--serial` runs the same code in this thread, where a debugger stops.
 */
import { writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { EigenvalueDecomposition, Matrix } from 'ml-matrix'
import { delayed, Parallel } from 'parfor'
import { drawHexbin, type Point } from './hexbin'
import { compare } from './timing'

const { values } = parseArgs({
  options: {
    matrices: { type: 'string', default: '800' },
    size: { type: 'string', default: '100' },
    serial: { type: 'boolean', default: false },
  },
})
const nJobs = values.serial ? 1 : -1
const size = Number(values.size)
const seeds = Array.from({ length: Number(values.matrices) }, (_, i) => i)

/** Random numbers of the standard normal distribution, the same ones for the same seed. */
function* normals(seed: number): Generator<number, never> {
  let state = Math.imul(seed + 1, 0x9e3779b9)
  const uniform = () => {
    // splitmix32
    state = (state + 0x9e3779b9) | 0
    let z = Math.imul(state ^ (state >>> 16), 0x21f0aaad)
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97)
    return ((z ^ (z >>> 15)) >>> 0) / 2 ** 32
  }
  while (true) yield Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()) // Box and Muller
}

function eigenvalues(seed: number): Point[] {
  const random = normals(seed)
  const matrix = new Matrix(size, size).apply(function (row, column) {
    this.set(row, column, random.next().value / Math.sqrt(size))
  })
  const { realEigenvalues, imaginaryEigenvalues } = new EigenvalueDecomposition(matrix, { assumeSymmetric: false })
  return realEigenvalues.map((re, i) => ({ x: re, y: imaginaryEigenvalues[i] ?? 0 }))
}

/** One line that is written over on a terminal; four lines where there is none. */
function progressLine(label: string) {
  let quarters = 0
  return ({ done, total = seeds.length, elapsed }: { done: number; total?: number; elapsed: number }) => {
    const text = `${label} ${done} of ${total} matrices, ${(elapsed / 1000).toFixed(1)} s`
    if (process.stderr.isTTY) process.stderr.write(`\r${text}${done === total ? '\n' : ''}`)
    else if (Math.floor((4 * done) / total) > quarters) {
      quarters = Math.floor((4 * done) / total)
      console.error(text)
    }
  }
}

function serially(): Point[][] {
  const onProgress = progressLine('serial:  ')
  const start = performance.now()
  return seeds.map((seed, i) => {
    const points = eigenvalues(seed)
    onProgress({ done: i + 1, elapsed: performance.now() - start })
    return points
  })
}

async function inParallel(): Promise<Point[][]> {
  await using parallel = Parallel({ nJobs, onProgress: progressLine('parallel:') })
  return await parallel(seeds.map((seed) => delayed(eigenvalues)(seed)))
}

async function main() {
  const points = (await compare(serially, inParallel)).flat()
  const title = `Eigenvalues of ${seeds.length} random ${size} × ${size} matrices`
  const inside = points.filter(({ x, y }) => Math.hypot(x, y) <= 1.05).length / points.length
  console.log(`${points.length} eigenvalues, ${(100 * inside).toFixed(1)} % of them within 1.05 of the origin`)
  writeFileSync('circular-law.svg', drawHexbin(points, 0.04, title))
  console.log(`drawn to ${resolve('circular-law.svg')}`)
}

void main()
