// What functions do at home they do in a worker: inside of a user's spec.

import type { Files } from '../../support/program'
import { asSpec, project, typeScript, typeScriptForCommonJs, withoutGroups } from './case-files'
import { bin, describeCases, isNode, type Launcher } from './run-cases'

const noRunner = 'the file can be imported through the test runner only, which is not in the worker'
const exceptInJest = {
  'modules: an imported instance that cannot be copied': noRunner,
  'modules: import()': noRunner,
}
/** Where a worker cannot import what a `vm` context has. */
const exceptInContext = { 'commonjs: data that was changed since it was loaded': noRunner }
const noImport = 'Jest has no import() at home'
const exceptInVitest = {
  'modules: an imported instance that cannot be copied': noRunner,
  'commonjs: module and exports': 'Vitest puts Proxies into what is CommonJS',
  // Where Node itself runs TypeScript, the file can be imported.
  ...(isNode(22, 18) ? {} : { 'modules: import()': noRunner }),
}

const swc = {
  jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
  module: { type: 'commonjs' },
}
const babel = {
  configFile: false,
  presets: [bin('@babel/preset-typescript')],
  plugins: [bin('@babel/plugin-transform-export-namespace-from'), bin('@babel/plugin-transform-modules-commonjs')],
}

/** Babel, which counts for istanbul, takes all files for strict. */
const withoutSloppy = withoutGroups(typeScriptForCommonJs, 'sloppy')

const launchers: readonly Launcher[] = [
  jest('ts-jest', [bin('ts-jest'), { diagnostics: false }], typeScriptForCommonJs),
  jest('@swc/jest', [bin('@swc/jest'), swc], typeScriptForCommonJs),
  jest(
    'babel-jest, with the coverage of istanbul',
    [bin('babel-jest'), babel],
    withoutSloppy,
    {
      collectCoverage: true,
      coverageReporters: ['json'],
    },
    { 'modules: import() of a package and of a built-in module': noImport },
  ),
  vitest('forks'),
  { ...vitest('threads'), isRare: true },
  vitest('vmThreads', {
    ...exceptInContext,
    'es-modules: createRequire inside': 'Vitest has a node:module of its own there',
  }),
]

describeCases(launchers)

function jest(
  name: string,
  transform: readonly [path: string, options: object],
  files: Files,
  more: object = {},
  except: Launcher['except'] = {},
): Launcher {
  const config = {
    rootDir: '.',
    testMatch: ['<rootDir>/main.spec.ts'],
    cacheDirectory: '<rootDir>/cache',
    transform: { '\\.ts$': transform },
    ...more,
  }
  return {
    name: `a spec of Jest through ${name}`,
    files: { ...asSpec(files), ...project('commonjs'), 'jest.config.json': JSON.stringify(config) },
    args: [bin('jest/bin/jest.js'), '--ci', '--runInBand'],
    packages: ['typescript'],
    stderr: /^/,
    except: { ...exceptInJest, ...exceptInContext, 'commonjs: import()': noImport, ...except },
  }
}

function vitest(pool: string, except: Launcher['except'] = {}): Launcher {
  return {
    name: `a spec of Vitest in ${pool}`,
    // It makes an ES module of everything.
    files: { ...asSpec(withoutGroups(typeScript, 'sloppy')), ...project('esnext') },
    args: [bin('vitest/vitest.mjs'), 'run', '--globals', `--pool=${pool}`, '--no-file-parallelism'],
    packages: ['vitest'],
    stderr: /^/,
    except: { ...exceptInVitest, ...except },
  }
}
