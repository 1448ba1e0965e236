import { esmTables } from '../../../lib/serialization/functions/esm-tables'
import type { Script } from '../../../lib/serialization/functions/script'

const tablesOf = (source: string, isModule = true) => esmTables({ source, isModule } as Script)

describe('esmTables', () => {
  it.each([
    ["import a from 'm'", 'a', 'default'],
    ["import * as a from 'm'", 'a', '*'],
    ["import { a } from 'm'", 'a', 'a'],
    ["import { b as a } from 'm'", 'a', 'b'],
    ["import { default as a } from 'm'", 'a', 'default'],
    ["import { 'two words' as a } from 'm'", 'a', 'two words'],
    ["import b, { c as a } from 'm'", 'a', 'c'],
  ])('finds the import of %s', (source, local, imported) => {
    expect(tablesOf(source).imports.get(local)).toEqual({ source: 'm', imported, attributes: {} })
  })

  it('keeps import attributes', () => {
    const { imports } = tablesOf("import data from './data.json' with { type: 'json' }")
    expect(imports.get('data')).toMatchObject({ source: './data.json', attributes: { type: 'json' } })
  })

  it.each([
    ['export const a = 1, b = 2', { a: ['a'], b: ['b'] }],
    ['export let { a, b: [c], ...d } = e', { a: ['a'], c: ['c'], d: ['d'] }],
    ['export function a() {}', { a: ['a'] }],
    ['export class A {}', { A: ['A'] }],
    ['export async function* a() {}', { a: ['a'] }],
    ['const a = 1; export { a, a as b, a as default }', { a: ['a', 'b', 'default'] }],
    ['const a = 1; export { a as "two words" }', { a: ['two words'] }],
    ['export default function a() {}', { a: ['default'] }],
    ['export default class A {}', { A: ['default'] }],
    ['const a = 1; export default a', { a: ['default'] }],
    ['export default () => {}', { '*default*': ['default'] }],
    ['export default function () {}', { '*default*': ['default'] }],
    ['export default class {}', { '*default*': ['default'] }],
    ['export default (function a() {})', { '*default*': ['default'] }],
    ["export { a } from 'm'; export * from 'n'; export * as b from 'o'", {}],
    ["import { a } from 'm'; export { a }", { a: ['a'] }],
    ['await 1; export const a = 1', { a: ['a'] }],
  ])('finds the exports of %s', (source, exports) => {
    expect(Object.fromEntries(tablesOf(source).exports)).toEqual(exports)
  })

  it('has nothing for a script, and for what does not parse', () => {
    for (const { imports, exports } of [tablesOf('var a', false), tablesOf('export const ='), tablesOf('')])
      expect([imports.size, exports.size]).toEqual([0, 0])
  })

  it('parses a script once', () => {
    const source = jest.fn(() => 'export const a = 1')
    const script = Object.defineProperty({ isModule: true }, 'source', { get: source }) as Script
    expect(esmTables(script)).toBe(esmTables(script))
    expect(source).toHaveBeenCalledTimes(1)
  })
})
