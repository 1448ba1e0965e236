import { ownPlaces, type Places, type Share, takeShare } from '../../lib/config/budget'
import type { Place } from '../../lib/task/task'
import { range } from '../parallel/tasks'

const enter = (places: Places): number => {
  const id = places.enter(false)
  if (id === undefined) throw new Error('there is no room')
  return id
}

/** The place of a worker as its tasks are told it. */
const placeOf = (places: Places, id: number): Place => ({ table: places.table.words, id, workerId: 0 })

/** The places of an outermost call, with so many workers of its own. */
function outermost(size: number, workers: number) {
  const places = ownPlaces(size)
  const ids = Array.from({ length: workers }, () => enter(places))
  return { places, ids, at: ids.map((id) => placeOf(places, id)) as [Place, ...Place[]] }
}

describe('The places of an outermost call', () => {
  it('are as many as it may have workers, and one that leaves makes room', () => {
    const { places, ids } = outermost(2, 2)
    expect([places.hasRoom, places.enter(false)]).toEqual([false, undefined])
    places.retire(ids[0] as number)
    expect(places.hasRoom).toBe(true)
    expect(ids).not.toContain(enter(places))
  })

  it('let a first worker in whatever has been left behind', () => {
    const { places } = outermost(1, 1)
    expect(places.enter(false)).toBeUndefined()
    expect(places.enter(true)).toEqual(expect.any(Number))
  })

  it('are no more than a table can hold', () => {
    expect(ownPlaces(Number.MAX_SAFE_INTEGER).hasRoom).toBe(true)
  })
})

describe('A share of them', () => {
  it('is what is asked for, when there is as much', () => {
    const { places, at } = outermost(4, 1)
    const share = takeShare(at[0], 2)
    expect([share.size, places.hasRoom]).toEqual([2, true])
    expect([share.enter(false), share.enter(false), share.enter(false)]).toEqual([
      expect.any(Number),
      expect.any(Number),
      undefined,
    ])
  })

  it('is what is left, when that is less, and may be nothing', () => {
    const { places, at } = outermost(4, 1)
    expect(takeShare(at[0], 9).size).toBe(3)
    expect([places.hasRoom, takeShare(at[0], 1).size]).toEqual([false, 0])
  })

  it('leaves as much to the other workers of the same call', () => {
    const { at } = outermost(8, 2)
    expect(at.map((place) => takeShare(place, 8).size)).toEqual([3, 3])
  })

  it('is two at least, if there are two: one would be no gain', () => {
    const { at } = outermost(8, 5)
    expect(at.map((place) => takeShare(place, 8).size)).toEqual([2, 1, 0, 0, 0])
  })

  it('counts what the task has taken for another call of its own', () => {
    const { at } = outermost(14, 2)
    expect([takeShare(at[0], 4).size, takeShare(at[0], 9).size]).toEqual([4, 2])
  })

  it('is shared among the workers of a call inside a task as well', () => {
    const { places, at } = outermost(10, 1)
    const share = takeShare(at[0], 3)
    const inner = [0, 1, 2].map(() => placeOf(places, enter(share)))
    expect(inner.map((place) => takeShare(place, 9).size)).toEqual([2, 2, 2])
    expect(places.hasRoom).toBe(false)
  })

  it('is the same for the next call, while the workers of the last one are ended', () => {
    const { at } = outermost(8, 2)
    const [first, second] = at.map((place) => takeShare(place, 3)) as [Share, Share]
    for (const share of [first, second]) while (share.enter(false) !== undefined);
    first.release()
    expect(takeShare(at[0], 3).size).toBe(3)
  })

  it('lets a first worker in, whatever has become of its places', () => {
    const { at } = outermost(3, 1)
    const share = takeShare(at[0], 2)
    enter(share)
    enter(share)
    expect([share.enter(false), share.enter(true)]).toEqual([undefined, expect.any(Number)])
  })

  it('is found however many are on their way out', () => {
    const { places, ids, at } = outermost(4, 1)
    for (let n = 0; n < 30; n += 1) {
      const share = takeShare(at[0], 2)
      while (share.enter(false) !== undefined);
      share.release()
    }
    const share = takeShare(at[0], 2)
    if (share.size > 0) takeShare(placeOf(places, enter(share)), 1).enter(false)
    share.release()
    places.table.clear(ids[0] as number)
    expect(range(4).map(() => places.enter(false) !== undefined)).toEqual(range(4).map(() => true))
  })

  it('keeps the place of a worker that leaves, for the next one', () => {
    const { places, at } = outermost(3, 1)
    const share = takeShare(at[0], 2)
    const first = enter(share)
    enter(share)
    expect(share.hasRoom).toBe(false)
    share.retire(first)
    expect([share.hasRoom, places.hasRoom]).toEqual([true, false])
    expect(enter(share)).not.toBe(first)
  })

  it('can be given back, once', () => {
    const { places, at } = outermost(3, 1)
    const share = takeShare(at[0], 2)
    const used = enter(share)
    share.release()
    share.release()
    share.retire(used)
    expect([share.hasRoom, takeShare(at[0], 9).size]).toEqual([false, 2])
    expect(places.hasRoom).toBe(false)
  })

  it('goes with the worker in whose task it was taken, and all below', () => {
    const { places, ids, at } = outermost(8, 2)
    const share = takeShare(at[0], 3)
    takeShare(placeOf(places, enter(share)), 2)
    expect(takeShare(at[1] as Place, 9).size).toBe(1)
    places.table.clear(ids[0] as number)
    expect(range(5).map(() => places.enter(false) !== undefined)).toEqual(range(5).map(() => true))
    expect(places.table.below(ids[0] as number)).toEqual([])
  })

  it.each([
    ['has left its place to another one', (share: Share, id: number) => share.retire(id)],
    ['is on its way out, with its call', (share: Share, _: number) => share.release()],
  ])('goes with it also when it is below a worker that %s', (_, end) => {
    const { places, ids, at } = outermost(8, 1)
    const share = takeShare(at[0], 2)
    const middle = enter(share)
    expect(takeShare(placeOf(places, middle), 2).size).toBe(2)
    end(share, middle)
    places.table.clear(ids[0] as number)
    expect(range(8).map(() => places.enter(false) !== undefined)).toEqual(range(8).map(() => true))
  })

  it('is nothing for a worker that has left the call', () => {
    const { places, ids, at } = outermost(4, 1)
    places.table.remove(ids[0] as number)
    expect(takeShare(at[0], 2).size).toBe(0)
    expect(range(4).map(() => places.enter(false) !== undefined)).toEqual(range(4).map(() => true))
  })

  it('can be had by a worker that is on its way out', () => {
    const { places, ids, at } = outermost(4, 1)
    places.retire(ids[0] as number)
    expect(takeShare(at[0], 2).size).toBe(2)
  })
})
