import * as ns from 'yaml'
import YAML, { Document, isMap, parse, parseDocument, Scalar, stringify, visit, YAMLMap } from 'yaml'

const text = 'a: 1\nb: [x, "y"] # why\nc: &anchor { d: true }\ne: *anchor\n'
const options = { indent: 4 }

export const cases = {
  'default import': ({ same }) => same(() => YAML.parse(text)),
  'named import': ({ same }) => same(() => stringify(parse(text), options)),
  'named import, several functions': ({ same }) =>
    same(() => {
      const doc = parseDocument(text)
      const scalars = []
      visit(doc, { Scalar: (_, { value }) => void scalars.push(value) })
      return [isMap(doc.contents), scalars, doc.toString()]
    }),
  'namespace import': ({ same }) => same(() => [ns.parseAllDocuments('1\n---\n2').length, ns.stringify({ a: [1] })]),
  'a symbol of its own': ({ same }) =>
    same(() => {
      const doc = parseDocument('a: 1\nb: 2')
      visit(doc, { Pair: (_, pair) => (String(pair.key) === 'a' ? visit.REMOVE : undefined) })
      return doc.toString()
    }),
  'an error of its class': ({ same }) => same(() => parse('a: [1')),
  'a document that is captured': ({ same }) => {
    const doc = parseDocument(text)
    return same(() => [doc.toString(), doc.get('a'), doc.toJS()])
  },
  'a document as an argument': ({ same }) =>
    same((doc) => {
      doc.set('f', 2)
      return doc.toString()
    }, parseDocument(text)),
  'a document that comes back': async ({ away, equal }) => {
    const doc = await away(() => {
      const made = new Document({ a: [1, 2] })
      made.comment = 'made there'
      return made
    })
    equal(
      [doc instanceof Document, doc.contents instanceof YAMLMap, doc.toString()],
      [true, true, 'a:\n  - 1\n  - 2\n\n#made there\n'],
    )
  },
  nodes: ({ same }) => same((node) => [node.value, ns.isScalar(node), node.toJSON()], new Scalar(7)),
  'the function of a task': async ({ same }) => {
    await same(parse, text)
    await same(YAML.stringify, { a: { b: [true, null] } })
  },
}
