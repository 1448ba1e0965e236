import { isNativeText, parseFunction, sourceOf } from '../../../lib/serialization/functions/source'

const computed = 'computed'

const holder = {
  method() {
    return 1
  },
  async *stream() {},
  get size() {
    return 1
  },
  set size(_value: number) {},
  [computed]() {},
  'two words'() {},
  12() {},
  async() {},
  get() {},
}

/** What a method becomes when it is emitted again. */
function emitted(fn: object, name: string): string {
  const source = sourceOf(fn)
  if (!source?.method) throw new Error('not a method')
  return `({ ${source.method.prefix}["${name}"]${source.text.slice(source.method.paramsStart)} })["${name}"]`
}

describe('sourceOf', () => {
  it.each([
    ['an arrow', () => 1, 'arrow'],
    ['an arrow with one bare parameter', (x: number) => x, 'arrow'],
    ['an async arrow', async () => 1, 'arrow'],
    ['a function', function named() {}, 'function'],
    ['a generator', function* () {}, 'function'],
    ['an async generator', async function* () {}, 'function'],
    ['a class', class {}, 'class'],
    ['a method', holder.method, 'method'],
    ['a method with a computed name', holder.computed as () => void, 'method'],
    ['a method with a string name', holder['two words'], 'method'],
    ['a method with a number for a name', holder[12] as () => void, 'method'],
    ['a method called async', holder.async, 'method'],
    ['a method called get', holder.get, 'method'],
  ])('knows %s by its text', (_, fn, kind) => {
    expect(sourceOf(fn)).toMatchObject({ kind, text: fn.toString() })
  })

  it.each([
    ['x => x', 'arrow'],
    ['async x => x', 'arrow'],
    ['x /* why */ => x', 'arrow'],
    ['async /* => */ (x) => x', 'arrow'],
    ['function(){}', 'function'],
    ['async(x) { return x }', 'method'],
    ['async *[Symbol.iterator](){}', 'method'],
    ['function(x) { return x }', 'function'],
    ['static() {}', 'method'],
    ['class { static { this.x = 1 } }', 'class'],
    ['() => new.target', 'arrow'],
    ['() => super.x()', 'arrow'],
    ['() => { using x = open() }', 'arrow'],
    ['(await) => await', 'arrow'],
  ])('takes %s for what it is', (text, kind) => {
    expect(parseFunction(text).source).toMatchObject({ kind, text })
  })

  it('has no source for built-in and bound functions', () => {
    expect(sourceOf(Math.sqrt)).toBeUndefined()
    expect(sourceOf(holder.method.bind(holder))).toBeUndefined()
    expect(isNativeText('function map() { [native code] }')).toBe(true)
    expect(isNativeText('() => "{ [native code] }x"')).toBe(false)
  })

  it('names the text when it does not parse', () => {
    expect(() => parseFunction('() => {')).toThrow(SyntaxError)
    expect(() => parseFunction('1 + 1')).toThrow('Cannot parse the source of the function')
  })

  it('knows the name that is written in a function or class, and no other', () => {
    const assigned = () => {}
    expect(sourceOf(function inner() {})?.ownName).toBe('inner')
    expect(sourceOf(class Inner {})?.ownName).toBe('Inner')
    expect(sourceOf(assigned)?.ownName).toBeUndefined()
    expect(sourceOf(holder.method)?.ownName).toBeUndefined()
  })
})

describe('a method', () => {
  it('is emitted again with its kind and without evaluating its key', () => {
    expect(emitted(holder.method, 'method')).toMatch(/^\(\{ \["method"\]\(\) \{/)
    expect(emitted(holder.stream, 'stream')).toMatch(/^\(\{ async \*\["stream"\]\(\) \{ ?\}/)
    expect(emitted(holder.computed as () => void, 'computed')).toMatch(/^\(\{ \["computed"\]\(\) \{ ?\}/)
  })

  it('may have a private name', () => {
    expect(parseFunction('async *#secret(x) { yield x }').source.method).toEqual({
      prefix: 'async *',
      paramsStart: 14,
    })
  })
})

describe('the place that V8 reports', () => {
  it.each([
    ['(x) => x', 0],
    ['async (x) => x', 0],
    ['function named(x) {}', 14],
    ['function /* ( */ (x) {}', 17],
    ['async function* (x) {}', 16],
    ['method(x) {}', 6],
    ['get size() {}', 8],
    ['class A { x = (1) }', 0],
    ['class A { x = (1); constructor(y) {} }', 30],
  ])('in %s', (text, offset) => {
    expect(parseFunction(text).source.locationOffset).toBe(offset)
  })
})
