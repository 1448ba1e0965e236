import { type ClassParts, classParts } from '../../../lib/serialization/functions/class-parts'
import { parseFunction, type Range } from '../../../lib/serialization/functions/source'

function parts(text: string): ClassParts {
  const parsed = parseFunction(text)
  if (parsed.node.type !== 'ClassExpression') throw new Error('not a class')
  return classParts({ ...parsed, node: parsed.node })
}

const texts = (text: string, ranges: readonly Range[]) => ranges.map(([start, end]) => text.slice(start, end))

describe('classParts', () => {
  it('finds the superclass', () => {
    const text = 'class A extends mixin(B, C) { }'
    const { heritage } = parts(text)
    expect(heritage && text.slice(...heritage)).toBe('mixin(B, C)')
    expect(parts('class A {}').heritage).toBeUndefined()
  })

  it('finds what ran when the class was defined', () => {
    const text = 'class A { static a = 1; static b; static [c] = 2; static { d() } static m() {} e = 3 }'
    expect(texts(text, parts(text).staticParts)).toEqual([
      'static a = 1;',
      'static b;',
      'static [c] = 2;',
      'static { d() }',
    ])
  })

  it('keeps all of that when a static field is private', () => {
    const text = 'class A { static #a = 1; static b = 2; static { c() } }'
    expect(parts(text)).toMatchObject({ hasPrivateStatics: true, staticParts: [] })
    expect(parts('class A { static #m() {} static b = 2 }').hasPrivateStatics).toBe(false)
  })

  it.each([
    ['class { #a }', true],
    ['class { #a() {} b() { this.#a() } }', true],
    ['class { get #a() {} static b(c) { return #a in c } }', true],
    ['class { #a() {} b = () => this.#a() }', true],
    ['class { constructor() { this.#a() } #a() { this.#b() } #b() {} }', false],
    ['class { static #a }', false],
    ['class { a }', false],
  ])('tells whether instances of %s have private state', (text, expected) => {
    expect(parts(text).hasInstancePrivates).toBe(expected)
  })

  it('finds the constructor', () => {
    const text = 'class A { a = f(1); constructor (b) {} }'
    expect(text.slice(parts(text).constructorParen)).toBe('(b) {} }')
    expect(parts('class A { a = f(1) }').constructorParen).toBeUndefined()
  })

  it('finds computed keys that have to be replaced, with the text of their methods', () => {
    const text =
      'class A { [a]() {} static async [b + c](x) {} get [d]() {} [e()] = 1; ["f"]() {} [Symbol.iterator]() {} }'
    const { computedKeys } = parts(text)
    expect(computedKeys.map(({ range, ...key }) => ({ key: text.slice(...range), ...key }))).toEqual([
      { key: 'a', isStatic: false, kind: 'method', memberText: '[a]() {}' },
      { key: 'b + c', isStatic: true, kind: 'method', memberText: 'async [b + c](x) {}' },
      { key: 'd', isStatic: false, kind: 'get', memberText: 'get [d]() {}' },
      { key: 'e()', isStatic: false, kind: 'field', memberText: undefined },
    ])
  })

  it('leaves the computed keys of left out static parts alone', () => {
    expect(parts('class A { static [a] = 1 }').computedKeys).toEqual([])
    expect(parts('class A { static [a()] = 1; static #b = 2 }').computedKeys).toHaveLength(1)
  })

  it('leaves the keys of fields alone that are a variable, or a member of one', () => {
    expect(parts('class A { [a] = 1; [a.b.c] = 2 }').computedKeys).toEqual([])
    expect(parts('class A { [a[b]] = 1; [a + b] = 2 }').computedKeys).toHaveLength(2)
  })

  it('knows the keys that the text alone tells', () => {
    const text = `class A {
      a() {} 'b c'() {} 12() {} 0x10() {} 1n() {} ['d']() {} [\`e\`]() {} [7]() {}
      [Symbol.asyncIterator]() {} [Symbol.for('f')]() {} [Symbol.unknown]() {} [g]() {} #h() {}
    }`
    expect(parts(text).members.map(({ key }) => key)).toEqual([
      ...['a', 'b c', '12', '16', '1', 'd', 'e', '7'],
      ...[Symbol.asyncIterator, Symbol.for('f'), undefined, undefined],
    ])
  })
})

describe('the text of a member', () => {
  class Sample {
    plain() {}
    async *stream() {}
    static /* hm */ spaced() {}
    static async later() {}
    get size() {
      return 1
    }
    static set size(_size: number) {}
    static static() {}
    static get() {}
    [Symbol.iterator]() {}
  }

  it('is what V8 prints for the live member', () => {
    const { members } = parts(Sample.toString())
    const live = ({ isStatic, kind, key }: (typeof members)[number]) => {
      const holder = isStatic ? Sample : Sample.prototype
      const descriptor = Object.getOwnPropertyDescriptor(holder, key as string)
      return descriptor?.[kind === 'method' ? 'value' : kind]
    }
    expect(members).toHaveLength(9)
    for (const member of members) expect(member.text).toBe(live(member).toString())
  })
})
