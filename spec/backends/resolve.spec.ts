import { resolveBackend } from '../../lib/backends/resolve'
import { SequentialBackend } from '../../lib/backends/sequential/sequential-backend'
import { manualBackend } from '../support/manual-backend'

const worker = { idleTimeout: 1000 }

describe('resolveBackend', () => {
  it.each(['sequential', 'threads'] as const)('makes a new backend for %s', (name) => {
    const [one, other] = [resolveBackend({ backend: name, worker }), resolveBackend({ backend: name, worker })]
    expect(one.name).toBe(name)
    expect(one).not.toBe(other)
  })

  it('makes the sequential one', () => {
    expect(resolveBackend({ backend: 'sequential', worker })).toBeInstanceOf(SequentialBackend)
  })

  it('gives a backend back as it is', () => {
    const { backend } = manualBackend()
    expect(resolveBackend({ backend, worker })).toBe(backend)
  })
})
