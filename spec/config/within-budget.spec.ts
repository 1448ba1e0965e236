import { addBackend } from '../../lib/config/backend-names'
import { ownPlaces } from '../../lib/config/budget'
import { withNested } from '../../lib/config/nested'
import type { ParallelOptions } from '../../lib/config/options'
import { checkOptions, settle } from '../../lib/config/settings'
import { withinBudget } from '../../lib/config/within-budget'
import { manualBackend } from '../support/manual-backend'

/** What a call with these options has inside a task of a call that may have so many workers, and has one. */
function granted(size: number, options: ParallelOptions) {
  const places = ownPlaces(size)
  const place = { table: places.table.words, id: places.enter(true) as number, workerId: 7 }
  const asked = () => withinBudget(settle(checkOptions(options)), options.backend !== undefined)
  const { settings, share, limited } = withNested({ level: 1, place }, asked)
  return { nJobs: settings.nJobs, backend: settings.backend, places: share?.size, limited, hasRoom: places.hasRoom }
}

describe('A call inside a task', () => {
  it('has what it asks for, when that is there', () => {
    expect(granted(4, { nJobs: 2 })).toEqual({
      ...{ nJobs: 2, backend: 'threads', places: 2, limited: undefined, hasRoom: true },
    })
  })

  it('has fewer workers when there are fewer, and is told so', () => {
    expect(granted(4, { nJobs: 8 })).toMatchObject({
      ...{ nJobs: 3, backend: 'threads', places: 3, hasRoom: false },
      limited: { type: 'limited', workerId: 7, reason: expect.stringContaining('asks for 8 workers and has 3') },
    })
  })

  it.each([1, 2])('runs in the thread of its task when there is no gain: of %i', (size) => {
    expect(granted(size, { nJobs: 8 })).toMatchObject({
      ...{ nJobs: 1, backend: 'sequential', places: undefined, hasRoom: size === 2 },
      limited: { type: 'limited', reason: expect.stringContaining('runs in the thread of its task') },
    })
  })

  it('has one worker if it names threads, and none is left to others', () => {
    expect(granted(2, { nJobs: 8, backend: 'threads' })).toMatchObject({ nJobs: 1, backend: 'threads', places: 1 })
    expect(granted(1, { nJobs: 1, backend: 'threads' })).toMatchObject({
      ...{ nJobs: 1, backend: 'sequential', limited: { type: 'limited' } },
    })
  })

  it('asks for none by default, nor in the calling thread', () => {
    for (const options of [{}, { nJobs: 1 }, { nJobs: 4, backend: 'sequential' as const }])
      expect(granted(8, options)).toMatchObject({ backend: 'sequential', places: undefined, limited: undefined })
  })

  it('has a backend of its own with fewer jobs', () => {
    const { backend } = manualBackend()
    expect(granted(4, { nJobs: 8, backend })).toMatchObject({ nJobs: 3, backend, places: 3 })
    expect(granted(1, { nJobs: 8, backend })).toMatchObject({ nJobs: 1, backend, places: undefined })
  })

  it('has one that was registered, where it names it', () => {
    addBackend('own', () => manualBackend().backend, true)
    expect(granted(4, { nJobs: 8, backend: 'own' })).toMatchObject({ nJobs: 3, backend: 'own', places: 3 })
    expect(granted(1, { nJobs: 8, backend: 'own' })).toMatchObject({ nJobs: 1, backend: 'own', places: undefined })
    expect(granted(1, { nJobs: 8 })).toMatchObject({ nJobs: 1, backend: 'sequential' })
    addBackend('own', () => manualBackend().backend, false)
  })
})

it('A call in no task, or in one of the calling thread, has all that it asks for', () => {
  const asked = () => withinBudget(settle(checkOptions({ nJobs: 8 })), false)
  expect(asked()).toEqual({ settings: expect.objectContaining({ nJobs: 8, backend: 'threads' }) })
  expect(withNested({ level: 3 }, asked)).toEqual({ settings: expect.objectContaining({ nJobs: 8 }) })
})
