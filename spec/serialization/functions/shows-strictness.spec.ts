import { analyse } from '../../../lib/serialization/functions/free-variables'

describe('whether a function is strict', () => {
  it.each([
    '(x) => x + 1',
    '() => { let sum = 0; for (let i = 0; i < 9; i++) sum += list[i]; return sum }',
    'async (x) => { const { a, ...rest } = await x; return [a, rest] }',
    '([a, b]) => { [a, b] = [b, a]; return (c = a) => c }',
    'method(x) { return class { #x = 1; m() { this.x = 1 } } }',
    'async function* numbers() { yield 1 }',
  ])('makes no difference to %s', (text) => {
    expect(analyse(text).showsStrictness).toBe(false)
  })

  it.each([
    'function f() {}',
    'method() { return this }',
    '() => function () { return this }',
    '() => { if (x) { function inner() {} } }',
    '() => { made = 1 }',
    '() => made++',
    '(o) => { o.x = 1 }',
    '(o) => { o.x++ }',
    '(o) => { [o.x] = [1] }',
    '(o) => { for (o.x of [1]); }',
    '(o) => delete o.x',
    'method(a) { return arguments[0] }',
    "(x) => eval('x')",
    '(o) => { with (o) { return x } }',
    'async function f() { f = 1 }',
    '(o) => ((p) => { p.x = 1 })(o)',
  ])('may make one to %s', (text) => {
    expect(analyse(text).showsStrictness).toBe(true)
  })
})
