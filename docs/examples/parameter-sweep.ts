/**
 * Which parameters fit best? Kernel ridge regression on noisy data: each task tries one pair of parameters, by fivefold
 * cross-validation, and a bar on stderr shows how far it is. scikit-learn's `GridSearchCV` does this with joblib.
 *
 *   npx ts-node -T docs/examples/parameter-sweep.ts [--size 400] [--serial]
 *
 * `--size` is the number of samples. `--serial` runs the same code in this thread, where a debugger stops.
 */
import { parseArgs } from 'node:util'
import { CholeskyDecomposition, Matrix } from 'ml-matrix'
import { delayed, Parallel } from 'parfor'
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64'
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'
import { compare } from './timing'

const { values } = parseArgs({
  options: { size: { type: 'string', default: '400' }, serial: { type: 'boolean', default: false } },
})
const nJobs = values.serial ? 1 : -1
const folds = 5

interface Sample {
  readonly x: number
  readonly y: number
}
interface Parameters {
  /** How much a large weight costs. */
  readonly penalty: number
  /** How far a sample reaches. */
  readonly width: number
}

const random = xoroshiro128plus(3)
const samples: Sample[] = Array.from({ length: Number(values.size) }, () => {
  const x = 10 * uniformFloat64(random)
  return { x, y: Math.sin(x) + uniformFloat64(random) - 0.5 }
})
const grid: Parameters[] = [0.001, 0.01, 0.1, 1, 10, 100].flatMap((penalty) =>
  [0.03, 0.1, 0.3, 1, 3, 10].map((width) => ({ penalty, width })),
)

const column = (samples: Sample[]) => Matrix.columnVector(samples.map(({ y }) => y))
const kernel = (left: Sample[], right: Sample[], width: number) =>
  new Matrix(left.map((a) => right.map((b) => Math.exp(-(((a.x - b.x) / width) ** 2) / 2))))

/** The mean squared error of predictions for samples that the model has not seen. */
function validate({ penalty, width }: Parameters): number {
  let error = 0
  for (let fold = 0; fold < folds; fold++) {
    const known = samples.filter((_, i) => i % folds !== fold)
    const unseen = samples.filter((_, i) => i % folds === fold)
    const ridge = kernel(known, known, width).add(Matrix.eye(known.length).mul(penalty))
    const weights = new CholeskyDecomposition(ridge).solve(column(known))
    const predicted = kernel(unseen, known, width).mmul(weights)
    error += predicted.sub(column(unseen)).norm() ** 2
  }
  return error / samples.length
}

async function main() {
  const errors = await compare(
    () => grid.map((parameters) => validate(parameters)),
    () => Parallel({ nJobs, progress: true, name: 'sweep' })(grid.map((parameters) => delayed(validate)(parameters))),
  )
  const least = Math.min(...errors)
  const best = grid[errors.indexOf(least)]
  console.log(`best of ${grid.length}: penalty ${best?.penalty}, width ${best?.width}, error ${least.toFixed(4)}`)
}

void main()
