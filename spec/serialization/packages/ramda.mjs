import * as R from 'ramda'
import { __, compose, curry, filter, groupBy, lensPath, map, over, pipe, prop, propEq, sortBy, sum } from 'ramda'

const people = [
  { name: 'Ada', born: 1815, at: { city: 'London' } },
  { name: 'Alan', born: 1912, at: { city: 'Manchester' } },
]
const years = pipe(map(prop('born')), sum)
const volume = curry((a, b, c) => a * b * c)
const city = lensPath(['at', 'city'])
const lastLetter = compose(R.last, R.toUpper, prop('name'))

export const cases = {
  'named import': ({ same }) => same(() => map((x) => x * 2, [1, 2, 3])),
  'named import, several functions': ({ same }) =>
    same(() => [
      filter(propEq(1912, 'born'), people),
      groupBy(prop('name'), people),
      sortBy(prop('born'), people).map(prop('name')),
    ]),
  'namespace import': ({ same }) => same(() => R.uniq([1, 1, 2])),
  'namespace import, several members': ({ same }) =>
    same(() => [
      R.path(['at', 'city'], people[0]),
      R.zipObj(['a'], [1]),
      R.range(1, 4),
      R.mergeDeepRight({ a: { b: 1 } }, { a: { c: 2 } }),
    ]),
  'a pipeline that is captured': ({ same }) => same(() => years(people)),
  'a pipeline as the function of a task': ({ same }) => same(years, people),
  'a composed function': ({ same }) => same(() => people.map(lastLetter)),
  'a curried function of mine': async ({ same }) => {
    await same(() => [volume(1)(2)(3), volume(1, 2)(3), volume(__, 2, 3)(4)])
    await same(volume(2, 3), 4)
  },
  'a lens': ({ same }) => same(() => over(city, R.toLower, people[1])),
  'a partial application as an argument': ({ same }) => same((f, list) => list.map(f), R.add(10), [1, 2]),
  'a transducer': ({ same }) =>
    same(() =>
      R.into(
        [],
        compose(
          R.filter((x) => x > 1),
          R.map((x) => x + 1),
        ),
        [1, 2, 3],
      ),
    ),
  'the function of a task': async ({ same }) => {
    await same(R.splitEvery, 2, [1, 2, 3])
    await same(R.toPairs, { a: 1 })
    await same(sum, [1, 2])
  },
}
