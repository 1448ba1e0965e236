/**
 * The floors of the house, lowest first. An import, a type's too, goes to a lower floor or stays in its folder;
 * what stands side by side on a floor does not know each other. A file that stands alone on a floor is a folder here.
 */
const floors = [
  ['errors\\.ts', 'debug\\.ts', 'embedded\\.ts', 'system/'],
  ['task/'],
  ['backend\\.ts'],
  ['config/', 'serialization/', 'shared-memory/'],
  ['dispatch/', 'progress/', 'worker/', 'manager/'],
  ['backends/'],
  ['runner\\.ts'],
  ['parallel\\.ts', '(?:pool|async-result)\\.ts', 'manager\\.ts'],
  ['index\\.m?ts'],
]

/** Folders of one floor that hold others which do not know each other either. */
const strangers = ['sequential', 'threads', 'processes', 'distributed']

/** The one door through which each package comes in. */
const doors = [
  { package: 'threads', door: '^lib/backends/threads/' },
  { package: 'log-update', door: '^lib/progress/' },
  { package: 'acorn', door: '^lib/serialization/functions/' },
]

const upTo = (floor) => floors.slice(0, floor).flat()
const paths = (names) => `^lib/(?:${names.join('|')})`

module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'every-file-has-a-floor',
      severity: 'error',
      from: { path: '^lib/', pathNot: paths(upTo(floors.length)) },
      to: {},
    },
    ...floors.flatMap((names, floor) =>
      names.map((name) => ({
        name: `floor-${floor}-${name.replace(/\W/g, '')}-looks-down`,
        comment: `lib/${name} may import what is below floor ${floor}, and itself.`,
        severity: 'error',
        from: { path: paths([name]) },
        to: { path: '^lib/', pathNot: paths([...upTo(floor), name]) },
      })),
    ),
    ...strangers.map((name) => ({
      name: `backends-${name}-knows-no-other`,
      severity: 'error',
      from: { path: `^lib/backends/${name}/` },
      to: { path: '^lib/backends/[^/]+/', pathNot: `^lib/backends/${name}/` },
    })),
    ...doors.map(({ package: name, door }) => ({
      name: `${name}-has-one-door`,
      severity: 'error',
      from: { path: '^lib/', pathNot: door },
      to: { path: `(?:^|node_modules/)${name}(?:/|$)`, dependencyTypesNot: ['local'] },
    })),
    {
      name: 'no-unknown-import',
      severity: 'error',
      from: { path: '^lib/' },
      to: { couldNotResolve: true },
    },
    {
      name: 'lib-needs-no-devDependency',
      severity: 'error',
      from: { path: '^lib/' },
      // Those are compiled into what is published: docs/design/dependencies.md.
      to: { dependencyTypes: ['npm-dev'], pathNot: 'node_modules/(@types|acorn|log-update|threads)/' },
    },
    {
      name: 'lib-stays-in-lib',
      severity: 'error',
      from: { path: '^lib/' },
      to: { pathNot: '^lib/|node_modules/', dependencyTypes: ['local'] },
    },
  ],
  options: {
    // Types too: an import of a type goes away when compiled, the knowledge does not.
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
  },
}
