import fc from 'fast-check'
import { walk } from '../../../lib/serialization/functions/name-walker'
import { readShortArrow } from '../../../lib/serialization/functions/short-arrow'
import { showsStrictness } from '../../../lib/serialization/functions/shows-strictness'
import { parseFunction } from '../../../lib/serialization/functions/source'

/** What the parser tells of the same text. */
function parsed(text: string) {
  const parsed = parseFunction(text)
  const { strictnessMatters, ...names } = walk(parsed, false)
  expect(strictnessMatters || showsStrictness(parsed, names)).toBe(false)
  return { source: parsed.source, ...names }
}

const names = fc.constantFrom('a', 'b', 'c', 'Math', 'x', '_', '$1', 'undefined', 'async', 'this', 'of', 'in')
const atoms = fc.oneof(
  { weight: 4, arbitrary: names },
  fc.constantFrom('1', '2.5', "'s'", '"t"', 'null', 'true', '0x1', '1n', '`u`', '/v/', '{}', '() => a', '#p'),
)
const marks = fc.constantFrom(
  ...'+ - * / % ** ! ~ & | ^ < > <= >= == === != !== && || ?? ? : , . ?. ( ) [ ] = += ++ -- ... => ;'.split(' '),
  ...['(a)', '[0]', "['k']", '.length', '(a).b', '(a, b)', '\n', '/* c */', '// d\n', ' new ', ' typeof '],
)

/** Expressions that are mostly right, and texts that mostly are none. */
const { expression } = fc.letrec<{ expression: string }>((tie) => ({
  expression: fc.oneof(
    { maxDepth: 4 },
    atoms,
    fc
      .tuple(tie('expression'), fc.constantFrom('+', ' - ', ' * ', '%', ' && ', ' ?? ', ', ', '==='), tie('expression'))
      .map((parts) => parts.join('')),
    fc
      .tuple(
        tie('expression'),
        fc.constantFrom('.length', '.a.b', "['k']", '[0]', '?.a', ' . a', '()', '(...a)', '(a)', '[b]'),
      )
      .map((parts) => parts.join('')),
    fc.tuple(tie('expression'), tie('expression')).map(([callee, argument]) => `${callee}(${argument})`),
    fc.tuple(tie('expression'), tie('expression')).map(([object, key]) => `${object}[${key}]`),
    fc
      .tuple(tie('expression'), tie('expression'), tie('expression'))
      .map(([test, yes, no]) => `${test} ? ${yes} : ${no}`),
    tie('expression').map((inner) => `(${inner})`),
    tie('expression').map((inner) => `[${inner}]`),
    fc.tuple(fc.constantFrom('-', '!', '+', '~'), tie('expression')).map((parts) => parts.join('')),
  ),
}))
const heads = fc.constantFrom(
  '() => ',
  '(a) => ',
  'a => ',
  '(a, b) => ',
  '(\n  a,\n  b\n) =>\n  ',
  'async () => ',
  'async (x) => ',
  'async x => ',
)
const soup = fc.array(fc.oneof(atoms, marks), { maxLength: 7 }).map((parts) => parts.join(''))

/** `undefined` when it is no expression of JavaScript, which no function's text is. */
function isFunction(text: string): boolean {
  try {
    new Function(`return ${text}\n`)
    return parseFunction(text) !== undefined
  } catch {
    return false
  }
}

describe('A short arrow function', () => {
  it.each([
    '() => 1',
    '() => n + offset',
    '(x) => x * 2',
    'async () => fetchPage(url, 3)',
    'n => Math.sqrt(n) + list.length - n.value.of',
    '(a, b) => a[b](c)[0].d ? a : f(b, -1.5, "s")',
  ])('is read without the parser, to the same end: %s', (text) => {
    expect(readShortArrow(text)).toBeDefined()
    expect(readShortArrow(text)).toEqual(parsed(text))
  })

  it.each([
    '() => { n }',
    '() => ({ n })',
    '() => n++',
    '() => (n = 1)',
    '() => a?.b',
    '() => this',
    '() => arguments[0]',
    '() => new A()',
    '() => typeof a',
    '() => a / b',
    '() => `a`',
    '() => (a).b',
    '() => (a)(b)',
    '() => a["b"]',
    '() => () => a',
    '() => await(a)',
    '(a = 1) => a',
    '({ a }) => a',
    '(...a) => a',
    '() => ä',
    'async => 1',
    'function () { return 1 }',
  ])('is left to the parser when it is another: %s', (text) => {
    expect(readShortArrow(text)).toBeUndefined()
  })

  it('is read as the parser reads it, whatever it is', () => {
    let read = 0
    fc.assert(
      fc.property(heads, fc.oneof(expression, soup), (head, body) => {
        const text = (head + body).trimEnd()
        fc.pre(isFunction(text))
        const short = readShortArrow(text)
        if (short === undefined) return
        read += 1
        expect(short).toEqual(parsed(text))
      }),
      { numRuns: 3000 },
    )
    expect(read).toBeGreaterThan(500)
  })
})
