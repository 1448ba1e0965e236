import * as ns from 'zod'
import z, { array, coerce, object, safeParse, string } from 'zod'
import * as schemas from './zod-schemas.mjs'
import { Even, Person, Tree, Trimmed } from './zod-schemas.mjs'

const Here = z.object({ name: z.string() })
const ada = { name: 'Ada', age: 36 }
const issues = ({ error }) => error.issues.map(({ path, code, message }) => [path, code, message])

export const cases = {
  'default import': ({ same }) => same(() => z.object({ n: z.coerce.number() }).parse({ n: '4' })),
  'named import': ({ same }) => same(() => object({ list: array(string()) }).safeParse({ list: ['x'] }).success),
  'named import, several functions': ({ same }) =>
    same(() => [coerce.number().parse('12'), safeParse(string(), 1).success, string().safeParse('x').data]),
  'namespace import': ({ same }) => same(() => ns.union([ns.string(), ns.number()]).parse(1)),
  'the message of what is wrong': ({ same }) => same(() => issues(z.object({ a: z.string() }).safeParse({ a: 1 }))),
  'a schema of my own module': ({ same }) => same(() => Person.parse(ada)),
  'a schema of my own module refuses': ({ same }) => same(() => issues(Person.safeParse({ name: '', age: -1.5 }))),
  'a schema by its namespace': ({ same }) => same(() => schemas.Person.parse(ada)),
  'a schema made inside of the task': ({ same }) =>
    same(() => z.object({ name: z.string() }).extend({ age: z.number() }).parse(ada)),
  'a schema of the program itself is refused': async ({ refused }) => {
    // zod keeps what it knows of schemas in WeakMaps and WeakSets of its own.
    await refused('recursive', /a WeakMap cannot be copied[\s\S]*reached through captured variable "Here/, () =>
      Here.parse(ada),
    )
  },
  'a schema with functions of mine': async ({ same }) => {
    await same(() => [Even.safeParse(2).success, issues(Even.safeParse(3))])
    await same(() => Trimmed.parse('  abc '))
  },
  'a schema that leads back to itself': ({ same }) =>
    same(() => Tree.safeParse({ value: 1, children: [{ value: 2, children: [] }] })),
  'a schema that was used before': ({ same }) => {
    Person.parse(ada)
    Person.safeParse({})
    return same(() => Person.parse(ada))
  },
  'an error of its class': async ({ away, equal }) => {
    const error = await away(() => Person.parse({})).catch((reason) => reason)
    equal([error instanceof z.ZodError, error.name, error.issues.length], [true, 'ZodError', 2])
  },
}
