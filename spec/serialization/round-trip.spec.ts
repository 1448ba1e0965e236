import { delayed, Parallel } from 'parfor'
import { Crossing } from './crossing'
import { difference } from './isomorphic'
import { opaqueValues, values } from './values'

describe('arrives as it was, in one process:', () => {
  it.each(Object.entries(values))('%s', async (_, make) => {
    const value = make()
    const crossing = new Crossing()
    const [there] = await crossing.there(value)
    expect(difference(value, there)).toBeUndefined()
    expect(difference(value, await crossing.back(there))).toBeUndefined()
  })

  it.each(Object.entries(opaqueValues))('%s', async (_, [make, tell]) => {
    const value = make()
    const crossing = new Crossing()
    const [there] = await crossing.there(value)
    const back = await crossing.back(there)
    for (const arrived of [there, back]) expect(await tell(arrived as never)).toEqual(await tell(value as never))
  })
})

describe('comes back from a thread as it was:', () => {
  const parallel = Parallel({ nJobs: 1, backend: 'threads' })
  afterAll(() => parallel.close())

  it.each(Object.entries(values))('%s', async (_, make) => {
    const value = make()
    const [back] = await parallel([delayed((arrived: unknown) => [arrived])(value)])
    expect(difference(value, back?.[0])).toBeUndefined()
  })

  it.each(Object.entries(opaqueValues))('%s', async (_, [make, tell]) => {
    const value = make()
    const [result] = await parallel([
      delayed(async (arrived: unknown, report: (value: unknown) => unknown) => [await report(arrived), arrived])(
        value,
        tell as never,
      ),
    ])
    const [there, back] = result as [unknown, unknown]
    expect(there).toEqual(await tell(value as never))
    expect(await tell(back as never)).toEqual(await tell(value as never))
  })
})
