// What functions do at home they do in a worker: in one file that a bundler made of the program and parfor.
import type { Files } from '../../support/program'
import { esModules, withoutGroups } from './case-files'
import { describeCases, type Launcher } from './run-cases'

const inStrictMode = withoutGroups(esModules, 'sloppy')

const ofEntry = 'it is in the file of the program, which no worker imports'
const noModule = 'in a bundle a CommonJS module is an object like others, which goes as a whole'
const runtime = "it needs webpack's runtime, through which all of the program is reached"
const everywhere = {
  'modules: an imported instance that cannot be copied': ofEntry,
  'commonjs: a method of a module that uses others by this': noModule,
  'commonjs: data that was changed since it was loaded': noModule,
  'commonjs: modules by member, as a whole and destructured': noModule,
  'commonjs: a symbol of a module is the one that the module uses': noModule,
  'commonjs: module and exports': noModule,
  'commonjs: import()': noModule,
  'commonjs: an unsendable member that is not used': noModule,
}

const launchers: readonly Launcher[] = [
  // Without `import.meta`: it cannot be had there.
  bundle('CommonJS made by esbuild', 'out.cjs', withoutGroups(esModules, 'es-modules'), esbuild('cjs'), ['esbuild']),
  bundle('an ES module made by esbuild', 'out.mjs', inStrictMode, esbuild('esm'), ['esbuild']),
  bundle(
    'CommonJS made by webpack',
    'out.cjs',
    withoutGroups(esModules, 'es-modules'),
    `import webpack from 'webpack'
    webpack({
      entry: './main.mjs', target: 'node', mode: 'production', devtool: 'source-map',
      output: { path: process.cwd(), filename: 'out.cjs' },
      optimization: { minimize: false },
    }, (error, stats) => {
      if (error || stats.hasErrors()) throw error ?? new Error(stats.toString())
    })`,
    ['webpack'],
    {
      'commonjs: require inside': runtime,
      'modules: import()': runtime,
      'modules: import() of a package and of a built-in module': runtime,
      'stacks: columns behind what goes under another name': runtime,
    },
  ),
  {
    ...bundle(
      'an ES module made by rolldown',
      'out.mjs',
      inStrictMode,
      `import { build } from 'rolldown'
    await build({
      input: './main.mjs', platform: 'node',
      output: { file: 'out.mjs', format: 'esm', sourcemap: true, codeSplitting: false },
    })`,
      ['rolldown'],
    ),
    isRare: true,
  },
]

describeCases(launchers)

function bundle(
  name: string,
  out: string,
  files: Files,
  script: string,
  packages: readonly string[],
  except: Launcher['except'] = {},
): Launcher {
  return {
    name,
    files: { ...files, 'build.mjs': script },
    build: ['build.mjs'],
    args: [out],
    packages,
    except: { ...everywhere, ...except },
  }
}

/** As an ES module it needs a \`require\` for what is CommonJS in it. */
function esbuild(format: 'cjs' | 'esm'): string {
  const options = {
    entryPoints: ['./main.mjs'],
    bundle: true,
    platform: 'node',
    format,
    outfile: format === 'cjs' ? 'out.cjs' : 'out.mjs',
    sourcemap: true,
    logLevel: 'error',
    banner:
      format === 'cjs'
        ? {}
        : {
            js: "import { createRequire as requireOf } from 'node:module'; const require = requireOf(import.meta.url)",
          },
  }
  return `import { build } from 'esbuild'
    await build(${JSON.stringify(options)})`
}
