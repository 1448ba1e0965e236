import _, * as ns from 'lodash'
import fp from 'lodash/fp.js'
import groupBy from 'lodash/groupBy.js'

const people = [
  { name: 'Ada', born: 1815, langs: ['en', 'fr'] },
  { name: 'Alan', born: 1912, langs: ['en'] },
  { name: 'Kurt', born: 1906, langs: ['de', 'en'] },
]
const { chunk, sortBy, zipObject } = _
const slugs = _.template('<%- name %>-<%= born %>')
const byCentury = _.memoize((year) => Math.floor(year / 100) + 1)
const volume = _.curry((a, b, c) => a * b * c)
const initials = _.flow([_.words, (words) => words.map((word) => word[0]), (letters) => letters.join('')])

export const cases = {
  'default import': ({ same }) => same(() => _.chunk([1, 2, 3, 4, 5], 2)),
  'default import, several members': ({ same }) =>
    same(() => [
      _.sumBy(people, 'born'),
      _.merge({}, { a: { b: 1 } }, { a: { c: 2 } }),
      _.get(people, '[1].langs[0]'),
      _.isEqual(people, _.cloneDeep(people)),
      _.kebabCase('Ada Lovelace'),
    ]),
  'members taken out at the top': ({ same }) =>
    same(() => [chunk([1, 2, 3], 2), _.map(sortBy(people, 'born'), 'name'), zipObject(['a', 'b'], [1, 2])]),
  'namespace import': ({ same }) => same(() => (ns.default ?? ns).uniq([1, 1, 2])),
  'a file of the package': ({ same }) => same(() => groupBy(people, ({ born }) => born > 1900)),
  'the functional build': ({ same }) => same(() => fp.flow(fp.map('born'), fp.filter(fp.lt(1900)), fp.sum)(people)),
  'the function of a task': async ({ same }) => {
    await same(_.chunk, [1, 2, 3, 4], 3)
    await same(_.camelCase, 'to be or not')
    await same(_.padStart, 'x', 4, '·')
  },
  'chains, wrapped and lazy': ({ same }) =>
    same(() =>
      _(people)
        .filter(({ born }) => born > 1850)
        .map('name')
        .reverse()
        .value(),
    ),
  'a mixed-in alias and a placeholder': ({ same }) => same(() => _.partial(_.extend, _, { b: 2 })({ a: 1 })),
  'a function that lodash made of mine': async ({ same }) => {
    await same(() => initials('Augusta Ada King'))
    await same(() => _.negate(_.isEmpty)([1]))
    await same(_.flowRight(_.upperFirst, _.trim), ' ada ')
  },
  'a curried function is made inside of the task': async ({ same, refused }) => {
    await same(() => _.curry((a, b, c) => a + b + c)(1)(2, 3))
    // It keeps what it knows of functions in a WeakMap of its own.
    await refused('metaMap', /reached through captured variable "volume" of function/, () => volume(1)(2)(3))
  },
  'a memoized function': ({ same }) => same(() => people.map(({ born }) => byCentury(born))),
  'a compiled template': ({ same }) => same(() => people.map((person) => slugs(person))),
  'lodash as an argument': ({ away, equal }) =>
    away((tools, list) => tools.sum(list), _, [1, 2, 3]).then((sum) => equal(sum, 6)),
}
