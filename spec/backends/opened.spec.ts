import { close, open } from '../../lib/backends/opened'
import { manualBackend, settled } from '../support/manual-backend'

describe('open', () => {
  it('opens a backend once, for all that share it, and then lets nobody wait', async () => {
    const { backend, events } = manualBackend()
    const both = [open(backend, 2), open(backend, 3)]
    expect(both[0]).toBe(both[1])
    await Promise.all(both)
    expect(open(backend, 4)).toBeUndefined()
    expect(events).toEqual(['open 2'])
  })

  it('opens a backend again that was closed', async () => {
    const { backend, events } = manualBackend()
    await open(backend, 2)
    await close(backend)
    await close(backend)
    await open(backend, 2)
    expect(events).toEqual(['open 2', 'close', 'open 2'])
  })

  it('does not take a backend for open that was closed while it opened', async () => {
    let opened = () => {}
    const { backend } = manualBackend({
      open: () =>
        new Promise<void>((resolve) => {
          opened = resolve
        }),
    })
    const opening = open(backend, 2)
    await close(backend, { force: true })
    opened()
    await opening
    expect(open(backend, 2)).toBeInstanceOf(Promise)
  })

  it('tries again after a failure', async () => {
    const failures = [new Error('no')]
    const { backend } = manualBackend({
      open: async () => {
        const failure = failures.pop()
        if (failure) throw failure
      },
    })
    await expect(open(backend, 2)).rejects.toThrow('no')
    await expect(open(backend, 2)).resolves.toBeUndefined()
  })
})

describe('close', () => {
  /** A backend that is closed when the spec says so. */
  function slowToClose() {
    const closed: (() => void)[] = []
    const asked: unknown[] = []
    const { backend, events } = manualBackend({
      close: (options) =>
        new Promise<void>((resolve) => {
          asked.push(options)
          closed.push(resolve)
        }),
    })
    return { backend, events, asked, closed }
  }

  it('waits with whoever closes it already', async () => {
    const { backend, asked, closed } = slowToClose()
    await open(backend, 2)
    const over: string[] = []
    const both = [close(backend).then(() => over.push('first')), close(backend).then(() => over.push('second'))]
    await settled()
    expect([asked, over]).toEqual([[undefined], []])
    closed[0]?.()
    await Promise.all(both)
    expect(over.sort()).toEqual(['first', 'second'])
  })

  it('asks again with force, and then both wait until it is closed', async () => {
    const { backend, asked, closed } = slowToClose()
    await open(backend, 2)
    const over: string[] = []
    const gentle = close(backend).then(() => over.push('gentle'))
    const forced = close(backend, { force: true }).then(() => over.push('forced'))
    expect(asked).toEqual([undefined, { force: true }])
    closed[1]?.()
    await settled()
    expect(over).toEqual([])
    closed[0]?.()
    await Promise.all([gentle, forced])
    expect(over.sort()).toEqual(['forced', 'gentle'])
  })

  it('is waited for by who opens it again', async () => {
    const { backend, events, closed } = slowToClose()
    await open(backend, 2)
    const closing = close(backend)
    const opening = open(backend, 3)
    await settled()
    expect(events).toEqual(['open 2'])
    closed[0]?.()
    await Promise.all([closing, opening])
    expect(events).toEqual(['open 2', 'open 3'])
    expect(open(backend, 4)).toBeUndefined()
  })
})
