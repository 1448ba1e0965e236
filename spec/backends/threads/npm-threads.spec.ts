import { npmThreads } from '../../../lib/backends/threads/npm-threads'
import { withoutItsListeners } from '../../../lib/backends/threads/own-listeners'

const names = ['SIGINT', 'SIGTERM'] as const
const listeners = () => names.map((name) => process.listeners(name))

// A program has the bundle, in which the package's handlers are not at all: signals.spec.ts. This is the package itself.
describe('npm threads', () => {
  const own = () => {}
  const first = listeners()
  beforeAll(() => {
    for (const name of names) process.on(name, own)
  })
  afterAll(() => {
    for (const [n, name] of names.entries())
      for (const listener of process.listeners(name)) if (!first[n]?.includes(listener)) process.off(name, listener)
  })

  it('leaves no handler of a signal when it is loaded, and those of the program stay', () => {
    const before = listeners()
    npmThreads()
    expect(listeners()).toEqual(before)
    expect(before.every((list) => list.includes(own))).toBe(true)
  })

  it('would add one of each', () => {
    const before = listeners()
    jest.isolateModules(() => void require('threads'))
    expect(listeners().map((list) => list.length)).toEqual(before.map((list) => list.length + 1))
  })
})

describe('withoutItsListeners', () => {
  it('takes off what was put on meanwhile, for these events only, and gives what was loaded', () => {
    const [before, added, other] = [jest.fn(), jest.fn(), jest.fn()]
    process.on('SIGUSR2', before)
    const loaded = withoutItsListeners(['SIGUSR2'], () => {
      process.on('SIGUSR2', added)
      process.on('SIGWINCH', other)
      return 'loaded'
    })
    expect(loaded).toBe('loaded')
    expect(process.listeners('SIGUSR2')).toEqual([before])
    expect(process.listeners('SIGWINCH')).toContain(other)
    process.off('SIGUSR2', before)
    process.off('SIGWINCH', other)
  })
})
