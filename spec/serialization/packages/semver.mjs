import * as ns from 'semver'
import semver, { inc, Range, SemVer, satisfies, sort, valid } from 'semver'

const version = new SemVer('1.2.3-beta.4')
const range = new Range('>=1.2.0 <2 || ^3.1')
const list = ['1.10.0', '1.9.0', '0.9.9']

export const cases = {
  'default import': ({ same }) => same(() => semver.maxSatisfying(list, '^1.0.0')),
  'named import': ({ same }) => same(() => list.filter((each) => satisfies(each, '>=1'))),
  'named import, several functions': ({ same }) => same(() => [inc('1.2.3', 'minor'), valid('x'), sort([...list])]),
  'namespace import': ({ same }) =>
    same(() => [ns.gt('1.2.3', '1.2.2'), ns.diff('1.0.0', '2.0.0'), ns.coerce('v3')?.version]),
  'an instance that is captured': async ({ same }) => {
    await same(() => [version.compare('1.2.3'), version.prerelease, String(version)])
    await same(() => list.map((each) => range.test(each)))
  },
  'an instance as an argument': ({ same }) =>
    same((v, r) => [v.inc('patch').version, r.range], new SemVer('4.5.6'), range),
  'an instance that comes back': async ({ away, equal }) => {
    const next = await away((v) => new SemVer(v).inc('major'), '1.2.3')
    equal([next instanceof SemVer, next.version, next.compare('2.0.0')], [true, '2.0.0', 0])
    equal((await away(() => range)) instanceof Range, true)
  },
  'an equal copy': ({ away, equal }) => away((v) => v, version).then((copy) => equal(copy, version)),
  'an error': ({ same }) => same(() => new SemVer('no version')),
  'the function of a task': async ({ same }) => {
    await same(semver.clean, '  =v1.2.3 ')
    await same(inc, '1.2.3', 'prerelease', 'rc')
    await same(ns.compare, '1.0.0', '1.0.1')
  },
}
