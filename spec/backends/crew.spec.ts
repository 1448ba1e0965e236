import { Crew, type CrewOptions } from '../../lib/backends/crew'
import type { WorkerClient } from '../../lib/backends/worker-client'
import { ownPlaces, takeShare } from '../../lib/config/budget'
import type { WorkerEvent } from '../../lib/config/options'
import * as clock from '../../lib/system/clock'
import type { Place } from '../../lib/task/task'
import { workerSource } from '../support/worker-source'

/** @param most how many workers can be had at all */
function crewOf(size: number, most = size, options: CrewOptions = {}) {
  const { source, workers, kept } = workerSource(most)
  const employer = { inCall: true, started: 0 }
  const onStarted = () => {
    employer.started += 1
  }
  const crew = new Crew(source, { isInCall: () => employer.inCall, onStarted }, options)
  crew.open(size)
  return { crew, workers, kept, employer, source }
}

const settled = () => new Promise((resolve) => setImmediate(resolve))
const idOf = (worker: WorkerClient | undefined) => worker?.handle.id

/** A crew with one worker that has started, and is busy. */
async function atWork(size: number, most = size, options: CrewOptions = {}) {
  const all = crewOf(size, most, options)
  const first = all.crew.take() as WorkerClient
  all.workers[0]?.start()
  await settled()
  return { ...all, first }
}

describe('A crew', () => {
  it('gives a worker that is only starting, while all others are too', () => {
    const { crew } = crewOf(2)
    expect([crew.take(), crew.take(), crew.take()].map(idOf)).toEqual([0, 1, undefined])
    expect([crew.free, crew.mayGrow]).toEqual([0, false])
  })

  it('starts another worker while one is busy, and gives it when it has started', async () => {
    const { crew, workers, employer } = await atWork(2)
    expect([idOf(crew.take()), workers.length, employer.started]).toEqual([undefined, 2, 0])
    workers[1]?.start()
    await settled()
    expect([employer.started, crew.free, idOf(crew.take()), crew.free]).toEqual([1, 1, 1, 0])
  })

  it('keeps its workers to itself when there is no call any more, until it is told to rest', async () => {
    const { crew, kept, employer, first } = await atWork(1)
    employer.inCall = false
    crew.release(first)
    expect(kept.map(idOf)).toEqual([0])

    const places = ownPlaces(1)
    const lingering = await atWork(1, 1, { places })
    const { crew: own, workers } = lingering
    const rests: (() => void)[] = []
    lingering.source.linger = (rest) => void rests.push(rest)
    const id = lingering.first.place?.id as number
    own.release(lingering.first)
    own.linger(() => own.disband())
    expect(own.free).toBe(1)
    // Its place is for others meanwhile.
    expect([lingering.kept.length, rests.length, places.table.has(id)]).toEqual([0, 1, false])
    expect([own.take(), workers.length, places.table.has(id)]).toEqual([lingering.first, 1, true])
    own.release(lingering.first)
    own.linger(() => own.disband())
    for (const rest of rests) rest()
    expect([lingering.kept.map(idOf), own.present]).toEqual([[0], []])
  })

  it('gives one of those that rest when others have all places, and no other', async () => {
    const places = ownPlaces(2)
    const { crew, workers, source, first } = await atWork(2, 2, { places })
    source.linger = () => {}
    crew.take()
    workers[1]?.start()
    await settled()
    crew.release(crew.take() as WorkerClient)
    crew.release(first)
    crew.linger(() => {})
    const others = [places.table.enter(1), places.table.enter(1)]
    expect(others.every((id) => id !== undefined)).toBe(true)
    expect(idOf(crew.take())).toBe(0)
    expect([crew.free, crew.take()]).toEqual([0, undefined])
    places.table.remove(others[0] as number)
    expect(idOf(crew.take())).toBe(1)
  })

  it('counts among those that are free the ones that were kept, as far as it may have more', async () => {
    const { crew, kept, employer, first } = await atWork(1)
    employer.inCall = false
    expect(crew.free).toBe(0)
    crew.release(first)
    expect([crew.free, kept.length]).toEqual([1, 1])
    expect([crew.take(), crew.free]).toEqual([first, 0])
  })

  it('starts another one for one that has died while it rested', async () => {
    const { crew, workers, source, first } = await atWork(1, 2)
    source.linger = () => {}
    crew.release(first)
    crew.linger(() => {})
    workers[0]?.die()
    expect(idOf(crew.take())).toBe(1)
  })

  it('gives the free worker that came last, and none that is gone', async () => {
    const { crew, workers, first } = await atWork(2)
    crew.take()
    workers[1]?.start()
    await settled()
    const second = crew.take() as WorkerClient
    crew.release(second)
    crew.release(first)
    expect(idOf(crew.take())).toBe(0)
    crew.release(first)
    workers[0]?.die()
    expect(idOf(crew.take())).toBe(1)
    expect(crew.mayGrow).toBe(true)
  })

  it('has no place for a worker that was lost', async () => {
    const { crew, workers, first, kept } = await atWork(1, 2)
    workers[0]?.die()
    crew.release(first)
    expect([crew.free, crew.mayGrow, kept]).toEqual([0, true, []])
    expect(idOf(crew.take())).toBe(1)
  })

  it('tells of a worker that could not start, so that its work is looked after, and tries no other for a second', async () => {
    const now = jest.spyOn(clock, 'sharedNow').mockReturnValue(5000)
    const { crew, workers, employer } = await atWork(2, 9)
    crew.grow()
    workers[1]?.die()
    await settled()
    expect([employer.started, crew.free, crew.mayGrow, crew.isHeldUp]).toEqual([1, 0, false, true])
    now.mockReturnValue(6000)
    expect(crew.mayGrow).toBe(true)
    now.mockRestore()
  })

  it('tries another one at once when the only one could not start', async () => {
    const { crew, workers } = crewOf(2)
    const first = crew.take() as WorkerClient
    workers[0]?.die()
    crew.release(first)
    expect([crew.mayGrow, crew.hasOthers]).toEqual([true, false])
  })

  it('grows by one at a time', async () => {
    const { crew, workers } = await atWork(4)
    crew.grow()
    crew.grow()
    expect(workers).toHaveLength(2)
    workers[1]?.start()
    await settled()
    crew.grow()
    expect(workers).toHaveLength(3)
  })

  it('makes do with whom it has when no more can be started', async () => {
    const { crew } = await atWork(2, 1)
    expect(crew.take()).toBeUndefined()
    crew.grow()
    expect([crew.mayGrow, crew.isHeldUp]).toEqual([false, true])
  })

  it('says why when there is nobody at all', () => {
    const { crew } = crewOf(2, 0)
    expect(() => crew.take()).toThrow(expect.objectContaining({ code: 'PARFOR_BACKEND', message: expect.any(String) }))
    expect(() => crew.take()).toThrow('No worker can be started: too many threads')
  })

  it('gives free workers away when there is no call, also those that start late', async () => {
    const { crew, workers, kept, first, employer } = await atWork(3)
    crew.grow()
    workers[1]?.start()
    await settled()
    crew.grow()
    employer.inCall = false
    crew.disband()
    expect(kept.map(idOf)).toEqual([1])
    crew.release(first)
    workers[2]?.start()
    await settled()
    expect(kept.map(idOf)).toEqual([1, 0, 2])
  })

  it('knows all who may hold something of a call', async () => {
    const { crew, workers } = await atWork(3)
    crew.grow()
    workers[1]?.start()
    await settled()
    crew.grow()
    expect(crew.present.map(idOf).sort()).toEqual([0, 1, 2])
  })

  it('ends all, and waits for those that it has ended before', async () => {
    const { crew, workers, first } = await atWork(3)
    let gone = () => {}
    first.handle.terminate = () =>
      new Promise((resolve) => {
        gone = resolve
      })
    crew.end(first, 'enough')
    expect(crew.mayGrow).toBe(true)
    crew.grow()
    let isOver = false
    const over = crew.endAll('closed').then(() => {
      isOver = true
    })
    await settled()
    expect([workers[1]?.isEnded, isOver, crew.present]).toEqual([true, false, []])
    gone()
    await over
    expect(isOver).toBe(true)
  })
})

describe('A crew whose workers run so many tasks', () => {
  /** Two busy workers, of which each may run three. */
  async function limited() {
    const events: WorkerEvent[] = []
    const all = await atWork(2, 9, { maxTasks: 3, onWorkerEvent: (event) => events.push(event) })
    all.crew.take()
    all.workers[1]?.start()
    await settled()
    return { ...all, second: all.crew.take() as WorkerClient, events }
  }

  it('starts the one that follows a worker before that has run its last batch, though all are busy', async () => {
    const { crew, workers, first } = await limited()
    expect([crew.roomFor(first, 2, true), workers.length]).toEqual([3, 2])
    expect([crew.roomFor(first, 3, true), workers.length]).toEqual([3, 3])
    workers[2]?.start()
    await settled()
    expect(crew.take()).toBeUndefined() // no more than two work at once
    first.tasks = 3
    crew.release(first)
    expect(idOf(crew.take())).toBe(2)
    expect(workers[0]?.isEnded).toBe(true)
  })

  it('starts none when no more is to come', async () => {
    const { crew, workers, first } = await limited()
    expect([crew.roomFor(first, 3, false), workers.length]).toEqual([3, 2])
  })

  it('replaces one also when it has run fewer in the end: there is another in its place', async () => {
    const { crew, workers, first, events } = await limited()
    crew.roomFor(first, 3, true)
    first.tasks = 1
    crew.release(first)
    await settled()
    expect(workers[0]?.isEnded).toBe(true)
    expect(events.filter(({ workerId }) => workerId === 0).map(({ type }) => type)).toEqual([
      'spawned',
      'recycled',
      'exited',
    ])
  })

  it('takes none over that has run as many elsewhere', () => {
    const { crew, source } = crewOf(1, 9, { maxTasks: 3 })
    const worn = source.take()
    worn.tasks = 3
    source.keep(worn)
    expect(idOf(crew.take())).toBe(1)
    expect(worn.isGone).toBe(true)
  })
})

describe('A crew whose tasks make calls of their own', () => {
  it('is no larger, with their workers, than it may be alone', async () => {
    const { crew, first } = await atWork(3)
    const share = takeShare(first.place as Place, 2)
    expect([share.size, crew.mayGrow, crew.isHeldUp, crew.take()]).toEqual([2, false, true, undefined])
    share.release()
    expect([crew.mayGrow, crew.isHeldUp]).toEqual([true, false])
  })

  it('leaves them the places of workers that nobody needed', async () => {
    const { crew, first, employer } = await atWork(3)
    expect(takeShare(first.place as Place, 9).size).toBe(2)
    employer.inCall = false
    crew.release(first)
    expect(crew.isHeldUp).toBe(false) // it has no other worker: one it may always have
  })

  it('has the places again of a worker that is ended, and of those below when it is gone', async () => {
    const { crew, workers, first } = await atWork(3, 9)
    let gone = () => {}
    const { terminate } = first.handle
    first.handle.terminate = async () => {
      await new Promise<void>((resolve) => {
        gone = resolve
      })
      await terminate()
    }
    const place = first.place as Place
    expect(takeShare(place, 9).size).toBe(2)
    crew.end(first, 'enough')
    const next = crew.take() as WorkerClient
    expect([idOf(next), crew.mayGrow]).toEqual([1, false])
    // Until it is gone it may still start some, of those that the others have left.
    expect(takeShare(place, 9).size).toBe(0)
    gone()
    await settled()
    workers[1]?.start()
    await settled()
    expect([crew.mayGrow, crew.isHeldUp]).toEqual([true, false])
  })

  it('lets a worker that was kept have its own place again, and not that of another one', async () => {
    const { crew, first, employer } = await atWork(2)
    const place = first.place as Place
    employer.inCall = false
    crew.release(first)
    expect(takeShare(place, 2).size).toBe(0)
    employer.inCall = true
    expect(crew.take()).toBe(first)
    expect(first.place).toBe(place)
    expect(takeShare(place, 2).size).toBe(1)
    expect(crew.mayGrow).toBe(false)
  })

  it('keeps no worker for others whose tasks have left calls behind', async () => {
    const { crew, first, kept, employer, workers } = await atWork(3)
    takeShare(first.place as Place, 1)
    employer.inCall = false
    crew.release(first)
    expect([kept, workers[0]?.isEnded]).toEqual([[], true])
  })
})

describe('A crew inside a task', () => {
  /** The share of one of its tasks, of four workers in all. */
  function shareOf(size: number) {
    const places = ownPlaces(4)
    const place = { table: places.table.words, id: places.enter(true) as number, workerId: 0 }
    return { places, share: takeShare(place, size) }
  }

  it('has the workers of its share, also in place of lost ones', async () => {
    const { share } = shareOf(2)
    const { crew, workers, first } = await atWork(2, 9, { places: share })
    crew.grow()
    expect(crew.mayGrow).toBe(false)
    workers[0]?.die()
    crew.release(first)
    expect(crew.mayGrow).toBe(true)
    workers[1]?.start()
    await settled()
    expect([idOf(crew.take()), crew.mayGrow]).toEqual([1, true])
  })

  it('ends its workers with its call, those that start too, and gives their places back', async () => {
    const { share, places } = shareOf(3)
    const { crew, workers, first, kept, employer } = await atWork(3, 9, { places: share })
    crew.take()
    workers[1]?.start()
    await settled()
    crew.release(crew.take() as WorkerClient)
    crew.grow()
    employer.inCall = false
    crew.disband()
    expect(workers.map(({ isEnded }) => isEnded)).toEqual([false, true, true])
    expect(places.hasRoom).toBe(true)
    crew.release(first)
    expect([workers[0]?.isEnded, kept]).toEqual([true, []])
  })
})
