import { getEventListeners, getMaxListeners } from 'node:events'
import { neverAborting, onAbort } from '../../lib/system/signals'

const listeners = (signal: AbortSignal) => getEventListeners(signal, 'abort').length

describe('A signal that never aborts', () => {
  it('is one for all, which nobody has to listen to, and many may', () => {
    const never = neverAborting()
    expect(neverAborting()).toBe(never)
    expect(never.aborted).toBe(false)
    onAbort([never], () => {})()
    expect([listeners(never), getMaxListeners(never)]).toEqual([0, Number.POSITIVE_INFINITY])
  })
})

describe('onAbort', () => {
  it('tells the reason of whichever signal aborts', () => {
    const [first, second] = [new AbortController(), new AbortController()]
    const stop = jest.fn()
    onAbort([first.signal, second.signal], stop)
    second.abort('enough')
    expect(stop.mock.calls).toEqual([['enough']])
  })

  it('takes one listener of a signal for any number of calls, so that Node does not warn of a leak', () => {
    const controller = new AbortController()
    const stops = Array.from({ length: 30 }, () => jest.fn())
    for (const stop of stops) onAbort([controller.signal], stop)
    expect(listeners(controller.signal)).toBe(1)
    controller.abort('enough')
    for (const stop of stops) expect(stop.mock.calls).toEqual([['enough']])
  })

  it('listens no more when the last one has enough', () => {
    const { signal } = new AbortController()
    const unlisten = [1, 2, 3].map(() => onAbort([signal], () => {}))
    for (const [n, end] of unlisten.entries()) {
      expect(listeners(signal)).toBe(n === 3 ? 0 : 1)
      end()
      end()
    }
    expect(listeners(signal)).toBe(0)
  })

  it('tells nobody who has had enough, not even by another that is told', () => {
    const controller = new AbortController()
    const never = jest.fn()
    onAbort([controller.signal], never)()
    const both = [jest.fn(), jest.fn()]
    for (const stop of both) onAbort([controller.signal], stop)
    controller.abort('enough')
    expect(never).not.toHaveBeenCalled()
    for (const stop of both) expect(stop).toHaveBeenCalledTimes(1)
  })

  it('takes the same stop twice', () => {
    const controller = new AbortController()
    const stop = jest.fn()
    const unlisten = onAbort([controller.signal], stop)
    onAbort([controller.signal], stop)
    unlisten()
    controller.abort('enough')
    expect(stop).toHaveBeenCalledTimes(1)
  })
})
