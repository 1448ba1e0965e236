import { effectiveNJobs } from '../../lib/config/effective-n-jobs'
import { withNested } from '../../lib/config/nested'
import { cpuCount } from '../../lib/system/cpu-count'

describe('effectiveNJobs', () => {
  it('is a positive number itself, even beyond the CPUs', () => {
    expect(effectiveNJobs(1)).toBe(1)
    expect(effectiveNJobs(500)).toBe(500)
  })

  it('counts back from the CPUs for a negative one, and never below 1', () => {
    expect(effectiveNJobs(-1)).toBe(cpuCount())
    expect(effectiveNJobs(-2)).toBe(Math.max(1, cpuCount() - 1))
    expect(effectiveNJobs(-1000)).toBe(1)
  })

  it('is by default every CPU, and 1 inside a task', () => {
    expect(effectiveNJobs()).toBe(cpuCount())
    expect(withNested({ level: 1 }, () => effectiveNJobs())).toBe(1)
    expect(withNested({ level: 1 }, () => effectiveNJobs(3))).toBe(3)
  })

  it.each([0, 0.5, -1.5, Number.NaN, Number.POSITIVE_INFINITY])('has no meaning for %p', (nJobs) => {
    expect(() => effectiveNJobs(nJobs)).toThrow(RangeError)
    expect(() => effectiveNJobs(nJobs)).toThrow(`got ${nJobs}`)
  })

  it.each(['2', null, {}])('is no %p', (nJobs) => {
    expect(() => effectiveNJobs(nJobs as never)).toThrow(TypeError)
  })
})
