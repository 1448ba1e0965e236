import { close, open } from '../../lib/backends/opened'
import { manualBackend, settled } from '../support/manual-backend'

/** Who uses a backend. */
const user = {}

describe('open', () => {
  it('opens a backend once, for all that share it, and then lets nobody wait', async () => {
    const { backend, events } = manualBackend()
    const both = [open(backend, 2, user), open(backend, 3, user)]
    expect(both[0]).toBe(both[1])
    await Promise.all(both)
    expect(open(backend, 4, user)).toBeUndefined()
    expect(events).toEqual(['open 2'])
  })

  it('opens a backend again that was closed', async () => {
    const { backend, events } = manualBackend()
    await open(backend, 2, user)
    await close(backend, user)
    await close(backend, user)
    await open(backend, 2, user)
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
    const opening = open(backend, 2, user)
    await close(backend, user, { force: true })
    opened()
    await opening
    expect(open(backend, 2, user)).toBeInstanceOf(Promise)
  })

  it('tries again after a failure', async () => {
    const failures = [new Error('no')]
    const { backend } = manualBackend({
      open: async () => {
        const failure = failures.pop()
        if (failure) throw failure
      },
    })
    await expect(open(backend, 2, user)).rejects.toThrow('no')
    await expect(open(backend, 2, user)).resolves.toBeUndefined()
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
    await open(backend, 2, user)
    const over: string[] = []
    const both = [
      close(backend, user).then(() => over.push('first')),
      close(backend, user).then(() => over.push('second')),
    ]
    await settled()
    expect([asked, over]).toEqual([[undefined], []])
    closed[0]?.()
    await Promise.all(both)
    expect(over.sort()).toEqual(['first', 'second'])
  })

  it('asks again with force, and then both wait until it is closed', async () => {
    const { backend, asked, closed } = slowToClose()
    await open(backend, 2, user)
    const over: string[] = []
    const gentle = close(backend, user).then(() => over.push('gentle'))
    const forced = close(backend, user, { force: true }).then(() => over.push('forced'))
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
    await open(backend, 2, user)
    const closing = close(backend, user)
    const opening = open(backend, 3, user)
    await settled()
    expect(events).toEqual(['open 2'])
    closed[0]?.()
    await Promise.all([closing, opening])
    expect(events).toEqual(['open 2', 'open 3'])
    expect(open(backend, 4, user)).toBeUndefined()
  })

  it('is left to the last one that uses it', async () => {
    const { backend, events } = manualBackend()
    const other = {}
    await Promise.all([open(backend, 2, user), open(backend, 2, other)])
    await close(backend, user, { force: true })
    expect([events, open(backend, 2, other)]).toEqual([['open 2'], undefined])
    await close(backend, other)
    expect(events).toEqual(['open 2', 'close'])
  })

  /** A backend that opens when the spec says so. */
  function slowToOpen() {
    let opened = () => {}
    const { backend, events } = manualBackend({
      open: () =>
        new Promise<void>((resolve) => {
          opened = () => {
            events.push('opened')
            resolve()
          }
        }),
    })
    return { backend, events, opened: () => opened() }
  }

  it('waits for one that is only opening', async () => {
    const { backend, events, opened } = slowToOpen()
    void open(backend, 2, user)
    const closing = close(backend, user)
    await settled()
    expect(events).toEqual([])
    opened()
    await closing
    expect(events).toEqual(['opened', 'close'])
  })

  it('does not wait with force, and closes what is open only then', async () => {
    const { backend, events, opened } = slowToOpen()
    void open(backend, 2, user)
    await close(backend, user, { force: true })
    expect(events).toEqual(['close with force'])
    opened()
    await settled()
    expect(events).toEqual(['close with force', 'opened', 'close with force'])
  })

  it('lets a backend not be opened that nobody wants any more when it has been closed', async () => {
    const { backend, events, closed } = slowToClose()
    await open(backend, 2, user)
    const closing = close(backend, user)
    const opening = open(backend, 3, user)
    const forced = close(backend, user, { force: true })
    for (const resolve of closed) resolve()
    await Promise.all([closing, opening, forced])
    expect(events).toEqual(['open 2'])
  })

  it.each([
    [
      'throws',
      () => {
        throw new Error('no')
      },
    ],
    [
      'rejects',
      async () => {
        throw new Error('no')
      },
    ],
  ])('does not leave a backend open whose close() %s', async (_, fail) => {
    const { backend, events } = manualBackend({ close: fail })
    await open(backend, 2, user)
    await expect(close(backend, user)).rejects.toThrow('no')
    await open(backend, 3, user)
    expect(events).toEqual(['open 2', 'open 3'])
  })
})
