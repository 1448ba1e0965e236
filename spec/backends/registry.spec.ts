import { onShutdown, shutdown } from '../../lib/backends/registry'

describe('shutdown', () => {
  it('has nothing to do when no backend keeps workers', async () => {
    await expect(shutdown()).resolves.toBeUndefined()
  })

  it('runs the hook of each backend, every time, and waits for all', async () => {
    const log: string[] = []
    onShutdown(async () => {
      await new Promise((resolve) => setImmediate(resolve))
      log.push('a')
    })
    onShutdown(async () => void log.push('b'))
    await shutdown()
    expect(log).toEqual(['b', 'a'])
    await shutdown()
    expect(log).toEqual(['b', 'a', 'b', 'a'])
  })
})
