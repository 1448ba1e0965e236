import * as immer from 'immer'
import {
  applyPatches,
  current,
  enableMapSet,
  enablePatches,
  Immer,
  immerable,
  produce,
  produceWithPatches,
} from 'immer'

enablePatches()
enableMapSet()
const base = { list: [1, 2], deep: { n: 1 } }
const grow = (state, by) =>
  produce(state, (draft) => {
    draft.list.push(by)
  })
const curried = produce((draft) => void draft.list.push(1))
class Account {
  balance = 1
}
Account.prototype[immerable] = true
const own = new Immer({ autoFreeze: false })

export const cases = {
  'named import': ({ same }) =>
    same(() =>
      produce(base, (draft) => {
        draft.deep.n += 1
      }),
    ),
  'namespace import': ({ same }) =>
    same(() =>
      immer.produce(base, (draft) => {
        draft.list.push(immer.original(draft).list.length)
      }),
    ),
  'named import, several functions': ({ same }) =>
    same(() => {
      let seen
      const next = produce(base, (draft) => {
        draft.list.reverse()
        seen = current(draft)
      })
      return [next, seen, Object.isFrozen(next)]
    }),
  'what a plugin does': ({ same }) =>
    // Plugins are state of the module: a worker's module is another one.
    same(() => {
      enablePatches()
      const [next, patches, inverse] = produceWithPatches(base, (draft) => {
        draft.deep.n = 5
      })
      return [next, patches, applyPatches(next, inverse)]
    }),
  'maps and sets': ({ same }) =>
    same(() => {
      enableMapSet()
      return produce(new Map([['a', new Set([1])]]), (draft) => void draft.get('a').add(2))
    }),
  'a producer that is captured': ({ same }) => same(() => grow(base, 3)),
  'a producer as an argument': ({ same }) => same((producer) => producer(base, 4), grow),
  'a producer as the function of a task': ({ same }) => same(grow, base, 5),
  'an instance of its own, made inside of the task': ({ same }) =>
    same(() => {
      const own = new Immer({ autoFreeze: false })
      const next = own.produce(base, (draft) => {
        draft.list.pop()
      })
      return [next, Object.isFrozen(next)]
    }),
  'an instance of its own, and a curried producer, have arrows with a this': async ({ refused }) => {
    await refused('this', /the `this` of an arrow function[\s\S]*captured variable "own\.produce"/, () =>
      own.produce(base, () => {}),
    )
    await refused('this', /reached through captured variable "curried" of function/, () => curried(base))
  },
  'a class of mine': async ({ away, equal }) => {
    const rich = await away(
      (account) =>
        produce(account, (draft) => {
          draft.balance += 10
        }),
      new Account(),
    )
    equal([rich instanceof Account, rich.balance], [true, 11])
  },
  'what was produced at home': ({ same }) => {
    const frozen = produce(base, (draft) => void draft.list.push(9))
    return same(() => [frozen.list, Object.isFrozen(frozen)])
  },
  nothing: ({ same }) => same(() => produce(base, () => immer.nothing)),
}
