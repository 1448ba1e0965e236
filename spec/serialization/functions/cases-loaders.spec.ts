// What functions do at home they do in a worker: under loaders of TypeScript.
import { project, typeScript, typeScriptForCommonJs } from './case-files'
import { bin, describeCases, isNode, type Launcher } from './run-cases'

const noLoader = 'ts-node is not in the worker, and without it the file cannot be imported'
const noTsx = 'on Node 20 tsx loads no TypeScript in worker threads'

const launchers: readonly Launcher[] = [
  {
    name: 'CommonJS under ts-node',
    files: { ...typeScriptForCommonJs, ...project('commonjs') },
    args: [bin('ts-node/dist/bin.js'), '-T', 'main.ts'],
    // Node says so of the file that import() does not get.
    stderr: /^(?:\(node:\d+\) Warning: Failed to load the ES module: .*library\.ts.*\n.*\n)?$/,
    packages: ['typescript', 'ts-node', '@types/node'],
    except: {
      'modules: an imported instance that cannot be copied': noLoader,
      'modules: import()': noLoader,
    },
  },
  {
    name: 'an ES module under the loader of ts-node',
    files: { ...typeScript, ...project('esnext') },
    args: ['--no-warnings', '--loader', 'ts-node/esm/transpile-only', 'main.ts'],
    packages: ['typescript', 'ts-node', '@types/node'],
  },
  {
    name: 'CommonJS under tsx',
    files: { ...typeScriptForCommonJs, ...project('commonjs') },
    args: [bin('tsx/dist/cli.mjs'), 'main.ts'],
    packages: ['tsx'],
    except: isNode(22) ? {} : { 'modules: import()': noTsx },
  },
  {
    name: 'an ES module under tsx',
    files: { ...typeScript, ...project('esnext') },
    args: [bin('tsx/dist/cli.mjs'), 'main.ts'],
    packages: ['tsx'],
    except: isNode(22)
      ? {}
      : { 'modules: import()': noTsx, 'modules: an imported instance that cannot be copied': noTsx },
  },
]

describeCases(launchers)
