// The values that have to arrive: what structured clone has, and what it has not.
import { AssertionError } from 'node:assert'
import { createSecretKey } from 'node:crypto'
import { EventEmitter } from 'node:events'
import { type BigIntStats, Dirent, readdirSync, Stats, statSync } from 'node:fs'
import { BlockList, SocketAddress } from 'node:net'
import { performance } from 'node:perf_hooks'
import { parse as parseUrl, type UrlWithParsedQuery } from 'node:url'

/** By name, how to make each value. */
export const values: Readonly<Record<string, () => unknown>> = {
  // --- primitives
  undefined: () => undefined,
  null: () => null,
  booleans: () => [true, false],
  'minus zero': () => -0,
  NaN: () => Number.NaN,
  infinities: () => [Infinity, -Infinity],
  'the extremes of numbers': () => [Number.MAX_VALUE, Number.MIN_VALUE, Number.MAX_SAFE_INTEGER, 2 ** 31, -(2 ** 31)],
  'big integers': () => [0n, -1n, 2n ** 64n, -(2n ** 200n)],
  strings: () => ['', 'a', 'ü', '漢字', '😀', '\0', '\u2028', 'x'.repeat(100_000)],
  'a lone surrogate': () => '\ud800',
  'a registered symbol': () => Symbol.for('parfor.spec'),
  'a well-known symbol': () => Symbol.iterator,

  // --- objects and arrays
  'an empty object': () => ({}),
  'nested data': () => ({ a: [1, { b: 'c', d: [null, undefined] }], e: { f: { g: 1n } } }),
  'a member with the value undefined': () => ({ a: undefined }),
  'keys that look like numbers': () => ({ 1: 'a', '-1': 'b', '01': 'c', 4294967295: 'd' }),
  'an own member called __proto__': () => JSON.parse('{ "__proto__": { "a": 1 }, "b": 2 }'),
  'members called constructor, toString and then': () => ({
    constructor: 1,
    toString: 2,
    hasOwnProperty: 3,
    length: 4,
  }),
  'an object with no prototype': () => Object.assign(Object.create(null), { a: 1 }),
  'an object with no prototype, inside': () => ({ list: [Object.assign(Object.create(null), { a: 1 })] }),
  'an object whose prototype is an object': () => Object.assign(Object.create({ inherited: 1 }), { own: 2 }),
  'symbol keys': () => ({ [Symbol.for('a')]: 1, [Symbol.toStringTag]: 'Tag', b: 2 }),
  'one symbol as a key and a value': () => {
    const key = Symbol('key')
    return { [key]: key, again: [key] }
  },
  'accessor properties': () => {
    let text = 'a'
    return {
      get both() {
        return `${text}!`
      },
      set both(value: string) {
        text = value
      },
    }
  },
  'a property that is not enumerable': () => Object.defineProperty({ a: 1 }, 'hidden', { value: 2, writable: true }),
  'a property that is read-only': () => Object.defineProperty({}, 'fixed', { value: 1, enumerable: true }),
  'a frozen object': () => Object.freeze({ a: 1, b: [2] }),
  'a frozen array': () => Object.freeze([1, 2]),
  'an enum as TypeScript makes it': () => Object.freeze({ Up: 1, Down: 2, 1: 'Up', 2: 'Down' }),
  'a sealed object': () => Object.seal({ a: 1 }),
  'an object closed to new properties': () => Object.preventExtensions({ a: {} }),
  'a frozen object that holds itself': () => {
    const loop: Record<string, unknown> = {}
    loop.list = Object.freeze([loop, () => loop])
    return Object.freeze(loop)
  },
  // biome-ignore lint/suspicious/noSparseArray: it is the value
  'an array with holes': () => [1, , 3, ,],
  'an array that is all holes': () => new Array(5),
  'an array with an element far away': () => {
    const array: number[] = []
    array[4_000_000_000] = 1
    return array
  },
  'an array with properties': () => Object.assign([1, 2], { extra: 'x' }),
  'a long array with properties': () => Object.assign(new Array(1000).fill(0), { extra: new Error('x') }),
  'an array with a function as a property': () => Object.assign([1], { of: (x: number) => x }),
  'an array with a symbol as a key': () => Object.assign([1], { [Symbol.for('a')]: 1 }),
  'what exec gives': () => /(?<year>\d+)-(\d+)/d.exec('in 2024-05'),
  'an array of a subclass': () => {
    class Stack extends Array<number> {
      readonly limit = 3
      top() {
        return this.at(-1)
      }
    }
    return Stack.of(1, 2)
  },
  arguments: () =>
    (function (..._: unknown[]) {
      // biome-ignore lint/complexity/noArguments: they are the value
      return arguments
    })(1, 'b', {}),
  'tagged template strings': () => ((strings: TemplateStringsArray, ..._: number[]) => strings)`a\n${1}b`,

  // --- identity
  'an object in two places': () => {
    const shared = { n: 1 }
    return { a: shared, b: [shared] }
  },
  'an object that holds itself': () => {
    const loop: Record<string, unknown> = { list: [] }
    loop.self = loop
    ;(loop.list as unknown[]).push(loop, loop.list)
    return loop
  },
  'an instance that holds itself': () => {
    class Node {
      readonly self = this
      parts = new Set<unknown>([this])
    }
    return new Node()
  },
  'a map whose keys and values are the map': () => {
    const map = new Map<unknown, unknown>()
    return map.set(map, map).set('set', new Set([map]))
  },
  'a tree with links to the parent': () => {
    interface Tree {
      name: string
      parent: Tree | undefined
      children: Tree[]
    }
    const root: Tree = { name: 'root', parent: undefined, children: [] }
    for (const name of ['a', 'b']) root.children.push({ name, parent: root, children: [] })
    return root
  },
  'one function in two places': () => {
    const f = (x: number) => x + 1
    return { a: f, b: [f] }
  },
  'an object that holds functions which hold it': () => {
    const counter = { count: 0, up: () => ++counter.count, get: () => counter.count }
    return counter
  },
  'a function that holds itself in a map': () => {
    const known = new Map<string, unknown>()
    const f = () => known
    return known.set('f', f)
  },
  'one error in two places': () => {
    const error = new Error('x')
    return [error, { error }, new Error('y', { cause: error })]
  },
  'one buffer under several views': () => {
    const buffer = new ArrayBuffer(16)
    return [new Uint8Array(buffer), new Float32Array(buffer, 4, 2), new DataView(buffer, 1, 3), buffer]
  },
  'small parts of one large buffer': () => {
    const large = new Float64Array(5000).map((_, n) => n)
    return [large.subarray(10, 20), new DataView(large.buffer, 8, 8), { part: large.subarray(30, 40) }]
  },
  'a small part of a large buffer, and the buffer': () => {
    const { buffer } = new Float64Array(5000).map((_, n) => n)
    return [new Uint8Array(buffer, 8, 8), { all: { buffer } }]
  },
  'a large buffer, and a small part of it': () => {
    const { buffer } = new Float64Array(5000).map((_, n) => n)
    return [{ all: { buffer } }, new Uint8Array(buffer, 8, 8)]
  },
  'a small part of a large buffer, and a view of all': () => {
    const large = new Float64Array(5000).map((_, n) => n)
    return { part: large.subarray(1, 2), large, f: (x: number) => x }
  },
  'one boxed number in two places': () => {
    const boxed = Object(1)
    return [boxed, boxed]
  },

  // --- collections
  'a map': () =>
    new Map<unknown, unknown>([
      ['a', 1],
      [Number.NaN, -0],
      [{}, []],
      [undefined, null],
    ]),
  'a map with functions': () => new Map([['add', (a: number, b: number) => a + b]]),
  'a map with properties': () => Object.assign(new Map([[1, 2]]), { label: 'm' }),
  'a set': () => new Set<unknown>([1, 'a', Number.NaN, undefined, {}]),
  'a set of functions and instances': () => new Set<unknown>([(x: number) => x, new (class P {})()]),
  'a map of a subclass that replaces set': () => {
    class Upper extends Map<string, number> {
      override set(key: string, value: number) {
        return super.set(key.toUpperCase(), value)
      }
    }
    return new Upper([['a', 1]])
  },
  'a set of a subclass that replaces add': () => {
    class Even extends Set<number> {
      override add(value: number) {
        return value % 2 === 0 ? super.add(value) : this
      }
    }
    return new Even([1, 2, 3, 4])
  },

  // --- built-in classes
  'a date': () => new Date(Date.UTC(2024, 1, 29, 12, 30, 15, 250)),
  'a date that is none': () => new Date(Number.NaN),
  'a date of a subclass': () => new (class Day extends Date {})(2024, 1),
  'regular expressions': () => [/a/, /[\]/]+/giu, /(?<n>.)/dy, /\/\n/],
  'a regular expression in the middle of a search': () => {
    const regexp = /a/g
    regexp.exec('banana')
    return regexp
  },
  'a regular expression of a subclass': () => new (class Pattern extends RegExp {})('a+', 'g'),
  'boxed primitives': () => [Object(1), Object('text'), Object(false), Object(1n), Object(Symbol.for('boxed'))],
  'a boxed string with a property': () => Object.assign(Object('text'), { extra: 1 }),
  'iterables and globals': () => [globalThis, Math, JSON, Reflect, Atomics, Intl],

  // --- errors
  'an error': () => new Error('wrong'),
  'errors of every class': () => [
    new TypeError('t'),
    new RangeError('r'),
    new SyntaxError('s'),
    new ReferenceError('f'),
    new EvalError('e'),
    new URIError('u'),
  ],
  'an error without a message': () => new Error(),
  'an error with a cause': () => new Error('outer', { cause: new TypeError('inner', { cause: { code: 1 } }) }),
  'an error with the cause undefined': () => new Error('outer', { cause: undefined }),
  'several errors in one': () => new AggregateError([new Error('a'), 'b', new RangeError('c')], 'both', { cause: 0 }),
  'an error with fields': () =>
    Object.assign(new Error('x'), { code: 'E_X', details: { list: [1] }, [Symbol.for('s')]: 1 }),
  'an error with another name': () => Object.assign(new Error('x'), { name: 'Renamed' }),
  'an error of a class of its own': () => {
    class HttpError extends Error {
      override name = 'HttpError'
      readonly status: number
      constructor(status: number) {
        super(`status ${status}`)
        this.status = status
      }
    }
    return new HttpError(404)
  },
  'an error of a class below a class': () => {
    class Base extends RangeError {}
    class Derived extends Base {
      readonly extra = [1]
    }
    return new Derived('deep')
  },
  'an error that is its own cause': () => {
    const error = new Error('loop')
    error.cause = error
    return error
  },
  'an assertion error': () => new AssertionError({ message: 'no', actual: 1, expected: 2, operator: 'strictEqual' }),
  "an error of Node's file system": () => {
    try {
      process.getBuiltinModule('node:fs').readFileSync('/no/such/file')
    } catch (error) {
      return error
    }
  },
  "a coded error of Node's": () => {
    try {
      return new URL('not a url')
    } catch (error) {
      return error
    }
  },

  // --- binary data
  'a buffer of bytes': () => new Uint8Array([1, 2, 3]).buffer,
  'a buffer of a subclass': () => Object.assign(new (class Bytes extends ArrayBuffer {})(2), { label: 'b' }),
  'an empty buffer': () => new ArrayBuffer(0),
  'a buffer with room to grow': () => new (ArrayBuffer as Resizable)(4, { maxByteLength: 16 }),
  'an array of every type': () => [
    Int8Array.of(-1),
    Uint8Array.of(255),
    Uint8ClampedArray.of(300),
    Int16Array.of(-2),
    Uint16Array.of(2),
    Int32Array.of(-3),
    Uint32Array.of(3),
    Float32Array.of(0.5),
    Float64Array.of(0.1),
    BigInt64Array.of(-4n),
    BigUint64Array.of(4n),
  ],
  'special numbers in typed arrays': () => Float64Array.of(-0, Number.NaN, Infinity),
  'a view of a part of a buffer': () => new Uint16Array(new ArrayBuffer(16), 4, 3),
  'an empty typed array': () => new Float64Array(0),
  'a data view': () => new DataView(new ArrayBuffer(8), 2, 4),
  'a typed array of a subclass': () => {
    class Vector extends Float64Array {
      get norm() {
        return Math.hypot(...this)
      }
    }
    return Vector.of(3, 4)
  },
  'a large typed array': () => new Float64Array(20_000).map((_, n) => n),
  'a Buffer': () => Buffer.from('some text'),
  'a Buffer of the pool': () => Buffer.from('pooled').subarray(1, 4),
  'a Buffer with memory of its own': () => Buffer.alloc(10_000, 7),
  'an empty Buffer': () => Buffer.alloc(0),
  'a Buffer inside data': () => ({ id: 1, parts: [Buffer.from('a'), Buffer.from('b')] }),
  'shared memory': () => new SharedArrayBuffer(8),
  'a view of shared memory': () => new Int32Array(new SharedArrayBuffer(16), 4, 2),
  'a Buffer of shared memory': () => Buffer.from(new SharedArrayBuffer(4)),

  // --- instances
  'an instance of a class': () => {
    class Point {
      x = 1
      y = 2
      get length() {
        return Math.hypot(this.x, this.y)
      }
    }
    return new Point()
  },
  'an instance of an anonymous class': () => new (class {})(),
  'an instance of a class below a class': () => {
    class Animal {
      name = 'animal'
    }
    class Dog extends Animal {
      owner = { name: 'o' }
    }
    return [new Dog(), new Animal()]
  },
  'an instance of a function': () => {
    function Person(this: Record<string, unknown>, name: string) {
      this.name = name
    }
    Person.prototype.greet = function () {
      return `I am ${this.name}`
    }
    return new (Person as unknown as new (name: string) => object)('P')
  },
  'an event emitter': () => new (class Bus extends EventEmitter {})().on('x', function onX() {}),
  'an instance of a function whose prototype was replaced': () => {
    function Shape() {}
    Shape.prototype = { area: 1 }
    return new (Shape as unknown as new () => object)()
  },

  // --- functions
  'a function':
    () =>
    (a: number, b = 2, ...rest: number[]) =>
      a + b + rest.length,
  'a function with properties': () => Object.assign((x: number) => x, { version: 1, nested: { of: [1] } }),
  'a function with a length that is set': () =>
    Object.defineProperty((a: number) => a, 'length', { value: 7, writable: true }),
  'built-in functions': () => [
    Math.hypot,
    Array.prototype.map,
    parseInt,
    Promise.all,
    setTimeout,
    process.hrtime.bigint,
  ],
  'built-in classes': () => [Map, Uint8Array, Error, Buffer, URL, EventEmitter, Intl.NumberFormat],
  'functions of every kind': () => [function* g() {}, async () => {}, async function* a() {}, class K {}, { m() {} }.m],
  'the members of Node that are objects': () => [process.env, console, performance, globalThis.crypto],
  'a class with a static instance': () => {
    // biome-ignore lint/complexity/noStaticOnlyClass: it is the value
    class Single {
      static readonly instance = new Single()
    }
    return Single
  },
}

/** How long a view is when its buffer has grown. */
const grown = (view: NodeJS.ArrayBufferView) => {
  ;(view.buffer as unknown as { resize(length: number): void }).resize(24)
  return [view.byteOffset, view.byteLength]
}

/** Values that say what they are through methods only: what `tell` reads has to be the same. */
export const opaqueValues: Readonly<Record<string, readonly [make: () => unknown, tell: (value: never) => unknown]>> = {
  'a URL': [
    () => new URL('http://user:pw@host:8080/a/b?x=1&y=2#z'),
    (url: URL) => [url.href, url.searchParams.get('x')],
  ],
  'search parameters': [() => new URLSearchParams('a=1&a=2&b=%20'), (search: URLSearchParams) => [...search]],
  'HTTP headers': [
    () =>
      new Headers([
        ['a', '1'],
        ['b', '2'],
        ['Set-Cookie', 'c=3'],
        ['set-cookie', 'd=4'],
      ]),
    (headers: Headers) => [...headers],
  ],
  'what is known of a file': [
    () => statSync(process.execPath),
    (stats: Stats) => [stats instanceof Stats, stats.isFile(), stats.size, stats.mode, stats.mtime, stats.birthtime],
  ],
  'what is known of a file, in big integers': [
    () => statSync(process.execPath, { bigint: true }),
    (stats: BigIntStats) => [stats.isFile(), stats.size, stats.mtimeNs, stats.mtime],
  ],
  'a URL in parts': [() => parseUrl('http://a/b?c=d', true), (url: UrlWithParsedQuery) => [url.href, { ...url.query }]],
  'an entry of a folder': [
    () => readdirSync(__dirname, { withFileTypes: true })[0],
    (entry: Dirent) => [entry instanceof Dirent, entry.isDirectory(), entry.isFile(), entry.name, entry.parentPath],
  ],
  'a text encoder': [() => new TextEncoder(), (encoder: TextEncoder) => [...encoder.encode('ü')]],
  'a text decoder': [
    () => new TextDecoder('utf-16le', { fatal: true }),
    (decoder: TextDecoder) => [decoder.encoding, decoder.fatal, decoder.decode(new Uint8Array([65, 0]))],
  ],
  'a number format': [
    () =>
      new Intl.NumberFormat('de-DE', {
        style: 'currency',
        currency: 'EUR',
        maximumFractionDigits: 1,
        minimumFractionDigits: 1,
      }),
    (format: Intl.NumberFormat) => format.format(1234.56),
  ],
  'a number format with significant digits': [
    () => new Intl.NumberFormat('en', { notation: 'compact', maximumSignificantDigits: 3 }),
    (format: Intl.NumberFormat) => format.format(123_456),
  ],
  'a date format': [
    () => new Intl.DateTimeFormat('en-GB', { dateStyle: 'full', timeStyle: 'short', timeZone: 'UTC' }),
    (format: Intl.DateTimeFormat) => format.format(0),
  ],
  'a date format of parts': [
    () =>
      new Intl.DateTimeFormat('en-US', { hour: 'numeric', minute: '2-digit', hour12: true, timeZone: 'Asia/Tokyo' }),
    (format: Intl.DateTimeFormat) => format.format(0),
  ],
  'a collator': [
    () => new Intl.Collator('de', { numeric: true, sensitivity: 'base' }),
    (collator: Intl.Collator) => [collator.compare('a2', 'A10'), collator.compare('ä', 'a')],
  ],
  'plural rules': [() => new Intl.PluralRules('en', { type: 'ordinal' }), (rules: Intl.PluralRules) => rules.select(2)],
  'a list format': [
    () => new Intl.ListFormat('en', { type: 'disjunction' }),
    (format: Intl.ListFormat) => format.format(['a', 'b', 'c']),
  ],
  'a relative time format': [
    () => new Intl.RelativeTimeFormat('en', { numeric: 'auto' }),
    (format: Intl.RelativeTimeFormat) => format.format(-1, 'day'),
  ],
  'display names': [
    () => new Intl.DisplayNames('en', { type: 'region' }),
    (names: Intl.DisplayNames) => names.of('JP'),
  ],
  'a segmenter': [
    () => new Intl.Segmenter('en', { granularity: 'word' }),
    (segmenter: Intl.Segmenter) => [...segmenter.segment('a b')].map(({ segment }) => segment),
  ],
  'a locale': [
    () => new Intl.Locale('de-Latn-DE', { calendar: 'buddhist' }),
    (locale: Intl.Locale) => [String(locale), locale.calendar],
  ],
  'a blob': [() => new Blob(['text'], { type: 'text/plain' }), async (blob: Blob) => [await blob.text(), blob.type]],
  'a typed array that grows with its buffer': [
    () => new Uint16Array(new (ArrayBuffer as Resizable)(8, { maxByteLength: 32 }), 2),
    grown,
  ],
  'a data view that grows with its buffer': [
    () => new DataView(new (ArrayBuffer as Resizable)(8, { maxByteLength: 32 }), 2),
    grown,
  ],
  'a typed array that stays as long as it is': [
    () => new Uint16Array(new (ArrayBuffer as Resizable)(8, { maxByteLength: 32 }), 2, 3),
    grown,
  ],
  'a key': [
    () => createSecretKey(Buffer.from('secret')),
    (key: ReturnType<typeof createSecretKey>) => [key.type, key.export().toString()],
  ],
  'a block list': [
    () => {
      const list = new BlockList()
      list.addAddress('10.0.0.1')
      return list
    },
    (list: BlockList) => [list.check('10.0.0.1'), list.check('10.0.0.2')],
  ],
  'a socket address': [
    () => new SocketAddress({ address: '127.0.0.1', port: 80 }),
    (address: SocketAddress) => [address.address, address.port],
  ],
  'a compiled WebAssembly module': [
    () => new WebAssembly.Module(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0)),
    (module: WebAssembly.Module) => WebAssembly.Module.exports(module),
  ],
  'an exception of the DOM': [
    () => new DOMException('stopped', 'AbortError'),
    (error: DOMException) => [error.name, error.message, error.code, error instanceof DOMException],
  ],
}

type Resizable = new (length: number, options: { maxByteLength: number }) => ArrayBuffer
