import * as uuid from 'uuid'
import { NIL, parse, stringify, v1ToV6, v3, v4, v5, validate, version } from 'uuid'

const space = '1b671a64-40d5-491e-99b0-da01ff1f3341'
const bytes = parse(space)

export const cases = {
  'named import': ({ same }) => same(() => v5('name', space)),
  'named import, several functions': ({ same }) =>
    same(() => [v3('name', space), version(space), validate('x'), stringify(bytes), NIL]),
  'namespace import': ({ same }) => same(() => [uuid.parse(space), uuid.MAX, uuid.v5(space, uuid.v5.URL)]),
  'a function that has properties': ({ same }) => same(() => v5('example.com', v5.DNS)),
  'what is random differs': async ({ all, equal }) => {
    const { delayed } = await import('parfor')
    const ids = await all(Array.from({ length: 8 }, () => delayed(v4)()))
    equal([new Set(ids).size, ids.every(validate)], [8, true])
  },
  'the function of a task': async ({ same }) => {
    await same(v5, 'name', space)
    await same(v1ToV6, '92f62d9e-22c4-11ef-97e9-325096b39f47')
    await same(uuid.validate, space)
  },
  'given random numbers': ({ same }) => {
    const random = Uint8Array.from({ length: 16 }, (_, n) => n)
    return same(() => uuid.v4({ random }))
  },
}
