// The program of cases as people write it who write ES modules, CommonJS, TypeScript, or specs of a test runner.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Files } from '../../support/program'

const folder = join(__dirname, 'cases')

/** As ES modules, as which they are written. */
export const esModules: Files = Object.fromEntries(
  readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')]),
)

/** As somebody writes it who writes `require`. */
export const commonJs: Files = changed(withoutModules(esModules), '.cjs', asCommonJs)

/** As TypeScript, which all of it is already; with types, that a compiler takes away together with their lines. */
export const typeScript: Files = changed(esModules, '.ts', withTypes)

/** The same, for a compiler that makes CommonJS of it. */
export const typeScriptForCommonJs: Files = withoutGroups(typeScript, 'es-modules')

/** TypeScript that says `require`: Node takes types away, and makes nothing else of a file. */
export const strippedCommonJs: Files = changed(withoutModules(esModules), '.cts', (text) => asCommonJs(withTypes(text)))

/** A spec that runs the cases in its only test: its own functions are those of the program. */
export function asSpec(files: Files): Files {
  return Object.fromEntries(
    Object.entries(files).map(([name, text]) =>
      name.startsWith('main.')
        ? [name.replace('main.', 'main.spec.'), text.replace('void main()', "test('cases', main, 60_000)")]
        : [name, text],
    ),
  )
}

/** What a TypeScript project has besides its sources. */
export function project(module: 'commonjs' | 'esnext'): Files {
  const compilerOptions = {
    module,
    moduleResolution: 'bundler',
    target: 'es2022',
    esModuleInterop: true,
    isolatedModules: true,
    rootDir: '.',
  }
  return {
    'tsconfig.json': JSON.stringify({ compilerOptions }),
    'package.json': JSON.stringify({ type: module === 'commonjs' ? 'commonjs' : 'module' }),
  }
}

/** The same program, in which some files have no cases. */
export function withoutGroups(files: Files, ...groups: readonly string[]): Files {
  return Object.fromEntries(
    Object.entries(files).map(([name, text]) => {
      if (!groups.includes(name.replace(/\.\w+$/, ''))) return [name, text]
      return [name, name.endsWith('.cjs') ? 'exports.cases = {}\n' : 'export const cases = {}\n']
    }),
  )
}

/** `group: name` of every case. */
export function namesIn(files: Files): string[] {
  return Object.entries(files).flatMap(([file, text]) =>
    [...text.matchAll(/^ {2}(?:'(.+)'|"(.+)"|(\w+)): (?:async )?\(\{/gm)].map(
      ([, single, double, word]) => `${file.split('.')[0]}: ${single ?? double ?? word}`,
    ),
  )
}

/** Without what is about the imports of an ES module. */
function withoutModules(files: Files): Files {
  return withoutGroups(files, 'es-modules', 'modules')
}

function withTypes(text: string): string {
  return text.replace(/^\/\/ (type .*)$/gm, '$1')
}

function asCommonJs(text: string): string {
  return text
    .replace(/^import (?:(\w+)|\* as (\w+)) from (.*)$/gm, 'const $1$2 = require($3)')
    .replace(
      /^import (\{[^}]*\}) from (.*)$/gm,
      (_, names, from) => `const ${names.replace(/ as /g, ': ')} = require(${from})`,
    )
    .replace(/^export const (\w+) =/gm, 'exports.$1 =')
    .replace(/^export (\{[^}]*\})/gm, 'Object.assign(exports, $1)')
}

/** The `.mjs` files under another extension, as imports name them too. */
function changed(files: Files, extension: string, change: (text: string) => string): Files {
  return Object.fromEntries(
    Object.entries(files)
      // library.cjs is there already, as it is written by hand.
      .filter(([name]) => !name.endsWith('.mjs') || !(name.replace('.mjs', extension) in files))
      .map(([name, text]) =>
        name.endsWith('.mjs')
          ? [name.replace('.mjs', extension), change(text).replace(/('\.\/[\w-]+)\.mjs'/g, `$1${extension}'`)]
          : [name, text],
      ),
  )
}

/** A program's text without its comments, as one types it. */
export function asText(files: Files, name: string): string {
  return (files[name] ?? '').replace(/^\/\/.*\n/gm, '')
}
