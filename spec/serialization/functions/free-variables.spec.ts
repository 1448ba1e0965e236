// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are texts of functions

import { type Analysis, analyse } from '../../../lib/serialization/functions/free-variables'

const namesOf = ({ free }: Analysis) => [...free.keys()].sort()

/** The free names of a text, in a string with spaces. */
const free = (text: string, isStrict?: () => boolean) => namesOf(analyse(text, isStrict)).join(' ')

const variable = (text: string, name: string) => {
  const found = analyse(text).free.get(name)
  if (!found) throw new Error(`${name} is not free`)
  return found
}

describe('free variables', () => {
  it.each([
    // expressions
    ['() => a + b', 'a b'],
    ['() => a.b.c', 'a'],
    ['() => a[b]', 'a b'],
    ['() => a?.b?.[c]?.(d)', 'a c d'],
    ['() => ({ a, b: c, [d]: e, ...f })', 'a c d e f'],
    ['() => ({ a() { return b }, get c() { return d }, set e(f) { g = f } })', 'b d g'],
    ['() => [a, , ...b]', 'a b'],
    ['() => `x${a}y${`z${b}`}`', 'a b'],
    ['() => a`x${b}`', 'a b'],
    ['() => new A(b)', 'A b'],
    ['() => typeof a', 'a'],
    ['() => (a, b)', 'a b'],
    ['() => a ? b : c', 'a b c'],
    ['() => a ?? b', 'a b'],
    ['() => #x in a', 'a'],
    ['() => /a/g', ''],
    ['async () => await a', 'a'],
    ['function* () { yield a; yield* b }', 'a b'],
    ['() => import(a)', 'a'],
    ['() => import.meta.url', ''],
    ['() => undefined', 'undefined'],
    ['() => eval("a")', 'eval'],

    // parameters
    ['(a) => a', ''],
    ['(a, b = a) => b', ''],
    ['(a = b, c = () => d) => a', 'b d'],
    ['({ a, b: c, ...d }) => [a, b, c, d]', 'b'],
    ['([a, , [b], ...c]) => [a, b, c]', ''],
    ['({ a = b, [c]: d = e }) => [a, d]', 'b c e'],
    ['(a = b) => { var b }', 'b'],
    ['(...a) => a', ''],
    ['function f(a) { return arguments[0] + a }', ''],

    // declarations
    ['() => { var a = 1; let b = a; const c = b; return c }', ''],
    ['() => { const { a, b: { c }, ...d } = e; return [a, b, c, d] }', 'b e'],
    ['() => { const [a = b] = c; return a }', 'b c'],
    ['() => { return a; var a }', ''],
    ['() => { { var a } return a }', ''],
    ['() => { { let a } return a }', 'a'],
    ['() => { { const a = 1; a } a }', 'a'],
    ['() => { let a; { a = 1 } }', ''],
    ['() => { return f(); function f() {} }', ''],
    ['() => { class A {} return A }', ''],
    ['() => { { class A {} } return A }', 'A'],
    ['() => { using a = b; return a }', 'b'],
    ['async () => { await using a = b; return a }', 'b'],
    ['() => { const a = () => a }', ''],

    // functions inside
    ['() => (a) => a + b', 'b'],
    ['() => function f() { return f }', ''],
    ['() => { (function f() {}); return f }', 'f'],
    ['() => function () { return arguments }', ''],
    ['() => function () { var a; return () => a + b }', 'b'],
    ['() => { function f() { return a } var a }', ''],
    ['function f() { return f }', ''],
    ['function f() { var f; return f }', ''],

    // statements
    ['() => { for (let i = 0; i < n; i++) a(i); return i }', 'a i n'],
    ['() => { for (var i = 0; i < n; i++) ; return i }', 'n'],
    ['() => { for (const a of b) c(a) }', 'b c'],
    ['() => { for (const a of a) ; }', ''],
    ['() => { for (const { a, b = c } in d) [a, b] }', 'c d'],
    ['() => { for (a of b) ; for (c.d in e) ; }', 'a b c e'],
    ['async () => { for await (const a of b) a }', 'b'],
    ['() => { for (var a in b) ; return a }', 'b'],
    ['() => { while (a) b(); do c(); while (d) }', 'a b c d'],
    ['() => { if (a) b(); else c() }', 'a b c'],
    ['() => { switch (a) { case b: let c; default: c; d } c }', 'a b c d'],
    ['() => { try { a } catch (e) { e; b } finally { c } e }', 'a b c e'],
    ['() => { try { a } catch ({ message, ...b }) { message; b } }', 'a'],
    ['() => { try { a } catch { b } }', 'a b'],
    ['() => { try { } catch (e) { var e = 1 } e }', ''],
    ['() => { a: for (;;) { break a; continue a } }', ''],
    ['() => { a: { b } }', 'b'],
    ['() => { throw a }', 'a'],
    ['() => { debugger; ; }', ''],
    ['function f() { with (a) { b } }', 'a b'],
    ['() => { "use strict"; a }', 'a'],

    // assignments
    ['() => { a = b; c += d; e++; --f }', 'a b c d e f'],
    ['() => { ({ a, b: c, d: [e = f], ...g } = h) }', 'a c e f g h'],
    ['() => { [a.b, c[d]] = e }', 'a c d e'],
    ['() => { a ??= b }', 'a b'],
    ['() => delete a.b', 'a'],

    // classes
    ['() => class A extends B { }', 'B'],
    ['() => class A extends A { }', ''],
    ['() => class { a = b; static c = d; #e = f; [g] = h }', 'b d f g h'],
    ['() => class { static { var a; let b; a = b + c } }', 'c'],
    ['() => class { a() { return b } static get [c]() { return d } }', 'b c d'],
    ['() => class A { a = A; static b = A }', ''],
    ['() => class { constructor(a) { super(); this.a = a } }', ''],
    ['() => class { a = () => this.b + c }', 'c'],

    // methods and classes of their own
    ['method(a) { return a + b }', 'b'],
    ['get value() { return a }', 'a'],
    ['[a + b](c) { return d }', 'd'],
    ['class A extends B { a = c; m() { return A } }', 'c'],
    ['class A { static a = b; static { c() } static [d] = e; static m() { return f } }', 'f'],
    ['class A { [a]() {} [b] = c; static get [d]() { return e } }', 'b c e'],
    ['class A { ["a"]() {} [Symbol.iterator]() {} }', 'Symbol'],
    ['class A { static #a = b; static c = d; static { e() } static [f] = g }', 'b d e f g'],
    ['class A { #a = 1; m(o) { return #a in o } static n = 1 }', ''],
  ])('of %s are: %s', (text, names) => {
    expect(free(text)).toBe(names)
  })

  it('does not take property names, object keys and labels for variables', () => {
    expect(free('() => { a: for (;;) { x.a({ a: 1 }).a; break a } }')).toBe('x')
  })
})

describe('a function declared in a block', () => {
  const text = '() => { { function f() {} } return f }'

  it('is seen in the whole function in sloppy code, and in its block only in strict code', () => {
    expect(free(text, () => false)).toBe('')
    expect(free(text, () => true)).toBe('f')
  })

  it.each([
    ['() => { "use strict"; { function f() {} } return f }', 'f'],
    ['() => { { async function f() {} } return f }', 'f'],
    ['() => { { function* f() {} } return f }', 'f'],
    ['() => { if (a) function f() {} return f }', 'a'],
    ['() => { switch (a) { case 1: function f() {} } return f }', 'a'],
    ['() => { { let f; { function f() {} } } return f }', 'f'],
    ['() => { try { { function f() {} } } catch {} return f }', ''],
    ['class A { m() { { function f() {} } return f } }', 'f'],
  ])('in %s', (source, names) => {
    expect(free(source)).toBe(names)
  })

  it('is the only reason to ask whether code is strict', () => {
    const isStrict = jest.fn(() => true)
    analyse('() => { { function f() {} f() } return a }', isStrict)
    analyse('() => { function f() {} return f }', isStrict)
    expect(isStrict).not.toHaveBeenCalled()
    analyse(text, isStrict)
    expect(isStrict).toHaveBeenCalledTimes(1)
  })
})

describe('how a variable is used', () => {
  it.each([
    ['() => a', { written: false }],
    ['() => { a = 1 }', { written: true }],
    ['() => { a += 1 }', { written: true }],
    ['() => a++', { written: true }],
    ['() => { ({ a } = b) }', { written: true }],
    ['() => { [a = 1] = b }', { written: true }],
    ['() => { for (a of b) ; }', { written: true }],
    ['() => { a.b = 1 }', { written: false, whole: true }],
    ['() => a.b++', { written: false, whole: true }],
    ['() => delete a.b', { written: false, whole: true }],
    ['() => { [a.b] = c }', { written: false, whole: true }],
    ['() => typeof a', { typeofOnly: true, whole: false }],
    ['() => typeof a === "function" && a()', { typeofOnly: false, whole: true }],
    ['() => typeof a.b', { typeofOnly: false, whole: false }],
  ])('in %s', (text, use) => {
    expect(variable(text, 'a')).toMatchObject(use)
  })

  it('lists member chains, and tells whether they are all', () => {
    expect(variable('() => ns.a.b() + ns.c["d"] + ns.c.d + ns?.e', 'ns')).toMatchObject({
      whole: false,
      chains: [
        { path: ['a', 'b'], called: true },
        { path: ['c', 'd'], called: false },
        { path: ['e'], called: false },
      ],
    })
    expect(variable('() => ns.a + ns[key]', 'ns').whole).toBe(true)
    expect(variable('() => ns.a(ns)', 'ns').whole).toBe(true)
  })

  it('takes what is destructured for members', () => {
    const chains = (text: string) => {
      const { whole, chains } = variable(text, 'ns')
      return whole ? 'whole' : chains.map(({ path }) => path.join('.'))
    }
    expect(chains('() => { const { a, b: c = 1, d: { e } } = ns; return [a, c, e, ns.f.g] }')).toEqual([
      'a',
      'b',
      'd',
      'f.g',
    ])
    expect(chains('() => { const { a, ...others } = ns }')).toBe('whole')
    expect(chains('() => { const { [a]: b } = ns }')).toBe('whole')
    expect(chains('() => { const {} = ns }')).toBe('whole')
  })

  it('tells a call of a member, a tagged template and an optional call from a read', () => {
    const chains = (text: string) => variable(text, 'ns').chains.map(({ called }) => called)
    expect(chains('() => ns.a')).toEqual([false])
    expect(chains('() => new ns.a()')).toEqual([false])
    expect(chains('() => ns.a()')).toEqual([true])
    expect(chains('() => ns?.a?.()')).toEqual([true])
    expect(chains('() => ns.a`x`')).toEqual([true])
    expect(chains('() => [ns.a, ns.a()]')).toEqual([true])
  })
})

describe('the places of a variable', () => {
  /** The text with every place of `a` put in brackets. */
  const marked = (text: string) =>
    [...variable(text, 'a').references]
      .sort((x, y) => y.start - x.start)
      .reduce(
        (marked, { start, end }) => `${marked.slice(0, start)}[${text.slice(start, end)}]${marked.slice(end)}`,
        text,
      )

  it.each([
    ['() => a + b.a', '() => [a] + b.a'],
    ['(b = a) => { a = a.a }', '(b = [a]) => { [a] = [a].a }'],
    ['() => (a) => a', undefined],
    ['method() { return a(a) }', 'method() { return [a]([a]) }'],
    ['get x() { return `${a}` }', 'get x() { return `${[a]}` }'],
    ['class { m() { a } }', 'class { m() { [a] } }'],
    ['#m() { return a }', '#m() { return [a] }'],
  ])('in %s', (text, expected) => {
    if (expected === undefined) expect(analyse(text).free.has('a')).toBe(false)
    else expect(marked(text)).toBe(expected)
  })

  it('tells which are also property names', () => {
    const shorthand = (text: string) => variable(text, 'a').references.map((reference) => reference.shorthand)
    expect(shorthand('() => ({ a, b: a })')).toEqual([true, false])
    expect(shorthand('() => { ({ a } = b); ({ a = a } = c); ({ b: a } = d) }')).toEqual([true, true, false, false])
  })

  it('tells which are called', () => {
    const called = (text: string) => variable(text, 'a').references.map((reference) => reference.called)
    expect(called('() => [a(), a`x`, a?.(), new a(), a.b(), a]')).toEqual([true, true, true, false, false, false])
  })
})

describe('the places that start a statement', () => {
  const starts = (text: string) => variable(text, 'a').references.map((reference) => reference.startsStatement)

  it.each([
    ['() => { b\na() }', [true]],
    ['() => { a`x`; b(a); a.c() }', [true, false, true]],
    ['() => { if (b) a(); else a() }', [false, false]],
    ['() => { if (b) { a() } }', [true]],
    ['() => { while (b) a(); do a(); while (b); for (;;) a(); x: a() }', [false, false, false, false]],
    ['() => { switch (b) { case a: a() } }', [false, true]],
    ['class { static #p = 1; static { a() } }', [true]],
    ['() => a()', [false]],
    ['() => { return a() }', [false]],
    ['() => { const b = a() }', [false]],
  ])('in %s', (text, expected) => {
    expect(starts(text)).toEqual(expected)
  })
})

describe('what is no variable', () => {
  it.each([
    ['() => this', { usesThis: true }],
    ['() => () => this.a', { usesThis: true }],
    ['() => function () { return this }', { usesThis: false }],
    ['() => ({ m() { return this } })', { usesThis: false }],
    ['() => class { a = this; static b = this; static { this } }', { usesThis: false }],
    ['() => class { [this.a] = 1 }', { usesThis: true }],
    ['() => class extends this.Base {}', { usesThis: true }],
    ['(a = this) => a', { usesThis: true }],
    ['function () { return this }', { usesThis: false }],
    ['method() { return () => this }', { usesThis: false }],
    ['class { a = this }', { usesThis: false }],

    ['() => arguments', { usesArguments: true }],
    ['() => { var arguments; return arguments }', { usesArguments: false }],
    ['() => function () { return arguments }', { usesArguments: false }],
    ['function () { return () => arguments }', { usesArguments: false }],

    ['() => new.target', { usesNewTarget: true }],
    ['() => function () { return new.target }', { usesNewTarget: false }],
    ['function () { return () => new.target }', { usesNewTarget: false }],

    ['method() { return super.method() }', { usesSuper: true }],
    ['method() { return () => super.x }', { usesSuper: true }],
    ['() => super.x', { usesSuper: true }],
    ['method() { return { m() { return super.m() } } }', { usesSuper: false }],
    ['method() { return class extends A { constructor() { super() } } }', { usesSuper: false }],
    ['class A extends B { m() { return super.m() } x = super.y }', { usesSuper: false }],
  ])('in %s', (text, uses) => {
    expect(analyse(text)).toMatchObject(uses)
  })

  it('finds private names of a class that is not there', () => {
    const privateNames = (text: string) => [...analyse(text).privateNames]
    expect(privateNames('method(o) { return o.#a + (#b in o) }')).toEqual(['a', 'b'])
    expect(privateNames('class A { #a; m() { return this.#a + this.#b } }')).toEqual(['b'])
    expect(privateNames('() => class { #a; m() { return class { n(o) { return o.#a } } } }')).toEqual([])
    expect(privateNames('#a() { return 1 }')).toEqual([])
  })

  it('finds import() and import.meta', () => {
    const text = '() => import(import.meta.resolve("x")).then(() => import(`y`))'
    const { importCalls, importMetas } = analyse(text)
    expect(importCalls.map(([start, end]) => text.slice(start, end))).toEqual(['import', 'import'])
    expect(importMetas.map(([start, end]) => text.slice(start, end))).toEqual(['import.meta'])
  })
})

describe('what a class definition needs at once', () => {
  const eager = (text: string) => [...analyse(text).free.values()].filter((f) => f.eager).map((f) => f.name)

  it('is nothing when its static parts are left out', () => {
    expect(eager('class A { static a = b; m() { return c } d = e }')).toEqual([])
  })

  it('is what kept static parts evaluate, also in a function that is called there', () => {
    expect(eager('class A { static #a = b; static c = () => d; static e = (() => f)(); g = h; m() { i } }')).toEqual([
      'b',
      'f',
    ])
  })

  it('is nothing of a function', () => {
    expect(eager('() => class { static a = b }')).toEqual([])
  })
})

describe('analyse', () => {
  it('answers the same text from memory', () => {
    expect(analyse('() => a.b')).toBe(analyse('() => a.b'))
  })

  it('forgets old texts when there are too many', () => {
    const first = analyse('() => first')
    const filler = 'x'.repeat(1_000_000)
    for (let i = 0; i < 5; i++) analyse(`() => '${filler}${i}'`)
    expect(analyse('() => first')).not.toBe(first)
  })
})
