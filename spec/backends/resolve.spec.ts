import { resolveBackend } from '../../lib/backends/resolve'
import { SequentialBackend } from '../../lib/backends/sequential/sequential-backend'
import { manualBackend } from '../support/manual-backend'

const asked = { worker: { idleTimeout: 1000 }, pool: {} }

describe('resolveBackend', () => {
  it.each(['sequential', 'threads'] as const)('makes a new backend for %s', (name) => {
    const [one, other] = [resolveBackend({ backend: name, ...asked }), resolveBackend({ backend: name, ...asked })]
    expect(one.name).toBe(name)
    expect(one).not.toBe(other)
  })

  it('makes the sequential one', () => {
    expect(resolveBackend({ backend: 'sequential', ...asked })).toBeInstanceOf(SequentialBackend)
  })

  it('gives a backend back as it is', () => {
    const { backend } = manualBackend()
    expect(resolveBackend({ backend, ...asked })).toBe(backend)
  })
})
