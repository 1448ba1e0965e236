// What functions do at home they do in a worker: under Node alone.
import { asText, commonJs, esModules, project, strippedCommonJs, typeScript } from './case-files'
import { describeCases, isNode, type Launcher } from './run-cases'

const typesSince = isNode(22, 18) ? undefined : 'Node runs TypeScript from 22.18 on'
const cacheSince = isNode(22, 1) ? undefined : 'Node has a compile cache from 22.1 on'
const quiet = '--disable-warning=ExperimentalWarning'

const launchers: readonly Launcher[] = [
  { name: 'an ES module', files: esModules, args: ['main.mjs'] },
  { name: 'CommonJS', files: commonJs, args: ['main.cjs'] },
  {
    name: "an ES module by Node's type stripping",
    files: { ...typeScript, ...project('esnext') },
    args: [quiet, 'main.ts'],
    skip: typesSince,
  },
  {
    name: "CommonJS by Node's type stripping",
    files: { ...strippedCommonJs, ...project('commonjs') },
    args: [quiet, 'main.cts'],
    skip: typesSince,
  },
  {
    name: 'the text of an ES module behind --eval',
    isRare: true,
    files: esModules,
    args: ['--input-type=module', '--eval', asText(esModules, 'main.mjs')],
  },
  {
    name: 'the text of an ES module in TypeScript behind --eval',
    isRare: true,
    files: { ...typeScript, ...project('esnext') },
    args: [quiet, '--input-type=module-typescript', '--eval', asText(typeScript, 'main.ts')],
    skip: typesSince,
  },
  { name: 'text behind --eval', files: commonJs, args: ['--eval', asText(commonJs, 'main.cjs')] },
  {
    name: 'an ES module on standard input',
    isRare: true,
    files: esModules,
    args: ['--input-type=module', '-'],
    input: asText(esModules, 'main.mjs'),
  },
  { name: 'a program on standard input', files: commonJs, args: [], input: asText(commonJs, 'main.cjs') },
  {
    name: 'lines typed into the REPL',
    files: commonJs,
    args: ['--interactive'],
    // It ends with its input, unless it is waiting.
    input: asText(commonJs, 'main.cjs').replace('void main()', 'await main()'),
  },
  {
    name: 'an ES module with --enable-source-maps',
    isRare: true,
    files: esModules,
    args: ['--enable-source-maps', 'main.mjs'],
  },
  {
    name: 'an ES module with --inspect',
    files: esModules,
    args: ['--inspect=0', 'main.mjs'],
    stderr: /^Debugger listening on .*\nFor help.*\n$/,
  },
  {
    name: 'an ES module whose coverage V8 collects',
    files: esModules,
    args: ['main.mjs'],
    env: { NODE_V8_COVERAGE: 'coverage' },
  },
  {
    name: 'an ES module in a compile cache',
    isRare: true,
    files: esModules,
    args: ['main.mjs'],
    env: { NODE_COMPILE_CACHE: 'cache' },
    skip: cacheSince,
  },
  {
    name: 'an ES module with --frozen-intrinsics',
    isRare: true,
    files: esModules,
    args: ['--frozen-intrinsics', 'main.mjs'],
    stderr: /^(?:\(node:\d+\) ExperimentalWarning: .*\n.*\n)+$/,
  },
  {
    name: 'an ES module with --disallow-code-generation-from-strings',
    isRare: true,
    files: esModules,
    args: ['--disallow-code-generation-from-strings', 'main.mjs'],
    except: Object.fromEntries(
      [
        'a function made of text',
        'a variable around an eval',
        'a variable around two evals',
        'counters with an eval',
      ].map((name) => [`closures: ${name}`, 'that is what the flag forbids, at home too']),
    ),
  },
]

describeCases(launchers)
