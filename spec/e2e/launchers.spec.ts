// The published package as its users run it: one program, by every way there is to start it, in a project outside of
// this one whose `parfor` is the tarball that npm would publish.
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { cp, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { determinant, Matrix } from 'ml-matrix'
import { type Ended, link, makeFolder, removeFolder, root, runNode } from '../support/program'

const run = promisify(execFile)

const imports = `
import { createHash } from 'node:crypto'
import { determinant, Matrix } from 'ml-matrix'
import { delayed, Parallel } from 'parfor'`

const requires = `
const { createHash } = require('node:crypto')
const { determinant, Matrix } = require('ml-matrix')
const { delayed, Parallel } = require('parfor')`

// A closure over a local variable, a helper of its module, an import of Node's and one of a package.
const compute = `
const label = (n: number) => \`no. \${n}\`
async function compute() {
  const salt = 'sea'
  const task = delayed((n: number) => {
    const hash = createHash('sha256').update(salt + n).digest('hex')
    return [label(n), hash, determinant(new Matrix([[n, 1], [1, n]]))]
  })
  return JSON.stringify(await Parallel(2)([1, 2, 3].map((n) => task(n))))
}`

const print = `
compute().then((line) => console.log(line))`

const expected = JSON.stringify(
  [1, 2, 3].map((n) => [
    `no. ${n}`,
    createHash('sha256').update(`sea${n}`).digest('hex'),
    determinant(
      new Matrix([
        [n, 1],
        [1, n],
      ]),
    ),
  ]),
)

const javascript = (text: string): string => text.replaceAll(': number', '')
const spec = `
test('computes', async () => {
  expect(await compute()).toBe(${JSON.stringify(expected)})
})`

const compilerOptions = { module: 'nodenext', target: 'es2022', strict: true, rootDir: '.' }
const files = {
  'commonjs/package.json': '{ "type": "commonjs" }',
  'commonjs/tsconfig.json': JSON.stringify({ compilerOptions: { ...compilerOptions, types: ['node', 'jest'] } }),
  'commonjs/main.cjs': javascript(requires + compute + print),
  'commonjs/stripped.cts': requires + compute + print,
  'commonjs/main.ts': imports + compute + print,
  'commonjs/main.spec.ts': imports + compute + spec,
  'commonjs/main.spec.js': javascript(requires + compute + spec),
  'module/package.json': '{ "type": "module" }',
  'module/tsconfig.json': JSON.stringify({ compilerOptions: { ...compilerOptions, types: ['node'] } }),
  'module/main.mjs': javascript(imports + compute + print),
  'module/main.ts': imports + compute + print,
}

let project: string

beforeAll(async () => {
  project = await makeFolder(files)
  await installParfor()
  for (const tool of ['typescript', 'ts-node', 'tsx', 'jest', 'ts-jest', 'esbuild', '@types/node', '@types/jest'])
    await link(join(root, 'node_modules', tool), join(project, 'node_modules', tool))
}, 120_000)

afterAll(() => removeFolder(project))

it.each([
  ['a .cjs file', 'commonjs', ['main.cjs']],
  ['an .mjs file', 'module', ['main.mjs']],
  ['CommonJS under ts-node', 'commonjs', [bin('ts-node/dist/bin.js'), 'main.ts']],
  ['an ES module under ts-node', 'module', ['--no-warnings', '--loader', 'ts-node/esm', 'main.ts']],
  ['CommonJS under tsx', 'commonjs', [bin('tsx/dist/cli.mjs'), 'main.ts']],
  ['an ES module under tsx', 'module', [bin('tsx/dist/cli.mjs'), 'main.ts']],
])('runs as %s', async (_, folder, args) => {
  expect(await runNode(join(project, folder), args)).toEqual(rightly)
})

// Node runs TypeScript without help from 22.18 on; before that there is nothing to test.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
const itOnNewNode = major > 22 || (major === 22 && minor >= 18) ? it : it.skip
itOnNewNode.each([
  ['an ES module', 'module', 'main.ts'],
  ['CommonJS', 'commonjs', 'stripped.cts'],
])("runs by Node's own type stripping (Node >= 22.18): %s", async (_, folder, file) => {
  expect(await runNode(join(project, folder), ['--disable-warning=ExperimentalWarning', file])).toEqual(rightly)
})

it.each([
  ['TypeScript, through ts-jest', 'main.spec.ts', { transform: { '\\.ts$': 'ts-jest' } }],
  ['JavaScript, with nothing configured', 'main.spec.js', {}],
])("runs in a user's Jest spec: %s", async (_, file, config) => {
  const own = { rootDir: '.', testMatch: [`<rootDir>/${file}`], cacheDirectory: join(project, 'jest'), ...config }
  const jest = [bin('jest/bin/jest.js'), '--ci', '--json', '--config', JSON.stringify(own)]
  const { code, stdout, stderr } = await runNode(join(project, 'commonjs'), jest)
  expect(stderr).not.toMatch(/did not exit|failed to exit/)
  expect({ code, passed: JSON.parse(stdout).numPassedTests }).toEqual({ code: 0, passed: 1 })
})

it.each([
  ['CommonJS', 'commonjs/main.cjs', []],
  ['an ES module', 'module/main.mjs', []],
  ['an ES module, minified', 'module/main.mjs', ['--minify']],
])('runs as one file made by esbuild, with no packages near: %s', async (_, entry, flags) => {
  const away = await makeFolder({})
  try {
    const target = ['--bundle', '--platform=node', '--log-level=error', `--outfile=${join(away, 'out.cjs')}`]
    await run(bin('esbuild/bin/esbuild'), [join(project, entry), ...target, ...flags])
    expect(await runNode(away, ['out.cjs'])).toEqual(rightly)
  } finally {
    await removeFolder(away)
  }
})

it("type-checks in a user's project that checks the types of packages too", async () => {
  const strict = ['--module', 'nodenext', '--target', 'es2022', '--lib', 'es2022', '--types', 'node', '--strict']
  const check = [bin('typescript/bin/tsc'), '--ignoreConfig', '--noEmit', '--skipLibCheck', 'false', ...strict]
  for (const folder of ['commonjs', 'module'])
    expect(await runNode(join(project, folder), [...check, 'main.ts'])).toMatchObject({ code: 0, stdout: '' })
}, 60_000)

const rightly: Ended = { code: 0, signal: null, stdout: `${expected}\n`, stderr: '' }

function bin(path: string): string {
  return join(root, 'node_modules', path)
}

/** What `npm install parfor` does, from the files that are here. */
async function installParfor(): Promise<void> {
  // Not its scripts: dist/ is built already, and other specs are using it.
  await run('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', project], { cwd: root })
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string }
  await run('tar', ['-xzf', `parfor-${version}.tgz`], { cwd: project })
  await cp(join(project, 'package'), join(project, 'node_modules/parfor'), { recursive: true })
  await installDependencies('parfor')
  await installDependencies('ml-matrix', { self: true })
}

/** Copies, not links: a package is found by where it is. */
async function installDependencies(name: string, { self = false } = {}): Promise<void> {
  const here = join(project, 'node_modules', name)
  if (self) await cp(join(root, 'node_modules', name), here, { recursive: true })
  const { dependencies = {}, optionalDependencies = {} } = JSON.parse(
    await readFile(join(here, 'package.json'), 'utf8'),
  ) as { dependencies?: object; optionalDependencies?: object }
  for (const needed of Object.keys({ ...dependencies, ...optionalDependencies })) {
    const has = [here, project].some((folder) => existsSync(join(folder, 'node_modules', needed)))
    if (!has && existsSync(join(root, 'node_modules', needed))) await installDependencies(needed, { self: true })
  }
}
