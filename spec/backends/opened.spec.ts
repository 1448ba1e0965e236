import { close, open } from '../../lib/backends/opened'
import { manualBackend } from '../support/manual-backend'

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
