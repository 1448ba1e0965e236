import * as ml from 'ml-matrix'
import Matrix, { EigenvalueDecomposition, inverse, LuDecomposition, Matrix as Named, SVD, solve } from 'ml-matrix'

const a = new Matrix([
  [4, 1],
  [1, 3],
])
const view = new ml.MatrixSubView(a, 0, 0, 0, 1)
const rows = (matrix) => matrix.to2DArray().map((row) => row.map((x) => Math.round(x * 1e9) / 1e9))

export const cases = {
  'default import': ({ same }) => same(() => Matrix.eye(2).to2DArray()),
  'named import': ({ same }) => same(() => rows(inverse(a))),
  'named import, several functions': ({ same }) =>
    same(() => [
      rows(solve(a, Matrix.columnVector([1, 2]))),
      new EigenvalueDecomposition(a).realEigenvalues.map((x) => x.toFixed(9)),
      new LuDecomposition(a).determinant,
      new SVD(a).rank,
    ]),
  'namespace import': ({ same }) => same(() => [ml.determinant(a), ml.covariance(a).to2DArray()]),
  'one class by every name': ({ away, equal }) =>
    away(() => [Matrix === Named, Matrix === ml.Matrix]).then((answers) => equal(answers, [true, true])),
  'a matrix that is captured': ({ same }) => same(() => a.mmul(a).to2DArray()),
  'a matrix as an argument': ({ same }) => same((m, n) => m.add(n).to2DArray(), a.clone(), Matrix.ones(2, 2)),
  'a matrix that comes back': async ({ away, equal }) => {
    const sum = await away((m) => Matrix.add(m, 1), a)
    equal(
      [sum instanceof Matrix, Matrix.isMatrix(sum), sum.to2DArray()],
      [
        true,
        true,
        [
          [5, 2],
          [2, 4],
        ],
      ],
    )
  },
  'a view keeps its matrix': ({ same }) => same((v) => v.to2DArray(), view),
  'the function of a task': async ({ same }) => {
    await same(ml.determinant, a)
    await same(Matrix.zeros, 2, 3)
  },
  'a decomposition that comes back': async ({ away, equal }) => {
    const lu = await away(() => new ml.LuDecomposition(a))
    equal([lu instanceof LuDecomposition, lu.determinant], [true, 11])
  },
}
