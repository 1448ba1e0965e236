import * as math from 'mathjs'
import {
  addDependencies,
  bignumber,
  bignumberDependencies,
  complex,
  create,
  det,
  divideDependencies,
  evaluate,
  inv,
  matrix,
  multiply,
  multiplyDependencies,
  parse,
  simplify,
  unit,
} from 'mathjs'

const configured = create(
  { addDependencies, bignumberDependencies, divideDependencies, multiplyDependencies },
  { matrix: 'Array', number: 'BigNumber', precision: 20 },
)
const rotation = matrix([
  [0, -1],
  [1, 0],
])
const expression = 'sqrt(3^2 + 4^2)'

export const cases = {
  'namespace import': ({ same }) => same(() => math.mean(1, 2, 3, 6)),
  'namespace import, several members': ({ same }) =>
    same(() => [
      math.format(math.sqrt(-4)),
      math.std([1, 2, 3, 4]),
      math.gcd(12, 18),
      math.add([1, 2], [3, 4]),
      math.round(math.pi, 4),
      math.derivative('x^2 + x', 'x').toString(),
    ]),
  'named import': ({ same }) => same(() => evaluate(expression)),
  'named import, several functions': ({ same }) =>
    same(() => [
      det([
        [1, 2],
        [3, 4],
      ]),
      inv([
        [2, 0],
        [0, 4],
      ]),
      simplify('2 * x + x').toString(),
      parse('a + b').evaluate({ a: 1, b: 2 }),
      unit(1, 'inch').toNumber('cm'),
    ]),
  'the function of a task': async ({ same }) => {
    await same(evaluate, '12 / (2.3 + 0.7)')
    await same(math.sum, [1, 2, 3])
    await same(math.log, 8, 2)
  },
  'a matrix that is captured, and one that comes back': async ({ away, equal }) => {
    const product = await away(() => multiply(rotation, [1, 2]))
    equal(math.isMatrix(product), true)
    equal(product.toArray(), [-2, 1])
  },
  'a matrix as an argument': ({ same }) => same((m) => m.toArray(), rotation),
  'a complex, a big number and a unit as arguments': ({ same }) =>
    same(
      (c, b, u) => [c.mul(c).toString(), b.plus(1).toString(), u.to('km').toString()],
      complex(1, 2),
      bignumber('1e30'),
      unit(1500, 'm'),
    ),
  'numbers of theirs that come back': async ({ away, equal }) => {
    const [c, f] = await away(() => [math.complex(1, 2), math.fraction(1, 3)])
    equal([math.isComplex(c), c.toString(), f.toFraction()], [true, '1 + 2i', '1/3'])
  },
  'a compiled expression': ({ same }) => {
    const f = math.compile('x^2 + 1')
    return same(() => f.evaluate({ x: 3 }))
  },
  'an instance of my own': async ({ same }) => {
    await same(() => configured.add(configured.bignumber('0.1'), configured.bignumber('0.2')).toString())
    await same(() => configured.multiply([[1, 2]], [[3], [4]]).toString())
  },
  'a function of an instance of my own': ({ same }) => {
    const { divide } = configured
    return same(() => divide(1, 3).toFixed(6))
  },
}
