import { getEventListeners } from 'node:events'
import { delayed, Parallel } from '../../lib/index'
import { manualBackend, settled } from '../support/manual-backend'
import { block } from './counters'
import { identity } from './tasks'

const forever = delayed(() => new Promise<never>(() => {}))

describe('an abort', () => {
  it('rejects the call with its reason, at once, and kills what runs', async () => {
    const { backend, sent } = manualBackend()
    const controller = new AbortController()
    const call = Parallel({ nJobs: 2, backend })([identity(0), identity(1)], { signal: controller.signal })
    await settled()
    const reason = new Error('enough')
    controller.abort(reason)
    await expect(call).rejects.toBe(reason)
    expect(sent.map(({ signal }) => signal.reason)).toEqual([reason, reason])
  })

  it('rejects with what AbortSignal makes of no reason', async () => {
    const controller = new AbortController()
    const call = Parallel(1)([forever()], { signal: controller.signal })
    controller.abort()
    await expect(call).rejects.toMatchObject({ name: 'AbortError' })
  })

  it('may be a time that is over', async () => {
    const call = Parallel(1)([forever()], { signal: AbortSignal.timeout(1) })
    await expect(call).rejects.toMatchObject({ name: 'TimeoutError' })
  })

  it('stops a long row of short tasks in the calling thread', async () => {
    const busy = delayed(() => block(1))
    let given = 0
    const call = Parallel(1)(
      function* () {
        for (; ; given += 1) yield busy()
      },
      { signal: AbortSignal.timeout(30) },
    )
    await expect(call).rejects.toMatchObject({ name: 'TimeoutError' })
    expect(given).toBeLessThan(2000)
  })

  it('that came before the call lets nothing be taken from the input', async () => {
    const tasks = jest.fn()
    const call = Parallel(1)(tasks, { signal: AbortSignal.abort('too late') })
    await expect(call).rejects.toBe('too late')
    expect(tasks).not.toHaveBeenCalled()
  })

  it('may come from the input', async () => {
    const controller = new AbortController()
    const call = Parallel(1)(
      function* () {
        controller.abort('changed my mind')
        yield identity(1)
      },
      { signal: controller.signal },
    )
    await expect(call).rejects.toBe('changed my mind')
  })

  it('that never comes leaves no listener behind', async () => {
    const { signal } = new AbortController()
    await Parallel(1)([identity(1)], { signal })
    await Parallel(1)([delayed(JSON.parse)('[')], { signal }).catch(() => {})
    await Parallel(1)([5] as never, { signal }).catch(() => {})
    expect(getEventListeners(signal, 'abort')).toEqual([])
  })

  it('of one call leaves the others alone', async () => {
    const { backend, sent } = manualBackend()
    const parallel = Parallel({ nJobs: 2, backend })
    const controller = new AbortController()
    const aborted = parallel([identity(0)], { signal: controller.signal })
    const kept = parallel([identity(1)])
    await settled()
    controller.abort('no')
    await expect(aborted).rejects.toBe('no')
    await sent[1]?.complete(['kept'])
    expect(await kept).toEqual(['kept'])
  })
})
