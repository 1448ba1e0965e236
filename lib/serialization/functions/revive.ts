import { Script } from 'node:vm'
import type { Code } from '../wire'
import { importFrom, importMetaOf } from './importing'

/** Gives a captured variable its value, when that could not be had before the function was. */
export type Bind = (index: number, value: unknown) => void

/** Makes the function from its captured variables; `this` and `arguments` are those that an arrow inherits. */
export type Make = (self: unknown, args: readonly unknown[]) => unknown

type Factory = (...captured: unknown[]) => (...args: unknown[]) => unknown
type LateFactory = (...captured: unknown[]) => [bind: Bind, make: (...args: unknown[]) => unknown]

/** Compiled factories by their text and place: a function that comes again in a later call is not compiled again. */
const factories = new Map<string, Factory | LateFactory>()
const MOST_FACTORIES = 5_000

/** The function that `code` is, when all its captured variables are there. */
export function revive(code: Code, captured: readonly unknown[]): Make {
  const made = (factory(code, false) as Factory)(...captured, ...surroundings(code))
  return (self, args) => made.apply(self, args as unknown[])
}

/** The same for a function in a cycle: it exists before the variables that lead back to it. */
export function reviveLate(code: Code, captured: readonly unknown[]): { bind: Bind; make: Make } {
  const [bind, made] = (factory(code, true) as LateFactory)(...captured, ...surroundings(code))
  return { bind, make: (self, args) => made.apply(self, args as unknown[]) }
}

/** `import()` and `import.meta`: syntax, so they are parameters of ours. They are made for functions with these in them. */
function surroundings({ prefix, head, body, tail, url }: Code): [unknown, unknown] {
  const has = (name: string) => [head, body, tail].some((text) => text.includes(prefix + name))
  return [
    has('imp') ? importFrom(url || `${process.cwd()}/`) : undefined,
    has('meta') ? (url ? importMetaOf(url) : {}) : undefined,
  ]
}

function factory(code: Code, late: boolean): Factory | LateFactory {
  const key = [late, code.strict, code.file, code.line, code.column, code.params, code.head, code.body].join('\0')
  let made = factories.get(key)
  if (!made) {
    if (factories.size >= MOST_FACTORIES) factories.clear()
    made = compile(code, late)
    factories.set(key, made)
  }
  return made
}

/**
 * Captured variables become parameters, so that the function runs as fast as the original: never `with`, which is
 * a hundred times slower. `vm.Script` and not `new Function`: it can be told where the text comes from, and works
 * where code generation from strings is not allowed.
 */
function compile({ prefix, params, strict, head, body, tail, file, line, column }: Code, late: boolean) {
  const names = [...params, `${prefix}imp`, `${prefix}meta`].join(',')
  const mode = strict ? '"use strict";' : ''
  const cases = params.map((name, n) => `case ${n}:${name}=${prefix}value;break;`).join('')
  const before = late
    ? `(function(${names}){${mode}return [function(${prefix}index,${prefix}value){switch(${prefix}index){${cases}}},function(){return ${head}`
    : `(function(${names}){${mode}return function(){return ${head}`
  const after = late ? `${tail}}]})` : `${tail}}})`
  return new Script(before + body + after, {
    filename: file,
    lineOffset: line,
    columnOffset: column - before.length,
  }).runInThisContext() as Factory | LateFactory
}

/** The cell of a variable whose declaration has not run. */
export const uninitialized = (name: string) => ({
  get value() {
    throw new ReferenceError(`Cannot access '${name}' before initialization`)
  },
})
